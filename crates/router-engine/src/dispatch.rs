//! Stage 6: the plan becomes attempts, until one model has answered or nobody is left to ask.

use std::time::Duration;

use router_core::attempt::{Attempt, AttemptOutcome};
use router_core::capability::Capability;
use router_core::decision::{Candidate, Decision};
use router_core::error_kind::{ErrorKind, NextModel, Phase, SameAgain};
use router_core::live::Observation;
use router_core::moment::Moment;
use router_core::usage::Tokens;
use router_providers::answer::{Answer, CallError};
use router_providers::call::Call;
use tokio::time::timeout;

use crate::ask::Ask;
use crate::engine::Engine;
use crate::live::LiveBoard;
use crate::metrics;
use crate::pause;
use crate::record::OpenRecord;
use crate::settings::FailoverSettings;
use crate::snapshot::Snapshot;
use crate::usage;

/// The model that answered, and its answer.
pub(crate) struct Dispatched<'d> {
    pub(crate) candidate: &'d Candidate,
    pub(crate) answer: Answer,
}

/// Why nobody answered.
pub(crate) struct AllFailed {
    pub(crate) kind: ErrorKind,
    pub(crate) message: String,
    pub(crate) retry_after: Option<Duration>,
}

/// Asks the models of a plan, one after the other.
pub(crate) struct Dispatch<'a> {
    pub(crate) engine: &'a Engine,
    pub(crate) snapshot: &'a Snapshot,
    pub(crate) board: &'a LiveBoard,
    pub(crate) ask: &'a Ask,
    pub(crate) decision: &'a Decision,
    /// When the request arrived: attempts are timed from here.
    pub(crate) arrived: Moment,
}

/// What to do after a failed attempt.
enum Next {
    SameAfter(Duration),
    OtherModel,
    GiveUp,
}

