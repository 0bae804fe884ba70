//! A conversation as a chat-completions request.

use router_core::capability::Capability;
use router_core::conversation::{self, Conversation, Effort};
use router_core::error_kind::ErrorKind;

use super::encode_messages::{Context, messages};
use super::flavour::{CacheSyntax, Flavour, output_limit};
use super::request::{
    CacheOptions, ChosenFunction, Function, Reasoning, Request, ResponseFormat, Schema, StreamOptions, Tool, ToolChoice,
};
use crate::answer::CallError;
use crate::begun;
use crate::cache_marks::CacheMarks;
use crate::call::Call;
use crate::encoded::{Dropped, Encoded};
use crate::loss_table::listed;
use crate::names::{TOOL_NAME, fit};
use crate::needs;

/// The schema's name where the caller gave none: the field is required.
const SCHEMA_NAME: &str = "output";

/// Writes the request.
///
/// # Errors
/// [`ErrorKind::Unsupported`], naming the field, for what this wire format or this model cannot take;
/// [`ErrorKind::InvalidRequest`] for what makes no sense anywhere.
pub fn encode(call: &Call<'_>, flavour: Flavour) -> Result<Encoded, CallError> {
    needs::check(call)?;
    let mut dropped = Dropped::default();
    needs::note_uncarried(call, &mut dropped)?;
    if begun::has_foreign_reasoning(call) {
        dropped.note(listed!("reasoning"));
    }
    let continued = begun::continued(call);
    let call = &Call { conversation: continued.as_ref().unwrap_or(call.conversation), ..*call };
    let (model, asked) = (call.model, call.conversation);
    let mut context = Context { flavour, model, marks: CacheMarks::of(asked), dropped: &mut dropped, marked: false };
    let tools: Vec<_> = asked.tools.iter().map(|wanted| tool(wanted, &mut context)).collect();
    let messages = messages(asked, &mut context)?;
    let marked = context.marked;
    if context.marks.changed {
        dropped.note(listed!("cache"));
    }
    let effort = effort(call, flavour, &mut dropped);
    let sampling = asked.sampling;
    let samples = model.capabilities.has(Capability::SamplingParameters);
    let limit = asked.max_output.map(|wanted| output_limit(model, wanted));
    let renamed = flavour.names_limit_completion_tokens(model) != call.limit_renamed;
    let user = dropped.unless(
        asked.user.as_deref().is_none_or(|user| flavour.takes_user(user)),
        listed!("user"),
        asked.user.as_deref(),
    );
    let has_tools = !tools.is_empty();
    let request = Request {
        model: &model.upstream_name,
        messages,
        tools,
        tool_choice: tool_choice(asked),
        parallel_tool_calls: asked.parallel_tool_calls.filter(|_| has_tools),
        response_format: asked.response_format.as_ref().map(response_format),
        reasoning_effort: effort.filter(|_| flavour != Flavour::OpenRouter),
        reasoning: effort.filter(|_| flavour == Flavour::OpenRouter).map(|effort| Reasoning { effort }),
        temperature: dropped.unless(samples, listed!("temperature"), finite("temperature", sampling.temperature)?),
        top_p: dropped.unless(samples, listed!("top_p"), finite("top_p", sampling.top_p)?),
        top_k: dropped.unless(samples && flavour.takes_top_k(), listed!("top_k"), sampling.top_k),
        max_tokens: limit.filter(|_| !renamed),
        max_completion_tokens: limit.filter(|_| renamed),
        stop: stop(call, flavour, &mut dropped),
        prompt_cache_options: (marked && flavour.cache_syntax(model) == CacheSyntax::Breakpoint)
            .then_some(CacheOptions { mode: "explicit" }),
        safety_identifier: user.filter(|_| flavour == Flavour::OpenAi),
        user: user.filter(|_| flavour != Flavour::OpenAi),
        stream: call.streamed,
        // Without it a stream does not say what it cost.
        stream_options: call.streamed.then_some(StreamOptions { include_usage: true }),
    };
    let body = serde_json::to_vec(&request).map_err(|error| {
        CallError::new(ErrorKind::InvalidRequest, format!("the request cannot be written as JSON: {error}"))
    })?;
    Ok(Encoded { body, headers: Vec::new(), dropped: dropped.into_names(), changed: Vec::new() })
}

/// JSON has no infinities.
fn finite(field: &str, value: Option<f32>) -> Result<Option<f32>, CallError> {
    match value {
        Some(value) if !value.is_finite() => {
            Err(CallError::new(ErrorKind::InvalidRequest, format!("{field}: {value} is not a number a model can use")))
        }
        value => Ok(value),
    }
}

fn effort(call: &Call<'_>, flavour: Flavour, dropped: &mut Dropped) -> Option<Effort> {
    let wanted = call.conversation.effort;
    let reasons = call.model.capabilities.has(Capability::Reasoning);
    // A model that does not reason does what `none` asks for without being told.
    let wanted =
        dropped.unless(reasons, listed!("effort"), wanted.filter(|&effort| reasons || effort != Effort::None))?;
    let nearest = flavour.nearest_effort(call.model, wanted);
    if nearest != wanted {
        dropped.note(listed!("effort"));
    }
    Some(nearest)
}

fn stop<'a>(call: &Call<'a>, flavour: Flavour, dropped: &mut Dropped) -> Vec<&'a str> {
    let texts: Vec<&str> = call.conversation.stop.iter().map(String::as_str).filter(|text| !text.is_empty()).collect();
    let most = if flavour.takes_stop(call.model) { flavour.most_stops() } else { 0 };
    if texts.len() > most || texts.len() < call.conversation.stop.len() {
        dropped.note(listed!("stop"));
    }
    texts.into_iter().take(most).collect()
}

fn tool<'a>(tool: &'a conversation::Tool, context: &mut Context<'a, '_>) -> Tool<'a> {
    context.marks.lose(tool.cache);
    let function = Function {
        name: fit(&tool.name, TOOL_NAME),
        description: tool.description.as_deref(),
        parameters: &tool.parameters,
        strict: tool.strict,
    };
    Tool { kind: "function", function }
}

fn tool_choice(asked: &Conversation) -> Option<ToolChoice<'_>> {
    match &asked.tool_choice {
        conversation::ToolChoice::Auto => None,
        conversation::ToolChoice::None => (!asked.tools.is_empty()).then_some(ToolChoice::Mode("none")),
        conversation::ToolChoice::Required => Some(ToolChoice::Mode("required")),
        conversation::ToolChoice::Named(name) => {
            Some(ToolChoice::Named { kind: "function", function: ChosenFunction { name: fit(name, TOOL_NAME) } })
        }
    }
}

fn response_format(format: &conversation::ResponseFormat) -> ResponseFormat<'_> {
    match format {
        conversation::ResponseFormat::JsonObject => ResponseFormat::JsonObject,
        conversation::ResponseFormat::JsonSchema { name, schema, strict } => {
            let name = fit(name.as_deref().unwrap_or(SCHEMA_NAME), TOOL_NAME);
            ResponseFormat::JsonSchema { json_schema: Schema { name, schema, strict: *strict } }
        }
    }
}
