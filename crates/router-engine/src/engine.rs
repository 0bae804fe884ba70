//! The pipeline, in the order in which a request runs through it.

use std::sync::Arc;

use arc_swap::ArcSwap;
use futures_util::stream;
use router_cache::flight::Flights;
use router_cache::quota::{Left, Quotas};
use router_cache::response::ResponseCache;
use router_core::classify::Classification;
use router_core::conversation::Conversation;
use router_core::decision::Decision;
use router_core::id::{ModelId, RequestId};
use router_core::live::LiveSummary;
use router_core::preferences::Preferences;
use router_core::price::Cost;
use router_core::principal::Principal;
use router_core::raw_json::RawJson;
use router_core::usage::Usage;
use router_providers::answer::Answer;
use router_providers::original::Original;
use router_providers::whole::as_events;
use router_store::recorder::Recorder;

use crate::admission::{Admitted, Beyond, admit};
use crate::admit::admit_read;
use crate::ask::Ask;
use crate::choose::{Circumstances, choose, known, no_candidate};
use crate::clock::Clock;
use crate::dispatch::{Dispatched, dispatch};
use crate::error::RouteError;
use crate::health::{Observer, ProviderHealth};
use crate::job::Job;
use crate::live::LiveBoard;
use crate::metrics;
use crate::recall::{Recall, Recalled, Recollection, key};
use crate::record::{Entry, OpenRecord};
use crate::routed::{Reply, Routed, RoutedStream, Speaker, StreamEvent};
use crate::snapshot::Snapshot;
use crate::stream::{Opened, StreamRun};
use crate::surroundings::Surroundings;
use crate::worth::is_priced_apart;

/// What an engine is made of.
pub struct Parts {
    /// The configuration that requests run under.
    pub snapshot: Snapshot,
    /// Counts what callers use.
    pub quotas: Arc<dyn Quotas>,
    /// Remembers answers.
    pub cache: Arc<dyn ResponseCache>,
    /// Takes the records.
    pub recorder: Arc<dyn Recorder>,
    /// Tells the time.
    pub clock: Arc<dyn Clock>,
}

/// Runs requests. One per process, shared by reference.
pub struct Engine {
    current: ArcSwap<Current>,
    quotas: Arc<dyn Quotas>,
    recollection: Recollection,
    around: Arc<Surroundings>,
}

/// A snapshot, and the statistics of its models.
pub(crate) struct Current {
    pub(crate) snapshot: Arc<Snapshot>,
    pub(crate) board: Arc<LiveBoard>,
}

/// What a decision is about.
struct Question<'a> {
    conversation: &'a Conversation,
    original: Option<&'a Original>,
    preferences: &'a Preferences,
    /// Nobody will be asked.
    dry: bool,
}

/// A request that has passed the first three stages.
enum Passed {
    /// It has been answered before.
    Remembered { reply: Box<Reply>, record: Box<OpenRecord>, allowance: Left, id: RequestId },
    /// Somebody is to be asked.
    Open(Box<Opened>),
}

impl Engine {
    /// An engine that runs under `parts.snapshot` until the first [`Engine::reload`].
    #[must_use]
    pub fn new(parts: Parts) -> Self {
        let board = LiveBoard::for_registry(&parts.snapshot.registry, &LiveBoard::default());
        let current = Current { snapshot: Arc::new(parts.snapshot), board: Arc::new(board) };
        Self {
            current: ArcSwap::from_pointee(current),
            quotas: parts.quotas,
            recollection: Recollection { cache: parts.cache, flights: Flights::default() },
            around: Arc::new(Surroundings {
                recorder: parts.recorder,
                clock: parts.clock,
                observer: Observer::default(),
            }),
        }
    }

    /// Replaces the configuration. Requests under way finish under the old one; what was measured of models that stay is
    /// kept; providers that waited for an operator are asked again.
    pub fn reload(&self, snapshot: Snapshot) {
        self.around.observer.forgive();
        let board = LiveBoard::for_registry(&snapshot.registry, &self.current.load().board);
        self.current.store(Arc::new(Current { snapshot: Arc::new(snapshot), board: Arc::new(board) }));
    }

    /// The configuration that the next request will run under.
    #[must_use]
    pub fn snapshot(&self) -> Arc<Snapshot> {
        Arc::clone(&self.current.load().snapshot)
    }

