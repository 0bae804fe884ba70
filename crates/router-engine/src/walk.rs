//! Whom to ask next: the fault table, within what is left of attempts and time. Pure, but for the retry budget it asks.

use std::time::Duration;

use router_core::decision::Decision;
use router_core::error_kind::{ErrorKind, NextModel, SameAgain};
use router_core::id::ModelId;
use router_core::model::Model;
use router_core::usage::Tokens;
use router_providers::answer::CallError;

use crate::failure::Failures;
use crate::metrics;
use crate::pause;
use crate::settings::FailoverSettings;

/// What is to be done next.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Turn {
    /// Whom to ask: the place in [`Decision::ranked`].
    pub(crate) index: usize,
    /// After this pause.
    pub(crate) pause: Duration,
}

impl Turn {
    /// Waits, if there is anything to wait for: a timer of no time takes a millisecond.
    pub(crate) async fn wait(self) {
        if !self.pause.is_zero() {
            tokio::time::sleep(self.pause).await;
        }
    }
}

/// What is true when an attempt has failed.
pub(crate) struct Circumstances<'a> {
    pub(crate) settings: &'a FailoverSettings,
    /// Until nobody waits any more.
    pub(crate) time_left: Duration,
    /// The attempt found out whether a target that failed before is back.
    pub(crate) probe: bool,
    /// Part of the answer has reached the caller.
    pub(crate) committed: bool,
    /// The same model can be asked in another way.
    pub(crate) otherwise: bool,
    /// Takes a repeat from the provider's budget.
    pub(crate) may_repeat: &'a dyn Fn() -> bool,
}

/// A way through a plan: each model at most once, but for repeats.
#[derive(Debug)]
pub(crate) struct Walk {
    /// The next place in the plan.
    place: usize,
    /// Where the walk is.
    at: Option<usize>,
    /// The same model again, after this pause.
    again: Option<Duration>,
    repeats: u32,
    /// Attempts that may still be made after the first.
    extra: u32,
    asked_last: Option<ModelId>,
    /// A prompt that overflowed one model is not shown to another of the same size.
    overflowed: Tokens,
    over: bool,
    pub(crate) failures: Failures,
}

impl Walk {
    pub(crate) fn new(settings: &FailoverSettings) -> Self {
        Self {
            place: 0,
            at: None,
            again: None,
            repeats: 0,
            extra: if settings.enabled { settings.max_retries } else { 0 },
            asked_last: None,
            overflowed: Tokens(0),
            over: false,
            failures: Failures::default(),
        }
    }

    /// Whom to ask next; nobody who does not fit.
    pub(crate) fn next(&mut self, decision: &Decision, fits: impl Fn(&Model) -> bool) -> Option<Turn> {
        if self.over {
            return None;
        }
        if let (Some(pause), Some(index)) = (self.again.take(), self.at) {
            return Some(Turn { index, pause });
        }
        if self.asked_last.is_some() && self.extra == 0 {
            return None;
        }
        while let Some(&index) = decision.plan.get(self.place) {
            self.place += 1;
            let Some(candidate) = decision.ranked.get(index) else { continue };
            if candidate.model.context_tokens > self.overflowed && fits(&candidate.model) {
                (self.at, self.repeats) = (Some(index), 0);
                return Some(Turn { index, pause: Duration::ZERO });
            }
        }
        None
    }

    /// The turn is taken: `model` is asked. True if it is asked for the first time.
    pub(crate) fn asking(&mut self, model: &Model) -> bool {
        let first = self.repeats == 0;
        if self.asked_last.is_some() {
            self.extra = self.extra.saturating_sub(1);
        }
        if let Some(from) = self.asked_last.as_ref().filter(|from| **from != model.id) {
            metrics::failover(from, &model.id, self.failures.last_name());
        }
        self.asked_last = Some(model.id.clone());
        first
    }

    /// The turn cannot be taken: a breaker has opened in the meantime.
    pub(crate) fn refused(&mut self) {
        self.failures.left_alone = true;
    }

