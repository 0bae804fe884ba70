//! A conversation as a Messages request.

use std::borrow::Cow;

use router_core::capability::Capability;
use router_core::conversation::{self, Conversation, ResponseFormat};
use router_core::error_kind::ErrorKind;
use router_core::model::Model;
use router_core::usage::Tokens;
use serde_json::{Value, json};

use super::encode_blocks::Context;
use super::encode_turns::turns;
use super::request::{Block, BlockKind, Format, Metadata, OutputConfig, Request, Thinking, Tool, ToolChoice};
use super::schema;
use super::thinking::{self, Plan};
use super::version::{VERSION, VERSION_HEADER, VERSION_WITH_SAMPLING};
use crate::answer::CallError;
use crate::begun;
use crate::cache_marks::CacheMarks;
use crate::call::Call;
use crate::encoded::{Dropped, Encoded};
use crate::loss_table::listed;
use crate::names::{TOOL_NAME, fit};
use crate::needs;

/// `max_tokens` is required. Where neither caller nor catalogue has one: what the smallest model still offered gives.
const FALLBACK_MAX_TOKENS: u64 = 4_096;

/// What stands in for JSON mode, which this API does not have.
const JSON_HINT: &str = "Answer with one JSON object and nothing else.";

/// The longest `metadata.user_id`.
const LONGEST_USER: usize = 256;

/// Writes the request.
///
/// # Errors
/// [`ErrorKind::Unsupported`], naming the field, for what this wire format or this model cannot take;
/// [`ErrorKind::InvalidRequest`] for what makes no sense anywhere.
pub fn encode(call: &Call<'_>) -> Result<Encoded, CallError> {
    needs::check(call)?;
    let mut dropped = Dropped::default();
    needs::note_uncarried(call, &mut dropped)?;
    if begun::has_foreign_reasoning(call) {
        dropped.note(listed!("reasoning"));
    }
    let continued = begun::continued(call);
    let call = &Call { conversation: continued.as_ref().unwrap_or(call.conversation), ..*call };
    let (model, asked) = (call.model, call.conversation);
    let mut context = Context { marks: CacheMarks::of(asked), dropped: &mut dropped };
    let tools: Vec<_> = asked.tools.iter().map(|wanted| tool(wanted, &mut context)).collect();
    let (mut system, messages) = turns(asked, &mut context)?;
    if context.marks.changed {
        dropped.note(listed!("cache"));
    }
    let max_tokens = max_tokens(model, asked.max_output);
    let Plan { thinking, effort } = thinking::plan(call, max_tokens, &mut dropped);
    let format = format(asked, &mut system, &mut dropped);
    let thinks = matches!(thinking, Some(Thinking::Enabled { .. } | Thinking::Adaptive { .. }));
    let sampling = sampling(call, thinks, &mut dropped)?;
    let version = if sampling.is_set() { VERSION_WITH_SAMPLING } else { VERSION };
    let request = Request {
        model: &model.upstream_name,
        max_tokens,
        tool_choice: tool_choice(asked),
        tools,
        system,
        messages,
        thinking,
        output_config: OutputConfig { effort, format },
        temperature: sampling.temperature,
        top_p: sampling.top_p,
        top_k: sampling.top_k,
        stop_sequences: stop(asked, &mut dropped),
        metadata: user(asked, &mut dropped).map(|user_id| Metadata { user_id }),
        stream: call.streamed,
    };
    let body = serde_json::to_vec(&request).map_err(|error| {
        CallError::new(ErrorKind::InvalidRequest, format!("the request cannot be written as JSON: {error}"))
    })?;
    let headers = vec![(VERSION_HEADER, version.to_owned())];
    Ok(Encoded { body, headers, dropped: dropped.into_names(), changed: Vec::new() })
}

fn max_tokens(model: &Model, wanted: Option<Tokens>) -> u64 {
    match (wanted, model.max_output_tokens) {
        (Some(wanted), Tokens(0)) => wanted.0,
        (Some(wanted), most) => wanted.min(most).0,
        (None, Tokens(0)) => FALLBACK_MAX_TOKENS,
        (None, most) => most.0,
    }
}

