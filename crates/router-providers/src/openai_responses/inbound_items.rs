//! The items of a caller's request as turns.

use router_core::conversation::{Content, Message, Part, Role, ToolCall};
use serde_json::Value;

use super::inbound_content::content;
use super::thought;
use crate::fields::{Fields, Path};
use crate::loss_table::listed;
use crate::losses::Losses;
use crate::request_error::RequestError;

/// What stands for items of a kind that is not known here: tools that OpenAI runs, and references to what it keeps.
const UNKNOWN_ITEM: &str = "input.type";

/// Reads the input. What the assistant says in several items is one turn.
pub(super) fn items(input: Value, at: &Path<'_>, losses: &mut Losses) -> Result<Vec<Message>, RequestError> {
    let values = match input {
        Value::String(text) => return Ok(vec![Message::text(Role::User, text)]),
        Value::Array(values) if values.is_empty() => return Err(at.wrong("must not be empty")),
        Value::Array(values) => values,
        other => return Err(at.not("a string or an array of items", &other)),
    };
    let mut messages: Vec<Message> = Vec::with_capacity(values.len());
    for (index, value) in values.into_iter().enumerate() {
        let Some((role, parts)) = item(value, &at.index(index), losses)? else { continue };
        match messages.last_mut() {
            Some(last) if role == Role::Assistant && last.role == role => last.parts.extend(parts),
            _ => messages.push(Message { role, parts }),
        }
    }
    Ok(messages)
}

/// Who says what; `None` for an item that a conversation has no place for.
fn item(value: Value, at: &Path<'_>, losses: &mut Losses) -> Result<Option<(Role, Vec<Part>)>, RequestError> {
    let mut fields = Fields::of(value, at)?;
    let kind = fields.string("type")?.unwrap_or_else(|| "message".to_owned());
    // Items of earlier answers come back with these; they say nothing to a model.
    for name in ["id", "status", "phase"] {
        fields.take(name);
    }
    let said = match kind.as_str() {
        "message" => message(&mut fields, at, losses)?,
        "reasoning" => (Role::Assistant, reasoning(&mut fields, losses)?),
        "function_call" => {
            let call = ToolCall {
                id: fields.required_string("call_id")?,
                name: fields.required_string("name")?,
                arguments: fields.required_string("arguments")?,
            };
            (Role::Assistant, vec![Content::ToolCall(call).into()])
        }
        "function_call_output" => {
            let call_id = fields.required_string("call_id")?;
            let parts = content(fields.required("output")?, &at.field("output"), losses)?;
            (Role::Tool, vec![Content::ToolResult { call_id, parts, is_error: false }.into()])
        }
        _ => {
            losses.essential(listed!(UNKNOWN_ITEM));
            return Ok(None);
        }
    };
    for name in fields.rest() {
        losses.unknown(listed!("input.*"), name);
    }
    Ok(Some(said))
}

fn message(fields: &mut Fields<'_>, at: &Path<'_>, losses: &mut Losses) -> Result<(Role, Vec<Part>), RequestError> {
    let role = match fields.required_string("role")?.as_str() {
        "user" => Role::User,
        "assistant" => Role::Assistant,
        "system" | "developer" => Role::System,
        _ => return Err(at.field("role").wrong("must be one of user, assistant, system and developer")),
    };
    Ok((role, content(fields.required("content")?, &at.field("content"), losses)?))
}

/// Reasoning that is handed back. What OpenAI encrypted is left out: no other can read it.
fn reasoning(fields: &mut Fields<'_>, losses: &mut Losses) -> Result<Vec<Part>, RequestError> {
    let (summary, said) = (fields.list("summary")?.unwrap_or_default(), fields.list("content")?.unwrap_or_default());
    let text: String = summary.iter().chain(&said).filter_map(|part| part["text"].as_str()).collect();
    let content = match fields.string("encrypted_content")? {
        None => Some(Content::Reasoning { text, signature: None }),
        Some(encrypted) => {
            let plain = (!text.is_empty()).then(|| Content::Reasoning { text: text.clone(), signature: None });
            thought::read(text, &encrypted).or_else(|| {
                losses.minor(listed!("input.encrypted_content"));
                plain
            })
        }
    };
    let says_something =
        |content: &Content| !matches!(content, Content::Reasoning { text, signature: None } if text.is_empty());
    Ok(content.into_iter().filter(says_something).map(Part::from).collect())
}
