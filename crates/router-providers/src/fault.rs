//! Errors as providers write them, in all the shapes that were seen, read into a [`CallError`].

use http::HeaderMap;
use jiff::Timestamp;
use router_core::error_kind::ErrorKind;
use router_core::usage::Usage;
use serde::de::DeserializeOwned;
use serde_json::Value;

use crate::answer::{CallError, Spent};
use crate::fault_table::{Said, kind_of};
use crate::retry_after::retry_after;

/// How much of a provider's words is kept: enough for the longest honest message, short enough for a log line.
const LONGEST_MESSAGE: usize = 2_048;

/// The error for a response whose status is not one of success.
pub(crate) fn from_response(status: u16, headers: &HeaderMap, body: &[u8], now: Timestamp) -> CallError {
    let json: Value = serde_json::from_slice(body).unwrap_or_default();
    let words = Words::of(&json).unwrap_or_else(|| Words::of_text(body));
    let said = Said { status, codes: words.codes, message: words.message.to_lowercase() };
    let message = match words.message.as_str() {
        "" => format!("HTTP {status} without a message"),
        message => cut(message),
    };
    let kind = kind_of(&said);
    // A gateway gives up waiting for a model that may go on working.
    let gave_up = matches!(kind, ErrorKind::Timeout(_));
    CallError {
        kind,
        status: Some(status),
        message,
        retry_after: retry_after(headers, now),
        should_retry: should_retry(headers),
        spent: if gave_up { Spent::Unknown } else { Spent::Nothing },
    }
}

/// What the provider says of asking again; official SDKs obey it, too.
fn should_retry(headers: &HeaderMap) -> Option<bool> {
    match headers.get("x-should-retry")?.as_bytes() {
        b"true" => Some(true),
        b"false" => Some(false),
        _ => None,
    }
}

/// Finds errors that come with a status of success.
///
/// # Errors
/// The one within.
pub(crate) fn none_within(body: &[u8]) -> Result<(), CallError> {
    // Every shape of an error has this word in it: an answer without it is not parsed twice.
    const SIGN: &[u8] = b"\"error\"";
    if memchr::memmem::find(body, SIGN).is_none() {
        return Ok(());
    }
    let Ok(json) = serde_json::from_slice::<Value>(body) else { return Ok(()) };
    if !is_error(&json) && !json.pointer("/choices/0").is_some_and(is_error) {
        return Ok(());
    }
    Err(said_within(&json))
}

/// The error that an event of a stream is known to hold.
pub(crate) fn told(event: &[u8]) -> CallError {
    serde_json::from_slice(event).map_or_else(|_| in_words(Words::of_text(event)), |json| said_within(&json))
}

fn said_within(json: &Value) -> CallError {
    let choice = json.pointer("/choices/0").filter(|choice| is_error(choice));
    in_words(Words::of(choice.unwrap_or(json)).unwrap_or_default())
}

/// The error with these words, in spite of a status of success.
fn in_words(words: Words) -> CallError {
    let said = Said { status: words.number.unwrap_or(200), codes: words.codes, message: words.message.to_lowercase() };
    let message = cut(if words.message.is_empty() { "an error without a message" } else { &words.message });
    let error = CallError::new(kind_of(&said), message);
    CallError { status: Some(200), spent: Spent::Unknown, ..error }
}

/// `{"error": …}`, and `{"object": "error", …}` or `{"type": "error", …}` beside no answer.
fn is_error(json: &Value) -> bool {
    let within = json.get("error").is_some_and(|error| !error.is_null());
    within || ["object", "type"].iter().any(|key| json.get(key).is_some_and(|value| value == "error"))
}

/// A body that is not an answer, although the status says so: the model has worked, or whatever stands before it made it up.
pub(crate) fn malformed(message: &str) -> CallError {
    CallError { spent: Spent::Unknown, ..CallError::new(ErrorKind::Malformed, cut(message)) }
}

/// The error in a body with a status of success, with what the body says that the answer consumed.
///
/// `U` is the part of the body that holds the usage: it is read by itself, because the rest may be why there is an error.
pub(crate) fn with_usage<U: DeserializeOwned>(
    error: CallError,
    body: &[u8],
    usage: impl FnOnce(&U) -> Option<Usage>,
) -> CallError {
    let reported = serde_json::from_slice(body).ok().and_then(|body| usage(&body));
    CallError { spent: reported.map_or(Spent::Unknown, Spent::Known), ..error }
}

/// A body that is not JSON, or not in the shape it should be.
pub(crate) fn not_json(error: serde_json::Error) -> CallError {
    malformed(&format!("the response cannot be read: {error}"))
}

/// What an error says.
#[derive(Debug, Default)]
struct Words {
    message: String,
    /// Codes and types, in lower case.
    codes: Vec<String>,
    /// The status inside the body, where there is one.
    number: Option<u16>,
}

impl Words {
    /// From any of the shapes:
    /// - `{"error": {"message", "type", "code", "details": {"error_code"}, "metadata": {"error_type"}}}`: OpenAI, Anthropic,
    ///   OpenRouter, llama.cpp, Azure (`code` is a word or a number)
    /// - the same in a list: Google
    /// - `{"object": "error", "message", "type", "code"}`: vLLM
    /// - `{"error": "…"}`: Ollama; `{"detail": "…"}`: servers built on FastAPI; `{"message": "…"}`: gateways
    fn of(json: &Value) -> Option<Self> {
        let json = json.get(0).unwrap_or(json);
        let error = match json.get("error") {
            Some(error @ Value::Object(_)) => error,
            Some(Value::String(message)) => return Some(Self { message: message.clone(), ..Self::default() }),
            _ => json,
        };
        let message = ["message", "detail"].iter().find_map(|key| error.get(key)).map(text_of);
        let code = error.get("code");
        let words = [
            error.get("type"),
            code,
            error.pointer("/details/error_code"),
            error.pointer("/metadata/error_type"),
            error.pointer("/innererror/code"),
        ];
        let mut codes: Vec<String> =
            words.into_iter().flatten().filter_map(Value::as_str).map(str::to_lowercase).collect();
        if error.pointer("/metadata/reasons").is_some() || error.pointer("/metadata/flagged_input").is_some() {
            codes.push("moderation".into());
        }
        let number = code.and_then(Value::as_u64).and_then(|code| u16::try_from(code).ok());
        let number = number.filter(|code| (400..600).contains(code));
        let words = Self { message: message.unwrap_or_default(), codes, number };
        (!words.message.is_empty() || !words.codes.is_empty() || words.number.is_some()).then_some(words)
    }

    /// From a body that is not JSON: a proxy's page.
    fn of_text(body: &[u8]) -> Self {
        let start = body.get(..LONGEST_MESSAGE * 2).unwrap_or(body);
        Self { message: String::from_utf8_lossy(start).trim().to_owned(), ..Self::default() }
    }
}

fn text_of(value: &Value) -> String {
    value.as_str().map_or_else(|| value.to_string(), str::to_owned)
}

/// The message, no longer than [`LONGEST_MESSAGE`] bytes.
fn cut(message: &str) -> String {
    if message.len() <= LONGEST_MESSAGE {
        return message.to_owned();
    }
    let end = (0..=LONGEST_MESSAGE - "…".len()).rev().find(|&end| message.is_char_boundary(end)).unwrap_or(0);
    format!("{}…", &message[..end])
}
