//! What the handlers work with.

use std::sync::Arc;
use std::time::Duration;

use jiff::Timestamp;
use metrics_exporter_prometheus::PrometheusHandle;
use router_engine::engine::Engine;
use router_store::feedback::FeedbackStore;
use router_store::health::StoreHealth;
use router_store::journal::Journal;
use router_store::record::RequestLog;
use router_store::run::RunStore;
use router_store::score::ScoreStore;
use router_store::spending::SpendingLedger;
use router_store::statistics::StatisticsStore;

use crate::api::metrics::SuccessRates;
use crate::auth::Auth;
use crate::configuration::Configuration;
use crate::health_memory::HealthMemory;
use crate::wall_clock;
use crate::watchers::Watchers;

/// What the handlers work with; made once by whoever starts the server.
pub struct Parts {
    /// Runs requests and dry runs.
    pub engine: Arc<Engine>,
    /// The records of requests.
    pub requests: Arc<dyn RequestLog>,
    /// What people said of answers.
    pub feedback: Arc<dyn FeedbackStore>,
    /// What judges said of answers.
    pub scores: Arc<dyn ScoreStore>,
    /// Evaluations as a whole.
    pub runs: Arc<dyn RunStore>,
    /// Sums over time.
    pub statistics: Arc<dyn StatisticsStore>,
    /// What was spent.
    pub spending: Arc<dyn SpendingLedger>,
    /// Whether the database answers.
    pub store_health: Arc<dyn StoreHealth>,
    /// Who may call.
    pub auth: Arc<Auth>,
    /// What administrators see and change of the configuration; `None` where they cannot.
    pub configuration: Option<Arc<dyn Configuration>>,
    /// How the journal is doing.
    pub journal: Arc<Journal>,
    /// What other parts have counted since the start, by metric: read off at each scrape.
    pub counts: Vec<(&'static str, Count)>,
    /// How what replicas share is; `None` for a server that shares nothing.
    pub shared: Option<SharedState>,
    /// Renders the metrics; `None` switches `/api/metrics` off.
    pub metrics: Option<PrometheusHandle>,
    /// Where people look at the metrics; shown by `GET /`.
    pub grafana_url: Option<String>,
}

/// Says whether what replicas share answers, and how long its last answer took.
pub type SharedState = Box<dyn Fn() -> (bool, Option<Duration>) + Send + Sync>;

/// Says how much a part has counted since the start.
pub type Count = Box<dyn Fn() -> u64 + Send + Sync>;

/// The state behind the API.
pub struct App {
    pub(crate) parts: Parts,
    pub(crate) started: Timestamp,
    pub(crate) database: HealthMemory,
    pub(crate) success_rates: SuccessRates,
    pub(crate) watchers: Watchers,
}

impl App {
    /// The state behind the API, from its parts.
    #[must_use]
    pub fn new(parts: Parts) -> Self {
        let started = wall_clock::now();
        let database = HealthMemory::new(started);
        Self { parts, started, database, success_rates: SuccessRates::default(), watchers: Watchers::new() }
    }
}
