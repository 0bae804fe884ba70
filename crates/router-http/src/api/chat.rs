//! `POST /v1/chat/completions`: OpenAI's API, for its SDKs and everything that speaks as they do.

use http::header::{HeaderName, HeaderValue};
use http::{HeaderMap, StatusCode};
use router_engine::routed::Routed;
use router_providers::dialect::Dialect;
use router_providers::openai_chat::{Head, completion, decode_request};
use schemars::{JsonSchema, json_schema};
use serde::Deserialize;

use super::chat_voice::ChatVoice;
use super::compatible::{self, OURS, RouterBody, into_ask};
use crate::dialect::Dialect as Spoken;
use crate::error::ApiError;
use crate::response::{Reply, text};
use crate::route::{Answer, Asked, Content, Operation, RequestBody, schema};
use crate::router_headers;
use crate::sse;
use crate::wall_clock;

/// What requests are written in.
const DIALECT: Dialect = Dialect::OpenAiChat;

/// As OpenAI's own API, for clients that show it.
const PROCESSING_MS: HeaderName = HeaderName::from_static("openai-processing-ms");

/// A request of OpenAI's chat completions. Every other field of that API is passed on to models that speak it; for others
/// it is translated, or named in `x-router-dropped`.
#[derive(Debug, Deserialize, JsonSchema)]
#[expect(dead_code, reason = "the codec reads requests; this is what the document says of them")]
struct ChatRequest {
    /// `auto`, `auto:cost`, `auto:quality`, `auto:fast`, the id of a model, or a provider's own name for one.
    model: String,
    /// The conversation, as OpenAI's API takes it.
    messages: Vec<serde_json::Map<String, serde_json::Value>>,
    /// The answer as it comes.
    stream: Option<bool>,
    /// What is wanted of the choice; not passed on.
    router: Option<RouterBody>,
}

pub(crate) const COMPLETE: Operation = Operation {
    id: "createChatCompletion",
    summary: "OpenAI's chat completions, answered by the best model or the one that is named",
    description: "Takes what OpenAI's API takes. Preferences go into `router` or `x-router-*` headers.",
    query: &[],
    body: Some(RequestBody {
        schema: schema::<ChatRequest>,
        examples: &[
            ("auto", r#"{"model": "auto", "messages": [{"role": "user", "content": "What is AI?"}]}"#),
            (
                "preferences",
                r#"{"model": "auto:cost", "messages": [{"role": "user", "content": "Why is the sky blue?"}], "router": {"preferences": {"minQuality": 0.6}, "metadata": {"team": "search"}}}"#,
            ),
            (
                "stream",
                r#"{"model": "gpt-4o", "messages": [{"role": "user", "content": "Tell me about rivers."}], "stream": true, "stream_options": {"include_usage": true}}"#,
            ),
        ],
    }),
    answer: Answer {
        status: 200,
        description: "A `chat.completion`, or a stream of `chat.completion.chunk`s that ends with `[DONE]`.",
        content: Content::JsonOrEvents(
            |_| json_schema!({"type": "object", "description": "A `chat.completion` of OpenAI's API."}),
            |_| json_schema!({"type": "object", "description": "A `chat.completion.chunk` of OpenAI's API, as JSON; at the end `[DONE]`."}),
        ),
    },
    errors: &[404, 429, 502, 503, 504],
};

pub(crate) async fn complete(asked: Asked) -> Result<Reply, ApiError> {
    let inbound = decode_request(&asked.body, OURS)?;
    let engine = &asked.app.parts.engine;
    let (streamed, include_usage) = (inbound.stream, inbound.include_usage);
    let ask = into_ask(inbound, DIALECT, Vec::new(), &asked, &engine.snapshot())?;
    let created = u64::try_from(wall_clock::now().as_second()).unwrap_or_default();

    if streamed {
        let silence = asked.silence.within(ask.patience);
        let stream = engine.stream(ask, &asked.principal).await?;
        let voice = ChatVoice::new(&stream, created, include_usage);
        return sse::respond(stream, Box::new(voice), silence).await;
    }
    let routed = engine.route(ask, &asked.principal).await?;
    let headers = headers(&routed);
    let mut response = text(StatusCode::OK, HeaderValue::from_static("application/json"), body(routed, created)?);
    router_headers::add(headers, &mut response);
    Ok(response)
}

fn headers(routed: &Routed) -> HeaderMap {
    let mut headers = compatible::headers(routed, Spoken::OpenAi);
    headers.insert(PROCESSING_MS, HeaderValue::from(u64::try_from(routed.latency.as_millis()).unwrap_or(u64::MAX)));
    headers
}

/// The provider's own bytes where they are in this dialect; else the same in it.
fn body(routed: Routed, created: u64) -> Result<bytes::Bytes, ApiError> {
    let Routed { id, reply, .. } = routed;
    if let Some(original) = reply.original {
        return Ok(original);
    }
    let id = format!("chatcmpl-{id}");
    let head = Head { id: &id, created, model: reply.model_id.as_str() };
    let written = completion(head, &reply.parts, reply.finish, Some(&reply.usage)).map_err(ApiError::Unwritable)?;
    Ok(written.into())
}
