//! Errors as OpenRouter words them: `{"error": {code, message, metadata?}, "user_id"}`, the code being the status.

use serde_json::{Value, json};

use crate::anthropic_error;
use crate::problem::Problem;

pub(crate) fn status_and_body(problem: &Problem) -> (u16, Value) {
    let (code, error_type, message) = words(problem);
    let mut error = json!({"code": code, "message": message});
    if let Some(error_type) = error_type {
        error["metadata"] = json!({"error_type": error_type});
        // What the provider behind OpenRouter said, where it was that one that failed.
        if matches!(
            problem,
            Problem::RateLimited { .. } | Problem::BadGateway | Problem::Unavailable | Problem::Overloaded
        ) {
            error["metadata"]["provider_name"] = json!("Simulated");
            error["metadata"]["raw"] = json!("no room");
        }
    }
    if *problem == Problem::ContentPolicy {
        error["metadata"]["reasons"] = json!(["violence"]);
        error["metadata"]["flagged_input"] = json!("[simulated]");
    }
    (code, json!({"error": error, "user_id": "user_simulated"}))
}

/// Status, the type in the metadata where there is one, and message.
fn words(problem: &Problem) -> (u16, Option<&'static str>, String) {
    match problem {
        Problem::Unreadable(why) => (400, None, why.clone()),
        Problem::Field(wrong) => (400, None, format!("Input validation error: {}", anthropic_error::field(wrong))),
        Problem::UnknownModel { model } => (404, Some("not_found"), format!("No endpoints found for {model}.")),
        Problem::BadSuffix(why) => (404, None, format!("[simulator] {why}")),
        Problem::ContextTooLong { tokens, most } => {
            let message = format!(
                "This endpoint's maximum context length is {most} tokens. However, you requested about {tokens} \
                 tokens. Please reduce the length of either one."
            );
            (400, Some("context_length_exceeded"), message)
        }
        fixed => {
            let (code, error_type, message) = fixed_words(fixed);
            (code, error_type, message.to_owned())
        }
    }
}

/// Errors that say nothing about the request.
fn fixed_words(problem: &Problem) -> (u16, Option<&'static str>, &'static str) {
    match problem {
        Problem::UnknownPath { .. } => (404, None, "Not Found"),
        Problem::NoKey => (401, None, "Missing Authentication header"),
        Problem::BadKey { .. } => (401, None, "User not found."),
        Problem::Forbidden => (403, Some("permission_denied"), "This key may not use this model."),
        Problem::RateLimited { .. } => (429, Some("rate_limit_exceeded"), "Rate limit exceeded"),
        Problem::OutOfQuota => (402, Some("payment_required"), "Insufficient credits."),
        Problem::TooLarge => (413, Some("payload_too_large"), "Request entity too large"),
        Problem::RequestTimeout => (408, Some("timeout"), "Request timed out"),
        Problem::BadGateway => (502, Some("provider_unavailable"), "Provider returned error"),
        Problem::GatewayTimeout => (504, Some("timeout"), "Provider timed out"),
        Problem::Unavailable => (503, Some("provider_unavailable"), "No instances available"),
        Problem::Overloaded => (529, Some("provider_overloaded"), "Provider returned error"),
        Problem::ContentPolicy => (403, Some("content_policy_violation"), "Input was flagged by moderation."),
        _ => (500, Some("server"), "Internal Server Error"),
    }
}