impl<'a> Dispatch<'a> {
    /// Runs the plan. Every attempt is noted in `record` when it ends, so that a caller who leaves finds it there too.
    pub(crate) async fn run(&self, record: &mut OpenRecord<'_>) -> Result<Dispatched<'a>, AllFailed> {
        let failover = &self.snapshot.settings.failover;
        let mut retries_left = failover.max_retries;
        let mut smallest_context = Tokens(0);
        let mut last: Option<CallError> = None;
        let mut retry_after: Option<Duration> = None;
        let mut asked: Option<&Candidate> = None;
        let candidates = self.decision.plan.len();

        for (place, candidate) in self.decision.in_plan_order().enumerate() {
            // A prompt that overflowed one model is not shown to another of the same size.
            if candidate.model.context_tokens <= smallest_context {
                continue;
            }
            if let Some(from) = asked {
                if retries_left == 0 || !failover.enabled {
                    break;
                }
                retries_left -= 1;
                let kind = last.as_ref().map_or("none", |error| error.kind.name());
                metrics::failover(&from.model.id, &candidate.model.id, kind);
            }
            asked = Some(candidate);
            let mut repeats = 0;
            loop {
                let error = match self.attempt(candidate, record).await {
                    Ok(answer) => return Ok(Dispatched { candidate, answer }),
                    Err(error) => error,
                };
                retry_after = smallest(retry_after, error.retry_after);
                if error.kind == ErrorKind::ContextTooLong {
                    smallest_context = candidate.model.context_tokens;
                }
                let others = failover.enabled && place + 1 < candidates;
                let next = self.after(&error, failover, repeats, retries_left, others);
                last = Some(error);
                match next {
                    Next::SameAfter(pause) => {
                        retries_left -= 1;
                        repeats += 1;
                        tokio::time::sleep(pause).await;
                    }
                    Next::OtherModel => break,
                    Next::GiveUp => return Err(failed(last, retry_after)),
                }
            }
        }
        Err(failed(last, retry_after))
    }

    /// What to do after a failed attempt: the fault table, within what is left of retries and time.
    fn after(
        &self,
        error: &CallError,
        failover: &FailoverSettings,
        repeats: u32,
        retries_left: u32,
        others: bool,
    ) -> Next {
        let reaction = error.kind.reaction();
        let time_left = failover.request_deadline.saturating_sub(self.engine.now().since(self.arrived));
        if time_left.is_zero() {
            return Next::GiveUp;
        }
        let wanted = match reaction.same_again {
            SameAgain::No => None,
            SameAgain::Backoff => Some(pause::backoff(failover.retry_delay, repeats, failover.longest_pause)),
            SameAgain::WhenTold => Some(
                error
                    .retry_after
                    .unwrap_or_else(|| pause::backoff(failover.retry_delay, repeats, failover.longest_pause)),
            ),
        };
        // With others to ask, one repeat is patience enough: the remaining attempts are better spent on them.
        let patience = if others { 1 } else { u32::MAX };
        if let Some(pause) = wanted
            && pause <= failover.longest_pause
            && pause < time_left
            && repeats < patience
            && retries_left > u32::from(others)
        {
            return Next::SameAfter(pause);
        }
        match reaction.next_model {
            NextModel::No => Next::GiveUp,
            NextModel::Yes | NextModel::LargerContext => Next::OtherModel,
        }
    }

    /// One attempt at one model: asked, timed, counted, noted.
    async fn attempt(&self, candidate: &Candidate, record: &mut OpenRecord<'_>) -> Result<Answer, CallError> {
        let model = &candidate.model;
        let Some(provider) = self.snapshot.provider(&model.provider) else {
            return Err(CallError::new(ErrorKind::Unsupported, "the provider is not configured"));
        };
        let settings = &self.snapshot.settings;
        let deadlines = if model.capabilities.has(Capability::Reasoning) {
            settings.reasoning_deadlines
        } else {
            settings.deadlines
        };
        let started = self.engine.now();
        let time_left = settings.failover.request_deadline.saturating_sub(started.since(self.arrived));
        let call = Call::new(self.ask.id, model, &self.ask.conversation).with_deadlines(deadlines);

        record.asking(model, started.since(self.arrived));
        let result = timeout(time_left, provider.complete(call)).await.unwrap_or_else(|_| {
            Err(CallError::new(ErrorKind::Timeout(Phase::Total), "the deadline of the whole request has passed"))
        });
        let ended = self.engine.now();
        let duration = ended.since(started);

        let (outcome, usage) = match &result {
            Ok(answer) => (AttemptOutcome::Succeeded, Some(usage::of(answer, self.decision))),
            Err(error) => (AttemptOutcome::Failed { kind: error.kind, upstream_status: error.status }, None),
        };
        self.observe(candidate, &result, usage.map_or(Tokens(0), |usage| usage.output), duration, ended);
        record.asked(Attempt {
            model_id: model.id.clone(),
            provider: model.provider.clone(),
            started: started.since(self.arrived),
            duration,
            outcome,
            usage,
            cost: usage.map(|usage| model.cost(&usage)),
        });
        result
    }

    /// Tells everyone who learns from attempts.
    fn observe(
        &self,
        candidate: &Candidate,
        result: &Result<Answer, CallError>,
        output: Tokens,
        duration: Duration,
        now: Moment,
    ) {
        let model = &candidate.model;
        let wall = self.engine.wall();
        let observation = match result {
            Ok(_) => {
                self.engine.observer().succeeded(&model.provider, duration, wall);
                // A whole answer does not tell when its first token was there.
                Some(Observation::Succeeded { first_token: None, total: duration, output })
            }
            Err(error) => {
                self.log(candidate, error, duration);
                self.engine.observer().failed(&model.provider, &model.id, error.kind, now, wall);
                error.kind.reaction().target_at_fault.then_some(Observation::Failed)
            }
        };
        if let Some(observation) = observation {
            self.board.observe(candidate.position, now, observation);
        }
        metrics::attempt(&model.provider, &model.id, result.as_ref().err().map(|error| error.kind));
    }
}

impl Dispatch<'_> {
    /// What went wrong, for the operator. The provider's words may quote the prompt when the fault is the caller's: those are for debugging only.
    fn log(&self, candidate: &Candidate, error: &CallError, duration: Duration) {
        let (model, provider) = (&candidate.model.id, &candidate.model.provider);
        let quotable = error.kind.reaction().target_at_fault;
        tracing::warn!(
            request_id = %self.ask.id,
            %model,
            %provider,
            error_kind = error.kind.name(),
            upstream_status = error.status,
            upstream_message = if quotable { error.message.as_str() } else { "" },
            duration_ms = duration.as_secs_f64() * 1e3,
            "attempt failed"
        );
        if !quotable {
            tracing::debug!(request_id = %self.ask.id, upstream_message = %error.message, "the provider's words");
        }
    }
}

fn smallest(a: Option<Duration>, b: Option<Duration>) -> Option<Duration> {
    match (a, b) {
        (Some(a), Some(b)) => Some(a.min(b)),
        (one, other) => one.or(other),
    }
}

fn failed(last: Option<CallError>, retry_after: Option<Duration>) -> AllFailed {
    let Some(last) = last else {
        return AllFailed { kind: ErrorKind::ContextTooLong, message: String::new(), retry_after };
    };
    // A provider's words about our key or our account are not the caller's business; words about their request are.
    let callers_fault = !last.kind.reaction().target_at_fault;
    AllFailed { kind: last.kind, message: if callers_fault { last.message } else { String::new() }, retry_after }
}
