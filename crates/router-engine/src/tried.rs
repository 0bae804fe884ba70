//! One attempt: let through by the breakers, timed, counted, noted in the record, told to everyone who learns from it.

use std::sync::Arc;
use std::time::Duration;

use router_core::attempt::{Attempt, AttemptOutcome};
use router_core::decision::Candidate;
use router_core::error_kind::{ErrorKind, Phase};
use router_core::live::Observation;
use router_core::model::Model;
use router_core::moment::Moment;
use router_core::price::Cost;
use router_core::usage::Usage;
use router_providers::answer::{CallError, Spent};

use crate::health::{Blamed, Entry};
use crate::job::Job;
use crate::metrics;
use crate::record::OpenRecord;
use crate::surroundings::Surroundings;
use crate::usage;

/// An attempt under way. Dropped before it has ended, it makes way for the next probe.
pub(crate) struct Tried {
    around: Arc<Surroundings>,
    model: Arc<Model>,
    /// The model's position in the registry.
    position: usize,
    entry: Entry,
    /// Since the request arrived.
    started: Duration,
    begun: Moment,
    /// From asking to the first delta, where the answer is streamed.
    first_token: Option<Duration>,
    ended: bool,
}

impl Tried {
    /// Begins an attempt; `None` if a breaker does not let it through.
    pub(crate) fn begin(job: &Job, candidate: &Candidate, record: &mut OpenRecord) -> Option<Self> {
        let begun = job.around.now();
        let model = Arc::clone(&candidate.model);
        let entry = job.around.observer.enter(&model, begun, job.settings().failover.request_deadline)?;
        let started = begun.since(job.arrived);
        record.asking(&model, started, job.assumed(&model));
        Some(Self {
            around: Arc::clone(&job.around),
            model,
            position: candidate.position,
            entry,
            started,
            begun,
            first_token: None,
            ended: false,
        })
    }

    pub(crate) fn model(&self) -> &Model {
        &self.model
    }

    /// Finds out whether a target that failed before is back.
    pub(crate) fn is_probe(&self) -> bool {
        self.entry.is_probe()
    }

    /// The first delta is there.
    pub(crate) fn spoke(&mut self, job: &Job) {
        let now = self.around.now();
        let after = now.since(self.begun);
        self.first_token = Some(after);
        self.around.observer.spoke(&self.model, self.entry, now, job.settings().breaker);
        metrics::first_token(&self.model.provider, &self.model.id, after);
    }

    /// The answer is whole.
    pub(crate) fn succeeded(mut self, job: &Job, usage: Usage, record: &mut OpenRecord) {
        self.ended = true;
        let now = self.around.now();
        let total = now.since(self.begun);
        self.around.observer.succeeded(&self.model, self.entry, total, self.around.wall());
        let observation = Observation::Succeeded { first_token: self.first_token, total, output: usage.output };
        job.current.board.observe(self.position, now, observation);
        metrics::attempt(&self.model.provider, &self.model.id, None);
        let cost = job.cost(&self.model, &usage);
        record.asked(self.attempt(total, AttemptOutcome::Succeeded, Some(usage), Some(cost), true));
    }

    /// There is no whole answer. `produced` is what the model did, as far as is known, where some of it was seen.
    pub(crate) fn failed(
        &mut self,
        job: &Job,
        error: &CallError,
        produced: Option<Usage>,
        contributed: bool,
        record: &mut OpenRecord,
    ) -> Attempt {
        self.ended = true;
        let now = self.around.now();
        let duration = now.since(self.begun);
        if self.was_hurried(job, error, duration) {
            self.around.observer.abandoned(&self.model, self.entry, now);
        } else {
            let (breaker, at) = (job.settings().breaker, (now, self.around.wall()));
            let blamed = Blamed { error, lasting: !job.is_in_own_words(&self.model) };
            self.around.observer.failed(&self.model, self.entry, blamed, breaker, at);
            if error.kind.reaction().target_at_fault {
                job.current.board.observe(self.position, now, Observation::Failed);
            }
        }
        metrics::attempt(&self.model.provider, &self.model.id, Some(error.kind));
        self.log(job, error, duration);
        let usage = match (produced, error.spent) {
            (Some(produced), _) => Some(produced),
            (None, Spent::Known(usage)) => usage::plausible(usage),
            (None, _) => None,
        };
        let cost = match (usage, error.spent) {
            (Some(usage), _) => Some(job.cost(&self.model, &usage)),
            (None, Spent::Nothing) => None,
            (None, _) => Some(Cost::Unpriced),
        };
        let outcome = AttemptOutcome::Failed { kind: error.kind, upstream_status: error.status };
        let attempt = self.attempt(duration, outcome, usage, cost, contributed);
        record.asked(attempt.clone());
        attempt
    }

    /// Whether the request's own deadline, or its caller's, ended the attempt so early that it says nothing of the model:
    /// callers in a hurry must not keep it from all others. One that was silent for half of its own time may be blamed.
    fn was_hurried(&self, job: &Job, error: &CallError, duration: Duration) -> bool {
        let ran_out = error.kind == ErrorKind::Timeout(Phase::Total) && error.status.is_none();
        ran_out && duration < job.deadlines(&self.model).total / 2
    }

    fn attempt(
        &self,
        duration: Duration,
        outcome: AttemptOutcome,
        usage: Option<Usage>,
        cost: Option<Cost>,
        contributed: bool,
    ) -> Attempt {
        Attempt {
            model_id: self.model.id.clone(),
            provider: self.model.provider.clone(),
            started: self.started,
            first_token: self.first_token,
            duration,
            outcome,
            contributed,
            usage,
            cost,
        }
    }

    /// What went wrong, for the operator. The provider's words may quote the prompt when the fault is the caller's: those
    /// are for debugging only.
    fn log(&self, job: &Job, error: &CallError, duration: Duration) {
        let (model, provider) = (&self.model.id, &self.model.provider);
        let quotable = error.kind.reaction().target_at_fault;
        tracing::warn!(
            request_id = %job.ask.id,
            %model,
            %provider,
            error_kind = error.kind.name(),
            upstream_status = error.status,
            upstream_message = if quotable { error.message.as_str() } else { "" },
            duration_ms = duration.as_secs_f64() * 1e3,
            "attempt failed"
        );
        if !quotable {
            tracing::debug!(request_id = %job.ask.id, upstream_message = %error.message, "the provider's words");
        }
    }
}

impl Drop for Tried {
    fn drop(&mut self) {
        if !self.ended {
            self.around.observer.abandoned(&self.model, self.entry, self.around.now());
        }
    }
}
