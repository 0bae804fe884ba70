//! What the answers of providers say about their health, and whom to leave alone because of it. Nobody is asked just to find
//! out: that would cost money.

use std::collections::HashMap;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use jiff::Timestamp;
use router_core::error_kind::{ErrorKind, Phase};
use router_core::id::{ModelId, ProviderId};
use router_core::model::Model;
use router_core::moment::Moment;
use router_providers::answer::CallError;

use crate::breaker::{Breaker, BreakerSettings, Pass};
use crate::metrics;
use crate::retry_budget::RetryBudget;

/// The longest that a provider's own word keeps a model away.
const LONGEST_REST: Duration = Duration::from_secs(300);

/// How a provider is, as far as its last answers tell.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ProviderStatus {
    /// Configured, and not asked yet.
    Unknown,
    /// The last attempt succeeded.
    Up,
    /// The last attempt failed.
    Degraded,
    /// Out of plans: it cannot be reached, or an operator has to act.
    Down,
}

/// How a provider is, and since when.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ProviderHealth {
    /// Who.
    pub id: ProviderId,
    /// How.
    pub status: ProviderStatus,
    /// Since when; `None` before the first attempt.
    pub since: Option<Timestamp>,
    /// How long its last successful answer took.
    pub latency: Option<Duration>,
    /// Why the last attempt failed.
    pub last_error: Option<ErrorKind>,
}

/// What was seen of a provider.
#[derive(Debug, Default)]
struct Seen {
    last: Option<Last>,
    latency: Option<Duration>,
    breaker: Breaker,
    budget: RetryBudget,
}

/// The last attempt at a provider.
#[derive(Debug, Clone, Copy)]
struct Last {
    error: Option<ErrorKind>,
    /// Since when attempts end so: well, or not.
    since: Timestamp,
}

/// Who is out of plans at one moment.
#[derive(Debug, Default)]
pub(crate) struct OutOfPlans {
    providers: Vec<ProviderId>,
    models: Vec<ModelId>,
}

impl OutOfPlans {
    pub(crate) fn has(&self, model: &Model) -> bool {
        self.providers.contains(&model.provider) || self.models.contains(&model.id)
    }
}

/// How an attempt passed the breakers of its model and of its provider. Its outcome is told with it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Entry {
    model: Pass,
    provider: Pass,
}

impl Entry {
    /// The attempt finds out whether a target that failed is back: it is not repeated.
    pub(crate) fn is_probe(self) -> bool {
        self.model == Pass::Probe || self.provider == Pass::Probe
    }
}

/// A failure, and how far it can be trusted to be the target's.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Blamed<'a> {
    pub(crate) error: &'a CallError,
    /// What was not found is the model: nobody else's request would find it.
    pub(crate) lasting: bool,
}

/// Passive observation of all providers, and the breakers that follow from it.
#[derive(Debug, Default)]
pub(crate) struct Observer {
    seen: Mutex<State>,
}

#[derive(Debug, Default)]
struct State {
    providers: HashMap<ProviderId, Seen>,
    models: HashMap<ModelId, Breaker>,
}

impl State {
    fn of(&mut self, model: &Model) -> (&mut Seen, &mut Breaker) {
        let seen = self.providers.entry(model.provider.clone()).or_default();
        (seen, self.models.entry(model.id.clone()).or_default())
    }
}

impl Seen {
    fn ended(&mut self, error: Option<ErrorKind>, wall: Timestamp) {
        let same = self.last.filter(|last| last.error.is_some() == error.is_some());
        self.last = Some(Last { error, since: same.map_or(wall, |last| last.since) });
    }
}

impl Observer {
    fn state(&self) -> MutexGuard<'_, State> {
        // Figures only: a panic elsewhere leaves them as good as they were.
        self.seen.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Lets an attempt at `model` pass, unless a breaker is open. `longest` is how long it may take to say something.
    pub(crate) fn enter(&self, model: &Model, now: Moment, longest: Duration) -> Option<Entry> {
        let mut state = self.state();
        let (seen, breaker) = state.of(model);
        let provider = seen.breaker.enter(now, longest)?;
        let Some(model) = breaker.enter(now, longest) else {
            seen.breaker.abandoned(provider, now);
            return None;
        };
        Some(Entry { model, provider })
    }

    /// A first try is made at a provider: it earns a share of a repeat.
    pub(crate) fn first_try(&self, model: &Model, share: f64) {
        self.state().of(model).0.budget.earn(share);
    }

    /// Takes a repeat from the provider's budget.
    pub(crate) fn may_repeat(&self, model: &Model, now: Moment) -> bool {
        let granted = self.state().of(model).0.budget.take(now);
        if !granted {
            metrics::repeat_refused(&model.provider);
        }
        granted
    }

    pub(crate) fn succeeded(&self, model: &Model, entry: Entry, latency: Duration, wall: Timestamp) {
        let mut state = self.state();
        let (seen, breaker) = state.of(model);
        breaker.succeeded(entry.model);
        seen.breaker.succeeded(entry.provider);
        seen.latency = Some(latency);
        seen.ended(None, wall);
    }

