//! The audit log: exactly one record for each admitted request, whatever became of it.

use std::time::Duration;

use async_trait::async_trait;
use router_core::attempt::{Attempt, millis};
use router_core::error_kind::ErrorKind;
use router_core::finish::FinishReason;
use router_core::grants::KeepText;
use router_core::id::{KeyId, ModelId, ProviderId, RequestId, TenantId, UserId};
use router_core::price::Cost;
use router_core::prompt_type::PromptType;
use router_core::raw_json::RawJson;
use router_core::usage::Usage;
use router_core::usd::Usd;
use serde::{Deserialize, Serialize};

use crate::error::StoreError;
use crate::page::{Page, PageRequest};

/// How a request ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum RequestStatus {
    /// The caller got a whole answer.
    Succeeded,
    /// The caller got an error.
    Failed,
    /// The caller went away before the end.
    Cancelled,
    /// The process died between intent and outcome: the provider may have billed it.
    OutcomeUnknown,
}

impl RequestStatus {
    /// All of them.
    pub const ALL: [Self; 4] = [Self::Succeeded, Self::Failed, Self::Cancelled, Self::OutcomeUnknown];

    /// The name used in JSON and the database.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Succeeded => "succeeded",
            Self::Failed => "failed",
            Self::Cancelled => "cancelled",
            Self::OutcomeUnknown => "outcome_unknown",
        }
    }
}

/// What is known of a request before anyone is asked: enough to account for it if the process dies now.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Intent {
    /// The request; a UUIDv7, so it says when.
    pub id: RequestId,
    /// Who is billed.
    pub tenant: TenantId,
    /// With which key.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub key: Option<KeyId>,
    /// Which user's key or session it is.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub user: Option<UserId>,
    /// The model that will be asked first.
    pub model_id: ModelId,
    /// Its provider.
    pub provider: ProviderId,
    /// What kind of prompt.
    pub prompt_type: PromptType,
    /// How hard, in [0, 1].
    pub difficulty: f64,
    /// What it may cost there: charged to budgets if nobody learns what it did cost.
    #[serde(default)]
    pub reserved: Usd,
    /// All providers are simulated; `false` in intents of versions that did not say.
    #[serde(default)]
    pub simulated: bool,
}

/// The record of a request.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct RequestRecord {
    /// The request; a UUIDv7, so it says when.
    pub id: RequestId,
    /// Who is billed.
    pub tenant: TenantId,
    /// With which key.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub key: Option<KeyId>,
    /// Which user's key or session it is.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub user: Option<UserId>,
    /// The labels of the key.
    #[serde(skip_serializing_if = "Vec::is_empty", default)]
    pub tags: Vec<String>,
    /// The model that the caller named, where they named one.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub wanted_model: Option<ModelId>,
    /// The answer was asked for as a stream.
    #[serde(default)]
    pub streamed: bool,
    /// How it ended.
    pub status: RequestStatus,
    /// Why it failed, where a provider was the reason.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub error_kind: Option<ErrorKind>,
    /// What kind of prompt.
    pub prompt_type: PromptType,
    /// How hard, in [0, 1].
    pub difficulty: f64,
    /// The model that answered; of a request without an answer, the last that was asked.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub model_id: Option<ModelId>,
    /// Its provider.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub provider: Option<ProviderId>,
    /// The exact model that the provider says answered, where that is another name: a dated snapshot behind an alias.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub upstream_model: Option<String>,
    /// The provider's own id of the answer: what its support asks for.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub upstream_id: Option<String>,
    /// Why the model stopped; an answer that was cut or withheld says so here.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub finish: Option<FinishReason>,
    /// What of the request the provider's wire format could not carry.
    #[serde(skip_serializing_if = "Vec::is_empty", default)]
    pub dropped: Vec<String>,
    /// The catalogue the decision and the prices are of: [`Registry::generation`](router_core::registry::Registry::generation).
    #[serde(default)]
    pub catalogue: u64,
    /// Everyone that was asked, in order.
    pub attempts: Vec<Attempt>,
    /// What all attempts together consumed, where known.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub usage: Option<Usage>,
    /// What all attempts together cost.
    pub cost: Cost,
    /// What is charged to budgets: what attempts cost, and of those whose cost nobody knows, what was reserved for them.
    #[serde(default)]
    pub charged: Usd,
    /// From arrival to the last byte of the answer.
    #[serde(rename = "latencyMs", with = "millis")]
    pub latency: Duration,
    /// The answer came from the cache: nobody was asked, nothing was paid.
    pub cached: bool,
    /// The answer came from a simulated provider.
    pub simulated: bool,
    /// Why this model: the decision, as the API shows it.
    pub decision: RawJson,
    /// What the caller attached.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub metadata: Option<serde_json::Value>,
    /// How prompt and answer are kept.
    #[serde(default)]
    pub keep_text: KeepText,
    /// The prompt, where the storage policy keeps it.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub prompt: Option<String>,
    /// The answer, where the storage policy keeps it.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub response: Option<String>,
}

