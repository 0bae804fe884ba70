//! Evaluation scores: one judgement each, by a program, a model or a person who judges for a living.

use async_trait::async_trait;
use jiff::Timestamp;
use router_core::id::{ModelId, RequestId, TenantId};
use router_core::prompt_type::PromptType;
use serde::{Deserialize, Serialize};

use crate::error::StoreError;
use crate::page::{Page, PageRequest};

/// One judgement of one answer.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct EvalScore {
    /// Its own id; a UUIDv7 like a request's.
    pub id: RequestId,
    /// Whose.
    pub tenant: TenantId,
    /// The request it is about, where the caller named one.
    pub request_id: Option<RequestId>,
    /// The evaluation it is part of.
    #[serde(default)]
    pub run_id: Option<RequestId>,
    /// The model it is about.
    pub model_id: ModelId,
    /// The registry does not know the model: kept, and never learned from.
    pub unresolved: bool,
    /// The prompt's type, as classified.
    pub prompt_type: Option<PromptType>,
    /// 0 (bad) to 1 (good).
    pub score: f64,
    /// What was judged: `accuracy`, `helpfulness`.
    pub metric: String,
    /// Who judged: `human`, a model's id, a program's name.
    pub judge: String,
    /// Why.
    pub comment: Option<String>,
    /// The prompt, where the caller sent it and the storage policy keeps it.
    pub prompt: Option<String>,
    /// The answer, likewise.
    pub response: Option<String>,
    /// When it was given; kept to the microsecond.
    pub created_at: Timestamp,
}

/// Which scores. All given conditions hold at once.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct ScoreFilter {
    /// Only this tenant's; `None` is for those who may see all.
    pub tenant: Option<TenantId>,
    /// Only of this model.
    pub model_id: Option<ModelId>,
    /// Only of this request.
    pub request_id: Option<RequestId>,
    /// Only of this evaluation.
    pub run_id: Option<RequestId>,
}

/// Keeps and finds evaluation scores.
#[async_trait]
pub trait ScoreStore: Send + Sync {
    /// Keeps one; the same id twice is kept once.
    ///
    /// # Errors
    /// [`StoreError::Refused`] for a score outside 0 to 1; otherwise the database did not take it.
    async fn add(&self, score: &EvalScore) -> Result<(), StoreError>;

    /// A page, newest first.
    ///
    /// # Errors
    /// The database did not answer.
    async fn list(&self, filter: &ScoreFilter, page: PageRequest) -> Result<Page<EvalScore>, StoreError>;
}
