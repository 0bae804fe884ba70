//! A problem in a wire's own words: status, headers, body.

use serde_json::{Value, json};

use crate::problem::{How, Problem, Wrong};
use crate::wire::Wire;

/// An error as it travels.
#[derive(Debug)]
pub(crate) struct WireError {
    pub(crate) status: u16,
    pub(crate) headers: Vec<(&'static str, String)>,
    pub(crate) body: Value,
}

/// Puts `problem` into the words of `wire`.
pub(crate) fn wire_error(wire: Wire, problem: &Problem, request_id: &str) -> WireError {
    let (status, body) = match wire {
        Wire::OpenAi => openai(problem),
        Wire::Anthropic => anthropic(problem, request_id),
        Wire::OpenRouter => openrouter(problem),
    };
    let mut headers = Vec::new();
    if let Problem::RateLimited { retry_after: Some(pause) } = problem {
        if pause.subsec_millis() > 0 {
            headers.push(("retry-after-ms", pause.as_millis().to_string()));
        }
        headers.push(("retry-after", (pause.as_secs() + u64::from(pause.subsec_nanos() > 0)).to_string()));
    }
    if wire == Wire::Anthropic {
        // Anthropic alone says so; its account limits (402) and requests (4xx) are not worth a second try.
        headers.push(("x-should-retry", (status == 429 || status >= 500).to_string()));
    }
    WireError { status, headers, body }
}

fn openai(problem: &Problem) -> (u16, Value) {
    let (status, kind, code, message) = match problem {
        Problem::UnknownPath { path } => (404, INVALID, Value::Null, format!("Invalid URL (POST {path})")),
        Problem::Unreadable(why) => (400, INVALID, Value::Null, why.clone()),
        Problem::Field(wrong) => return (400, openai_field(wrong)),
        Problem::NoKey => (401, INVALID, Value::Null, "You didn't provide an API key. You need to provide your API key in an Authorization header using Bearer auth (i.e. Authorization: Bearer YOUR_KEY).".to_owned()),
        Problem::BadKey { key } => (401, INVALID, json!("invalid_api_key"), format!("Incorrect API key provided: {key}. You can find your API key at https://platform.openai.com/account/api-keys.")),
        Problem::Forbidden => (403, INVALID, json!("unsupported_country_region_territory"), "Country, region, or territory not supported".to_owned()),
        Problem::UnknownModel { model } => (404, INVALID, json!("model_not_found"), format!("The model `{model}` does not exist or you do not have access to it.")),
        Problem::BadSuffix(why) => (404, INVALID, json!("model_not_found"), format!("[simulator] {why}")),
        Problem::RateLimited { .. } => (429, "requests", json!("rate_limit_exceeded"), "Rate limit reached for requests per min (RPM): Limit 500, Used 500, Requested 1.".to_owned()),
        Problem::ServerError => (500, "server_error", Value::Null, "The server had an error while processing your request. Sorry about that!".to_owned()),
        Problem::Unavailable => (503, "server_error", json!("server_is_overloaded"), "The engine is currently overloaded, please try again later.".to_owned()),
        Problem::Overloaded => (529, "server_error", json!("server_is_overloaded"), "The engine is currently overloaded, please try again later.".to_owned()),
        Problem::OutOfQuota => (429, "insufficient_quota", json!("insufficient_quota"), "You exceeded your current quota, please check your plan and billing details.".to_owned()),
        Problem::ContextTooLong { tokens, most } => return (400, json!({"error": {
            "message": format!("This model's maximum context length is {most} tokens. However, your messages resulted in {tokens} tokens. Please reduce the length of the messages."),
            "type": INVALID, "param": "messages", "code": "context_length_exceeded"}})),
        Problem::ContentPolicy => (400, INVALID, json!("content_policy_violation"), "Your request was rejected as a result of our safety system.".to_owned()),
    };
    (status, json!({"error": {"message": message, "type": kind, "param": null, "code": code}}))
}

const INVALID: &str = "invalid_request_error";

fn openai_field(wrong: &Wrong) -> Value {
    let path = bracketed(&wrong.path);
    let (code, message) = match &wrong.how {
        How::Missing => (json!("missing_required_parameter"), format!("Missing required parameter: '{path}'.")),
        How::Type { expected, got } => {
            (json!("invalid_type"), format!("Invalid type for '{path}': expected {expected}, but got {got} instead."))
        }
        How::Unknown => (json!("unknown_parameter"), format!("Unknown parameter: '{path}'.")),
        How::Unsupported { instead } => (
            json!("unsupported_parameter"),
            format!(
                "Unsupported parameter: '{path}' is not supported with this model.{}",
                instead.map(|name| format!(" Use '{name}' instead.")).unwrap_or_default()
            ),
        ),
        How::UnsupportedValue(value) => (
            json!("unsupported_value"),
            format!("Unsupported value: '{path}' does not support {value} with this model."),
        ),
        How::Value(rule) => (json!("invalid_value"), format!("Invalid value for '{path}': {rule}")),
    };
    json!({"error": {"message": message, "type": INVALID, "param": path, "code": code}})
}

/// `messages.0.content` → `messages[0].content`.
fn bracketed(path: &str) -> String {
    path.split('.').fold(String::new(), |written, step| match step.parse::<usize>() {
        Ok(place) => format!("{written}[{place}]"),
        Err(_) if written.is_empty() => step.to_owned(),
        Err(_) => format!("{written}.{step}"),
    })
}

fn anthropic(problem: &Problem, request_id: &str) -> (u16, Value) {
    let (status, kind, message) = match problem {
        Problem::UnknownPath { .. } => (404, "not_found_error", "Not Found".to_owned()),
        Problem::Unreadable(why) => (400, INVALID, why.clone()),
        Problem::Field(wrong) => (400, INVALID, anthropic_field(wrong)),
        Problem::NoKey => (401, "authentication_error", "x-api-key header is required".to_owned()),
        Problem::BadKey { .. } => (401, "authentication_error", "invalid x-api-key".to_owned()),
        Problem::Forbidden => (403, "permission_error", "Your API key does not have permission to use the specified resource.".to_owned()),
        Problem::UnknownModel { model } => (404, "not_found_error", format!("model: {model}")),
        Problem::BadSuffix(why) => (404, "not_found_error", format!("[simulator] {why}")),
        Problem::RateLimited { .. } => (429, "rate_limit_error", "This request would exceed your organization's rate limit of 50 requests per minute.".to_owned()),
        Problem::ServerError => (500, "api_error", "Internal server error".to_owned()),
        Problem::Unavailable => (503, "api_error", "Service temporarily unavailable".to_owned()),
        Problem::Overloaded => (529, "overloaded_error", "Overloaded".to_owned()),
        Problem::OutOfQuota => (402, "billing_error", "Your credit balance is too low to access the Anthropic API. Please go to Plans & Billing to upgrade or purchase credits.".to_owned()),
        Problem::ContextTooLong { tokens, most } => (400, INVALID, format!("prompt is too long: {tokens} tokens > {most} maximum")),
        Problem::ContentPolicy => (400, INVALID, "Output blocked by content filtering policy".to_owned()),
    };
    (status, json!({"type": "error", "error": {"type": kind, "message": message}, "request_id": request_id}))
}

fn anthropic_field(wrong: &Wrong) -> String {
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

fn openrouter(problem: &Problem) -> (u16, Value) {
    let (code, message, metadata) = match problem {
        Problem::UnknownPath { .. } => (404, "Not Found".to_owned(), Value::Null),
        Problem::Unreadable(why) => (400, why.clone(), Value::Null),
        Problem::Field(wrong) => (400, format!("Input validation error: {}", anthropic_field(wrong)), Value::Null),
        Problem::NoKey => (401, "Missing Authentication header".to_owned(), Value::Null),
        Problem::BadKey { .. } => (401, "User not found.".to_owned(), Value::Null),
        Problem::Forbidden => {
            (403, "This key may not use this model.".to_owned(), json!({"error_type": "permission_denied"}))
        }
        Problem::UnknownModel { model } => {
            (404, format!("No endpoints found for {model}."), json!({"error_type": "not_found"}))
        }
        Problem::BadSuffix(why) => (404, format!("[simulator] {why}"), Value::Null),
        Problem::RateLimited { .. } => (
            429,
            "Rate limit exceeded".to_owned(),
            json!({"error_type": "rate_limit_exceeded", "provider_name": "Simulated", "raw": "slow down"}),
        ),
        Problem::ServerError => (500, "Internal Server Error".to_owned(), json!({"error_type": "server"})),
        Problem::Unavailable => (
            503,
            "No instances available".to_owned(),
            json!({"error_type": "provider_unavailable", "provider_name": "Simulated"}),
        ),
        Problem::Overloaded => (
            529,
            "Provider returned error".to_owned(),
            json!({"error_type": "provider_overloaded", "provider_name": "Simulated", "raw": "Overloaded"}),
        ),
        Problem::OutOfQuota => (
            402,
            "Insufficient credits. Add more using https://openrouter.ai/settings/credits".to_owned(),
            json!({"error_type": "payment_required"}),
        ),
        Problem::ContextTooLong { tokens, most } => (
            400,
            format!(
                "This endpoint's maximum context length is {most} tokens. However, you requested about {tokens} tokens. Please reduce the length of either one."
            ),
            json!({"error_type": "context_length_exceeded", "provider_name": null}),
        ),
        Problem::ContentPolicy => (
            403,
            "Input was flagged by moderation.".to_owned(),
            json!({"error_type": "content_policy_violation", "provider_name": "Simulated", "reasons": ["violence"], "flagged_input": "[simulated]"}),
        ),
    };
    let mut error = json!({"code": code, "message": message});
    if !metadata.is_null() {
        error["metadata"] = metadata;
    }
    (code, json!({"error": error, "user_id": "user_simulated"}))
}
