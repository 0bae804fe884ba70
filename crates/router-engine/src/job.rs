//! One request on its way through the models: what every attempt at it works with. Owned, because a stream outlives the call
//! that began it.

use std::sync::Arc;
use std::time::Duration;

use router_core::capability::Capability;
use router_core::decision::{Candidate, Decision};
use router_core::model::Model;
use router_core::moment::Moment;
use router_core::price::Cost;
use router_core::usage::Usage;
use router_core::usd::Usd;
use router_providers::answer::CallError;
use router_providers::call::{Call, Deadlines};

use crate::admission::expected;
use crate::admit::of_model;
use crate::ask::Ask;
use crate::engine::Current;
use crate::record::OpenRecord;
use crate::settings::EngineSettings;
use crate::surroundings::Surroundings;
use crate::tried::Tried;
use crate::walk::{Circumstances, Walk};
use crate::worth::{Worth, is_priced_apart};

/// Of the caller's patience, what is kept for the way back: an error of ours is better than a silence of ours.
const WAY_BACK: f64 = 0.05;

/// One request on its way through the models.
pub(crate) struct Job {
    pub(crate) around: Arc<Surroundings>,
    pub(crate) current: Arc<Current>,
    pub(crate) ask: Ask,
    pub(crate) decision: Decision,
    /// What an attempt may cost.
    pub(crate) worth: Worth,
    /// When the request arrived: attempts are timed from here.
    pub(crate) arrived: Moment,
}

/// How things stand when an attempt has failed.
#[derive(Debug, Clone, Copy)]
pub(crate) struct How {
    /// Until nobody waits any more.
    pub(crate) time_left: Duration,
    /// Part of the answer has reached the caller.
    pub(crate) committed: bool,
    /// The same model can be asked in another way.
    pub(crate) otherwise: bool,
}

impl Job {
    pub(crate) fn settings(&self) -> &EngineSettings {
        &self.current.snapshot.settings
    }

    pub(crate) fn candidate(&self, index: usize) -> Option<&Candidate> {
        self.decision.ranked.get(index)
    }

    /// Since the request arrived.
    pub(crate) fn elapsed(&self) -> Duration {
        self.around.now().since(self.arrived)
    }

    /// Until nobody waits for a whole answer any more.
    pub(crate) fn time_left_whole(&self) -> Duration {
        let ours = self.settings().failover.request_deadline;
        let theirs = self.ask.patience.map_or(ours, |patience| patience.mul_f64(1.0 - WAY_BACK));
        ours.min(theirs).saturating_sub(self.elapsed())
    }

    /// Until a stream must have begun, or, once it has, ended.
    pub(crate) fn time_left_streamed(&self, begun: bool) -> Duration {
        let failover = &self.settings().failover;
        let deadline = if begun { failover.stream_deadline } else { failover.request_deadline };
        deadline.saturating_sub(self.elapsed())
    }

    /// The question to `model`, as the caller put it.
    pub(crate) fn call<'a>(&'a self, model: &'a Model) -> Call<'a> {
        Call::new(self.ask.id, model, &self.ask.conversation)
            .with_original(self.ask.original.as_ref())
            .with_foreign_reasoning(self.is_stand_in(model))
            .with_deadlines(self.deadlines(model))
    }

    /// Whether `model` stands in for another one that the caller named, who is then the author of what was reasoned so far.
    fn is_stand_in(&self, model: &Model) -> bool {
        let Some(named) = &self.ask.preferences.model else { return false };
        let same = self.current.snapshot.registry.get(named.as_str()).and_then(|named| named.same_as.as_ref());
        model.id != *named && (same.is_none() || model.same_as.as_ref() != same)
    }

    /// What `usage` costs at `model`; unknown where the request asks for something that is not in the price list.
    pub(crate) fn cost(&self, model: &Model, usage: &Usage) -> Cost {
        let priced_apart = self.is_in_own_words(model) && self.ask.original.as_ref().is_some_and(is_priced_apart);
        if priced_apart { Cost::Unpriced } else { model.cost(usage) }
    }

    /// Whether `model` is sent fields that nobody here has read: what is wrong may be wrong with them.
    pub(crate) fn is_in_own_words(&self, model: &Model) -> bool {
        let Some(original) = self.ask.original.as_ref().filter(|original| !original.uncarried.is_empty()) else {
            return false;
        };
        let provider = self.current.snapshot.provider(&model.provider);
        provider.is_some_and(|provider| provider.dialect() == Some(original.dialect))
    }

    /// What an attempt at `model` may cost.
    pub(crate) fn assumed(&self, model: &Model) -> Usd {
        self.worth.assumed(model, &self.current.snapshot.registry)
    }

    /// Whether the caller's budgets, and the model's own limits, allow an attempt at `model`. Of the first choice they do:
    /// both were taken when the request was let in.
    pub(crate) async fn allows(&self, model: &Model, record: &mut OpenRecord) -> bool {
        let first = self.decision.choice().is_some_and(|choice| choice.model.id == model.id);
        let limits = self.settings().model_limits.get(&model.id).filter(|_| !first);
        if let Some(&limits) = limits {
            let (rates, slots) = of_model(model, limits, expected(&self.decision).0);
            if !record.enter(rates, slots).await {
                return false;
            }
        }
        record.afford(self.assumed(model)).await
    }

    /// The model's own deadlines where it has any; else those of its kind.
    pub(crate) fn deadlines(&self, model: &Model) -> Deadlines {
        let settings = self.settings();
        let reasons = model.capabilities.has(Capability::Reasoning);
        let of_kind = if reasons { settings.reasoning_deadlines } else { settings.deadlines };
        Deadlines {
            first_event: model.deadlines.first_event.unwrap_or(of_kind.first_event),
            idle: model.deadlines.idle.unwrap_or(of_kind.idle),
            total: model.deadlines.answer.unwrap_or(of_kind.total),
        }
    }

    /// Tells the walk that an attempt has failed.
    pub(crate) fn failed(&self, walk: &mut Walk, tried: &Tried, error: CallError, how: How) {
        let circumstances = Circumstances {
            settings: &self.settings().failover,
            time_left: how.time_left,
            probe: tried.is_probe(),
            committed: how.committed,
            otherwise: how.otherwise,
            may_repeat: &|| self.around.observer.may_repeat(tried.model(), self.around.now()),
        };
        walk.failed(&self.decision, error, &circumstances);
    }
}
