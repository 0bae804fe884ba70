//! Stage 5: the plan becomes attempts, until one model has answered or nobody is left to ask.

use std::time::Duration;

use router_core::attempt::{Attempt, AttemptOutcome};
use router_core::capability::Capability;
use router_core::decision::{Candidate, Decision};
use router_core::error_kind::{ErrorKind, NextModel, Phase, SameAgain};
use router_core::live::Observation;
use router_core::moment::Moment;
use router_core::price::Cost;
use router_core::usage::{Tokens, Usage};
use router_providers::answer::{Answer, CallError, Spent};
use router_providers::call::Call;
use tokio::time::timeout;

use crate::ask::Ask;
use crate::failure::Failures;
use crate::live::LiveBoard;
use crate::metrics;
use crate::pause;
use crate::record::OpenRecord;
use crate::settings::FailoverSettings;
use crate::snapshot::Snapshot;
use crate::surroundings::Surroundings;
use crate::usage;

/// The model that answered, and its answer.
pub(crate) struct Dispatched<'d> {
    pub(crate) candidate: &'d Candidate,
    pub(crate) answer: Answer,
    /// What the answering attempt consumed.
    pub(crate) usage: Usage,
}

/// Asks the models of a plan, one after the other.
pub(crate) struct Dispatch<'a> {
    pub(crate) around: &'a Surroundings,
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
    pub(crate) async fn run(&self, record: &mut OpenRecord) -> Result<Dispatched<'a>, Failures> {
        let failover = &self.snapshot.settings.failover;
        let mut extra_attempts = if failover.enabled { failover.max_retries } else { 0 };
        let mut overflowed = Tokens(0);
        let mut failures = Failures::default();
        let mut asked_last: Option<&Candidate> = None;
        let candidates = self.decision.plan.len();

        for (place, candidate) in self.decision.in_plan_order().enumerate() {
            // A prompt that overflowed one model is not shown to another of the same size.
            if candidate.model.context_tokens <= overflowed {
                continue;
            }
            if let Some(from) = asked_last {
                if extra_attempts == 0 {
                    break;
                }
                extra_attempts -= 1;
                metrics::failover(&from.model.id, &candidate.model.id, failures.last_name());
            }
            asked_last = Some(candidate);
            let others = place + 1 < candidates;
            let mut repeats = 0;
            loop {
                let error = match self.attempt(candidate, record).await {
                    Ok((answer, usage)) => return Ok(Dispatched { candidate, answer, usage }),
                    Err(error) => error,
                };
                if error.kind == ErrorKind::ContextTooLong {
                    overflowed = candidate.model.context_tokens;
                }
                let next = self.after(&error, failover, repeats, extra_attempts, others);
                failures.add(error);
                match next {
                    Next::SameAfter(pause) => {
                        extra_attempts -= 1;
                        repeats += 1;
                        tokio::time::sleep(pause).await;
                    }
                    Next::OtherModel => break,
                    Next::GiveUp => return Err(failures),
                }
            }
        }
        Err(failures)
    }

    /// What to do after a failed attempt: the fault table, within what is left of attempts and time.
    fn after(
        &self,
        error: &CallError,
        failover: &FailoverSettings,
        repeats: u32,
        extra_attempts: u32,
        others: bool,
    ) -> Next {
        let reaction = error.kind.reaction();
        let time_left = self.time_left();
        if time_left.is_zero() {
            return Next::GiveUp;
        }
        let backoff = || pause::backoff(failover.retry_delay, repeats, failover.longest_pause);
        let wanted = match reaction.same_again {
            SameAgain::No => None,
            SameAgain::Backoff => Some(backoff()),
            SameAgain::WhenTold => Some(error.retry_after.unwrap_or_else(backoff)),
        };
        // With others to ask, one repeat is patience enough: the remaining attempts are better spent on them.
        let patience = if others { 1 } else { u32::MAX };
        if let Some(pause) = wanted
            && pause <= failover.longest_pause
            && pause < time_left
            && repeats < patience
            && extra_attempts > u32::from(others)
        {
            return Next::SameAfter(pause);
        }
        match reaction.next_model {
            NextModel::No => Next::GiveUp,
            NextModel::Yes | NextModel::LargerContext => Next::OtherModel,
        }
    }

    fn time_left(&self) -> Duration {
        self.snapshot.settings.failover.request_deadline.saturating_sub(self.around.now().since(self.arrived))
    }

    /// One attempt at one model: asked, timed, counted, noted.
    async fn attempt(&self, candidate: &Candidate, record: &mut OpenRecord) -> Result<(Answer, Usage), CallError> {
        let model = &candidate.model;
        let Some(provider) = self.snapshot.provider(&model.provider) else {
            return Err(CallError::new(ErrorKind::Unsupported, "the provider is not configured"));
        };
        let settings = &self.snapshot.settings;
        let reasons = model.capabilities.has(Capability::Reasoning);
        let deadlines = if reasons { settings.reasoning_deadlines } else { settings.deadlines };
        let call = Call::new(self.ask.id, model, &self.ask.conversation).with_deadlines(deadlines);

        let started = self.around.now();
        record.asking(model, started.since(self.arrived));
        let result = timeout(self.time_left(), provider.complete(call)).await.unwrap_or_else(|_| {
            let late = CallError::new(ErrorKind::Timeout(Phase::Total), "the deadline of the whole request has passed");
            Err(CallError { spent: Spent::Unknown, ..late })
        });
        let ended = self.around.now();
        let duration = ended.since(started);
        let result = result.map(|answer| {
            let usage = usage::of(&answer, self.decision);
            (answer, usage)
        });

        let (outcome, usage, cost) = match &result {
            Ok((_, usage)) => (AttemptOutcome::Succeeded, Some(*usage), Some(model.cost(usage))),
            Err(error) => {
                let failed = AttemptOutcome::Failed { kind: error.kind, upstream_status: error.status };
                match error.spent {
                    Spent::Nothing => (failed, None, None),
                    Spent::Known(usage) => {
                        let usage = usage::plausible(usage);
                        (failed, usage, Some(usage.map_or(Cost::Unpriced, |usage| model.cost(&usage))))
                    }
                    Spent::Unknown => (failed, None, Some(Cost::Unpriced)),
                }
            }
        };
        self.observe(candidate, result.as_ref().map(|(_, usage)| usage.output), duration, ended);
        record.asked(Attempt {
            model_id: model.id.clone(),
            provider: model.provider.clone(),
            started: started.since(self.arrived),
            duration,
            outcome,
            usage,
            cost,
        });
        result
    }

    /// Tells everyone who learns from attempts.
    fn observe(&self, candidate: &Candidate, result: Result<Tokens, &CallError>, duration: Duration, now: Moment) {
        let model = &candidate.model;
        let wall = self.around.wall();
        let observation = match result {
            Ok(output) => {
                self.around.observer.succeeded(&model.provider, duration, wall);
                // A whole answer does not tell when its first token was there.
                Some(Observation::Succeeded { first_token: None, total: duration, output })
            }
            Err(error) => {
                self.log(candidate, error, duration);
                self.around.observer.failed(&model.provider, &model.id, error.kind, now, wall);
                error.kind.reaction().target_at_fault.then_some(Observation::Failed)
            }
        };
        if let Some(observation) = observation {
            self.board.observe(candidate.position, now, observation);
        }
        metrics::attempt(&model.provider, &model.id, result.err().map(|error| error.kind));
    }

    /// What went wrong, for the operator. The provider's words may quote the prompt when the fault is the caller's: those
    /// are for debugging only.
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