    /// Answers a request: the whole pipeline.
    ///
    /// Dropping the future gives the upstream request up and records the request as cancelled.
    ///
    /// # Errors
    /// See [`RouteError`]. Every error has its record, but for [`RouteError::UnknownModel`] and [`RouteError::RateLimited`]
    /// (not admitted) and [`RouteError::RecordsUnavailable`] (nobody was asked).
    pub async fn route(&self, ask: Ask, principal: &Principal) -> Result<Routed, RouteError> {
        let Opened { job, mut record, memory, allowance, in_flight: _in_flight } =
            match self.pass(ask, principal, false).await? {
                Passed::Open(opened) => *opened,
                Passed::Remembered { reply, record, allowance, id } => {
                    return Ok(remembered(*reply, *record, allowance, id));
                }
            };

        // 5 dispatch
        let Dispatched { index, answer, usage } = match dispatch(&job, &mut record).await {
            Ok(dispatched) => dispatched,
            Err(failures) => {
                let attempts = record.attempts().to_vec();
                record.failed(Some(failures.kind()));
                return Err(failures.into_error(attempts));
            }
        };
        let reply = reply(&job, index, answer, usage, record.decision().clone());

        // 6 remember
        if let Some(memory) = memory {
            memory.keep(&reply).await;
        }

        // 7 record
        let (attempts, cost) = (record.attempts().to_vec(), record.cost());
        let latency = record.succeeded(&reply, false);
        Ok(Routed { id: job.ask.id, reply, cost, latency, cached: false, attempts, allowance: Some(allowance) })
    }

    /// Answers a request as a stream: the same pipeline.
    ///
    /// Returns before anybody is asked; what happens then is in the stream. Dropping it gives the upstream request up and
    /// records the request as cancelled.
    ///
    /// # Errors
    /// As [`Engine::route`], for what is known before anybody is asked.
    pub async fn stream(&self, ask: Ask, principal: &Principal) -> Result<RoutedStream, RouteError> {
        let opened = match self.pass(ask, principal, true).await? {
            Passed::Open(opened) => *opened,
            Passed::Remembered { reply, record, allowance, id } => {
                return Ok(replay(remembered(*reply, *record, allowance, id), allowance));
            }
        };
        let Some(choice) = opened.job.decision.choice() else { return Err(RouteError::RecordsUnavailable) };
        let first_choice = (choice.model.id.clone(), choice.model.provider.clone());
        let (id, decision) = (opened.job.ask.id, opened.record.decision().clone());
        let (simulated, allowance) = (opened.job.current.snapshot.simulated, opened.allowance);
        let run = Box::new(StreamRun::new(opened));
        let events = stream::unfold(run, async |mut run| run.next().await.map(|event| (event, run)));
        Ok(RoutedStream { id, first_choice, decision, simulated, allowance, events: Box::pin(events) })
    }

    /// Stages 1 to 4.
    async fn pass(&self, mut ask: Ask, principal: &Principal, streamed: bool) -> Result<Passed, RouteError> {
        let current = self.current.load_full();
        let snapshot = &current.snapshot;
        let arrived = self.around.now();
        known(&ask.preferences, snapshot)?;
        let in_flight = metrics::InFlight::enter();

        // 1 admit, 2 choose: before the cache is asked, because the record of a remembered answer says what kind of prompt it
        // was, too.
        let decide = |ask: &Ask, beyond: &Beyond| {
            let question = Question {
                conversation: &ask.conversation,
                original: ask.original.as_ref(),
                preferences: &ask.preferences,
                dry: false,
            };
            self.decide_now(&current, &question, principal, beyond)
        };
        let admitted = admit(&self.quotas, &self.around, &current, &mut ask, principal, decide).await?;
        let Admitted { decision, permit, worth } = admitted;
        let allowance = permit.left();
        let around = Arc::clone(&self.around);
        let record =
            OpenRecord::open(around, snapshot, &ask, principal, &decision, Entry { arrived, streamed, permit });

        // 3 recall
        let use_cache = Recall::of(&ask, snapshot.settings.cache_enabled, streamed);
        let key = use_cache.any().then(|| key(&ask, principal, snapshot.registry.generation())).flatten();
        let patience = snapshot.settings.flight_patience;
        let memory = match self.recollection.recall(key, use_cache, patience).await {
            Recalled::Known(reply) => {
                return Ok(Passed::Remembered { reply, record: Box::new(record), allowance, id: ask.id });
            }
            Recalled::Unknown(memory) => memory,
        };
        if use_cache.only {
            record.failed(None);
            return Err(RouteError::NotCached);
        }

        // 4 intent
        let Some(choice) = decision.choice() else {
            record.failed(None);
            return Err(no_candidate(&decision, snapshot));
        };
        if let Err(refused) = record.intend(
            &choice.model,
            worth.assumed(&choice.model, &snapshot.registry),
            snapshot.settings.on_record_loss,
        ) {
            record.forget();
            return Err(refused);
        }
        metrics::overhead(self.around.now().since(arrived));
        let job = Job { around: Arc::clone(&self.around), current, ask, decision, worth, arrived };
        Ok(Passed::Open(Box::new(Opened { job, record, memory, allowance, in_flight })))
    }

