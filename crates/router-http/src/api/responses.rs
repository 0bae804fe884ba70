//! `POST /v1/responses`: OpenAI's newer API, which its newer clients use unless told otherwise.

use http::StatusCode;
use http::header::HeaderValue;
use router_core::id::RequestId;
use router_providers::dialect::Dialect;
use router_providers::inbound::Inbound;
use router_providers::openai_responses::{Echo, ResponseWriter, decode_request, response};
use schemars::{JsonSchema, json_schema};
use serde::Deserialize;

use super::compatible::{self, OURS, RouterBody, into_ask};
use super::response_voice::ResponseVoice;
use crate::dialect::Dialect as Spoken;
use crate::error::ApiError;
use crate::response::{Reply, text};
use crate::route::{Answer, Asked, Content, Operation, RequestBody, schema};
use crate::router_headers;
use crate::sse;
use crate::wall_clock;

/// A request of OpenAI's Responses. What can be translated is; the rest is named in `x-router-dropped`, or refused.
#[derive(Debug, Deserialize, JsonSchema)]
#[expect(dead_code, reason = "the codec reads requests; this is what the document says of them")]
struct ResponsesRequest {
    /// `auto`, `auto:cost`, `auto:quality`, `auto:fast`, the id of a model, or a provider's own name for one.
    model: String,
    /// A text, or the whole conversation as a list of items.
    input: serde_json::Value,
    /// The answer as it comes.
    stream: Option<bool>,
    /// What is wanted of the choice; not passed on.
    router: Option<RouterBody>,
}

pub(crate) const CREATE: Operation = Operation {
    id: "createResponse",
    summary: "OpenAI's Responses, answered by the best model or the one that is named",
    description: "Takes what OpenAI's API takes, but for what needs the provider to keep conversations or to run tools. Preferences go into `router` or `x-router-*` headers.",
    query: &[],
    body: Some(RequestBody {
        schema: schema::<ResponsesRequest>,
        examples: &[
            ("auto", r#"{"model": "auto", "input": "What is AI?"}"#),
            (
                "stream",
                r#"{"model": "auto:fast", "instructions": "Be brief.", "input": [{"role": "user", "content": "Tell me about rivers."}], "stream": true}"#,
            ),
        ],
    }),
    answer: Answer {
        status: 200,
        description: "A `response`, or a stream of events from `response.created` to `response.completed` or `response.incomplete`.",
        content: Content::JsonOrEvents(
            |_| json_schema!({"type": "object", "description": "A `response` of OpenAI's API."}),
            |_| json_schema!({"type": "object", "description": "A stream event of OpenAI's API, as JSON."}),
        ),
    },
    errors: &[404, 429, 502, 503, 504],
};

pub(crate) async fn create(asked: Asked) -> Result<Reply, ApiError> {
    let inbound = decode_request(&asked.body, OURS)?;
    refuse_what_nobody_takes(&inbound)?;
    let engine = &asked.app.parts.engine;
    let streamed = inbound.stream;
    let ask = into_ask(inbound, Dialect::OpenAiResponses, Vec::new(), &asked, &engine.snapshot())?;
    let created = u64::try_from(wall_clock::now().as_second()).unwrap_or_default();
    let writer = |id, model: &str| ResponseWriter::new(id_of(id), created, model, Echo::of(&asked.body));

    if streamed {
        let silence = asked.silence.within(ask.patience);
        let stream = engine.stream(ask, &asked.principal).await?;
        let voice = ResponseVoice(writer(stream.id, stream.first_choice.0.as_str()));
        return sse::respond(stream, Box::new(voice), silence).await;
    }
    let routed = engine.route(ask, &asked.principal).await?;
    let headers = compatible::headers(&routed, Spoken::OpenAi);
    let (id, reply) = (routed.id, routed.reply);
    let writer = writer(id, reply.model_id.as_str());
    let written = response(writer, reply.parts, reply.finish, &reply.usage).map_err(ApiError::Unwritable)?;
    let mut response = text(StatusCode::OK, HeaderValue::from_static("application/json"), written);
    router_headers::add(headers, &mut response);
    Ok(response)
}

/// Refuses, by its name, what an answer cannot do without and no provider is asked for: none speaks this dialect here.
fn refuse_what_nobody_takes(inbound: &Inbound) -> Result<(), ApiError> {
    match inbound.uncarried.iter().find(|lost| lost.essential) {
        None => Ok(()),
        Some(lost) => Err(ApiError::invalid(
            lost.field.clone(),
            "cannot be served: it needs what OpenAI keeps or runs itself; send the whole conversation in `input`, and functions as tools",
        )),
    }
}

/// The id of a response.
fn id_of(request: RequestId) -> String {
    format!("resp_{}", request.0.simple())
}
