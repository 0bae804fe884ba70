//! `POST /v1/messages`: Anthropic's API, for its SDKs and everything that speaks as they do.

use http::StatusCode;
use http::header::HeaderValue;
use router_core::id::RequestId;
use router_engine::routed::Routed;
use router_providers::anthropic_messages::{BETA_HEADER, decode_request, message};
use router_providers::dialect::Dialect;
use router_providers::original::Uncarried;
use schemars::{JsonSchema, json_schema};
use serde::Deserialize;

use super::compatible::{self, OURS, RouterBody, into_ask};
use super::message_voice::MessageVoice;
use crate::anthropic_headers;
use crate::dialect::Dialect as Spoken;
use crate::error::ApiError;
use crate::response::{Reply, text};
use crate::route::{Answer, Asked, Content, Operation, Parameter, RequestBody, schema};
use crate::router_headers;
use crate::sse;

/// A request of Anthropic's Messages. Every other field of that API is passed on to models that speak it; for others it is
/// translated, or named in `x-router-dropped`.
#[derive(Debug, Deserialize, JsonSchema)]
#[expect(dead_code, reason = "the codec reads requests; this is what the document says of them")]
struct MessagesRequest {
    /// `auto`, `auto:cost`, `auto:quality`, `auto:fast`, the id of a model, or a provider's own name for one.
    model: String,
    /// The longest answer, in tokens.
    max_tokens: u64,
    /// The conversation, as Anthropic's API takes it.
    messages: Vec<serde_json::Map<String, serde_json::Value>>,
    /// The answer as it comes.
    stream: Option<bool>,
    /// What is wanted of the choice; not passed on.
    router: Option<RouterBody>,
}

/// What clients of betas add to the path. Which betas says the header `anthropic-beta`.
pub(super) const BETA: Parameter =
    Parameter { name: "beta", schema: schema::<bool>, description: "Means nothing here: clients of betas send it." };

pub(crate) const CREATE: Operation = Operation {
    id: "createMessage",
    summary: "Anthropic's Messages, answered by the best model or the one that is named",
    description: "Takes what Anthropic's API takes, of either version. Preferences go into `router` or `x-router-*` headers.",
    query: &[BETA],
    body: Some(RequestBody {
        schema: schema::<MessagesRequest>,
        examples: &[
            (
                "auto",
                r#"{"model": "auto", "max_tokens": 256, "messages": [{"role": "user", "content": "What is AI?"}]}"#,
            ),
            (
                "stream",
                r#"{"model": "auto:fast", "max_tokens": 256, "stream": true, "system": "Be brief.", "messages": [{"role": "user", "content": "Tell me about rivers."}]}"#,
            ),
        ],
    }),
    answer: Answer {
        status: 200,
        description: "A message, or a stream of events from `message_start` to `message_stop`.",
        content: Content::JsonOrEvents(
            |_| json_schema!({"type": "object", "description": "A message of Anthropic's API."}),
            |_| json_schema!({"type": "object", "description": "A stream event of Anthropic's API, as JSON."}),
        ),
    },
    errors: &[404, 429, 502, 503, 504, 529],
};

pub(crate) async fn create(asked: Asked) -> Result<Reply, ApiError> {
    let mut inbound = decode_request(&asked.body, OURS)?;
    let engine = &asked.app.parts.engine;
    let streamed = inbound.stream;
    let headers = anthropic_headers::of_body(&asked.headers)?;
    let betas = headers.iter().find(|(name, _)| *name == BETA_HEADER);
    inbound.uncarried.extend(betas.map(|(name, _)| Uncarried { field: (*name).to_owned(), essential: false }));
    let ask = into_ask(inbound, Dialect::AnthropicMessages, headers, &asked, &engine.snapshot())?;

    if streamed {
        let silence = asked.silence.within(ask.patience);
        let stream = engine.stream(ask, &asked.principal).await?;
        let voice = MessageVoice::new(&stream);
        return sse::respond(stream, Box::new(voice), silence).await;
    }
    let routed = engine.route(ask, &asked.principal).await?;
    let headers = compatible::headers(&routed, Spoken::Anthropic);
    let mut response = text(StatusCode::OK, HeaderValue::from_static("application/json"), body(routed)?);
    router_headers::add(headers, &mut response);
    Ok(response)
}

/// The id of a message that was not Anthropic's.
pub(super) fn id_of(request: RequestId) -> String {
    format!("msg_{}", request.0.simple())
}

/// The provider's own bytes where they are in this dialect; else the same in it.
fn body(routed: Routed) -> Result<bytes::Bytes, ApiError> {
    let Routed { id, reply, .. } = routed;
    if let Some(original) = reply.original {
        return Ok(original);
    }
    let written = message(&id_of(id), reply.model_id.as_str(), &reply.parts, reply.finish, &reply.usage);
    Ok(written.map_err(ApiError::Unwritable)?.into())
}
