//! Evaluation runs: begun by whoever evaluates, under way, ended. What they find are scores that name them.

use async_trait::async_trait;
use jiff::Timestamp;
use router_core::id::{RequestId, TenantId};
use serde::{Deserialize, Serialize};

use crate::error::StoreError;
use crate::page::{Page, PageRequest};

/// How far a run is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum RunStatus {
    /// Under way, as far as anybody knows: whoever runs it says when it ends.
    Running,
    /// It came to its end.
    Done,
    /// It did not.
    Failed,
    /// Somebody ended it.
    Cancelled,
}

impl RunStatus {
    /// All of them.
    pub const ALL: [Self; 4] = [Self::Running, Self::Done, Self::Failed, Self::Cancelled];

    /// The name used in JSON and the database.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Running => "running",
            Self::Done => "done",
            Self::Failed => "failed",
            Self::Cancelled => "cancelled",
        }
    }
}

/// An evaluation.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct EvalRun {
    /// Its own id; a UUIDv7 like a request's.
    pub id: RequestId,
    /// Whose.
    pub tenant: TenantId,
    /// What people call it.
    pub name: String,
    /// How far it is.
    pub status: RunStatus,
    /// How many scores it will give, where that is known.
    pub total: Option<u64>,
    /// How many it has given: counted when it is read, and of no account when it is written.
    pub scored: u64,
    /// How it ended, in words.
    pub message: Option<String>,
    /// Kept to the microsecond.
    pub started_at: Timestamp,
    /// Kept to the microsecond.
    pub ended_at: Option<Timestamp>,
}

/// Keeps evaluation runs.
#[async_trait]
pub trait RunStore: Send + Sync {
    /// Writes a run, or replaces the one with its id.
    ///
    /// # Errors
    /// The database did not take it.
    async fn put_run(&self, run: &EvalRun) -> Result<(), StoreError>;

    /// The run with that id, if `tenant` may see it; `None` is for those who may see all.
    ///
    /// # Errors
    /// The database did not answer.
    async fn run(&self, tenant: Option<&TenantId>, id: RequestId) -> Result<Option<EvalRun>, StoreError>;

    /// A page, newest first.
    ///
    /// # Errors
    /// The database did not answer.
    async fn runs(&self, tenant: Option<&TenantId>, page: PageRequest) -> Result<Page<EvalRun>, StoreError>;
}
