//! A caller's chat-completions request as a conversation.
//!
//! Strict about what it reads, because a translation has to be right: an error names the field as OpenAI would. Lenient about
//! the rest: a target that speaks the dialect gets the caller's own bytes and is the judge of them, and for all others what
//! is not read is named in [`Inbound::uncarried`].

use router_core::conversation::{Conversation, Effort, Sampling};
use router_core::usage::Tokens;
use serde_json::Value;

use super::inbound_messages::messages;
use super::inbound_tools::{response_format, tools};
use crate::fields::{Fields, Path, string};
use crate::inbound::{Inbound, Known, model, number, whole};
use crate::loss_table::listed;
use crate::losses::Losses;
use crate::request_error::RequestError;

/// The fields that are read here; every other one is the provider's matter.
const KNOWN: Known = Known {
    read: &[
        "model",
        "messages",
        "tools",
        "tool_choice",
        "parallel_tool_calls",
        "functions",
        "function_call",
        "response_format",
        "reasoning_effort",
        "reasoning",
        "temperature",
        "top_p",
        "top_k",
        "max_tokens",
        "max_completion_tokens",
        "stop",
        "user",
        "safety_identifier",
        "stream",
        "stream_options",
        "n",
        "modalities",
        "audio",
        "web_search_options",
    ],
    neutral: &[
        ("frequency_penalty", "0"),
        ("frequency_penalty", "0.0"),
        ("logprobs", "false"),
        ("presence_penalty", "0"),
        ("presence_penalty", "0.0"),
        ("service_tier", "\"auto\""),
        ("service_tier", "\"default\""),
        ("store", "false"),
        ("top_a", "0"),
        ("top_logprobs", "0"),
        ("verbosity", "\"medium\""),
    ],
};

/// Reads a request. `ours` are top-level fields that are meant for the router alone.
///
/// # Errors
/// What is wrong with the request, with the path of the field.
pub fn decode_request(body: &[u8], ours: &[&str]) -> Result<Inbound, RequestError> {
    let mut losses = Losses::default();
    let (map, ours) = KNOWN.sort(body, ours, &mut losses)?;
    let root = Path::BODY;
    let fields = &mut Fields::of_map(map, &root);
    let model = model(fields)?;
    let messages = messages(fields.required("messages")?, &root.field("messages"), &mut losses)?;
    let tools = tools(fields, &mut losses)?;
    let stream = fields.boolean("stream")?.unwrap_or(false);
    let conversation = Conversation {
        messages,
        tools: tools.tools,
        tool_choice: tools.choice,
        parallel_tool_calls: fields.boolean("parallel_tool_calls")?,
        response_format: response_format(fields, &mut losses)?,
        effort: effort(fields, &mut losses)?,
        sampling: sampling(fields, &mut losses)?,
        max_output: limit(fields)?,
        stop: stop(fields)?,
        user: user(fields, &mut losses)?,
    };
    let include_usage = include_usage(fields)?;
    other_answers(fields, &mut losses)?;
    Ok(Inbound { model, conversation, stream, include_usage, uncarried: losses.into_list(), ours })
}

/// `reasoning_effort`, or the effort in OpenRouter's `reasoning`.
fn effort(fields: &mut Fields<'_>, losses: &mut Losses) -> Result<Option<Effort>, RequestError> {
    let asked = fields.string("reasoning_effort")?;
    let asked = asked.map(|word| {
        effort_of(&word).ok_or_else(|| {
            Path::BODY.field("reasoning_effort").wrong("must be one of none, minimal, low, medium, high, xhigh and max")
        })
    });
    let mut asked = asked.transpose()?;
    match fields.take("reasoning") {
        Some(Value::Object(reasoning)) => {
            for (name, value) in reasoning {
                let word = value.as_str().filter(|_| name == "effort").and_then(effort_of);
                if word.is_some() {
                    asked = asked.or(word);
                } else if !value.is_null() {
                    losses.unknown(listed!("reasoning.*"), &name);
                }
            }
        }
        Some(_) => losses.minor(listed!("reasoning")),
        None => {}
    }
    Ok(asked)
}

/// The effort of that name.
pub(crate) fn effort_of(word: &str) -> Option<Effort> {
    serde_json::from_value(Value::from(word)).ok()
}

fn sampling(fields: &mut Fields<'_>, losses: &mut Losses) -> Result<Sampling, RequestError> {
    let top_k = fields.take("top_k");
    let whole = top_k.as_ref().and_then(Value::as_u64).and_then(|top_k| u32::try_from(top_k).ok());
    if top_k.is_some() && whole.is_none() {
        // Not OpenAI's own: some servers read -1 as "all of them".
        losses.minor(listed!("top_k"));
    }
    Ok(Sampling {
        temperature: number(fields, "temperature", 2.0)?,
        top_p: number(fields, "top_p", 1.0)?,
        top_k: whole,
    })
}

/// The newer name counts where both are given.
fn limit(fields: &mut Fields<'_>) -> Result<Option<Tokens>, RequestError> {
    let older = whole(fields, "max_tokens")?;
    let newer = whole(fields, "max_completion_tokens")?;
    Ok(newer.or(older).map(Tokens))
}

fn stop(fields: &mut Fields<'_>) -> Result<Vec<String>, RequestError> {
    let path = Path::BODY.field("stop");
    match fields.take("stop") {
        None => Ok(Vec::new()),
        Some(Value::String(text)) => Ok(vec![text]),
        Some(Value::Array(texts)) => {
            texts.into_iter().enumerate().map(|(at, text)| string(text, &path.index(at))).collect()
        }
        Some(other) => Err(path.not("a string or an array of strings", &other)),
    }
}

/// `user` is the older name of two that mean the same here.
fn user(fields: &mut Fields<'_>, losses: &mut Losses) -> Result<Option<String>, RequestError> {
    let (newer, older) = (fields.string("safety_identifier")?, fields.string("user")?);
    if newer.is_some() && older.as_ref().is_some_and(|older| newer.as_ref() != Some(older)) {
        losses.minor(listed!("user"));
    }
    Ok(newer.or(older))
}

fn include_usage(fields: &mut Fields<'_>) -> Result<bool, RequestError> {
    let Some(options) = fields.take("stream_options") else { return Ok(false) };
    let path = Path::BODY.field("stream_options");
    Ok(Fields::of(options, &path)?.boolean("include_usage")?.unwrap_or(false))
}

/// Answers of another kind than a conversation can ask for.
fn other_answers(fields: &mut Fields<'_>, losses: &mut Losses) -> Result<(), RequestError> {
    if whole(fields, "n")?.is_some_and(|choices| choices > 1) {
        losses.essential(listed!("n"));
    }
    let modalities = fields.list("modalities")?.unwrap_or_default();
    if modalities.iter().any(|kind| kind != "text") {
        losses.essential(listed!("modalities"));
    }
    for (name, field) in [("audio", listed!("audio")), ("web_search_options", listed!("web_search_options"))] {
        if fields.take(name).is_some() {
            losses.essential(field);
        }
    }
    Ok(())
}
