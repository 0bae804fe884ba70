//! Whether the store is there.

use std::time::Duration;

use async_trait::async_trait;

use crate::error::StoreError;

/// Says whether the store answers, for health checks.
#[async_trait]
pub trait StoreHealth: Send + Sync {
    /// Asks the database for something small, and says how long the answer took.
    ///
    /// # Errors
    /// It did not answer in time, or with an error.
    async fn ping(&self) -> Result<Duration, StoreError>;
}
