//! A server on a real socket, and ways to speak to it.

use std::collections::HashMap;
use std::net::SocketAddr;
use std::path::Path;
use std::sync::{Arc, OnceLock};
use std::time::Duration;

use metrics_exporter_prometheus::{PrometheusBuilder, PrometheusHandle};
use router_cache::memory_quotas::MemoryQuotas;
use router_cache::memory_response::MemoryResponseCache;
use router_core::classify::rules::RuleClassifier;
use router_core::grants::KeepText;
use router_core::grants::{Limits, Rate};
use router_core::id::ProviderId;
use router_core::quality::QualityTable;
use router_core::registry::Registry;
use router_engine::clock::SystemClock;
use router_engine::engine::Engine;
use router_engine::metrics::CACHE_OVERSIZED;
use router_engine::settings::{EngineSettings, FailoverSettings};
use router_engine::snapshot::Snapshot;
use router_http::app::{App, Parts};
use router_http::auth::Auth;
use router_http::server::{Stopped, serve};
use router_http::settings::Settings;
use router_providers::provider::Provider;
use router_store::feedback::FeedbackStore;
use router_store::health::StoreHealth;
use router_store::journal::{Journal, JournalSettings};
use router_store::record::RequestLog;
use router_store::run::RunStore;
use router_store::score::ScoreStore;
use router_store::spending::SpendingLedger;
use router_store::statistics::StatisticsStore;
use router_store::store::Store;
use serde_json::Value;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::oneshot;
use tokio::task::JoinHandle;
use tokio::time::timeout;

use crate::doubles::{DeadStore, Obedient};

/// Longer than anything a test waits for.
pub(crate) const PATIENCE: Duration = Duration::from_secs(20);

/// A running server.
pub(crate) struct Stage {
    pub(crate) address: SocketAddr,
    pub(crate) provider: Arc<Obedient>,
    stop: Option<oneshot::Sender<()>>,
    server: JoinHandle<std::io::Result<Stopped>>,
    _directory: tempfile::TempDir,
}

/// What remembers for good.
pub(crate) struct Backing {
    pub(crate) requests: Arc<dyn RequestLog>,
    pub(crate) feedback: Arc<dyn FeedbackStore>,
    pub(crate) scores: Arc<dyn ScoreStore>,
    pub(crate) statistics: Arc<dyn StatisticsStore>,
    pub(crate) spending: Arc<dyn SpendingLedger>,
    pub(crate) runs: Arc<dyn RunStore>,
    pub(crate) health: Arc<dyn StoreHealth>,
}

impl Backing {
    /// All of it in one database.
    pub(crate) fn of(store: Arc<dyn Store>) -> Self {
        Self {
            requests: store.clone(),
            feedback: store.clone(),
            scores: store.clone(),
            statistics: store.clone(),
            spending: store.clone(),
            runs: store.clone(),
            health: store,
        }
    }
}

/// The one metrics recorder of this process.
fn recorder() -> PrometheusHandle {
    static RECORDER: OnceLock<PrometheusHandle> = OnceLock::new();
    RECORDER.get_or_init(|| PrometheusBuilder::new().install_recorder().unwrap()).clone()
}

/// The engine's settings of a stage: generous limits, quick failover.
pub(crate) fn engine_settings() -> EngineSettings {
    EngineSettings {
        caller_limits: Limits { requests: Some(Rate { per_minute: 60_000, burst: 1_000 }), ..Limits::default() },
        read_rate: Some(Rate { per_minute: 60_000, burst: 1_000 }),
        failover: FailoverSettings { retry_delay: Duration::from_millis(1), ..FailoverSettings::default() },
        keep_text: KeepText::Whole,
        ..EngineSettings::default()
    }
}

impl Stage {
    /// A server with obedient providers and a dead database.
    pub(crate) async fn start(settings: Settings) -> Self {
        Self::with_engine(settings, engine_settings()).await
    }

    /// The same with other engine settings.
    pub(crate) async fn with_engine(settings: Settings, engine_settings: EngineSettings) -> Self {
        let provider = Arc::new(Obedient::default());
        let named = |name: &str| (ProviderId::from(name), Arc::clone(&provider) as Arc<dyn Provider>);
        let providers = HashMap::from(["openai", "anthropic", "openrouter"].map(named));
        let dead = Arc::new(DeadStore);
        let stage = Self::with_backing(settings, engine_settings, providers, async |_, _| Backing {
            requests: dead.clone(),
            feedback: dead.clone(),
            scores: dead.clone(),
            statistics: dead.clone(),
            spending: dead.clone(),
            runs: dead.clone(),
            health: dead.clone(),
        });
        Self { provider, ..stage.await }
    }

    /// The same with those identities.
    pub(crate) async fn with_auth(settings: Settings, auth: Arc<Auth>) -> Self {
        let provider = Arc::new(Obedient::default());
        let named = |name: &str| (ProviderId::from(name), Arc::clone(&provider) as Arc<dyn Provider>);
        let providers = HashMap::from(["openai", "anthropic", "openrouter"].map(named));
        let dead = Arc::new(DeadStore);
        let back = async |_: &Path, _| Backing {
            requests: dead.clone(),
            feedback: dead.clone(),
            scores: dead.clone(),
            statistics: dead.clone(),
            spending: dead.clone(),
            runs: dead.clone(),
            health: dead.clone(),
        };
        Self::with_all(Registry::shipped(), settings, engine_settings(), providers, auth, back).await
    }

