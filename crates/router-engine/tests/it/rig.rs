//! An engine with everything real around it: simulated providers on sockets, a journal and a SQLite database in a
//! directory of its own.

use std::collections::HashMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};
use std::time::{Duration, Instant};

use futures_util::{Stream, StreamExt};
use jiff::{SignedDuration, Timestamp};
use router_cache::memory_quotas::MemoryQuotas;
use router_cache::memory_response::MemoryResponseCache;
use router_core::attempt::Attempt;
use router_core::classify::rules::RuleClassifier;
use router_core::conversation::Conversation;
use router_core::grants::{Limits, Rate};
use router_core::id::{ProviderId, RequestId};
use router_core::moment::Moment;
use router_core::preferences::{Preferences, Target};
use router_core::principal::Principal;
use router_core::quality::QualityTable;
use router_core::registry::{Registry, SourceFile};
use router_engine::ask::Ask;
use router_engine::clock::{Clock, SystemClock};
use router_engine::engine::{Engine, Parts};
use router_engine::error::RouteError;
use router_engine::routed::{Routed, StreamEvent};
use router_engine::settings::EngineSettings;
use router_engine::snapshot::Snapshot;
use router_providers::answer::AnswerEvent;
use router_providers::kinds;
use router_providers::provider::Provider;
use router_providers::setup::InstanceConfig;
use router_sim::{Fault, Simulator, SimulatorConfig, Wire};
use router_store::error::JournalError;
use router_store::journal::{Journal, JournalSettings};
use router_store::page::PageRequest;
use router_store::record::{Intent, RequestFilter, RequestLog, RequestRecord};
use router_store::recorder::Recorder;
use router_store::sqlite::{SqliteSettings, SqliteStore};
use router_store::writer::{Writer, WriterSettings};
use tempfile::TempDir;

/// The machine's clocks, of which the one on the wall can be put forward and back.
pub(crate) struct SteppedClock {
    clock: SystemClock,
    /// In seconds.
    ahead: AtomicI64,
}

impl SteppedClock {
    fn start() -> Self {
        Self { clock: SystemClock::start(), ahead: AtomicI64::new(0) }
    }

    pub(crate) fn put_ahead(&self, seconds: i64) {
        self.ahead.store(seconds, Ordering::Relaxed);
    }
}

impl Clock for SteppedClock {
    fn now(&self) -> Moment {
        self.clock.now()
    }

    fn wall(&self) -> Timestamp {
        self.clock.wall() + SignedDuration::from_secs(self.ahead.load(Ordering::Relaxed))
    }
}

/// An engine and its surroundings.
pub(crate) struct Rig {
    pub(crate) sim: Simulator,
    pub(crate) engine: Arc<Engine>,
    pub(crate) quotas: Arc<MemoryQuotas>,
    pub(crate) wall: Arc<SteppedClock>,
    journal: Arc<Journal>,
    store: Arc<SqliteStore>,
    _directory: TempDir,
}

impl Rig {
    pub(crate) async fn start() -> Self {
        Self::with(|_| ()).await
    }

    pub(crate) async fn with(change: impl FnOnce(&mut EngineSettings)) -> Self {
        Self::build(true, None, change).await
    }

    pub(crate) async fn with_recorder(recorder: Arc<dyn Recorder>, change: impl FnOnce(&mut EngineSettings)) -> Self {
        Self::build(true, Some(recorder), change).await
    }

    pub(crate) async fn without_providers() -> Self {
        Self::build(false, None, |_| ()).await
    }

    /// Answers of 60 tokens, and models that can continue one.
    pub(crate) async fn streaming(change: impl FnOnce(&mut EngineSettings)) -> Self {
        let rig = Self::start().await;
        rig.reload_with(include_str!("streaming.toml"), change);
        rig
    }

    /// The same engine under changed models and settings.
    pub(crate) fn reload_with(&self, models: &str, change: impl FnOnce(&mut EngineSettings)) {
        self.engine.reload(snapshot(Some(&self.sim), models, change));
    }

