//! The turns of a conversation as alternating user and assistant turns.

use router_core::conversation::{self, Content, Conversation, Role};

use super::encode_blocks::{Context, block};
use super::request::{Block, BlockKind, Turn, TurnRole};
use crate::answer::CallError;
use crate::loss_table::listed;
use crate::needs::unsupported;

/// The system blocks and the turns.
///
/// All system turns go to the top: those in the middle are not known to every model. Neighbours of one role become one turn,
/// with tool results first, as the API demands. Empty texts are left out, because it refuses them.
pub(super) fn turns<'a>(
    asked: &'a Conversation,
    context: &mut Context<'_>,
) -> Result<(Vec<Block<'a>>, Vec<Turn<'a>>), CallError> {
    let mut system = Vec::new();
    let mut turns: Vec<Turn<'a>> = Vec::with_capacity(asked.messages.len());
    // The order of the prompt, which the cache markers need: system first.
    for message in asked.messages.iter().filter(|message| message.role == Role::System) {
        system.append(&mut system_blocks(message, context)?);
    }
    let mut begun = false;
    for message in &asked.messages {
        let role = match message.role {
            Role::System if begun => {
                context.dropped.note(listed!("messages.position_of_system"));
                continue;
            }
            Role::System => continue,
            Role::User | Role::Tool => TurnRole::User,
            Role::Assistant => TurnRole::Assistant,
        };
        begun = true;
        let content = blocks(message, role, context)?;
        match turns.last_mut() {
            _ if content.is_empty() => {}
            Some(last) if last.role == role => last.content.extend(content),
            _ => turns.push(Turn { role, content }),
        }
    }
    for turn in turns.iter_mut().filter(|turn| turn.role == TurnRole::User) {
        // A stable sort: `false` comes first.
        turn.content.sort_by_key(|block| !matches!(block.kind, BlockKind::ToolResult { .. }));
    }
    if turns.first().is_none_or(|first| first.role != TurnRole::User) {
        return Err(unsupported("messages", "the first turn that says anything has to be the user's"));
    }
    trim_prefill(&mut turns, context);
    Ok((system, turns))
}

fn system_blocks<'a>(
    message: &'a conversation::Message,
    context: &mut Context<'_>,
) -> Result<Vec<Block<'a>>, CallError> {
    let mut system = Vec::with_capacity(message.parts.len());
    for part in &message.parts {
        match &part.content {
            Content::Text(_) => system.extend(block(part, context)?),
            _ => return Err(unsupported("messages", "a system turn holds text alone")),
        }
    }
    Ok(system)
}

fn blocks<'a>(
    message: &'a conversation::Message,
    role: TurnRole,
    context: &mut Context<'_>,
) -> Result<Vec<Block<'a>>, CallError> {
    let mut content = Vec::with_capacity(message.parts.len());
    for part in &message.parts {
        let theirs = match &part.content {
            Content::Image { .. } | Content::Document { .. } | Content::ToolResult { .. } => role == TurnRole::User,
            Content::ToolCall(_) | Content::Reasoning { .. } | Content::RedactedReasoning(_) => {
                role == TurnRole::Assistant
            }
            Content::Text(_) | Content::Refusal(_) => true,
        };
        if !theirs {
            return Err(unsupported("messages", "a turn holds what only the other side can say"));
        }
        content.extend(block(part, context)?);
    }
    Ok(content)
}

/// The API refuses an answer begun for the model that ends in white space.
fn trim_prefill(turns: &mut Vec<Turn<'_>>, context: &mut Context<'_>) {
    let Some(last) = turns.last_mut().filter(|last| last.role == TurnRole::Assistant) else { return };
    let Some(Block { kind: BlockKind::Text { text }, .. }) = last.content.last_mut() else { return };
    let kept = text.trim_end().len();
    if kept < text.len() {
        context.dropped.note(listed!("messages.trailing_space"));
        text.to_mut().truncate(kept);
    }
}
