//! Errors as Anthropic says them. Its SDKs decide by the status; programs look at `type`, and one at the words.

use http::StatusCode;
use router_core::error_kind::ErrorKind;
use router_core::id::RequestId;
use router_core::usage::Tokens;
use router_engine::error::RouteError;
use router_providers::request_error::RequestError;
use schemars::JsonSchema;
use serde::Serialize;

use crate::error::ApiError;
use crate::openai_error;

/// The body of an error.
#[derive(Debug, Serialize, JsonSchema)]
pub(crate) struct AnthropicError {
    r#type: &'static str,
    error: AnthropicErrorDetail,
    /// The request, for the operator's log and records.
    request_id: RequestId,
}

/// What went wrong.
#[derive(Debug, Serialize, JsonSchema)]
struct AnthropicErrorDetail {
    /// The class.
    r#type: &'static str,
    /// What happened and what to do, in English; not stable.
    message: String,
}

impl AnthropicError {
    pub(crate) fn of(error: &ApiError, request_id: RequestId) -> Self {
        let detail = AnthropicErrorDetail { r#type: class(status(error)), message: message(error) };
        Self { r#type: "error", error: detail, request_id }
    }
}

/// Anthropic's status for being overloaded, which its SDKs know.
const OVERLOADED: u16 = 529;

/// The status. What is too busy has one of its own here.
pub(crate) fn status(error: &ApiError) -> StatusCode {
    match error {
        ApiError::UnknownModel { .. } | ApiError::Route(RouteError::UnknownModel { .. }) => StatusCode::NOT_FOUND,
        ApiError::Route(RouteError::Failed { kind: ErrorKind::Overloaded, .. }) => {
            StatusCode::from_u16(OVERLOADED).unwrap_or(StatusCode::SERVICE_UNAVAILABLE)
        }
        other => other.verdict().0,
    }
}

fn class(status: StatusCode) -> &'static str {
    match status.as_u16() {
        401 => "authentication_error",
        402 => "billing_error",
        403 => "permission_error",
        404 => "not_found_error",
        409 => "conflict_error",
        413 => "request_too_large",
        429 => "rate_limit_error",
        504 => "timeout_error",
        OVERLOADED => "overloaded_error",
        500.. => "api_error",
        _ => "invalid_request_error",
    }
}

fn message(error: &ApiError) -> String {
    match error {
        ApiError::Request(error) => of_request(error),
        ApiError::Route(RouteError::Failed { kind: ErrorKind::ContextTooLong, message, .. }) => too_long(message),
        ApiError::Route(RouteError::NoCandidate { too_long: Some((Tokens(needed), Tokens(most))), .. }) => {
            format!("{TOO_LONG}: {needed} tokens > {most} maximum")
        }
        ApiError::UnknownModel { .. } => openai_error::message(error),
        other => other.message(),
    }
}

/// The path of a field as Anthropic writes it, and then what is wrong: `messages.0.content: Field required`.
fn of_request(error: &RequestError) -> String {
    let path = |field: &str| field.replace('[', ".").replace(']', "");
    match error {
        RequestError::Missing { field } => format!("{}: Field required", path(field)),
        RequestError::Type { field, expected, found } => {
            format!("{}: Input should be {expected}, and is {found}", path(field))
        }
        RequestError::Value { field, why } => format!("{}: {why}", path(field)),
        other => other.to_string(),
    }
}

/// How Anthropic says that a prompt does not fit. Programs (Claude Code among them) look for these words, to shorten it.
const TOO_LONG: &str = "prompt is too long";

/// The words for a prompt that no model had room for, from a provider's own: of the numbers in them the two largest are the
/// prompt's tokens and the most that fit.
fn too_long(message: &str) -> String {
    if message.contains(TOO_LONG) {
        return message.to_owned();
    }
    let mut numbers: Vec<u64> = message
        .split(|letter: char| !letter.is_ascii_digit())
        .filter(|digits| digits.len() > 1)
        .filter_map(|digits| digits.parse().ok())
        .collect();
    numbers.sort_unstable();
    numbers.dedup();
    match numbers[..] {
        [.., most, needed] => format!("{TOO_LONG}: {needed} tokens > {most} maximum"),
        _ => format!("{TOO_LONG}: {message}"),
    }
}

#[cfg(test)]
mod tests {
    use router_core::raw_json::RawJson;
    use serde_json::json;
    use uuid::Uuid;

    use super::*;

    fn failed(kind: ErrorKind, message: &str) -> ApiError {
        let message = message.to_owned();
        ApiError::Route(RouteError::Failed { kind, message, attempts: Vec::new(), retry_after: None })
    }

    #[test]
    fn status_and_type_are_those_that_sdks_know() {
        for (error, expected, class) in [
            (failed(ErrorKind::Overloaded, "x"), 529, "overloaded_error"),
            (failed(ErrorKind::RateLimited, "x"), 429, "rate_limit_error"),
            (failed(ErrorKind::Auth, "x"), 503, "api_error"),
            (failed(ErrorKind::ServerError, "x"), 502, "api_error"),
            (failed(ErrorKind::ContentPolicy, "x"), 400, "invalid_request_error"),
            (failed(ErrorKind::TooLarge, "x"), 413, "request_too_large"),
            (ApiError::UnknownModel { model: "x".into(), hint: None }, 404, "not_found_error"),
            (ApiError::Forbidden, 403, "permission_error"),
        ] {
            let id = RequestId(Uuid::nil());
            let said = serde_json::to_value(AnthropicError::of(&error, id)).unwrap();
            assert_eq!(status(&error).as_u16(), expected, "{class}");
            let detail = json!({"type": class, "message": message(&error)});
            assert_eq!(said, json!({"type": "error", "error": detail, "request_id": id.to_string()}));
        }
    }

    #[test]
    fn a_prompt_that_does_not_fit_is_said_in_the_words_that_programs_look_for() {
        for (theirs, ours) in [
            (
                "prompt is too long: 209000 tokens > 200000 maximum",
                "prompt is too long: 209000 tokens > 200000 maximum",
            ),
            (
                "This model's maximum context length is 8192 tokens. However, your messages resulted in 9001 tokens.",
                "prompt is too long: 9001 tokens > 8192 maximum",
            ),
            (
                "request (5031 tokens) exceeds the available context size (2048 tokens), try increasing it",
                "prompt is too long: 5031 tokens > 2048 maximum",
            ),
            ("too long", "prompt is too long: too long"),
        ] {
            assert_eq!(message(&failed(ErrorKind::ContextTooLong, theirs)), ours);
        }
        let too_long = Some((Tokens(900), Tokens(800)));
        let (summary, decision) = (String::new(), RawJson::default());
        let none = ApiError::Route(RouteError::NoCandidate { summary, decision, transient: false, too_long });
        assert_eq!(message(&none), "prompt is too long: 900 tokens > 800 maximum");
    }

    #[test]
    fn a_field_is_named_as_anthropic_names_it() {
        let missing = RequestError::Missing { field: "messages[0].content[2].text".into() };
        assert_eq!(of_request(&missing), "messages.0.content.2.text: Field required");
    }
}
