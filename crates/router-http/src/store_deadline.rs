//! How long callers wait for the database.

use std::time::Duration;

use router_store::error::StoreError;
use tokio::time::timeout;

/// A thousand times what a page takes on a healthy database, and less than callers and proxies commonly wait.
const DEADLINE: Duration = Duration::from_secs(5);

/// What the store answers, if it does so within five seconds.
pub(crate) async fn within_deadline<T>(
    action: &'static str,
    answer: impl Future<Output = Result<T, StoreError>>,
) -> Result<T, StoreError> {
    timeout(DEADLINE, answer).await.unwrap_or_else(|_| {
        let message = format!("no answer within {DEADLINE:?}");
        Err(StoreError::Database { action, message })
    })
}