    /// Nobody else can take the request as it now stands.
    pub(crate) fn give_up(&mut self) {
        self.over = true;
    }

    /// The attempt has failed.
    pub(crate) fn failed(&mut self, decision: &Decision, error: CallError, circumstances: &Circumstances<'_>) {
        let candidate = self.at.and_then(|index| decision.ranked.get(index));
        if let Some(candidate) = candidate.filter(|_| error.kind == ErrorKind::ContextTooLong) {
            self.overflowed = candidate.model.context_tokens;
        }
        let next_model = match error.kind {
            // Another model takes the beginning of an answer differently, whatever this one says of it.
            ErrorKind::InvalidRequest if circumstances.committed => NextModel::Yes,
            kind => kind.reaction().next_model,
        };
        self.again = self.same_again(decision, &error, circumstances);
        if self.again.is_some() {
            self.repeats += 1;
        }
        self.over = circumstances.time_left.is_zero() || (self.again.is_none() && next_model == NextModel::No);
        if error.kind == ErrorKind::InvalidRequest && circumstances.committed {
            // What is wrong with a turn that we began is not the caller's to mend: why it had to be taken up says more.
            self.failures.pass_over(error.kind);
        } else {
            self.failures.add(error);
        }
    }

    /// The pause before the same model is asked again, if it is.
    fn same_again(
        &self,
        decision: &Decision,
        error: &CallError,
        circumstances: &Circumstances<'_>,
    ) -> Option<Duration> {
        let settings = circumstances.settings;
        if circumstances.otherwise {
            return (self.extra > 0).then_some(Duration::ZERO);
        }
        let backoff = || pause::backoff(settings.retry_delay, self.repeats, settings.longest_pause);
        let pause = match error.kind.reaction().same_again {
            SameAgain::No => return None,
            SameAgain::Backoff => backoff(),
            SameAgain::WhenTold => error.retry_after.unwrap_or_else(backoff),
        };
        let others = self.place < decision.plan.len();
        // With others to ask, one repeat is patience enough: the remaining attempts are better spent on them.
        let patience = if others { 1 } else { u32::MAX };
        let worth_it = !circumstances.committed
            && !circumstances.probe
            && error.should_retry != Some(false)
            && pause <= settings.longest_pause
            && pause < circumstances.time_left
            && self.repeats < patience
            && self.extra > u32::from(others);
        (worth_it && (circumstances.may_repeat)()).then_some(pause)
    }
}

#[cfg(test)]
mod tests {
    use router_core::preferences::{Target, Weights};
    use router_core::prompt_type::{PromptType, TypeProbabilities};

    use super::*;

    /// Nobody is left to ask.
    fn decision() -> Decision {
        Decision {
            prompt_type: PromptType::General,
            probabilities: TypeProbabilities::certain(PromptType::General),
            difficulty: 0.0,
            classifier: String::new(),
            input_tokens: Tokens(0),
            output_tokens: Tokens(0),
            weights: Weights::default(),
            target: Target::default(),
            ranked: Vec::new(),
            plan: Vec::new(),
            excluded: Vec::new(),
        }
    }

    #[test]
    fn a_refusal_to_continue_is_not_the_callers_fault() {
        let told = |committed| {
            let settings = FailoverSettings::default();
            let mut walk = Walk::new(&settings);
            let circumstances = Circumstances {
                settings: &settings,
                time_left: Duration::from_secs(60),
                probe: false,
                committed,
                otherwise: false,
                may_repeat: &|| false,
            };
            for kind in [ErrorKind::Malformed, ErrorKind::InvalidRequest] {
                walk.failed(&decision(), CallError::new(kind, "words"), &circumstances);
            }
            (walk.failures.kind(), walk.failures.message(), walk.failures.last_name())
        };
        assert_eq!(told(true), (ErrorKind::Malformed, String::new(), "invalid_request"));
        assert_eq!(told(false), (ErrorKind::InvalidRequest, "words".to_owned(), "invalid_request"));
    }
}