    /// Takes one read (or dry run) from the caller's allowance, apart from the one for executions.
    ///
    /// # Errors
    /// [`RouteError::RateLimited`].
    pub async fn admit_read(&self, id: RequestId, principal: &Principal) -> Result<Left, RouteError> {
        let rate = self.current.load().snapshot.settings.read_rate;
        admit_read(self.quotas.as_ref(), principal, rate, id, self.around.now()).await
    }

    /// What would be decided for this prompt now, without asking anyone: a dry run. Works without any provider configured.
    ///
    /// # Errors
    /// [`RouteError::UnknownModel`].
    pub fn decide(
        &self,
        conversation: &Conversation,
        preferences: &Preferences,
        principal: &Principal,
    ) -> Result<Decision, RouteError> {
        let current = self.current.load();
        known(preferences, &current.snapshot)?;
        let question = Question { conversation, original: None, preferences, dry: true };
        Ok(self.decide_now(&current, &question, principal, &Beyond::default()))
    }

    /// The type and difficulty of a prompt.
    #[must_use]
    pub fn classify(&self, conversation: &Conversation) -> Classification {
        self.current.load().snapshot.classifier.classify(conversation)
    }

    /// How a model behaved lately; `None` if the registry does not know it.
    #[must_use]
    pub fn live(&self, model: &ModelId) -> Option<LiveSummary> {
        self.current.load().board.summary(model, self.around.now())
    }

    /// How each configured provider is, as far as its last answers tell.
    #[must_use]
    pub fn provider_health(&self) -> Vec<ProviderHealth> {
        let snapshot = self.snapshot();
        let mut health: Vec<_> = snapshot.providers.keys().map(|id| self.around.observer.health(id)).collect();
        health.sort_by(|a, b| a.id.cmp(&b.id));
        health
    }

    fn decide_now(
        &self,
        current: &Current,
        question: &Question<'_>,
        principal: &Principal,
        beyond: &Beyond,
    ) -> Decision {
        let Question { conversation, original, preferences, dry } = *question;
        let now = self.around.now();
        let circumstances = Circumstances {
            snapshot: &current.snapshot,
            live: &current.board,
            out: &self.around.observer.out_of_plans(now),
            bound_to: original.filter(|original| original.binds()).map(|original| original.dialect),
            now,
            today: self.around.today(),
            dry,
            beyond,
            priced_apart: original.filter(|original| is_priced_apart(original)).map(|original| original.dialect),
        };
        choose(conversation, preferences, principal, &circumstances)
    }
}

/// The answer of the model at that place of the ranking.
fn reply(job: &Job, index: usize, answer: Answer, usage: Usage, decision: RawJson) -> Reply {
    let model = &job.decision.ranked[index].model;
    Reply {
        model_id: model.id.clone(),
        provider: model.provider.clone(),
        upstream_model: answer.upstream_model,
        upstream_id: answer.upstream_id,
        parts: answer.parts,
        finish: answer.finish,
        usage,
        simulated: job.current.snapshot.simulated,
        dropped: answer.dropped,
        changed: answer.changed,
        original: answer.original,
        decision,
    }
}

/// An answer from the cache.
fn remembered(reply: Reply, record: OpenRecord, allowance: Left, id: RequestId) -> Routed {
    let latency = record.succeeded(&reply, true);
    let allowance = Some(allowance);
    Routed { id, reply, cost: Cost::ZERO, latency, cached: true, attempts: Vec::new(), allowance }
}

/// A whole answer as a stream.
fn replay(routed: Routed, allowance: Left) -> RoutedStream {
    let reply = &routed.reply;
    let first_choice = (reply.model_id.clone(), reply.provider.clone());
    let speaker = Speaker {
        model_id: reply.model_id.clone(),
        provider: reply.provider.clone(),
        upstream_model: reply.upstream_model.clone(),
        upstream_id: reply.upstream_id.clone(),
        dropped: reply.dropped.clone(),
        changed: reply.changed.clone(),
        original: false,
        continues: false,
    };
    let (id, decision, simulated) = (routed.id, reply.decision.clone(), reply.simulated);
    let said = StreamEvent::Said(as_events(reply.parts.clone()));
    let events = [StreamEvent::Speaking(Box::new(speaker)), said, StreamEvent::Done(Box::new(routed))];
    let events = Box::pin(stream::iter(events.map(Ok)));
    RoutedStream { id, first_choice, decision, simulated, allowance, events }
}
