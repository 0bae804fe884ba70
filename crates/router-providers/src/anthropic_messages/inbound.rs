//! A caller's Messages request as a conversation.
//!
//! Strict about what it reads, because a translation has to be right. Lenient about the rest: a target that speaks the dialect
//! gets the caller's own bytes and is the judge of them, and for all others what is not read is named in
//! [`Inbound::uncarried`].

use router_core::conversation::{Conversation, Message, Role, Sampling};
use router_core::usage::Tokens;
use serde_json::Value;

use super::inbound_content::{cache_mark, texts};
use super::inbound_thinking::thinking;
use super::inbound_tools::tools;
use super::inbound_turns::turns;
use crate::fields::{Fields, Path, string};
use crate::inbound::{Inbound, Known, model, number};
use crate::loss_table::listed;
use crate::losses::Losses;
use crate::original::Uncarried;
use crate::request_error::RequestError;

/// The fields that are read here; every other one is the provider's matter.
const KNOWN: Known = Known {
    read: &[
        "model",
        "messages",
        "system",
        "max_tokens",
        "tools",
        "tool_choice",
        "thinking",
        "output_config",
        "output_format",
        "temperature",
        "top_p",
        "top_k",
        "stop_sequences",
        "metadata",
        "stream",
        "cache_control",
        "mcp_servers",
        "container",
    ],
    neutral: &[("service_tier", "\"auto\""), ("service_tier", "\"standard_only\""), ("speed", "\"standard\"")],
};

/// Reads a request. `ours` are top-level fields that are meant for the router alone.
///
/// # Errors
/// What is wrong with the request, with the path of the field.
pub fn decode_request(body: &[u8], ours: &[&str]) -> Result<Inbound, RequestError> {
    let mut inbound = decode_count_request(body, ours)?;
    match inbound.conversation.max_output {
        Some(Tokens(0)) => {
            // Only fills the prompt cache, which no other dialect can ask for.
            inbound.uncarried.push(Uncarried { field: "max_tokens".into(), essential: true });
            inbound.conversation.max_output = Some(Tokens(1));
        }
        Some(_) => {}
        None => return Err(Path::BODY.field("max_tokens").missing()),
    }
    Ok(inbound)
}

/// Reads a request whose tokens are to be counted: it need not say how long the answer may be.
///
/// # Errors
/// As [`decode_request`].
pub fn decode_count_request(body: &[u8], ours: &[&str]) -> Result<Inbound, RequestError> {
    let mut losses = Losses::default();
    let (map, ours) = KNOWN.sort(body, ours, &mut losses)?;
    let root = Path::BODY;
    let fields = &mut Fields::of_map(map, &root);
    let model = model(fields)?;
    let mut messages = system(fields, &mut losses)?;
    messages.extend(turns(fields.required("messages")?, &root.field("messages"), &mut losses)?);
    if let Some(mark) = fields.take("cache_control")
        && let Some(last) = messages.last_mut().and_then(|last| last.parts.last_mut())
    {
        last.cache = last.cache.or(cache_mark(Some(&mark)));
    }
    let tools = tools(fields, &mut losses)?;
    let thinking = thinking(fields, &mut losses)?;
    let conversation = Conversation {
        messages,
        tools: tools.tools,
        tool_choice: tools.choice,
        parallel_tool_calls: tools.parallel,
        response_format: thinking.format,
        effort: thinking.effort,
        sampling: Sampling {
            temperature: number(fields, "temperature", 1.0)?,
            top_p: number(fields, "top_p", 1.0)?,
            top_k: count(fields, "top_k")?.map(|top_k| u32::try_from(top_k).unwrap_or(u32::MAX)),
        },
        max_output: count(fields, "max_tokens")?.map(Tokens),
        stop: stop(fields)?,
        user: user(fields, &mut losses)?,
    };
    let stream = fields.boolean("stream")?.unwrap_or(false);
    for (name, field) in [("mcp_servers", listed!("mcp_servers")), ("container", listed!("container"))] {
        if fields.take(name).is_some_and(|value| value != Value::Array(Vec::new())) {
            losses.essential(field);
        }
    }
    Ok(Inbound { model, conversation, stream, include_usage: true, uncarried: losses.into_list(), ours })
}

fn system(fields: &mut Fields<'_>, losses: &mut Losses) -> Result<Vec<Message>, RequestError> {
    let Some(system) = fields.take("system") else { return Ok(Vec::new()) };
    let parts = texts(system, &Path::BODY.field("system"), losses)?;
    Ok(if parts.is_empty() { Vec::new() } else { vec![Message { role: Role::System, parts }] })
}

/// A whole number, 0 included: for the longest answer it means that the prompt is only to be read into the cache.
fn count(fields: &mut Fields<'_>, name: &str) -> Result<Option<u64>, RequestError> {
    let Some(value) = fields.take(name) else { return Ok(None) };
    let path = Path::BODY.field(name);
    match value.as_u64() {
        Some(count) => Ok(Some(count)),
        None if !value.is_number() => Err(path.not("an integer", &value)),
        None => Err(path.wrong("must be a whole number of at least 0")),
    }
}

fn stop(fields: &mut Fields<'_>) -> Result<Vec<String>, RequestError> {
    let path = Path::BODY.field("stop_sequences");
    let texts = fields.list("stop_sequences")?.unwrap_or_default();
    texts.into_iter().enumerate().map(|(at, text)| string(text, &path.index(at))).collect()
}

fn user(fields: &mut Fields<'_>, losses: &mut Losses) -> Result<Option<String>, RequestError> {
    let Some(metadata) = fields.take("metadata") else { return Ok(None) };
    let path = Path::BODY.field("metadata");
    let mut metadata = Fields::of(metadata, &path)?;
    let user = metadata.string("user_id")?;
    for name in metadata.rest() {
        losses.unknown(listed!("metadata.*"), name);
    }
    Ok(user)
}
