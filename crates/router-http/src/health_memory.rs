//! What the last look at the database showed, and since when it has been so.

use std::time::Duration;

use jiff::Timestamp;
use router_store::health::StoreHealth;
use tokio::sync::Mutex;
use tokio::time::{Instant, timeout};

use crate::wall_clock;

/// How long the database may take to say that it is there.
const PING_TIMEOUT: Duration = Duration::from_millis(500);

/// A look is good for this long: health checks are not limited, and must not become load.
const FRESH: Duration = Duration::from_secs(1);

/// What a look at the database showed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Seen {
    /// It answered.
    pub(crate) up: bool,
    /// How long the answer took.
    pub(crate) latency: Option<Duration>,
    /// Since when `up` has had this value, as far as anybody looked.
    pub(crate) since: Timestamp,
}

/// The last look. One caller looks at a time; the others wait for what it sees.
#[derive(Debug)]
pub(crate) struct HealthMemory(Mutex<(Seen, Option<Instant>)>);

impl HealthMemory {
    pub(crate) fn new(started: Timestamp) -> Self {
        Self(Mutex::new((Seen { up: true, latency: None, since: started }, None)))
    }

    /// Looks, unless somebody just did.
    pub(crate) async fn look(&self, database: &dyn StoreHealth) -> Seen {
        let mut memory = self.0.lock().await;
        let (seen, looked) = &mut *memory;
        if looked.is_some_and(|looked| looked.elapsed() < FRESH) {
            return *seen;
        }
        let latency = match timeout(PING_TIMEOUT, database.ping()).await {
            Ok(Ok(latency)) => Some(latency),
            Ok(Err(error)) => {
                tracing::warn!(%error, "the database is not healthy");
                None
            }
            Err(_) => {
                tracing::warn!(timeout_ms = PING_TIMEOUT.as_millis(), "the database did not answer a ping");
                None
            }
        };
        let up = latency.is_some();
        let since = if up == seen.up { seen.since } else { wall_clock::now() };
        *seen = Seen { up, latency, since };
        *looked = Some(Instant::now());
        *seen
    }
}
