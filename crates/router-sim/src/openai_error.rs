//! Errors as OpenAI words them: `{"error": {message, type, param, code}}`.

use serde_json::{Value, json};

use crate::problem::{How, Problem, Wrong};

/// The type of whatever the request is to blame for.
const INVALID: &str = "invalid_request_error";

/// The type of whatever OpenAI is to blame for.
const SERVER: &str = "server_error";

pub(crate) fn status_and_body(problem: &Problem) -> (u16, Value) {
    let (status, kind, code, message) = match problem {
        Problem::Field(wrong) => return (400, field(wrong)),
        Problem::ContextTooLong { tokens, most } => return (400, context_too_long(*tokens, *most)),
        Problem::UnknownPath { method, path } => (404, INVALID, None, format!("Invalid URL ({method} {path})")),
        Problem::Unreadable(why) => (400, INVALID, None, why.clone()),
        Problem::BadKey { key } => (401, INVALID, Some("invalid_api_key"), bad_key(key)),
        Problem::BadSuffix(why) => (404, INVALID, Some("model_not_found"), format!("[simulator] {why}")),
        Problem::UnknownModel { model } => (404, INVALID, Some("model_not_found"), unknown_model(model)),
        fixed => {
            let (status, kind, code, message) = fixed_words(fixed);
            (status, kind, code, message.to_owned())
        }
    };
    (status, body(&message, kind, None, code))
}

/// Errors that say nothing about the request.
fn fixed_words(problem: &Problem) -> (u16, &'static str, Option<&'static str>, &'static str) {
    const OVERLOADED: &str = "The engine is currently overloaded, please try again later.";
    match problem {
        Problem::NoKey => (
            401,
            INVALID,
            None,
            "You didn't provide an API key. You need to provide your API key in an Authorization header using \
             Bearer auth (i.e. Authorization: Bearer YOUR_KEY).",
        ),
        Problem::Forbidden => {
            (403, INVALID, Some("unsupported_country_region_territory"), "Country, region, or territory not supported")
        }
        Problem::RateLimited { .. } => (
            429,
            "requests",
            Some("rate_limit_exceeded"),
            "Rate limit reached for requests per min (RPM): Limit 500, Used 500, Requested 1.",
        ),
        Problem::OutOfQuota => (
            429,
            "insufficient_quota",
            Some("insufficient_quota"),
            "You exceeded your current quota, please check your plan and billing details.",
        ),
        Problem::TooLarge => {
            (413, INVALID, Some("request_too_large"), "The request is larger than the maximum of 50 MB.")
        }
        Problem::RequestTimeout => (408, INVALID, None, "The request took too long to arrive."),
        Problem::BadGateway => (502, SERVER, None, "Bad gateway."),
        Problem::GatewayTimeout => (504, SERVER, None, "Gateway timeout."),
        Problem::Unavailable => (503, SERVER, Some("server_is_overloaded"), OVERLOADED),
        Problem::Overloaded => (529, SERVER, Some("server_is_overloaded"), OVERLOADED),
        Problem::ContentPolicy => (
            400,
            INVALID,
            Some("content_policy_violation"),
            "Your request was rejected as a result of our safety system.",
        ),
        _ => (500, SERVER, None, "The server had an error while processing your request. Sorry about that!"),
    }
}

fn body(message: &str, kind: &str, param: Option<&str>, code: Option<&str>) -> Value {
    json!({"error": {"message": message, "type": kind, "param": param, "code": code}})
}

fn bad_key(key: &str) -> String {
    format!(
        "Incorrect API key provided: {key}. You can find your API key at https://platform.openai.com/account/api-keys."
    )
}

fn unknown_model(model: &str) -> String {
    format!("The model `{model}` does not exist or you do not have access to it.")
}

fn context_too_long(tokens: u64, most: u64) -> Value {
    let message = format!(
        "This model's maximum context length is {most} tokens. However, your messages resulted in {tokens} tokens. \
         Please reduce the length of the messages."
    );
    body(&message, INVALID, Some("messages"), Some("context_length_exceeded"))
}

fn field(wrong: &Wrong) -> Value {
    let path = bracketed(&wrong.path);
    let (code, message) = match &wrong.how {
        How::Missing => ("missing_required_parameter", format!("Missing required parameter: '{path}'.")),
        How::Type { expected, got } => {
            ("invalid_type", format!("Invalid type for '{path}': expected {expected}, but got {got} instead."))
        }
        How::Unknown => ("unknown_parameter", format!("Unknown parameter: '{path}'.")),
        How::Unsupported { instead } => {
            let instead = instead.map(|name| format!(" Use '{name}' instead.")).unwrap_or_default();
            let message = format!("Unsupported parameter: '{path}' is not supported with this model.{instead}");
            ("unsupported_parameter", message)
        }
        How::UnsupportedValue(value) => {
            ("unsupported_value", format!("Unsupported value: '{path}' does not support {value} with this model."))
        }
        How::Value(rule) => ("invalid_value", format!("Invalid value for '{path}': {rule}")),
    };
    body(&message, INVALID, Some(&path), Some(code))
}

/// `messages.0.content` → `messages[0].content`.
fn bracketed(path: &str) -> String {
    path.split('.').fold(String::new(), |written, step| match step.parse::<usize>() {
        Ok(place) => format!("{written}[{place}]"),
        Err(_) if written.is_empty() => step.to_owned(),
        Err(_) => format!("{written}.{step}"),
    })
}
