//! Forgetting what is too old.

use async_trait::async_trait;
use jiff::civil::Date;

use crate::error::StoreError;

/// Deletes request records by age, and makes room for those to come.
#[async_trait]
pub trait Retention: Send + Sync {
    /// Makes sure that there is a place for the records of the days after `today`, and deletes some of those from before
    /// `keep_from` (days in UTC): a small step, so that nobody waits for it. Returns whether there is more to delete.
    ///
    /// # Errors
    /// The database did not take it. What was deleted stays deleted.
    async fn tidy(&self, today: Date, keep_from: Date) -> Result<bool, StoreError>;
}
