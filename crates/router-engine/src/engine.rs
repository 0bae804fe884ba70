//! The pipeline, in the order in which a request runs through it.

use std::sync::Arc;

use arc_swap::ArcSwap;
use futures_util::stream;
use jiff::civil::Date;
use jiff::tz::Offset;
use router_cache::rate_limit::{Allowance, RateLimiter};
use router_cache::response::ResponseCache;
use router_core::classify::Classification;
use router_core::conversation::Conversation;
use router_core::decision::Decision;
use router_core::error_kind::ErrorKind;
use router_core::id::ModelId;
use router_core::live::LiveSummary;
use router_core::moment::Moment;
use router_core::preferences::Preferences;
use router_core::price::Cost;
use router_core::principal::Principal;
use router_providers::whole::as_events;
use router_store::recorder::Recorder;

use crate::admit::{Lane, admit};
use crate::ask::Ask;
use crate::choose::{Circumstances, choose, known, no_candidate};
use crate::clock::Clock;
use crate::dispatch::{Dispatch, Dispatched};
use crate::error::RouteError;
use crate::health::{Observer, ProviderHealth};
use crate::live::LiveBoard;
use crate::metrics;
use crate::recall::{Recall, key, recall, remember};
use crate::record::OpenRecord;
use crate::routed::{Reply, Routed, RoutedStream, Speaker, StreamEvent};
use crate::snapshot::Snapshot;
use crate::surroundings::Surroundings;

/// What an engine is made of.
pub struct Parts {
    /// The configuration that requests run under.
    pub snapshot: Snapshot,
    /// Limits callers.
    pub limiter: Arc<dyn RateLimiter>,
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
    limiter: Arc<dyn RateLimiter>,
    cache: Arc<dyn ResponseCache>,
    around: Arc<Surroundings>,
}

/// A snapshot, and the statistics of its models.
struct Current {
    snapshot: Arc<Snapshot>,
    board: Arc<LiveBoard>,
}

/// What stages 4 and 5 work on.
struct Run<'a> {
    current: &'a Current,
    ask: &'a Ask,
    decision: &'a Decision,
    arrived: Moment,
}

