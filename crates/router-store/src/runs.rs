//! Evaluation runs: jobs over many answers.

use async_trait::async_trait;
use jiff::Timestamp;
use router_core::id::RequestId;

use crate::error::StoreError;
use crate::page::{Page, PageRequest};

/// How a run stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum RunStatus {
    /// Under way.
    Running,
    /// Every answer was looked at.
    Finished,
    /// It ended early.
    Failed,
}

impl RunStatus {
    /// All of them.
    pub const ALL: [Self; 3] = [Self::Running, Self::Finished, Self::Failed];

    /// The name used in JSON and the database.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Running => "running",
            Self::Finished => "finished",
            Self::Failed => "failed",
        }
    }
}

/// A job over many answers.
#[derive(Debug, Clone, PartialEq)]
pub struct EvalRun {
    /// Its own id; a UUIDv7 like a request's.
    pub id: RequestId,
    /// Who started it, as in [`AdminAction::actor`](crate::audit::AdminAction::actor); `schedule` for the scheduler.
    pub actor: String,
    /// How it stands.
    pub status: RunStatus,
    /// How many answers it is about.
    pub planned: u64,
    /// How many were judged.
    pub judged: u64,
    /// How many could not be judged.
    pub failed: u64,
    /// When it began.
    pub started_at: Timestamp,
    /// When it ended.
    pub ended_at: Option<Timestamp>,
    /// What it was told, and what it found.
    pub detail: serde_json::Value,
}

/// Keeps runs.
#[async_trait]
pub trait RunStore: Send + Sync {
    /// Writes a new run, or replaces the one with its id: its progress.
    ///
    /// # Errors
    /// The database did not take it.
    async fn put_run(&self, run: &EvalRun) -> Result<(), StoreError>;

    /// A page of runs, newest first.
    ///
    /// # Errors
    /// The database did not answer, or a run is unreadable.
    async fn runs(&self, page: PageRequest) -> Result<Page<EvalRun>, StoreError>;
}