fn tool<'a>(tool: &'a conversation::Tool, context: &mut Context<'_>) -> Tool<'a> {
    Tool {
        name: fit(&tool.name, TOOL_NAME),
        description: tool.description.as_deref(),
        input_schema: input_schema(&tool.parameters),
        strict: tool.strict,
        cache_control: context.marks.take(tool.cache).map(Into::into),
    }
}

/// The API wants an object schema that says so.
fn input_schema(parameters: &Value) -> Cow<'_, Value> {
    match parameters {
        Value::Object(schema) if schema.contains_key("type") => Cow::Borrowed(parameters),
        Value::Object(schema) => {
            let mut schema = schema.clone();
            schema.insert("type".into(), "object".into());
            Cow::Owned(Value::Object(schema))
        }
        _ => Cow::Owned(json!({"type": "object"})),
    }
}

fn tool_choice(asked: &Conversation) -> Option<ToolChoice<'_>> {
    if asked.tools.is_empty() {
        return None;
    }
    let one_at_a_time = asked.parallel_tool_calls == Some(false);
    let (kind, name) = match &asked.tool_choice {
        conversation::ToolChoice::Auto if !one_at_a_time => return None,
        conversation::ToolChoice::Auto => ("auto", None),
        conversation::ToolChoice::None => ("none", None),
        conversation::ToolChoice::Required => ("any", None),
        conversation::ToolChoice::Named(name) => ("tool", Some(fit(name, TOOL_NAME))),
    };
    Some(ToolChoice { kind, name, disable_parallel_tool_use: one_at_a_time && kind != "none" })
}

/// Structured output, or the nearest thing to it.
fn format(asked: &Conversation, system: &mut Vec<Block<'_>>, dropped: &mut Dropped) -> Option<Format> {
    match asked.response_format.as_ref()? {
        ResponseFormat::JsonObject => {
            dropped.note(listed!("response_format"));
            system.push(Block { kind: BlockKind::Text { text: JSON_HINT.into() }, cache_control: None });
            None
        }
        ResponseFormat::JsonSchema { name, schema, .. } => {
            let (schema, changed) = schema::accepted(schema);
            if changed {
                dropped.note(listed!("response_format.schema"));
            }
            if name.is_some() {
                dropped.note(listed!("response_format.name"));
            }
            Some(Format { kind: "json_schema", schema })
        }
    }
}

/// Sampling parameters where the model takes them and does not think: temperature up to 1, and not both it and `top_p`.
fn sampling(call: &Call<'_>, thinks: bool, dropped: &mut Dropped) -> Result<conversation::Sampling, CallError> {
    let wanted = call.conversation.sampling;
    for (field, value) in [("temperature", wanted.temperature), ("top_p", wanted.top_p)] {
        if value.is_some_and(|value| !value.is_finite()) {
            return Err(CallError::new(ErrorKind::InvalidRequest, format!("{field}: not a number a model can use")));
        }
    }
    let samples = call.model.capabilities.has(Capability::SamplingParameters) && !thinks;
    if wanted.temperature.is_some_and(|temperature| temperature > 1.0) {
        dropped.note(listed!("temperature"));
    }
    let temperature = wanted.temperature.map(|temperature| temperature.min(1.0));
    Ok(conversation::Sampling {
        temperature: dropped.unless(samples, listed!("temperature"), temperature),
        top_p: dropped.unless(samples && temperature.is_none(), listed!("top_p"), wanted.top_p),
        top_k: dropped.unless(samples, listed!("top_k"), wanted.top_k),
    })
}

fn stop<'a>(asked: &'a Conversation, dropped: &mut Dropped) -> Vec<&'a str> {
    let texts: Vec<_> = asked.stop.iter().map(String::as_str).filter(|text| !text.trim().is_empty()).collect();
    if texts.len() < asked.stop.len() {
        dropped.note(listed!("stop"));
    }
    texts
}

/// Names of people are refused: the API wants something opaque.
fn user<'a>(asked: &'a Conversation, dropped: &mut Dropped) -> Option<&'a str> {
    let user = asked.user.as_deref();
    let opaque = user.is_none_or(|user| !user.contains('@') && user.chars().count() <= LONGEST_USER);
    dropped.unless(opaque, listed!("user"), user)
}
