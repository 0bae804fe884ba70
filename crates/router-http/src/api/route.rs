//! `POST /api/route`: an answer from the best model for the prompt, or (dry run) only the choice.

use std::time::Duration;

use router_core::attempt::{Attempt, millis};
use router_core::conversation::Conversation;
use router_core::explain::Explanation;
use router_core::finish::FinishReason;
use router_core::id::{ModelId, ProviderId, RequestId};
use router_core::preferences::Preferences;
use router_core::price::Cost;
use router_core::prompt_type::PromptType;
use router_core::raw_json::RawJson;
use router_core::registry::Registry;
use router_core::usage::{Tokens, Usage};
use router_engine::ask::{Ask, CacheUse};
use router_engine::error::RouteError;
use router_engine::routed::Routed;
use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::{Deserialize, Serialize};

use super::cache_wish;
use super::prompt::{self, PromptFormat, PromptMessage};
use super::route_stream::{NativeVoice, RouteEvents};
use super::wishes::{PreferencesBody, recorded, within};
use crate::dialect::Dialect;
use crate::error::ApiError;
use crate::json::{self, Object, Word};
use crate::json_value::JsonObject;
use crate::nearest::nearest;
use crate::patience;
use crate::rate_headers;
use crate::response::{Reply, ok};
use crate::route::{Answer, Asked, Content, Operation, RequestBody, schema};
use crate::router_headers;
use crate::sse;

/// A prompt, and what is wanted of the choice and of the answer. Exactly one of `prompt` and `messages` is given.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct RouteRequest {
    /// One user turn.
    prompt: Option<String>,
    /// A conversation, oldest turn first; the last is the user's.
    messages: Option<Vec<Object<PromptMessage>>>,
    /// What is wanted of the choice.
    preferences: Option<Object<PreferencesBody>>,
    /// The type of the prompt, where the caller knows it better than the classifier.
    prompt_type: Option<Word<PromptType>>,
    /// This model first, whatever its score.
    model_id: Option<String>,
    /// Whether other models may answer when `modelId` cannot; true unless given.
    fallbacks: Option<bool>,
    /// Only choose: nobody is asked, nothing is billed or recorded.
    dry_run: Option<bool>,
    /// The answer as it comes, as server-sent events. Not with `dryRun`.
    stream: Option<bool>,
    /// How the response cache is used; else the header `x-router-cache` or `Cache-Control` says.
    cache: Option<Word<CacheUse>>,
    /// Anything; recorded with the request. At most 16 KiB of JSON.
    #[schemars(with = "Option<serde_json::Map<String, serde_json::Value>>")]
    metadata: Option<JsonObject>,
    /// The longest answer, in tokens, reasoning included.
    #[schemars(range(min = 1))]
    max_tokens: Option<u64>,
    /// How freely the model draws its words, from 0 to 2.
    #[schemars(range(min = 0, max = 2))]
    temperature: Option<f64>,
    /// The shape of the answer.
    response_format: Option<Object<PromptFormat>>,
}

/// An answer, or with `dryRun` only the choice.
#[derive(Debug, Serialize, JsonSchema)]
#[serde(untagged)]
enum RouteReply {
    Answer(Box<RouteAnswer>),
    DryRun(Box<DryRun>),
}

/// An answer, who gave it, why they were asked, and what it cost.
#[derive(Debug, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
struct RouteAnswer {
    request_id: RequestId,
    /// The model that answered.
    model_id: ModelId,
    /// Its provider.
    provider: ProviderId,
    /// What it said.
    response: String,
    #[schemars(schema_with = "finish_reason")]
    finish_reason: FinishReason,
    /// What the answering attempt consumed.
    usage: Usage,
    /// What all attempts together cost; zero from the cache.
    cost: Cost,
    /// From admission to the whole answer.
    #[serde(with = "millis")]
    #[schemars(with = "f64")]
    latency_ms: Duration,
    /// The answer came from the response cache.
    cached: bool,
    /// The answer came from a simulated provider.
    simulated: bool,
    /// Everyone that was asked, in order; empty from the cache.
    attempts: Vec<Attempt>,
    /// What of the request the provider's wire format could not carry.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    dropped: Vec<String>,
    /// Why this model, and what the alternatives were.
    #[schemars(with = "Explanation<'static>")]
    decision: RawJson,
}

/// The choice, without an answer.
#[derive(Debug, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
struct DryRun {
    request_id: RequestId,
    /// Always true.
    dry_run: bool,
    /// The model that would be asked first; null when none can take the prompt.
    model_id: Option<ModelId>,
    /// Its provider.
    provider: Option<ProviderId>,
    /// Why this model, and what the alternatives were.
    #[schemars(with = "Explanation<'static>")]
    decision: RawJson,
}

pub(super) fn finish_reason(_: &mut SchemaGenerator) -> Schema {
    json_schema!({
        "description": "Why the model stopped.",
        "type": "string",
        "enum": ["stop", "length", "tool_calls", "content_filter"],
    })
}

