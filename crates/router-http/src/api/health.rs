//! `GET /api/health`: how every part is, and since when.

use std::time::Duration;

use jiff::Timestamp;
use router_core::id::ProviderId;
use router_engine::health::{ProviderHealth, ProviderStatus};
use router_store::journal::JournalStatus;
use schemars::JsonSchema;
use serde::Serialize;

use crate::error::ApiError;
use crate::response::{Reply, ok};
use crate::route::{Answer, Asked, Content, Operation, schema};

/// Records that wait longer than this for the database are held up, whether or not it has said why: fifty times what they
/// wait for each other.
const HELD_UP: Duration = Duration::from_secs(10);

/// How the router is.
#[derive(Debug, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
struct Health {
    /// `degraded` when any part is not well. The router serves either way.
    status: OverallStatus,
    version: &'static str,
    /// When the process started.
    #[schemars(with = "String", extend("format" = "date-time"))]
    since: Timestamp,
    /// Every answer is simulated: the server was started for a demonstration.
    simulated: bool,
    database: PartHealth,
    journal: JournalHealth,
    cache: PartHealth,
    /// What replicas share: limits, budgets, answers. While it is down each replica goes on by itself.
    redis: PartHealth,
    registry: RegistryHealth,
    /// Each configured provider, as far as its last answers tell: nobody is asked just to find out.
    providers: Vec<ProviderPart>,
}

/// The router as a whole.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
enum OverallStatus {
    /// Everything is well.
    Ok,
    /// Something is not; the parts say what.
    Degraded,
}

/// How a part is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
enum PartStatus {
    /// Not used yet, so nothing is known.
    Unknown,
    /// Well.
    Up,
    /// Its last use failed.
    Degraded,
    /// Not usable.
    Down,
    /// Not configured.
    Unconfigured,
}

/// One part.
#[derive(Debug, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
struct PartHealth {
    status: PartStatus,
    /// How long its last answer took, in milliseconds.
    #[serde(skip_serializing_if = "Option::is_none")]
    latency_ms: Option<f64>,
    /// Since when the status is what it is.
    #[schemars(with = "Option<String>", extend("format" = "date-time"))]
    #[serde(skip_serializing_if = "Option::is_none")]
    since: Option<Timestamp>,
}

/// The journal between the requests and the database.
#[derive(Debug, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
struct JournalHealth {
    status: PartStatus,
    /// What is wrong, in words.
    #[serde(skip_serializing_if = "Option::is_none")]
    problem: Option<&'static str>,
    /// Records that are not in the database yet.
    entries: u64,
    /// How long the oldest of them has waited, in seconds.
    #[serde(skip_serializing_if = "Option::is_none")]
    oldest_seconds: Option<f64>,
    /// Bytes on disk.
    disk_bytes: u64,
    /// Outcomes that the disk refuses and that are in memory until it takes them.
    waiting_outcomes: usize,
    /// Records the database refused for good.
    rejected: u64,
}

/// The models.
#[derive(Debug, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
struct RegistryHealth {
    status: PartStatus,
    /// Models known.
    models: usize,
    /// Of these, offered.
    active: usize,
}

/// A configured provider.
#[derive(Debug, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
struct ProviderPart {
    id: ProviderId,
    #[serde(flatten)]
    part: PartHealth,
    /// What kind of error its last attempt ended with.
    #[serde(skip_serializing_if = "Option::is_none")]
    last_error: Option<&'static str>,
}

pub(crate) const HEALTH: Operation = Operation {
    id: "health",
    summary: "How every part is, and since when",
    description: "200 as long as the router serves; the body says `ok` or `degraded`. Not rate limited.",
    query: &[],
    body: None,
    answer: Answer { status: 200, description: "How the router is.", content: Content::Json(schema::<Health>) },
    errors: &[],
};

