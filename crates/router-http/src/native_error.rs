//! Errors in this server's own words.

use router_core::attempt::Attempt;
use router_core::id::RequestId;
use router_core::raw_json::RawJson;
use router_engine::error::RouteError;
use schemars::JsonSchema;
use serde::Serialize;

use crate::error::ApiError;
use crate::error_response::ErrorType;

/// The body of every error.
#[derive(Debug, Serialize, JsonSchema)]
pub(crate) struct ErrorBody {
    error: ErrorDetail,
}

/// What went wrong, for programs and for people.
#[derive(Debug, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
struct ErrorDetail {
    /// The class: decides who can act.
    r#type: ErrorType,
    /// The exact reason; stable.
    code: &'static str,
    /// What happened and what to do, in English; not stable.
    message: String,
    /// The field at fault, as a path: `preferences.costWeight`.
    #[serde(skip_serializing_if = "Option::is_none")]
    field: Option<String>,
    /// The request, for the operator's log and records.
    request_id: RequestId,
    /// Everyone that was asked, where models were.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    attempts: Vec<Attempt>,
    /// Why no model can answer: the explanation of the decision.
    #[serde(skip_serializing_if = "Option::is_none")]
    decision: Option<RawJson>,
}

impl ErrorBody {
    pub(crate) fn of(error: ApiError, request_id: RequestId) -> Self {
        let (_, r#type, code) = error.verdict();
        let (message, field) = (error.message(), error.field().map(str::to_owned));
        let (attempts, decision) = match error {
            ApiError::Route(RouteError::Failed { attempts, .. }) => (attempts, None),
            ApiError::Route(RouteError::NoCandidate { decision, .. }) => (Vec::new(), Some(decision)),
            _ => (Vec::new(), None),
        };
        Self { error: ErrorDetail { r#type, code, message, field, request_id, attempts, decision } }
    }
}
