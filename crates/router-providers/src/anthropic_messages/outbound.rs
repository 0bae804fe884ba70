//! An answer as a message, for a caller who speaks this dialect to a model that does not.

use router_core::conversation::{Content, Part};
use router_core::finish::FinishReason;
use router_core::usage;
use serde::Serialize;
use serde_json::value::RawValue;

use super::encode_blocks::object;

/// Writes a whole answer of that id and model.
///
/// # Errors
/// None that is known: texts and numbers can always be written.
pub fn message(
    id: &str,
    model: &str,
    parts: &[Part],
    finish: FinishReason,
    usage: &usage::Usage,
) -> Result<Vec<u8>, serde_json::Error> {
    let content = parts.iter().filter_map(|part| block(&part.content)).collect();
    let refusal = parts.iter().find_map(|part| match &part.content {
        Content::Refusal(words) => Some(words.as_str()),
        _ => None,
    });
    let stop = Stop::of(finish, refusal);
    serde_json::to_vec(&Message {
        id,
        kind: "message",
        role: "assistant",
        model,
        content,
        stop,
        usage: Some(Usage::from(usage)),
    })
}

#[derive(Serialize)]
struct Message<'a> {
    id: &'a str,
    #[serde(rename = "type")]
    kind: &'static str,
    role: &'static str,
    model: &'a str,
    content: Vec<Block<'a>>,
    #[serde(flatten)]
    stop: Stop<'a>,
    usage: Option<Usage>,
}

/// Why the model stopped.
#[derive(Serialize)]
pub(super) struct Stop<'a> {
    stop_reason: &'static str,
    /// Which of the caller's texts it came to; no other dialect says so.
    stop_sequence: (),
    stop_details: Option<Details<'a>>,
}

#[derive(Serialize)]
struct Details<'a> {
    #[serde(rename = "type")]
    kind: &'static str,
    category: (),
    explanation: Option<&'a str>,
}

impl<'a> Stop<'a> {
    /// `refusal` is in what words the model declined: elsewhere such an answer ends like any other.
    pub(super) fn of(finish: FinishReason, refusal: Option<&'a str>) -> Self {
        let stop_reason = match finish {
            _ if refusal.is_some() => "refusal",
            FinishReason::Stop => "end_turn",
            FinishReason::Length => "max_tokens",
            FinishReason::ToolCalls => "tool_use",
            FinishReason::ContentFilter => "refusal",
        };
        let details = Details { kind: "refusal", category: (), explanation: refusal };
        let stop_details = (stop_reason == "refusal").then_some(details);
        Self { stop_reason, stop_sequence: (), stop_details }
    }
}

/// A block of an answer.
#[derive(Serialize)]
#[serde(tag = "type", rename_all = "snake_case")]
pub(super) enum Block<'a> {
    Text { text: &'a str },
    Thinking { thinking: &'a str, signature: &'a str },
    RedactedThinking { data: &'a str },
    ToolUse { id: &'a str, name: &'a str, input: Box<RawValue> },
}

fn block(content: &Content) -> Option<Block<'_>> {
    Some(match content {
        Content::Text(text) | Content::Refusal(text) => Block::Text { text },
        Content::Reasoning { text, signature } => {
            // The field is required, and empty at servers that sign nothing.
            Block::Thinking { thinking: text, signature: signature.as_deref().unwrap_or_default() }
        }
        Content::RedactedReasoning(data) => Block::RedactedThinking { data },
        Content::ToolCall(call) => {
            Block::ToolUse { id: &call.id, name: &call.name, input: object(&call.arguments).ok()?.0 }
        }
        // Models do not write these.
        Content::Image { .. } | Content::Document { .. } | Content::ToolResult { .. } => return None,
    })
}

/// Token counts in this dialect, which counts cached and written tokens beside the input.
#[derive(Debug, Clone, Copy, Default, Serialize)]
pub(super) struct Usage {
    input_tokens: u64,
    cache_creation_input_tokens: u64,
    cache_read_input_tokens: u64,
    cache_creation: CacheCreation,
    output_tokens: u64,
    output_tokens_details: OutputDetails,
}

#[derive(Debug, Clone, Copy, Default, Serialize)]
struct CacheCreation {
    ephemeral_5m_input_tokens: u64,
    ephemeral_1h_input_tokens: u64,
}

#[derive(Debug, Clone, Copy, Default, Serialize)]
struct OutputDetails {
    thinking_tokens: u64,
}

impl From<&usage::Usage> for Usage {
    fn from(usage: &usage::Usage) -> Self {
        Self {
            input_tokens: usage.input.0,
            cache_creation_input_tokens: (usage.cache_write_5m + usage.cache_write_1h).0,
            cache_read_input_tokens: usage.cache_read.0,
            cache_creation: CacheCreation {
                ephemeral_5m_input_tokens: usage.cache_write_5m.0,
                ephemeral_1h_input_tokens: usage.cache_write_1h.0,
            },
            output_tokens: usage.output.0,
            output_tokens_details: OutputDetails { thinking_tokens: usage.reasoning.0 },
        }
    }
}
