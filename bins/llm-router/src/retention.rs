//! Forgets records that are older than the operator wants to keep.

use std::num::NonZeroU32;
use std::sync::Arc;
use std::time::Duration;

use jiff::tz::Offset;
use jiff::{Timestamp, ToSpan};
use router_store::retention::Retention;
use tokio::time::sleep;

/// How often it is looked whether there is anything to forget.
const EVERY: Duration = Duration::from_secs(3600);

/// Between two steps: whoever writes comes first.
const PAUSE: Duration = Duration::from_millis(50);

/// Forgets, until it is dropped.
pub async fn run(store: Arc<dyn Retention>, days: NonZeroU32) {
    loop {
        match forget(store.as_ref(), days).await {
            Ok(0) => {}
            Ok(steps) => tracing::info!(steps, days, "old records were deleted"),
            Err(error) => tracing::warn!(%error, "old records could not be deleted; tried again in an hour"),
        }
        sleep(EVERY).await;
    }
}

/// Everything that is too old now. Returns in how many full steps.
async fn forget(store: &dyn Retention, days: NonZeroU32) -> Result<u64, router_store::error::StoreError> {
    let today = Offset::UTC.to_datetime(Timestamp::now()).date();
    let keep_from = today.saturating_sub(i64::from(days.get()).days());
    let mut steps = 0;
    while store.forget(keep_from).await? {
        steps += 1;
        sleep(PAUSE).await;
    }
    Ok(steps)
}