impl RequestRecord {
    /// The record of a request whose process died between intent and outcome.
    #[must_use]
    pub fn outcome_unknown(intent: Intent) -> Self {
        Self {
            id: intent.id,
            tenant: intent.tenant,
            key: intent.key,
            user: intent.user,
            tags: Vec::new(),
            wanted_model: None,
            streamed: false,
            status: RequestStatus::OutcomeUnknown,
            error_kind: None,
            prompt_type: intent.prompt_type,
            difficulty: intent.difficulty,
            model_id: Some(intent.model_id),
            provider: Some(intent.provider),
            upstream_model: None,
            upstream_id: None,
            finish: None,
            dropped: Vec::new(),
            catalogue: 0,
            attempts: Vec::new(),
            usage: None,
            // It may have been billed, and nobody told us how much.
            cost: Cost::Unpriced,
            charged: intent.reserved,
            latency: Duration::ZERO,
            cached: false,
            simulated: intent.simulated,
            decision: RawJson::default(),
            metadata: None,
            keep_text: KeepText::None,
            prompt: None,
            response: None,
        }
    }
}

/// Which records. All given conditions hold at once.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct RequestFilter {
    /// Only this tenant's; `None` is for those who may see all.
    pub tenant: Option<TenantId>,
    /// Only those that this model answered.
    pub model_id: Option<ModelId>,
    /// Only those of this type.
    pub prompt_type: Option<PromptType>,
    /// Only those that ended so.
    pub status: Option<RequestStatus>,
}

/// Keeps and finds request records.
#[async_trait]
pub trait RequestLog: Send + Sync {
    /// Writes a batch, all or nothing. A record whose id is there already is left as it is, unless it is
    /// [`RequestStatus::OutcomeUnknown`]: then the known outcome replaces it. So a batch can be written twice.
    ///
    /// Of a record with a token count beyond [`i64::MAX`], usage and cost are stored as unknown; its attempts keep what
    /// the provider said.
    ///
    /// # Errors
    /// [`StoreError::Refused`] if it will never take one of them; otherwise the database did not take it this time.
    async fn append(&self, records: &[RequestRecord]) -> Result<(), StoreError>;

    /// The record with that id, if `tenant` (or anyone, for `None`) has it.
    ///
    /// # Errors
    /// The database did not answer, or the record is unreadable.
    async fn get(&self, tenant: Option<&TenantId>, id: RequestId) -> Result<Option<RequestRecord>, StoreError>;

    /// A page of records, newest first; without prompt and response, of which a page could hold gigabytes.
    ///
    /// # Errors
    /// As [`RequestLog::get`].
    async fn list(&self, filter: &RequestFilter, page: PageRequest) -> Result<Page<RequestRecord>, StoreError>;
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_recovered_record_of_a_demonstration_says_so_and_older_intents_are_read() {
        let mut written = serde_json::json!({
            "id": "017f22e2-79b0-7cc3-98c4-dc0c0c07398f", "tenant": "acme", "modelId": "gpt-4o", "provider": "openai",
            "promptType": "general", "difficulty": 0.5,
        });
        let recovered = |written: &serde_json::Value| {
            RequestRecord::outcome_unknown(serde_json::from_value(written.clone()).unwrap()).simulated
        };
        assert!(!recovered(&written));
        written["simulated"] = true.into();
        assert!(recovered(&written));
    }
}