    /// The first delta of an attempt is there.
    pub(crate) fn spoke(&self, model: &Model, entry: Entry, now: Moment, settings: BreakerSettings) {
        if entry.is_probe() {
            let mut state = self.state();
            let (seen, breaker) = state.of(model);
            breaker.spoke(entry.model, now, settings);
            seen.breaker.spoke(entry.provider, now, settings);
        }
    }

    /// The attempt ended without saying anything about its target: the caller left, or it was never sent.
    pub(crate) fn abandoned(&self, model: &Model, entry: Entry, now: Moment) {
        let mut state = self.state();
        let (seen, breaker) = state.of(model);
        breaker.abandoned(entry.model, now);
        seen.breaker.abandoned(entry.provider, now);
    }

    /// Takes note of a failure, and of what its kind calls for.
    pub(crate) fn failed(
        &self,
        model: &Model,
        entry: Entry,
        blamed: Blamed<'_>,
        settings: BreakerSettings,
        (now, wall): (Moment, Timestamp),
    ) {
        let error = blamed.error;
        let reaction = error.kind.reaction();
        if !reaction.target_at_fault {
            // Whoever refuses a request is there.
            return match error.status {
                Some(_) => {
                    let mut state = self.state();
                    let (seen, breaker) = state.of(model);
                    breaker.succeeded(entry.model);
                    seen.breaker.succeeded(entry.provider);
                }
                None => self.abandoned(model, entry, now),
            };
        }
        let mut state = self.state();
        let (seen, breaker) = state.of(model);
        let (at_model, at_provider) = blame(blamed, settings);
        let mut opened = [None; 2];
        match at_model {
            Some(rest) => {
                opened[0] = breaker.failed(entry.model, rest, now, settings).then_some(("model", model.id.as_str()));
            }
            None => breaker.abandoned(entry.model, now),
        }
        match at_provider {
            Some(rest) => {
                let opens = seen.breaker.failed(entry.provider, rest, now, settings);
                opened[1] = opens.then_some(("provider", model.provider.as_str()));
            }
            // It was reached, but whether what kept it away has passed is not known: the next probe has to wait, too.
            None if entry.provider == Pass::Probe => {
                seen.breaker.failed(entry.provider, Duration::ZERO, now, settings);
            }
            None => seen.breaker.abandoned(entry.provider, now),
        }
        // A model that does not exist says nothing about its neighbours at the same provider.
        if error.kind != ErrorKind::NotFound {
            seen.ended(Some(error.kind), wall);
        }
        drop(state);
        for (scope, target) in opened.into_iter().flatten() {
            metrics::breaker_opened(scope, target);
            tracing::error!(scope, target, error_kind = error.kind.name(), "out of plans until a probe succeeds");
        }
    }

    /// Who is out of plans at the moment. Usually nobody, so usually nothing is allocated.
    pub(crate) fn out_of_plans(&self, now: Moment) -> OutOfPlans {
        let state = self.state();
        let down = state.providers.iter().filter(|(_, seen)| !seen.breaker.admits(now));
        let failing = state.models.iter().filter(|(_, breaker)| !breaker.admits(now));
        OutOfPlans {
            providers: down.map(|(id, _)| id.clone()).collect(),
            models: failing.map(|(id, _)| id.clone()).collect(),
        }
    }

    /// Closes all breakers: the operator has changed something, perhaps the key.
    pub(crate) fn forgive(&self) {
        let mut state = self.state();
        state.models.clear();
        for seen in state.providers.values_mut() {
            seen.breaker = Breaker::default();
        }
    }

    pub(crate) fn health(&self, provider: &ProviderId) -> ProviderHealth {
        let state = self.state();
        let seen = state.providers.get(provider);
        let last = seen.and_then(|seen| seen.last);
        let status = match (seen, last) {
            (Some(seen), _) if seen.breaker.is_open() => ProviderStatus::Down,
            (_, Some(Last { error: None, .. })) => ProviderStatus::Up,
            (_, Some(_)) => ProviderStatus::Degraded,
            (_, None) => ProviderStatus::Unknown,
        };
        ProviderHealth {
            id: provider.clone(),
            status,
            since: last.map(|last| last.since),
            latency: seen.and_then(|seen| seen.latency),
            last_error: last.and_then(|last| last.error),
        }
    }
}

/// Whose breakers a failure counts at: the model's, the provider's. With how long the fault keeps them away by itself.
fn blame(Blamed { error, lasting }: Blamed<'_>, settings: BreakerSettings) -> (Option<Duration>, Option<Duration>) {
    let rest = error.kind.reaction().cooldown;
    match error.kind {
        // The key, or the account: no model of this provider would answer.
        ErrorKind::Auth | ErrorKind::Quota => (None, Some(rest)),
        // What is not found may be what the caller named: a file, a preset.
        ErrorKind::NotFound if !lasting => (Some(Duration::ZERO), None),
        ErrorKind::Connection | ErrorKind::Timeout(Phase::Connect) => (Some(rest), Some(rest)),
        // A wait that is longer than a breaker's is one that all requests are spared.
        ErrorKind::RateLimited => {
            let long = error.retry_after.filter(|wait| *wait >= settings.probe_interval);
            (Some(long.unwrap_or_default().min(LONGEST_REST)), None)
        }
        _ => (Some(rest), None),
    }
}
