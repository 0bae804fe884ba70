//! Forgetting what is too old.

use async_trait::async_trait;
use jiff::civil::Date;

use crate::error::StoreError;

/// Deletes request records by age.
#[async_trait]
pub trait Retention: Send + Sync {
    /// Deletes some of the records from before `keep_from` (a day in UTC), oldest first: a small step, so that nobody waits for
    /// it. Returns whether there may be more to delete. Feedback, scores and the ledger stay.
    ///
    /// # Errors
    /// The database did not take it. What was deleted stays deleted.
    async fn forget(&self, keep_from: Date) -> Result<bool, StoreError>;
}
