//! What the answers of providers say about their health. Nobody is asked just to find out: that would cost money.

use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use jiff::Timestamp;
use router_core::error_kind::ErrorKind;
use router_core::id::{ModelId, ProviderId};
use router_core::model::Model;
use router_core::moment::Moment;

/// How a provider is, as far as its last answers tell.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ProviderStatus {
    /// Configured, and not asked yet.
    Unknown,
    /// The last attempt succeeded.
    Up,
    /// The last attempt failed.
    Degraded,
    /// Out of plans for a while: an operator has to act.
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

#[derive(Debug, Clone, Copy)]
struct Seen {
    status: ProviderStatus,
    since: Timestamp,
    latency: Option<Duration>,
    last_error: Option<ErrorKind>,
    down_until: Moment,
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

/// Passive observation of all providers.
#[derive(Debug, Default)]
pub(crate) struct Observer {
    seen: Mutex<State>,
}

#[derive(Debug, Default)]
struct State {
    providers: HashMap<ProviderId, Seen>,
    /// Models that their provider does not have, until when.
    missing: HashMap<ModelId, Moment>,
}

impl Observer {
    fn state(&self) -> std::sync::MutexGuard<'_, State> {
        // Figures only: a panic elsewhere leaves them as good as they were.
        self.seen.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(crate) fn succeeded(&self, provider: &ProviderId, latency: Duration, wall: Timestamp) {
        let mut state = self.state();
        let since = match state.providers.get(provider) {
            Some(before) if before.status == ProviderStatus::Up => before.since,
            _ => wall,
        };
        let up = Seen {
            status: ProviderStatus::Up,
            since,
            latency: Some(latency),
            last_error: None,
            down_until: Moment::default(),
        };
        state.providers.insert(provider.clone(), up);
    }

    /// Takes note of a failure, and of the cooldown that its kind calls for.
    pub(crate) fn failed(&self, provider: &ProviderId, model: &ModelId, kind: ErrorKind, now: Moment, wall: Timestamp) {
        let reaction = kind.reaction();
        if !reaction.target_at_fault {
            return;
        }
        let mut state = self.state();
        let until = now.after(reaction.cooldown);
        // A model that does not exist says nothing about its neighbours at the same provider.
        if kind == ErrorKind::NotFound {
            state.missing.insert(model.clone(), until);
            return;
        }
        let before = state.providers.get(provider).copied();
        // Another fault, in flight when the cooldown began, does not shorten it.
        let until = before.map_or(until, |before| before.down_until.max(until));
        let status = if until > now { ProviderStatus::Down } else { ProviderStatus::Degraded };
        let failing = Seen {
            status,
            since: before.filter(|before| before.status == status).map_or(wall, |before| before.since),
            latency: before.and_then(|before| before.latency),
            last_error: Some(kind),
            down_until: until,
        };
        state.providers.insert(provider.clone(), failing);
    }

    /// Who is out of plans at the moment. Usually nobody, so usually nothing is allocated.
    pub(crate) fn out_of_plans(&self, now: Moment) -> OutOfPlans {
        let state = self.state();
        let down = state.providers.iter().filter(|(_, seen)| seen.down_until > now);
        let missing = state.missing.iter().filter(|&(_, &until)| until > now);
        OutOfPlans {
            providers: down.map(|(id, _)| id.clone()).collect(),
            models: missing.map(|(id, _)| id.clone()).collect(),
        }
    }

    /// Ends all cooldowns: the operator has changed something, perhaps the key.
    pub(crate) fn forgive(&self) {
        let mut state = self.state();
        state.missing.clear();
        for seen in state.providers.values_mut() {
            seen.down_until = Moment::default();
        }
    }

    pub(crate) fn health(&self, provider: &ProviderId, now: Moment) -> ProviderHealth {
        let seen = self.state().providers.get(provider).copied();
        let status = seen.map_or(ProviderStatus::Unknown, |seen| match seen.status {
            ProviderStatus::Down if seen.down_until <= now => ProviderStatus::Degraded,
            status => status,
        });
        ProviderHealth {
            id: provider.clone(),
            status,
            since: seen.map(|seen| seen.since),
            latency: seen.and_then(|seen| seen.latency),
            last_error: seen.and_then(|seen| seen.last_error),
        }
    }
}
