//! What people said of answers.

use async_trait::async_trait;
use jiff::Timestamp;
use router_core::id::{KeyId, ModelId, RequestId, TenantId};
use router_core::prompt_type::PromptType;
use serde::{Deserialize, Serialize};

use crate::error::StoreError;
use crate::page::{Page, PageRequest};

/// One person's opinion of one answer.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Feedback {
    /// Its own id; a UUIDv7 like a request's.
    pub id: RequestId,
    /// Whose.
    pub tenant: TenantId,
    /// With which key.
    pub key: Option<KeyId>,
    /// The request it is about, where the caller named one.
    pub request_id: Option<RequestId>,
    /// The model it is about, as the caller (or the request's record) names it.
    pub model_id: ModelId,
    /// The registry does not know the model: kept, and never learned from.
    pub unresolved: bool,
    /// The prompt's type, as classified.
    pub prompt_type: Option<PromptType>,
    /// 1 (bad) to 5 (good).
    pub rating: u8,
    /// `accuracy`, `style`: free text.
    pub category: Option<String>,
    /// In the person's words.
    pub comment: Option<String>,
    /// The prompt, where the caller sent it and the storage policy keeps it.
    pub prompt: Option<String>,
    /// The answer, likewise.
    pub response: Option<String>,
    /// When it was given; kept to the microsecond.
    pub created_at: Timestamp,
}

/// Which feedback. All given conditions hold at once.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct FeedbackFilter {
    /// Only this tenant's; `None` is for those who may see all.
    pub tenant: Option<TenantId>,
    /// Only about this model.
    pub model_id: Option<ModelId>,
    /// Only about this request.
    pub request_id: Option<RequestId>,
}

/// Keeps and finds feedback.
#[async_trait]
pub trait FeedbackStore: Send + Sync {
    /// Keeps one; the same id twice is kept once.
    ///
    /// # Errors
    /// [`StoreError::Refused`] for a rating outside 1 to 5; otherwise the database did not take it.
    async fn add(&self, feedback: &Feedback) -> Result<(), StoreError>;

    /// A page, newest first.
    ///
    /// # Errors
    /// The database did not answer.
    async fn list(&self, filter: &FeedbackFilter, page: PageRequest) -> Result<Page<Feedback>, StoreError>;
}
