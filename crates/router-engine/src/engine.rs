//! The pipeline, in the order in which a request runs through it.

use std::sync::Arc;

use arc_swap::ArcSwap;
use jiff::civil::Date;
use jiff::tz::Offset;
use router_cache::rate_limit::{Allowance, RateLimiter};
use router_cache::response::ResponseCache;
use router_core::classify::Classification;
use router_core::conversation::Conversation;
use router_core::decision::Decision;
use router_core::id::ModelId;
use router_core::live::LiveSummary;
use router_core::preferences::Preferences;
use router_core::price::Cost;
use router_core::principal::Principal;
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
use crate::routed::{Reply, Routed};
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

        // 3 classify, 4 plan: before the cache is asked, because the record of a remembered answer has them too.
        let decision = self.decide_now(&current, &ask.conversation, &ask.preferences, principal, false);
        let around = Arc::clone(&self.around);
        let mut record = OpenRecord::open(around, snapshot, &ask, principal, &decision, arrived);

        // 2 cache
        let use_cache = Recall::of(&ask, snapshot.settings.cache_enabled);
        let cache_key =
            (use_cache.read || use_cache.write).then(|| key(&ask, principal, snapshot.registry.generation())).flatten();
        let remembered = match cache_key.filter(|_| use_cache.read) {
            Some(key) => recall(self.cache.as_ref(), key).await,
            None => None,
        };
        if let Some(reply) = remembered {
            let latency = record.succeeded(&reply, true);
            return Ok(Routed {
                id: ask.id,
                reply,
                cost: Cost::ZERO,
                latency,
                cached: true,
                attempts: Vec::new(),
                allowance: Some(allowance),
            });
        }
        if use_cache.only {
            record.failed(None);
            return Err(RouteError::NotCached);
        }
        let Some(choice) = decision.choice() else {
            record.failed(None);
            return Err(no_candidate(&decision, snapshot));
        };
        if let Err(refused) = record.intend(&choice.model, snapshot.settings.on_record_loss) {
            record.failed(None);
            return Err(refused);
        }

        // 5 reserve: budgets will be reserved here.

        // 6 dispatch
        metrics::overhead(self.around.now().since(arrived));
        let dispatch =
            Dispatch { around: &self.around, snapshot, board: &current.board, ask: &ask, decision: &decision, arrived };
        let Dispatched { candidate, answer, usage } = match dispatch.run(&mut record).await {
            Ok(dispatched) => dispatched,
            Err(failures) => {
                let (kind, attempts) = (failures.kind(), record.attempts().to_vec());
                record.failed(Some(kind));
                let (message, retry_after) = (failures.message(), failures.retry_after());
                return Err(RouteError::Failed { kind, message, attempts, retry_after });
            }
        };
        let reply = Reply {
            model_id: candidate.model.id.clone(),
            provider: candidate.model.provider.clone(),
            upstream_model: answer.upstream_model,
            upstream_id: answer.upstream_id,
            parts: answer.parts,
            finish: answer.finish,
            usage,
            simulated: snapshot.simulated,
            dropped: answer.dropped,
            decision: record.decision().clone(),
        };

        // 7 remember
        if let Some(key) = cache_key.filter(|_| use_cache.write && reply.is_complete()) {
            remember(self.cache.as_ref(), key, &reply).await;
        }

        // 8 record
        let (attempts, cost) = (record.attempts().to_vec(), record.cost());
        let latency = record.succeeded(&reply, false);
        Ok(Routed { id: ask.id, reply, cost, latency, cached: false, attempts, allowance: Some(allowance) })
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
