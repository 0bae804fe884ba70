//! How many tokens a prompt can have at most, whoever counts: what a budget that must not be exceeded reserves.

use crate::conversation::{Content, Conversation, Part, ResponseFormat, Source};
use crate::usage::Tokens;

/// Around a part or a turn: role, separators, names of fields. OpenAI's recipe says 3 to 4.
const PER_PART: u64 = 16;

/// One image: above the 4,784 of the largest that Anthropic does not scale down.
const PER_IMAGE: u64 = 5_000;

/// A document by address, which nobody has opened: 100 pages, Anthropic's limit for most models, at its 3,000 tokens a page.
const PER_DOCUMENT: u64 = 300_000;

/// More tokens than `conversation` can have, in one pass over it.
///
/// A byte-level tokenizer makes at most one token of each byte, and no tokenizer in use makes more. Documents are the
/// exception: what their pages look like is not known, so theirs is a guess.
#[must_use]
pub fn most_input_tokens(conversation: &Conversation) -> Tokens {
    let parts = conversation.messages.iter().flat_map(|message| &message.parts).map(most_of);
    let tools = conversation.tools.iter().map(|tool| {
        let description = tool.description.as_deref().unwrap_or_default();
        length(&tool.name) + length(description) + length(&tool.parameters.to_string()) + PER_PART
    });
    let schema = match &conversation.response_format {
        Some(ResponseFormat::JsonSchema { schema, .. }) => length(&schema.to_string()),
        _ => 0,
    };
    let turns = conversation.messages.len() as u64 + 1;
    Tokens(parts.sum::<u64>() + tools.sum::<u64>() + schema + PER_PART * turns)
}

fn most_of(part: &Part) -> u64 {
    let content = match &part.content {
        Content::Text(text) | Content::Refusal(text) | Content::RedactedReasoning(text) => length(text),
        Content::Reasoning { text, signature } => length(text) + signature.as_deref().map_or(0, length),
        Content::ToolCall(call) => length(&call.name) + length(&call.arguments),
        Content::ToolResult { parts, .. } => parts.iter().map(most_of).sum(),
        Content::Image { .. } => PER_IMAGE,
        Content::Document { source: Source::Base64 { data, .. }, .. } => length(data).max(PER_IMAGE),
        Content::Document { .. } => PER_DOCUMENT,
    };
    content + PER_PART
}

fn length(text: &str) -> u64 {
    text.len() as u64
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::estimate::input_tokens;

    #[test]
    fn a_bound_is_above_every_estimate() {
        for text in ["", "a", "ab cd", "Ночь", "東京", "🦀🦀🦀", "0123456789"] {
            let conversation = Conversation::prompt(text.repeat(100));
            assert!(most_input_tokens(&conversation) > input_tokens(&conversation).all, "{text}");
        }
    }
}
