//! Answers and reasoning of other models: the conversation as the next one is asked to go on with it.

use router_core::conversation::{Content, Conversation, Message, Part, Role};
use router_core::usage::Tokens;

use crate::call::Call;

/// The conversation with what is already said at its end, and without what only another model can read; `None` where that is
/// the conversation itself.
pub(crate) fn continued(call: &Call<'_>) -> Option<Conversation> {
    let Some(begun) = call.begun else { return has_foreign_reasoning(call).then(|| without_reasoning(call)) };
    let mut conversation = without_reasoning(call);
    conversation.max_output = limit(call);
    match conversation.messages.last_mut() {
        // The caller began the answer, too: it is one turn.
        Some(Message { role: Role::Assistant, parts }) => match parts.last_mut() {
            Some(Part { content: Content::Text(text), .. }) => text.push_str(begun.text),
            _ => parts.push(Part::text(begun.text)),
        },
        _ => conversation.messages.push(Message::text(Role::Assistant, begun.text)),
    }
    Some(conversation)
}

/// Whether reasoning would be handed back that another model signed.
pub(crate) fn has_foreign_reasoning(call: &Call<'_>) -> bool {
    let mut parts = call.conversation.messages.iter().flat_map(|message| &message.parts);
    call.foreign_reasoning && parts.any(is_reasoning)
}

fn without_reasoning(call: &Call<'_>) -> Conversation {
    let mut conversation = call.conversation.clone();
    if call.foreign_reasoning {
        conversation.messages.iter_mut().for_each(|message| message.parts.retain(|part| !is_reasoning(part)));
    }
    conversation
}

const fn is_reasoning(part: &Part) -> bool {
    matches!(part.content, Content::Reasoning { .. } | Content::RedactedReasoning(_))
}

/// How long the rest of the answer may be: what the caller wants less what is there, and no less than one token.
pub(crate) fn limit(call: &Call<'_>) -> Option<Tokens> {
    let Tokens(said) = call.begun.map_or(Tokens(0), |begun| begun.tokens);
    let left = |Tokens(wanted): Tokens| if said == 0 { wanted } else { wanted.saturating_sub(said).max(1) };
    call.conversation.max_output.map(|wanted| Tokens(left(wanted)))
}
