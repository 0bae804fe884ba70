//! A provider that costs next to nothing: reads the request, answers the same chat completion each time; as a stream, if
//! asked to, of as many events as the request allows tokens, each in a frame of its own and as fast as they are taken.

use std::convert::Infallible;
use std::iter;

use bytes::Bytes;
use futures_util::stream;
use http::header::{CONTENT_TYPE, HeaderValue};
use http::{Request, Response};
use http_body_util::combinators::UnsyncBoxBody;
use http_body_util::{BodyExt, Full, StreamBody};
use hyper::body::{Frame, Incoming};
use serde_json::{Value, json};

use crate::serve::serve;

type Answer = UnsyncBoxBody<Bytes, Infallible>;

/// What OpenAI sends for about a hundred words.
fn completion() -> Bytes {
    let content = "A router weighs what an answer is worth against what it costs. ".repeat(8);
    let completion = json!({
        "id": "chatcmpl-CfGzYd2Q0qKcG3rT9xw1",
        "object": "chat.completion",
        "created": 1_795_000_000,
        "model": "bench-1",
        "choices": [{
            "index": 0,
            "message": {"role": "assistant", "content": content, "refusal": null, "annotations": []},
            "logprobs": null,
            "finish_reason": "stop",
        }],
        "usage": {
            "prompt_tokens": 110,
            "completion_tokens": 104,
            "total_tokens": 214,
            "prompt_tokens_details": {"cached_tokens": 0, "audio_tokens": 0},
            "completion_tokens_details": {"reasoning_tokens": 0, "audio_tokens": 0},
        },
        "service_tier": "default",
        "system_fingerprint": "fp_5f6c1d4b2a",
    });
    Bytes::from(completion.to_string())
}

/// One event of a stream.
fn event(delta: Value, finish: Option<&str>, usage: Value) -> Bytes {
    let chunk = json!({
        "id": "chatcmpl-CfGzYd2Q0qKcG3rT9xw1",
        "object": "chat.completion.chunk",
        "created": 1_795_000_000,
        "model": "bench-1",
        "service_tier": "default",
        "system_fingerprint": "fp_5f6c1d4b2a",
        "choices": [{"index": 0, "delta": delta, "logprobs": null, "finish_reason": finish}],
        "usage": usage,
    });
    Bytes::from(format!("data: {chunk}\n\n"))
}

/// `events` deltas, the end, and its mark.
fn streamed(events: usize) -> Answer {
    let delta = event(json!({"content": " token"}), None, Value::Null);
    let usage = json!({"prompt_tokens": 110, "completion_tokens": events, "total_tokens": 110 + events});
    let end = [event(json!({}), Some("stop"), usage), Bytes::from_static(b"data: [DONE]\n\n")];
    let frames = iter::repeat_n(delta, events).chain(end).map(|data| Ok(Frame::data(data)));
    StreamBody::new(stream::iter(frames)).boxed_unsync()
}

/// The same message of Anthropic's each time.
fn message() -> Bytes {
    let text = "A router weighs what an answer is worth against what it costs. ".repeat(8);
    let message = json!({
        "id": "msg_01CfGzYd2Q0qKcG3rT9xw1",
        "type": "message",
        "role": "assistant",
        "model": "bench-claude",
        "content": [{"type": "text", "text": text}],
        "stop_reason": "end_turn",
        "stop_sequence": null,
        "usage": {"input_tokens": 110, "output_tokens": 104, "service_tier": "standard"},
    });
    Bytes::from(message.to_string())
}

/// The same as a stream of so many deltas.
fn streamed_message(events: usize) -> Answer {
    // As Anthropic writes it: the type first.
    let event = |name: &str, rest: &str| Bytes::from(format!("event: {name}\ndata: {{\"type\":\"{name}\"{rest}}}\n\n"));
    let usage = json!({"input_tokens": 110, "output_tokens": 1});
    let start = json!({"id": "msg_1", "type": "message", "role": "assistant", "model": "bench-claude", "content": [],
        "stop_reason": null, "stop_sequence": null, "usage": usage});
    let begin = [
        event("message_start", &format!(",\"message\":{start}")),
        event("content_block_start", ",\"index\":0,\"content_block\":{\"type\":\"text\",\"text\":\"\"}"),
    ];
    let delta = ",\"index\":0,\"delta\":{\"type\":\"text_delta\",\"text\":\" token\"}";
    let usage = json!({"input_tokens": 110, "output_tokens": events});
    let stop = json!({"stop_reason": "end_turn", "stop_sequence": null});
    let end = [
        event("content_block_stop", ",\"index\":0"),
        event("message_delta", &format!(",\"delta\":{stop},\"usage\":{usage}")),
        event("message_stop", ""),
    ];
    let deltas = iter::repeat_n(event("content_block_delta", delta), events);
    let frames = begin.into_iter().chain(deltas).chain(end).map(|data| Ok(Frame::data(data)));
    StreamBody::new(stream::iter(frames)).boxed_unsync()
}

/// Answers until the bench ends.
pub(crate) async fn run() -> anyhow::Result<()> {
    let whole = [completion(), message()];
    serve(move |request| answer(request, whole.clone())).await
}

async fn answer(request: Request<Incoming>, [completion, message]: [Bytes; 2]) -> Response<Answer> {
    let is_message = request.uri().path().ends_with("/messages");
    // A body that breaks off is the caller's failure, and the caller says so.
    let asked = request.into_body().collect().await.map(|body| body.to_bytes()).unwrap_or_default();
    let (body, content_type) = match events_asked_for(&asked) {
        Some(events) if is_message => (streamed_message(events), "text/event-stream"),
        Some(events) => (streamed(events), "text/event-stream"),
        None if is_message => (Full::new(message).boxed_unsync(), "application/json"),
        None => (Full::new(completion).boxed_unsync(), "application/json"),
    };
    let mut response = Response::new(body);
    response.headers_mut().insert(CONTENT_TYPE, HeaderValue::from_static(content_type));
    response
}

/// How many events a request for a stream wants. Requests for whole answers are not parsed: they are to cost nothing.
fn events_asked_for(body: &[u8]) -> Option<usize> {
    if !body.windows(8).any(|bytes| bytes == b"\"stream\"") {
        return None;
    }
    let body: Value = serde_json::from_slice(body).ok()?;
    let tokens = ["max_completion_tokens", "max_tokens"].into_iter().find_map(|name| body[name].as_u64());
    body["stream"].as_bool()?.then(|| tokens.and_then(|tokens| usize::try_from(tokens).ok()).unwrap_or(1))
}
