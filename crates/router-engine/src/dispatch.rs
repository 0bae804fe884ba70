//! Stage 5 for whole answers: the plan becomes attempts, until one model has answered or nobody is left to ask.

use router_core::error_kind::{ErrorKind, Phase};
use router_core::usage::Usage;
use router_providers::answer::{Answer, CallError, Spent};
use tokio::time::timeout;

use crate::failure::Failures;
use crate::job::{How, Job};
use crate::record::OpenRecord;
use crate::tried::Tried;
use crate::usage;
use crate::walk::Walk;

/// The model that answered, and its answer.
pub(crate) struct Dispatched {
    /// The model's place in [`Decision::ranked`](router_core::decision::Decision::ranked).
    pub(crate) index: usize,
    pub(crate) answer: Answer,
    /// What the answering attempt consumed.
    pub(crate) usage: Usage,
}

/// Asks the models of the plan, one after the other. Every attempt is noted in `record` when it ends, so that a caller who
/// leaves finds it there too.
pub(crate) async fn dispatch(job: &Job, record: &mut OpenRecord) -> Result<Dispatched, Failures> {
    let mut walk = Walk::new(&job.settings().failover);
    while let Some(turn) = walk.next(&job.decision, |_| true) {
        turn.wait().await;
        let Some(candidate) = job.candidate(turn.index) else { continue };
        if !job.allows(&candidate.model, record).await {
            walk.refused();
            continue;
        }
        let Some(mut tried) = Tried::begin(job, candidate, record) else {
            walk.refused();
            continue;
        };
        if walk.asking(&candidate.model) {
            job.around.observer.first_try(&candidate.model, job.settings().failover.retry_share);
        }
        match ask(job, &tried).await {
            Ok(answer) => {
                let usage = usage::of(answer.usage, &answer.parts, &job.decision);
                tried.succeeded(job, usage, record);
                return Ok(Dispatched { index: turn.index, answer, usage });
            }
            Err(error) => {
                tried.failed(job, &error, None, false, record);
                let how = How { time_left: job.time_left_whole(), committed: false, otherwise: false };
                job.failed(&mut walk, &tried, error, how);
            }
        }
    }
    Err(walk.failures)
}

async fn ask(job: &Job, tried: &Tried) -> Result<Answer, CallError> {
    let model = tried.model();
    let Some(provider) = job.current.snapshot.provider(&model.provider) else {
        return Err(not_configured());
    };
    timeout(job.time_left_whole(), provider.complete(job.call(model))).await.unwrap_or_else(|_| Err(too_late()))
}

pub(crate) fn not_configured() -> CallError {
    CallError::new(ErrorKind::Unsupported, "the provider is not configured")
}

/// The error for an attempt that the deadline of the whole request ended.
pub(crate) fn too_late() -> CallError {
    let late = CallError::new(ErrorKind::Timeout(Phase::Total), "the deadline of the whole request has passed");
    CallError { spent: Spent::Unknown, ..late }
}
