//! A reply as it leaves: headers that fit its wire, and a body that plays.

use bytes::Bytes;
use hyper::header::{CONTENT_LENGTH, CONTENT_TYPE, HeaderMap, HeaderName, HeaderValue};
use hyper::{Response, StatusCode};
use jiff::{SignedDuration, Timestamp};
use serde_json::Value;

use crate::attempt::Running;
use crate::playback::{FLUSH, Playback, Step};
use crate::stream::Stream;
use crate::wire::Wire;
use crate::wire_error::WireError;

/// What happens to a request in the end.
#[derive(Debug)]
pub(crate) enum Reply {
    /// An HTTP response.
    Http(Response<Playback>),
    /// A reset.
    Reset,
    /// Nothing, for as long as the caller waits; the attempt ends when the caller goes.
    Silence(Running),
}

/// A JSON body under a status, with the headers of its wire.
pub(crate) fn json(
    wire: Wire,
    status: u16,
    request_id: &str,
    body: &Value,
    running: Option<Running>,
) -> Response<Playback> {
    bytes(wire, status, request_id, "application/json", Bytes::from(body.to_string()), running)
}

/// An error as its wire words it.
pub(crate) fn error(wire: Wire, error: &WireError, request_id: &str, running: Option<Running>) -> Response<Playback> {
    let mut response = json(wire, error.status, request_id, &error.body, running);
    for (name, value) in &error.headers {
        insert(response.headers_mut(), name, value);
    }
    response
}

/// Any body.
pub(crate) fn bytes(
    wire: Wire,
    status: u16,
    request_id: &str,
    content_type: &'static str,
    body: Bytes,
    running: Option<Running>,
) -> Response<Playback> {
    let length = Some(body.len());
    respond(wire, status, request_id, content_type, length, Playback::whole(body, running))
}

/// A stream; how long it gets nobody knows.
pub(crate) fn stream(wire: Wire, request_id: &str, stream: Stream, running: Running) -> Response<Playback> {
    let content_type = if wire == Wire::OpenRouter { "text/event-stream" } else { "text/event-stream; charset=utf-8" };
    let body = Playback::new(stream, Some(running));
    let mut response = respond(wire, 200, request_id, content_type, None, body);
    insert(response.headers_mut(), "cache-control", "no-cache");
    response
}

/// Half of a body whose whole length was promised.
pub(crate) fn cut(wire: Wire, request_id: &str, body: &Value, running: Running) -> Response<Playback> {
    let whole = Bytes::from(body.to_string());
    let half = whole.slice(..whole.len() / 2);
    let steps = [Step::Send { bytes: half, tokens: 0 }, Step::Wait(FLUSH), Step::Cut];
    respond(wire, 200, request_id, "application/json", Some(whole.len()), Playback::new(steps, Some(running)))
}

fn respond(
    wire: Wire,
    status: u16,
    request_id: &str,
    content_type: &'static str,
    length: Option<usize>,
    body: Playback,
) -> Response<Playback> {
    let mut response = Response::new(body);
    *response.status_mut() = StatusCode::from_u16(status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
    let headers = response.headers_mut();
    headers.insert(CONTENT_TYPE, HeaderValue::from_static(content_type));
    if let Some(length) = length {
        headers.insert(CONTENT_LENGTH, HeaderValue::from(length));
    }
    for (name, value) in wire_headers(wire, status, request_id) {
        insert(headers, name, &value);
    }
    response
}

fn insert(headers: &mut HeaderMap, name: &'static str, value: &str) {
    if let Ok(value) = HeaderValue::from_str(value) {
        headers.insert(HeaderName::from_static(name), value);
    }
}

/// Request ids, versions and rate limits, as each wire sends them.
fn wire_headers(wire: Wire, status: u16, request_id: &str) -> Vec<(&'static str, String)> {
    let mut headers = match wire {
        Wire::OpenAi => vec![
            ("x-request-id", request_id.to_owned()),
            ("openai-processing-ms", "1".to_owned()),
            ("openai-version", "2020-10-01".to_owned()),
            ("openai-organization", "simulated".to_owned()),
        ],
        Wire::Anthropic => vec![("request-id", request_id.to_owned())],
        Wire::OpenRouter => vec![("x-generation-id", request_id.to_owned())],
    };
    // Answers tell how much room is left; a 429 tells there is none. Other errors say nothing.
    let left = match status {
        200 => "499",
        429 => "0",
        _ => return headers,
    };
    match wire {
        Wire::OpenAi => headers.extend([
            ("x-ratelimit-limit-requests", "500".to_owned()),
            ("x-ratelimit-remaining-requests", left.to_owned()),
            ("x-ratelimit-reset-requests", "120ms".to_owned()),
        ]),
        Wire::Anthropic => {
            let minute_later = Timestamp::now().saturating_add(SignedDuration::from_secs(60));
            let reset = minute_later.map_or_else(|_| String::new(), |at| at.strftime("%Y-%m-%dT%H:%M:%SZ").to_string());
            headers.extend([
                ("anthropic-ratelimit-requests-limit", "500".to_owned()),
                ("anthropic-ratelimit-requests-remaining", left.to_owned()),
                ("anthropic-ratelimit-requests-reset", reset),
            ]);
        }
        Wire::OpenRouter => {}
    }
    headers
}