    /// Streams to the end.
    pub(crate) async fn stream(&self, prompt: &str) -> Heard {
        let streamed = self.engine.stream(self.ask(prompt), &Self::principal()).await.unwrap();
        let wait = Heard::listen(streamed.id, streamed.events);
        tokio::time::timeout(Duration::from_secs(20), wait).await.unwrap()
    }

    async fn build(
        configured: bool,
        recorder: Option<Arc<dyn Recorder>>,
        change: impl FnOnce(&mut EngineSettings),
    ) -> Self {
        let directory = TempDir::new().unwrap();
        let sim = Simulator::start(SimulatorConfig::default()).await.unwrap();
        let journal = Arc::new(Journal::open(directory.path().join("journal"), JournalSettings::default()).unwrap());
        let database = directory.path().join("test.db");
        let store = Arc::new(SqliteStore::open(database, SqliteSettings::default()).await.unwrap());
        let writer = Writer::new(Arc::clone(&journal), Arc::clone(&store) as _, WriterSettings::default());
        tokio::spawn(writer.run(std::future::pending()));
        let quotas = Arc::new(MemoryQuotas::new(1_000));
        let wall = Arc::new(SteppedClock::start());
        let engine = Engine::new(Parts {
            snapshot: snapshot(configured.then_some(&sim), "", change),
            quotas: Arc::clone(&quotas) as _,
            cache: Arc::new(MemoryResponseCache::new(1 << 20, Duration::from_secs(60))),
            recorder: recorder.unwrap_or_else(|| Arc::clone(&journal) as _),
            clock: Arc::clone(&wall) as _,
        });
        Self { sim, engine: Arc::new(engine), quotas, wall, journal, store, _directory: directory }
    }

    pub(crate) fn id() -> RequestId {
        RequestId(uuid::Uuid::now_v7())
    }

    pub(crate) fn principal() -> Principal {
        Principal::local()
    }

    /// A question that prefers quality: alpha before beta before gamma.
    pub(crate) fn ask(&self, prompt: &str) -> Ask {
        let preferences = Preferences { target: Target::Best, ..Preferences::default() };
        Ask { preferences, ..Ask::new(Self::id(), Conversation::prompt(prompt)) }
    }

    pub(crate) async fn route(&self, prompt: &str) -> Result<Routed, RouteError> {
        self.route_with(prompt, |_| ()).await
    }

    pub(crate) async fn route_with(&self, prompt: &str, change: impl FnOnce(&mut Ask)) -> Result<Routed, RouteError> {
        let mut ask = self.ask(prompt);
        change(&mut ask);
        self.engine.route(ask, &Self::principal()).await
    }

    pub(crate) fn fault(&self, upstream_model: &str, fault: Fault) {
        self.sim.set_fault(upstream_model, Some(fault));
    }

    pub(crate) fn reload(&self, change: impl FnOnce(&mut Snapshot)) {
        let mut snapshot = snapshot(Some(&self.sim), "", |_| ());
        change(&mut snapshot);
        self.engine.reload(snapshot);
    }

    /// All records, newest first, once the journal is empty.
    pub(crate) async fn records(&self) -> Vec<RequestRecord> {
        self.journal.flush(Duration::from_secs(10)).await.unwrap();
        let page = PageRequest { limit: PageRequest::MOST, before: None };
        self.store.list(&RequestFilter::default(), page).await.unwrap().items
    }

    /// One record, with its texts.
    pub(crate) async fn record(&self, id: RequestId) -> RequestRecord {
        self.journal.flush(Duration::from_secs(10)).await.unwrap();
        self.store.get(None, id).await.unwrap().unwrap()
    }

    /// Waits until the providers have seen that many requests.
    pub(crate) async fn until_asked(&self, times: usize) {
        let wait = async {
            while self.sim.attempts().len() < times {
                tokio::time::sleep(Duration::from_millis(2)).await;
            }
        };
        tokio::time::timeout(Duration::from_secs(10), wait).await.unwrap();
    }
}

