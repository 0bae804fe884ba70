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

/// How the router is.
#[derive(Debug, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
struct Health {
    /// `degraded` when any part is not well. The router serves either way.
    status: Overall,
    version: &'static str,
    /// When the process started.
    #[schemars(with = "String", extend("format" = "date-time"))]
    since: Timestamp,
    /// Every answer is simulated: the server was started for a demonstration.
    simulated: bool,
    database: Part,
    journal: Journal,
    cache: Part,
    registry: Registry,
    /// Each configured provider, as far as its last answers tell: nobody is asked just to find out.
    providers: Vec<Provider>,
}

/// The router as a whole.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
enum Overall {
    /// Everything is well.
    Ok,
    /// Something is not; the parts say what.
    Degraded,
}

/// How a part is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
enum Status {
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
struct Part {
    status: Status,
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
struct Journal {
    status: Status,
    /// Records that are not in the database yet.
    entries: u64,
    /// How long the oldest of them has waited, in seconds.
    #[serde(skip_serializing_if = "Option::is_none")]
    oldest_seconds: Option<f64>,
    /// Bytes on disk.
    disk_bytes: u64,
    /// Records the database refused for good.
    rejected: u64,
}

/// The models.
#[derive(Debug, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
struct Registry {
    status: Status,
    /// Models known.
    models: usize,
    /// Of these, offered.
    active: usize,
}

/// A configured provider.
#[derive(Debug, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
struct Provider {
    id: ProviderId,
    #[serde(flatten)]
    part: Part,
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
    let database = Part {
        status: if database.up { Status::Up } else { Status::Down },
        latency_ms: database.latency.map(millis),
        since: Some(database.since),
    };
    let journal = Journal::from(&app.parts.journal.status());
    // The cache is in this process: it works as long as anything does.
    let cache_status = if snapshot.settings.cache_enabled { Status::Up } else { Status::Unconfigured };
    let cache = Part { status: cache_status, latency_ms: None, since: Some(app.started) };
    let models = snapshot.registry.models();
    let registry = Registry {
        status: if models.is_empty() { Status::Down } else { Status::Up },
        models: models.len(),
        active: models.iter().filter(|model| model.is_active).count(),
    };
    let providers: Vec<Provider> = app.parts.engine.provider_health().into_iter().map(Provider::from).collect();
    let well = |status: Status| matches!(status, Status::Up | Status::Unknown | Status::Unconfigured);
    let all_well = [database.status, journal.status, registry.status].into_iter().all(well)
        && !providers.is_empty()
        && providers.iter().all(|provider| well(provider.part.status));
    ok(&Health {
        status: if all_well { Overall::Ok } else { Overall::Degraded },
        version: env!("CARGO_PKG_VERSION"),
        since: app.started,
        simulated: snapshot.simulated,
        database,
        journal,
        cache,
        registry,
        providers,
    })
}

fn millis(duration: Duration) -> f64 {
    duration.as_micros() as f64 / 1e3
}

impl From<&JournalStatus> for Journal {
    fn from(journal: &JournalStatus) -> Self {
        let status = match (&journal.disk_error, &journal.store_error) {
            (Some(_), _) => Status::Down,
            (None, Some(_)) => Status::Degraded,
            (None, None) => Status::Up,
        };
        Self {
            status,
            entries: journal.entries,
            oldest_seconds: journal.oldest.map(|oldest| oldest.as_secs_f64()),
            disk_bytes: journal.disk_bytes,
            rejected: journal.rejected,
        }
    }
}

impl From<ProviderHealth> for Provider {
    fn from(health: ProviderHealth) -> Self {
        let status = match health.status {
            ProviderStatus::Unknown => Status::Unknown,
            ProviderStatus::Up => Status::Up,
            ProviderStatus::Degraded => Status::Degraded,
            ProviderStatus::Down => Status::Down,
        };
        let part = Part { status, latency_ms: health.latency.map(millis), since: health.since };
        Self { id: health.id, part, last_error: health.last_error.map(|kind| kind.name()) }
    }
}
