//! The messages of a caller's request as turns.

use router_core::conversation::{Content, Message, Role};
use serde_json::Value;

use super::inbound_content::{content, texts};
use crate::fields::{Fields, Path, list};
use crate::loss_table::listed;
use crate::losses::Losses;
use crate::request_error::RequestError;

/// Reads all messages.
pub(super) fn turns(value: Value, at: &Path<'_>, losses: &mut Losses) -> Result<Vec<Message>, RequestError> {
    let values = list(value, at)?;
    if values.is_empty() {
        return Err(at.wrong("at least one message is required"));
    }
    values.into_iter().enumerate().map(|(index, value)| turn(value, &at.index(index), losses)).collect()
}

fn turn(value: Value, at: &Path<'_>, losses: &mut Losses) -> Result<Message, RequestError> {
    let mut fields = Fields::of(value, at)?;
    let role = match fields.required_string("role")?.as_str() {
        "user" => Role::User,
        "assistant" => Role::Assistant,
        "system" => Role::System,
        _ => return Err(at.field("role").wrong("must be one of user, assistant and system")),
    };
    let (said, path) = (fields.required("content")?, at.field("content"));
    let parts = if role == Role::System { texts(said, &path, losses)? } else { content(said, &path, losses)? };
    if let Some(index) = parts.iter().position(|part| !may_say(role, &part.content)) {
        return Err(path.index(index).field("type").wrong("is what only the other side can say"));
    }
    for name in fields.rest() {
        losses.unknown(listed!("messages.*"), name);
    }
    Ok(Message { role, parts })
}

/// Whether such a block can stand in a turn of that role.
const fn may_say(role: Role, content: &Content) -> bool {
    match content {
        Content::ToolResult { .. } => matches!(role, Role::User),
        Content::ToolCall(_) | Content::Reasoning { .. } | Content::RedactedReasoning(_) => {
            matches!(role, Role::Assistant)
        }
        _ => true,
    }
}
