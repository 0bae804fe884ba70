//! Whether anything that replicas keep in memory has changed: one small number to poll instead of whole tables.

use async_trait::async_trait;

use crate::error::StoreError;

/// Counts changes of tenants, users, keys, revocations and overrides.
#[async_trait]
pub trait Revision: Send + Sync {
    /// A number that every such change raises, in the same transaction: whoever reads the tables after the number sees that
    /// change or a later one.
    ///
    /// # Errors
    /// The database did not answer.
    async fn revision(&self) -> Result<u64, StoreError>;
}