pub(crate) const ROUTE: Operation = Operation {
    id: "route",
    summary: "An answer from the best model for this prompt and caller",
    description: "With `dryRun: true` nobody is asked: the answer is the decision alone. With `stream: true` the answer \
                  is a stream of events, whose data is what the schema has under their names.",
    query: &[],
    body: Some(RequestBody {
        schema: schema::<RouteRequest>,
        examples: &[
            (
                "prompt",
                r#"{"prompt": "What is AI?", "preferences": {"costWeight": 0.3, "latencyWeight": 0.3, "qualityWeight": 0.4}}"#,
            ),
            (
                "conversation",
                r#"{"messages": [{"role": "system", "content": "Be brief."}, {"role": "user", "content": "Why is the sky blue?"}], "preferences": {"target": "cheapest", "minQuality": 0.6}, "maxTokens": 200}"#,
            ),
            ("stream", r#"{"prompt": "Tell me about rivers.", "stream": true}"#),
            ("dryRun", r#"{"prompt": "Write a haiku about rivers.", "dryRun": true}"#),
        ],
    }),
    answer: Answer {
        status: 200,
        description: "The answer, or the choice.",
        content: Content::JsonOrEvents(schema::<RouteReply>, schema::<RouteEvents<'_>>),
    },
    errors: &[404, 429, 502, 503, 504],
};

pub(crate) async fn route(asked: Asked) -> Result<Reply, ApiError> {
    let request: RouteRequest = json::read(&asked.body)?;
    let engine = &asked.app.parts.engine;
    let snapshot = engine.snapshot();
    let dry_run = request.dry_run.unwrap_or_default();
    let streamed = request.stream.unwrap_or_default();
    if streamed && dry_run {
        return Err(ApiError::invalid("stream", "does not go with `dryRun`, which asks nobody"));
    }
    let given = cache_wish::told(&asked.headers)?;
    let cache = request.cache.as_ref().map(|&Word(given)| given).or(given).unwrap_or_default();
    let mut ask = request.into_ask(asked.id, snapshot.settings.default_preferences.clone())?;
    ask.cache = cache;
    ask.patience = patience::told(&asked.headers);
    let hint = |error| with_hint(error, &snapshot.registry);

    if dry_run {
        let allowance = engine.admit_read(asked.id, &asked.principal).await?;
        let decision = engine.decide(&ask.conversation, &ask.preferences, &asked.principal).map_err(hint)?;
        let choice = decision.choice().map(|candidate| candidate.model.clone());
        let mut response = ok(&RouteReply::DryRun(Box::new(DryRun {
            request_id: asked.id,
            dry_run,
            model_id: choice.as_ref().map(|model| model.id.clone()),
            provider: choice.map(|model| model.provider.clone()),
            decision: RawJson::of(&Explanation::from(&decision)),
        })))?;
        rate_headers::insert(response.headers_mut(), Dialect::Native, &allowance);
        return Ok(response);
    }

    if streamed {
        let silence = asked.silence.within(ask.patience);
        let stream = engine.stream(ask, &asked.principal).await.map_err(hint)?;
        let voice = NativeVoice::new(&stream).map_err(ApiError::Unwritable)?;
        return sse::respond(stream, Box::new(voice), silence).await;
    }

    let routed = engine.route(ask, &asked.principal).await.map_err(hint)?;
    let allowance = routed.allowance;
    let headers = router_headers::of_answer(&routed);
    let mut response = ok(&RouteReply::Answer(Box::new(routed.into())))?;
    router_headers::add(headers, &mut response);
    if let Some(allowance) = allowance {
        rate_headers::insert(response.headers_mut(), Dialect::Native, &allowance);
    }
    Ok(response)
}

impl From<Routed> for RouteAnswer {
    fn from(routed: Routed) -> Self {
        let Routed { id, reply, cost, latency, cached, attempts, allowance: _ } = routed;
        Self {
            request_id: id,
            response: reply.text(),
            model_id: reply.model_id,
            provider: reply.provider,
            finish_reason: reply.finish,
            usage: reply.usage,
            cost,
            latency_ms: latency,
            cached,
            simulated: reply.simulated,
            attempts,
            dropped: reply.dropped,
            decision: reply.decision,
        }
    }
}

fn with_hint(error: RouteError, registry: &Registry) -> ApiError {
    let RouteError::UnknownModel { model } = &error else { return error.into() };
    let known = registry.models().iter().map(|model| model.id.as_str());
    let hint = nearest(model.as_str(), known).map(str::to_owned);
    ApiError::UnknownModel { model: model.as_str().chars().take(100).collect(), hint }
}

impl RouteRequest {
    /// The request as the engine takes it, over the server's default preferences.
    fn into_ask(self, id: RequestId, defaults: Preferences) -> Result<Ask, ApiError> {
        let metadata = self.metadata.as_ref().map(|given| recorded("metadata", given)).transpose()?;
        let mut conversation: Conversation = prompt::conversation(self.prompt, self.messages)?;
        conversation.max_output = match self.max_tokens {
            Some(0) => return Err(ApiError::invalid("maxTokens", "must be at least 1")),
            given => given.map(Tokens),
        };
        conversation.sampling.temperature =
            within("temperature", self.temperature, 0.0..=2.0)?.map(|given| given as f32);
        conversation.response_format =
            self.response_format.map(|Object(format)| prompt::response_format(format)).transpose()?.flatten();

        let given = self.preferences.map(|Object(given)| given).unwrap_or_default();
        let mut preferences = given.over(defaults, |field| format!("preferences.{field}"))?;
        preferences.prompt_type = self.prompt_type.map(|Word(given)| given).or(preferences.prompt_type);
        preferences.fallbacks = self.fallbacks.unwrap_or(preferences.fallbacks);
        preferences.model = match self.model_id {
            Some(id) if id.is_empty() => return Err(ApiError::invalid("modelId", "must not be empty")),
            Some(id) => Some(ModelId::from(id)),
            None => preferences.model,
        };
        Ok(Ask { preferences, metadata, ..Ask::new(id, conversation) })
    }
}
