//! `POST /v1/messages/count_tokens`: how long a prompt is, for clients that make room before they ask.

use router_core::estimate;
use router_core::preferences::Preferences;
use router_providers::anthropic_messages::decode_count_request;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::compatible::OURS;
use super::messages::BETA;
use super::model_name;
use crate::anthropic_headers;
use crate::error::ApiError;
use crate::response::{Reply, ok};
use crate::route::{Answer, Asked, Content, Operation, RequestBody, schema};

/// A prompt, as `POST /v1/messages` takes it.
#[derive(Debug, Deserialize, JsonSchema)]
#[expect(dead_code, reason = "the codec reads requests; this is what the document says of them")]
struct CountRequest {
    /// As in `POST /v1/messages`.
    model: String,
    /// The conversation, as Anthropic's API takes it.
    messages: Vec<serde_json::Map<String, serde_json::Value>>,
}

/// How long it is.
#[derive(Debug, Serialize, JsonSchema)]
struct TokenCount {
    /// All tokens of the prompt: turns, system and tools. Estimated.
    input_tokens: u64,
}

pub(crate) const COUNT: Operation = Operation {
    id: "countMessageTokens",
    summary: "How many tokens a prompt has",
    description: "Estimated from the text, as for the choice among models: no provider is asked, whichever model is named.",
    query: &[BETA],
    body: Some(RequestBody {
        schema: schema::<CountRequest>,
        examples: &[("question", r#"{"model": "auto", "messages": [{"role": "user", "content": "What is AI?"}]}"#)],
    }),
    answer: Answer { status: 200, description: "The count.", content: Content::Json(schema::<TokenCount>) },
    errors: &[404],
};

pub(crate) async fn count(asked: Asked) -> Result<Reply, ApiError> {
    let inbound = decode_count_request(&asked.body, OURS)?;
    anthropic_headers::of_body(&asked.headers)?;
    let snapshot = asked.app.parts.engine.snapshot();
    // A name that nobody knows is as wrong here as where it is asked.
    model_name::asked_for(&inbound.model, Preferences::default(), &snapshot, &asked.principal)?;
    ok(&TokenCount { input_tokens: estimate::input_tokens(&inbound.conversation).all.0 })
}