    /// A server with those providers, over the database that `back` opens in a directory of its own.
    pub(crate) async fn with_backing(
        settings: Settings,
        engine_settings: EngineSettings,
        providers: HashMap<ProviderId, Arc<dyn Provider>>,
        back: impl AsyncFnOnce(&Path, Arc<Journal>) -> Backing,
    ) -> Self {
        Self::with_models(Registry::shipped(), settings, engine_settings, providers, back).await
    }

    /// The same with other models than those that are shipped.
    pub(crate) async fn with_models(
        registry: Registry,
        settings: Settings,
        engine_settings: EngineSettings,
        providers: HashMap<ProviderId, Arc<dyn Provider>>,
        back: impl AsyncFnOnce(&Path, Arc<Journal>) -> Backing,
    ) -> Self {
        let auth = Arc::new(Auth::without_identities());
        Self::with_all(registry, settings, engine_settings, providers, auth, back).await
    }

    /// A server of which all is chosen.
    pub(crate) async fn with_all(
        registry: Registry,
        settings: Settings,
        engine_settings: EngineSettings,
        providers: HashMap<ProviderId, Arc<dyn Provider>>,
        auth: Arc<Auth>,
        back: impl AsyncFnOnce(&Path, Arc<Journal>) -> Backing,
    ) -> Self {
        let directory = tempfile::tempdir().unwrap();
        let journal = Arc::new(Journal::open(directory.path().join("journal"), JournalSettings::default()).unwrap());
        let Backing { requests, feedback, scores, statistics, spending, runs, health } =
            back(directory.path(), journal.clone()).await;
        let engine = engine(registry, engine_settings, providers, journal.clone());
        let parts = Parts {
            engine,
            requests,
            feedback,
            scores,
            statistics,
            spending,
            runs,
            store_health: health,
            journal,
            auth,
            configuration: None,
            metrics: Some(recorder()),
            grafana_url: Some("http://localhost:3001".into()),
            shared: None,
            counts: vec![(CACHE_OVERSIZED, Box::new(|| 7))],
        };
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let (stop, stopped) = oneshot::channel::<()>();
        let until = async {
            let _ = stopped.await;
        };
        let server = tokio::spawn(serve(listener, Arc::new(App::new(parts)), settings, until, std::future::pending()));
        Self { address, provider: Arc::default(), stop: Some(stop), server, _directory: directory }
    }

    /// Tells the server to stop, without waiting.
    pub(crate) fn tell_to_stop(&mut self) {
        self.stop.take().unwrap().send(()).unwrap();
    }

    /// Waits for the server to stop.
    pub(crate) async fn stopped(self) -> Stopped {
        timeout(PATIENCE, self.server).await.expect("the server stops").unwrap().unwrap()
    }

    pub(crate) fn url(&self, path: &str) -> String {
        format!("http://{}{path}", self.address)
    }

    /// Sends a POST with JSON.
    pub(crate) async fn post(&self, path: &str, body: &Value) -> (u16, Value) {
        let response = reqwest::Client::new().post(self.url(path)).json(body).send().await.unwrap();
        (response.status().as_u16(), response.json().await.unwrap())
    }

    /// Sends a GET.
    pub(crate) async fn get(&self, path: &str) -> (u16, Value) {
        let response = reqwest::get(self.url(path)).await.unwrap();
        (response.status().as_u16(), response.json().await.unwrap())
    }

    /// Sends bytes and reads until the server closes.
    pub(crate) async fn raw(&self, bytes: &[u8]) -> Vec<u8> {
        let mut stream = TcpStream::connect(self.address).await.unwrap();
        // The server may answer and close before it has read everything: what it said still counts.
        let _ = stream.write_all(bytes).await;
        read_to_end(&mut stream).await
    }
}

/// An engine over these models.
pub(crate) fn engine(
    registry: Registry,
    settings: EngineSettings,
    providers: HashMap<ProviderId, Arc<dyn Provider>>,
    journal: Arc<Journal>,
) -> Arc<Engine> {
    let snapshot = Snapshot {
        quality: QualityTable::from_priors(&registry),
        registry,
        classifier: Arc::new(RuleClassifier),
        providers,
        provider_variables: vec!["OPENAI_API_KEY".into()],
        simulated: true,
        settings,
    };
    Arc::new(Engine::new(router_engine::engine::Parts {
        snapshot,
        quotas: Arc::new(MemoryQuotas::new(1_000)),
        cache: Arc::new(MemoryResponseCache::new(1 << 20, Duration::from_secs(60))),
        recorder: journal,
        clock: Arc::new(SystemClock::start()),
    }))
}

/// Reads until the peer closes or resets.
pub(crate) async fn read_to_end(stream: &mut TcpStream) -> Vec<u8> {
    let mut answer = Vec::new();
    let mut piece = [0; 4096];
    loop {
        match timeout(PATIENCE, stream.read(&mut piece)).await.expect("the server answers or closes") {
            Ok(0) | Err(_) => return answer,
            Ok(count) => answer.extend_from_slice(&piece[..count]),
        }
    }
}
