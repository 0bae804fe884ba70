//! Errors as OpenAI says them. Its SDKs decide by the status; programs look at `type` and `code`.

use http::StatusCode;
use router_core::error_kind::ErrorKind;
use router_engine::error::RouteError;
use schemars::JsonSchema;
use serde::Serialize;

use crate::error::ApiError;

/// The body of an error.
#[derive(Debug, Serialize, JsonSchema)]
pub(crate) struct OpenAiError {
    error: OpenAiErrorDetail,
}

/// What went wrong.
#[derive(Debug, Serialize, JsonSchema)]
struct OpenAiErrorDetail {
    /// What happened and what to do, in English; not stable.
    message: String,
    /// The class.
    r#type: &'static str,
    /// The field at fault.
    param: Option<String>,
    /// The exact reason; stable.
    code: Option<&'static str>,
}

impl OpenAiError {
    pub(crate) fn of(error: &ApiError) -> Self {
        let (status, code) = verdict(error);
        let param = match error {
            ApiError::UnknownModel { .. } | ApiError::Route(RouteError::UnknownModel { .. }) => Some("model"),
            other => other.field(),
        };
        let param = param.map(str::to_owned);
        Self { error: OpenAiErrorDetail { message: message(error), r#type: class(status), param, code } }
    }
}

pub(crate) fn message(error: &ApiError) -> String {
    let ApiError::UnknownModel { model, hint } = error else { return error.message() };
    let hint = hint.as_ref().map(|hint| format!(" Did you mean `{hint}`?")).unwrap_or_default();
    format!(
        "The model `{model}` does not exist or you do not have access to it.{hint} GET /v1/models lists the others."
    )
}

/// Status and code. Where OpenAI has a word of its own that programs know, it is used; else ours.
pub(crate) fn verdict(error: &ApiError) -> (StatusCode, Option<&'static str>) {
    let (status, _, code) = error.verdict();
    let (status, code) = match error {
        ApiError::UnknownModel { .. } | ApiError::Route(RouteError::UnknownModel { .. }) => {
            (StatusCode::NOT_FOUND, "model_not_found")
        }
        ApiError::Request(error) => return (status, error.code()),
        ApiError::Unauthenticated(_) => (status, "invalid_api_key"),
        ApiError::Invalid { .. } => (status, "invalid_value"),
        ApiError::Route(RouteError::RateLimited { .. } | RouteError::TooManyAtOnce { .. }) => {
            (status, "rate_limit_exceeded")
        }
        ApiError::Route(RouteError::OverBudget { .. }) => (status, "insufficient_quota"),
        ApiError::Route(RouteError::Failed { kind, .. }) => match kind {
            ErrorKind::RateLimited => (status, "rate_limit_exceeded"),
            ErrorKind::Overloaded => (status, "server_is_overloaded"),
            ErrorKind::ContextTooLong => (status, "context_length_exceeded"),
            ErrorKind::ContentPolicy => (status, "content_policy_violation"),
            _ => (status, code),
        },
        _ => (status, code),
    };
    (status, Some(code))
}

fn class(status: StatusCode) -> &'static str {
    match status.as_u16() {
        401 => "authentication_error",
        402 => "insufficient_quota",
        403 => "permission_error",
        429 => "rate_limit_error",
        503 => "service_unavailable_error",
        500.. => "server_error",
        _ => "invalid_request_error",
    }
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;

    fn failed(kind: ErrorKind) -> ApiError {
        ApiError::Route(RouteError::Failed { kind, message: "words".into(), attempts: Vec::new(), retry_after: None })
    }

    #[test]
    fn the_words_that_programs_look_for_are_openais() {
        for (error, status, class, code, param) in [
            (
                ApiError::UnknownModel { model: "x".into(), hint: None },
                404,
                "invalid_request_error",
                "model_not_found",
                json!("model"),
            ),
            (failed(ErrorKind::ContextTooLong), 400, "invalid_request_error", "context_length_exceeded", Value::Null),
            (failed(ErrorKind::ContentPolicy), 400, "invalid_request_error", "content_policy_violation", Value::Null),
            (failed(ErrorKind::RateLimited), 429, "rate_limit_error", "rate_limit_exceeded", Value::Null),
            (failed(ErrorKind::Overloaded), 503, "service_unavailable_error", "server_is_overloaded", Value::Null),
            (failed(ErrorKind::Auth), 503, "service_unavailable_error", "upstream_misconfigured", Value::Null),
            (failed(ErrorKind::Quota), 503, "service_unavailable_error", "upstream_misconfigured", Value::Null),
            (failed(ErrorKind::ServerError), 502, "server_error", "upstream_failed", Value::Null),
            (ApiError::Forbidden, 403, "permission_error", "role_not_allowed", Value::Null),
            (
                ApiError::invalid("temperature", "x"),
                400,
                "invalid_request_error",
                "invalid_value",
                json!("temperature"),
            ),
        ] {
            let said = serde_json::to_value(OpenAiError::of(&error)).unwrap();
            assert_eq!(verdict(&error).0.as_u16(), status, "{code}");
            let message = message(&error);
            assert_eq!(said, json!({"error": {"message": message, "type": class, "param": param, "code": code}}));
        }
    }
}