fn snapshot(sim: Option<&Simulator>, models: &str, change: impl FnOnce(&mut EngineSettings)) -> Snapshot {
    let catalogue = SourceFile { name: "catalogue.toml", text: include_str!("catalogue.toml") };
    let registry = Registry::parse(&[catalogue, SourceFile { name: "changes.toml", text: models }]).unwrap();
    let mut settings = EngineSettings {
        caller_limits: Limits { requests: Some(Rate { per_minute: 60_000, burst: 1_000 }), ..Limits::default() },
        read_rate: Some(Rate { per_minute: 60_000, burst: 1_000 }),
        ..EngineSettings::default()
    };
    settings.failover.retry_delay = Duration::from_millis(10);
    change(&mut settings);
    Snapshot {
        quality: QualityTable::from_priors(&registry),
        registry,
        classifier: Arc::new(RuleClassifier),
        providers: sim.map(providers).unwrap_or_default(),
        provider_variables: vec!["OPENAI_API_KEY".into(), "ANTHROPIC_API_KEY".into()],
        simulated: true,
        settings,
    }
}

fn providers(sim: &Simulator) -> HashMap<ProviderId, Arc<dyn Provider>> {
    [("openai", Wire::OpenAi), ("anthropic", Wire::Anthropic), ("openrouter", Wire::OpenRouter)]
        .into_iter()
        .map(|(kind, wire)| {
            let instance =
                InstanceConfig::new(kind).with_base_url(sim.base_url(wire)).with_api_key("sk-test".to_owned());
            (instance.id.clone(), (kinds::find(kind).unwrap().build)(&instance).unwrap())
        })
        .collect()
}

/// The models that were asked, in order.
pub(crate) fn asked(attempts: &[Attempt]) -> Vec<&str> {
    attempts.iter().map(|attempt| attempt.model_id.as_str()).collect()
}

/// A journal on a full disk.
pub(crate) struct Full;

impl Recorder for Full {
    fn intend(&self, _: &Intent) -> Result<(), JournalError> {
        Err(JournalError::Full { bytes: 0, limit: 0 })
    }

    fn conclude(&self, _: &RequestRecord) -> Result<(), JournalError> {
        Err(JournalError::Full { bytes: 0, limit: 0 })
    }
}

/// What a caller of a stream got.
#[derive(Debug)]
pub(crate) struct Heard {
    pub(crate) id: RequestId,
    pub(crate) text: String,
    /// Who spoke, in order.
    pub(crate) speakers: Vec<String>,
    /// Who was asked and failed, as told in the stream.
    pub(crate) failed: Vec<Attempt>,
    /// When the first of the answer was there.
    pub(crate) first: Option<Duration>,
    pub(crate) end: Result<Routed, RouteError>,
}

impl Heard {
    async fn listen(id: RequestId, mut events: impl Stream<Item = Result<StreamEvent, RouteError>> + Unpin) -> Self {
        let begun = Instant::now();
        let (mut text, mut speakers, mut failed, mut first) = (String::new(), Vec::new(), Vec::new(), None);
        let end = loop {
            match events.next().await.unwrap() {
                Ok(StreamEvent::Speaking(speaker)) => speakers.push(speaker.model_id.to_string()),
                Ok(StreamEvent::Failed(attempt)) => failed.push(attempt),
                Ok(StreamEvent::Said(said)) => {
                    first.get_or_insert_with(|| begun.elapsed());
                    for event in said {
                        if let AnswerEvent::Text(piece) = event {
                            text.push_str(&piece);
                        }
                    }
                }
                Ok(StreamEvent::Done(routed)) => break Ok(*routed),
                Err(error) => break Err(error),
            }
        };
        assert!(events.next().await.is_none(), "nothing comes after the end");
        Self { id, text, speakers, failed, first, end }
    }

    /// The whole answer of someone who got one.
    pub(crate) fn whole(&self) -> &Routed {
        let routed = self.end.as_ref().unwrap();
        assert_eq!(routed.reply.text(), self.text, "what was streamed is what is recorded");
        routed
    }
}
