//! Errors as Anthropic words them: `{"type": "error", "error": {type, message}, "request_id"}`.

use serde_json::{Value, json};

use crate::problem::{How, Problem, Wrong};

/// The type of whatever the request is to blame for.
const INVALID: &str = "invalid_request_error";

pub(crate) fn status_and_body(problem: &Problem, request_id: &str) -> (u16, Value) {
    let (status, kind, message) = match problem {
        Problem::Unreadable(why) => (400, INVALID, why.clone()),
        Problem::Field(wrong) => (400, INVALID, field(wrong)),
        Problem::UnknownModel { model } => (404, "not_found_error", format!("model: {model}")),
        Problem::BadSuffix(why) => (404, "not_found_error", format!("[simulator] {why}")),
        Problem::ContextTooLong { tokens, most } => {
            (400, INVALID, format!("prompt is too long: {tokens} tokens > {most} maximum"))
        }
        fixed => {
            let (status, kind, message) = fixed_words(fixed);
            (status, kind, message.to_owned())
        }
    };
    (status, json!({"type": "error", "error": {"type": kind, "message": message}, "request_id": request_id}))
}

/// Errors that say nothing about the request.
fn fixed_words(problem: &Problem) -> (u16, &'static str, &'static str) {
    match problem {
        Problem::UnknownPath { .. } => (404, "not_found_error", "Not Found"),
        Problem::NoKey => (401, "authentication_error", "x-api-key header is required"),
        Problem::BadKey { .. } => (401, "authentication_error", "invalid x-api-key"),
        Problem::Forbidden => {
            (403, "permission_error", "Your API key does not have permission to use the specified resource.")
        }
        Problem::RateLimited { .. } => (
            429,
            "rate_limit_error",
            "This request would exceed your organization's rate limit of 500 requests per minute.",
        ),
        Problem::OutOfQuota => (
            402,
            "billing_error",
            "Your credit balance is too low to access the Anthropic API. Please go to Plans & Billing to upgrade or \
             purchase credits.",
        ),
        Problem::TooLarge => (413, "request_too_large", "Request exceeds the maximum size"),
        Problem::RequestTimeout => (408, "timeout_error", "Request timed out"),
        Problem::BadGateway => (502, "api_error", "Bad gateway"),
        Problem::GatewayTimeout => (504, "timeout_error", "Request timed out"),
        Problem::Unavailable => (503, "api_error", "Service temporarily unavailable"),
        Problem::Overloaded => (529, "overloaded_error", "Overloaded"),
        Problem::ContentPolicy => (400, INVALID, "Output blocked by content filtering policy"),
        _ => (500, "api_error", "Internal server error"),
    }
}

/// A field's fault as Anthropic's validation words it.
pub(crate) fn field(wrong: &Wrong) -> String {
    let path = &wrong.path;
    match &wrong.how {
        How::Missing => format!("{path}: Field required"),
        How::Type { expected, .. } => format!("{path}: Input should be {expected}"),
        How::Unknown => format!("{path}: Extra inputs are not permitted"),
        How::Unsupported { .. } => format!("{path}: not supported by this model"),
        How::UnsupportedValue(value) => format!("{path}: {value} is not supported by this model"),
        How::Value(rule) => format!("{path}: {rule}"),
    }
}