impl Engine {
    /// An engine that runs under `parts.snapshot` until the first [`Engine::reload`].
    #[must_use]
    pub fn new(parts: Parts) -> Self {
        let board = LiveBoard::for_registry(&parts.snapshot.registry, &LiveBoard::default());
        let current = Current { snapshot: Arc::new(parts.snapshot), board: Arc::new(board) };
        Self {
            current: ArcSwap::from_pointee(current),
            limiter: parts.limiter,
            cache: parts.cache,
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
        let current = self.current.load_full();
        let snapshot = &current.snapshot;
        let arrived = self.around.now();
        known(&ask.preferences, snapshot)?;
        let _in_flight = metrics::InFlight::enter();

        // 1 admit
        let rate = snapshot.settings.execution_rate;
        let allowance = admit(self.limiter.as_ref(), principal, Lane::Executions, rate, arrived).await?;

        // 2 choose: before the cache is asked, because the record of a remembered answer says what kind of prompt it was, too.
        let decision = self.decide_now(&current, &ask.conversation, &ask.preferences, principal, false);
        let around = Arc::clone(&self.around);
        let mut record = OpenRecord::open(around, snapshot, &ask, principal, &decision, arrived);

        // 3 recall
        let use_cache = Recall::of(&ask, snapshot.settings.cache_enabled);
        let key = use_cache.any().then(|| key(&ask, principal, snapshot.registry.generation())).flatten();
        let remembered = match key.filter(|_| use_cache.read) {
            Some(key) => recall(self.cache.as_ref(), key).await,
            None => None,
        };
        let cached = remembered.is_some();
        let (reply, attempts, cost) = if let Some(reply) = remembered {
            (reply, Vec::new(), Cost::ZERO)
        } else if use_cache.only {
            record.failed(None);
            return Err(RouteError::NotCached);
        } else {
            let run = Run { current: &current, ask: &ask, decision: &decision, arrived };
            let reply = match self.run(run, &mut record).await {
                Ok(reply) => reply,
                Err((RouteError::RecordsUnavailable, _)) => {
                    record.forget();
                    return Err(RouteError::RecordsUnavailable);
                }
                Err((error, kind)) => {
                    record.failed(kind);
                    return Err(error);
                }
            };
            // 6 remember
            if let Some(key) = key.filter(|_| use_cache.write && reply.is_worth_remembering()) {
                remember(self.cache.as_ref(), key, &reply).await;
            }
            (reply, record.attempts().to_vec(), record.cost())
        };

        // 7 record
        let latency = record.succeeded(&reply, cached);
        Ok(Routed { id: ask.id, reply, cost, latency, cached, attempts, allowance: Some(allowance) })
    }

    /// Answers a request as a stream: the same pipeline.
    ///
    /// Returns before anybody is asked; what happens then is in the stream.
    ///
    /// # Errors
    /// As [`Engine::route`], for what is known before anybody is asked.
    pub async fn stream(&self, ask: Ask, principal: &Principal) -> Result<RoutedStream, RouteError> {
        let routed = self.route(ask, principal).await?;
        let reply = &routed.reply;
        let first_choice = (reply.model_id.clone(), reply.provider.clone());
        let (id, decision, simulated) = (routed.id, reply.decision.clone(), reply.simulated);
        let allowance = routed.allowance.ok_or(RouteError::NotCached)?;
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
        let said = StreamEvent::Said(as_events(reply.parts.clone()));
        let events = [StreamEvent::Speaking(Box::new(speaker)), said, StreamEvent::Done(Box::new(routed))];
        let events = Box::pin(stream::iter(events.map(Ok)));
        Ok(RoutedStream { id, first_choice, decision, simulated, allowance, events })
    }

    /// Asks models: stages 4 and 5. An error comes with what the record says of it.
    async fn run(&self, run: Run<'_>, record: &mut OpenRecord) -> Result<Reply, (RouteError, Option<ErrorKind>)> {
        let Run { current: Current { snapshot, board }, ask, decision, arrived } = run;
        let Some(choice) = decision.choice() else {
            return Err((no_candidate(decision, snapshot), None));
        };

        // 4 intent
        record.intend(&choice.model, snapshot.settings.on_record_loss).map_err(|refused| (refused, None))?;
        metrics::overhead(self.around.now().since(arrived));

        // 5 dispatch
        let dispatch = Dispatch { around: &self.around, snapshot, board, ask, decision, arrived };
        let Dispatched { candidate, answer, usage } = dispatch.run(record).await.map_err(|failures| {
            let (kind, attempts) = (failures.kind(), record.attempts().to_vec());
            let (message, retry_after) = (failures.message(), failures.retry_after());
            (RouteError::Failed { kind, message, attempts, retry_after }, Some(kind))
        })?;
        Ok(Reply {
            model_id: candidate.model.id.clone(),
            provider: candidate.model.provider.clone(),
            upstream_model: answer.upstream_model,
            upstream_id: answer.upstream_id,
            parts: answer.parts,
            finish: answer.finish,
            usage,
            simulated: snapshot.simulated,
            dropped: answer.dropped,
            changed: answer.changed,
            original: answer.original,
            decision: record.decision().clone(),
        })
    }

    /// Takes one read (or dry run) from the caller's allowance, apart from the one for executions.
    ///
    /// # Errors
    /// [`RouteError::RateLimited`].
    pub async fn admit_read(&self, principal: &Principal) -> Result<Allowance, RouteError> {
        let rate = self.current.load().snapshot.settings.read_rate;
        admit(self.limiter.as_ref(), principal, Lane::Reads, rate, self.around.now()).await
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
        Ok(self.decide_now(&current, conversation, preferences, principal, true))
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
        let now = self.around.now();
        let mut health: Vec<_> = snapshot.providers.keys().map(|id| self.around.observer.health(id, now)).collect();
        health.sort_by(|a, b| a.id.cmp(&b.id));
        health
    }

    fn decide_now(
        &self,
        current: &Current,
        conversation: &Conversation,
        preferences: &Preferences,
        principal: &Principal,
        dry: bool,
    ) -> Decision {
        let now = self.around.now();
        let circumstances = Circumstances {
            snapshot: &current.snapshot,
            live: &current.board,
            out: &self.around.observer.out_of_plans(now),
            now,
            today: self.today(),
            dry,
        };
        choose(conversation, preferences, principal, &circumstances)
    }

    /// The day in UTC: what shutdown dates are compared with.
    fn today(&self) -> Date {
        Offset::UTC.to_datetime(self.around.wall()).date()
    }
}
