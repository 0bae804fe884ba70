//! A caller's Responses request as a conversation.
//!
//! As strict and as lenient as the chat codec: what is read has to be right, and what is not read is named in
//! [`Inbound::uncarried`]. Nothing is kept between requests here, so whatever refers to what OpenAI keeps is essential.

use router_core::conversation::{Conversation, Effort, Message, ResponseFormat, Role, Sampling};
use router_core::usage::Tokens;
use serde_json::Value;

use super::inbound_items::items;
use super::inbound_tools::tools;
use crate::fields::{Fields, Path};
use crate::inbound::{Inbound, Known, model, number, whole};
use crate::loss_table::{Listed, listed};
use crate::losses::Losses;
use crate::openai_chat::inbound::effort_of;
use crate::request_error::RequestError;

/// The fields that are read here.
const KNOWN: Known = Known {
    read: &[
        "model",
        "input",
        "instructions",
        "tools",
        "tool_choice",
        "parallel_tool_calls",
        "text",
        "reasoning",
        "temperature",
        "top_p",
        "max_output_tokens",
        "user",
        "safety_identifier",
        "stream",
        "stream_options",
        "store",
        "include",
        "previous_response_id",
        "conversation",
        "prompt",
        "background",
    ],
    neutral: &[
        ("service_tier", "\"auto\""),
        ("service_tier", "\"default\""),
        ("top_logprobs", "0"),
        ("truncation", "\"disabled\""),
    ],
};

/// What refers to something that OpenAI keeps, or does later.
const KEPT: [Listed; 3] = [listed!("previous_response_id"), listed!("conversation"), listed!("prompt")];

/// What may be asked for beside the answer and is in every answer here.
const ALWAYS_INCLUDED: &str = "reasoning.encrypted_content";

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
    let instructions = fields.string("instructions")?.filter(|text| !text.is_empty());
    let mut messages: Vec<Message> = instructions.map(|text| Message::text(Role::System, text)).into_iter().collect();
    kept(fields, &mut losses)?;
    messages.extend(items(fields.required("input")?, &root.field("input"), &mut losses)?);
    let tools = tools(fields, &mut losses)?;
    let (newer, older) = (fields.string("safety_identifier")?, fields.string("user")?);
    let conversation = Conversation {
        messages,
        tools: tools.tools,
        tool_choice: tools.choice,
        parallel_tool_calls: fields.boolean("parallel_tool_calls")?,
        response_format: format(fields, &mut losses)?,
        effort: effort(fields, &mut losses)?,
        sampling: Sampling {
            temperature: number(fields, "temperature", 2.0)?,
            top_p: number(fields, "top_p", 1.0)?,
            top_k: None,
        },
        max_output: whole(fields, "max_output_tokens")?.map(Tokens),
        stop: Vec::new(),
        user: newer.or(older),
    };
    let stream = fields.boolean("stream")?.unwrap_or(false);
    // How the stream is padded is no matter of what it says.
    fields.take("stream_options");
    Ok(Inbound { model, conversation, stream, include_usage: true, uncarried: losses.into_list(), ours })
}

fn kept(fields: &mut Fields<'_>, losses: &mut Losses) -> Result<(), RequestError> {
    for field in KEPT {
        if fields.take(field.name()).is_some() {
            losses.essential(field);
        }
    }
    if fields.boolean("background")? == Some(true) {
        losses.essential(listed!("background"));
    }
    if fields.boolean("store")? == Some(true) {
        losses.minor(listed!("store"));
    }
    for asked in fields.list("include")?.unwrap_or_default() {
        if asked != ALWAYS_INCLUDED {
            losses.unknown(listed!("include.*"), asked.as_str().unwrap_or_default());
        }
    }
    Ok(())
}

fn effort(fields: &mut Fields<'_>, losses: &mut Losses) -> Result<Option<Effort>, RequestError> {
    let Some(reasoning) = fields.take("reasoning") else { return Ok(None) };
    let path = Path::BODY.field("reasoning");
    let mut reasoning = Fields::of(reasoning, &path)?;
    let level = reasoning.string("effort")?.map(|word| {
        let why = "must be one of none, minimal, low, medium, high, xhigh and max";
        effort_of(&word).ok_or_else(|| path.field("effort").wrong(why))
    });
    // What a model says of its reasoning is passed on as it comes.
    reasoning.take("summary");
    reasoning.take("generate_summary");
    for name in reasoning.rest() {
        losses.unknown(listed!("reasoning.*"), name);
    }
    level.transpose()
}

fn format(fields: &mut Fields<'_>, losses: &mut Losses) -> Result<Option<ResponseFormat>, RequestError> {
    let Some(text) = fields.take("text") else { return Ok(None) };
    let path = Path::BODY.field("text");
    let mut text = Fields::of(text, &path)?;
    if text.string("verbosity")?.is_some_and(|level| level != "medium") {
        losses.minor(listed!("text.verbosity"));
    }
    let format = text.take("format").map(|format| shape(format, &path.field("format"), losses));
    for name in text.rest() {
        losses.unknown(listed!("text.*"), name);
    }
    Ok(format.transpose()?.flatten())
}

fn shape(format: Value, at: &Path<'_>, losses: &mut Losses) -> Result<Option<ResponseFormat>, RequestError> {
    let mut format = Fields::of(format, at)?;
    match format.required_string("type")?.as_str() {
        "text" => Ok(None),
        "json_object" => Ok(Some(ResponseFormat::JsonObject)),
        "json_schema" => {
            let (name, strict) = (format.string("name")?, format.boolean("strict")?);
            let schema = format.required("schema")?;
            if !schema.is_object() {
                return Err(at.field("schema").not("an object", &schema));
            }
            for name in format.rest() {
                losses.unknown(listed!("text.format.*"), name);
            }
            Ok(Some(ResponseFormat::JsonSchema { name, schema, strict }))
        }
        _ => {
            // Grammars.
            losses.essential(listed!("text.format.type"));
            Ok(None)
        }
    }
}