pub(crate) async fn health(asked: Asked) -> Result<Reply, ApiError> {
    let app = &asked.app;
    let database = app.database.look(app.parts.store_health.as_ref()).await;
    let snapshot = app.parts.engine.snapshot();
    let database = PartHealth {
        status: if database.up { PartStatus::Up } else { PartStatus::Down },
        latency_ms: database.latency.map(millis),
        since: Some(database.since),
    };
    let journal = JournalHealth::from(&app.parts.journal.status());
    // The cache is in this process: it works as long as anything does.
    let cache_status = if snapshot.settings.cache_enabled { PartStatus::Up } else { PartStatus::Unconfigured };
    let cache = PartHealth { status: cache_status, latency_ms: None, since: Some(app.started) };
    let redis = match app.parts.shared.as_ref().map(|state| state()) {
        Some((up, latency)) => PartHealth {
            status: if up { PartStatus::Up } else { PartStatus::Down },
            latency_ms: latency.map(millis),
            since: None,
        },
        None => PartHealth { status: PartStatus::Unconfigured, latency_ms: None, since: None },
    };
    let models = snapshot.registry.models();
    let registry = RegistryHealth {
        status: if models.is_empty() { PartStatus::Down } else { PartStatus::Up },
        models: models.len(),
        active: models.iter().filter(|model| model.is_active).count(),
    };
    let providers: Vec<ProviderPart> = app.parts.engine.provider_health().into_iter().map(ProviderPart::from).collect();
    let well = |status: PartStatus| matches!(status, PartStatus::Up | PartStatus::Unknown | PartStatus::Unconfigured);
    let all_well = [database.status, journal.status, redis.status, registry.status].into_iter().all(well)
        && !providers.is_empty()
        && providers.iter().all(|provider| well(provider.part.status));
    ok(&Health {
        status: if all_well { OverallStatus::Ok } else { OverallStatus::Degraded },
        version: env!("CARGO_PKG_VERSION"),
        since: app.started,
        simulated: snapshot.simulated,
        database,
        journal,
        cache,
        redis,
        registry,
        providers,
    })
}

fn millis(duration: Duration) -> f64 {
    duration.as_micros() as f64 / 1e3
}

impl From<&JournalStatus> for JournalHealth {
    fn from(journal: &JournalStatus) -> Self {
        let (status, problem) = if journal.disk_error.is_some() {
            (PartStatus::Down, Some("the disk does not take entries"))
        } else if journal.full {
            (PartStatus::Degraded, Some("it is full: requests run without a record or not at all"))
        } else if journal.store_error.is_some() {
            (PartStatus::Degraded, Some("the database does not take records"))
        } else if journal.oldest.is_some_and(|oldest| oldest > HELD_UP) {
            (PartStatus::Degraded, Some("records have been waiting for the database for long"))
        } else if journal.rejected > 0 {
            (
                PartStatus::Degraded,
                Some("the database refused records for good: they are in the journal's file of rejected ones"),
            )
        } else {
            (PartStatus::Up, None)
        };
        Self {
            status,
            problem,
            waiting_outcomes: journal.waiting_outcomes,
            entries: journal.entries,
            oldest_seconds: journal.oldest.map(|oldest| oldest.as_secs_f64()),
            disk_bytes: journal.disk_bytes,
            rejected: journal.rejected,
        }
    }
}

impl From<ProviderHealth> for ProviderPart {
    fn from(health: ProviderHealth) -> Self {
        let status = match health.status {
            ProviderStatus::Unknown => PartStatus::Unknown,
            ProviderStatus::Up => PartStatus::Up,
            ProviderStatus::Degraded => PartStatus::Degraded,
            ProviderStatus::Down => PartStatus::Down,
        };
        let part = PartHealth { status, latency_ms: health.latency.map(millis), since: health.since };
        Self { id: health.id, part, last_error: health.last_error.map(|kind| kind.name()) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_journal_that_refuses_says_so() {
        let of = |journal: JournalStatus| {
            let health = JournalHealth::from(&journal);
            (health.status, health.problem.unwrap_or_default().split(':').next().unwrap_or_default())
        };
        let full = JournalStatus { full: true, ..JournalStatus::default() };
        assert_eq!(of(JournalStatus::default()), (PartStatus::Up, ""));
        assert_eq!(of(full.clone()), (PartStatus::Degraded, "it is full"));
        let old = JournalStatus { oldest: Some(Duration::from_secs(11)), ..JournalStatus::default() };
        assert_eq!(of(old), (PartStatus::Degraded, "records have been waiting for the database for long"));
        let young = JournalStatus { oldest: Some(Duration::from_secs(9)), ..JournalStatus::default() };
        assert_eq!(of(young), (PartStatus::Up, ""));
        let rejected = JournalStatus { rejected: 1, ..JournalStatus::default() };
        assert_eq!(of(rejected), (PartStatus::Degraded, "the database refused records for good"));
        let disk = JournalStatus { disk_error: Some("no space left".into()), ..full };
        assert_eq!(of(disk), (PartStatus::Down, "the disk does not take entries"));
    }
}
