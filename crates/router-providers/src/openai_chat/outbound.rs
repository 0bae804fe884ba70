//! An answer as a `chat.completion`, for a caller who speaks this dialect to a model that does not.

use router_core::conversation::{Content, Part};
use router_core::finish::FinishReason;
use router_core::usage;
use serde::Serialize;

/// What stands at the head of an answer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Head<'a> {
    /// The answer's id.
    pub id: &'a str,
    /// When it was written, in seconds since 1970.
    pub created: u64,
    /// The model that answered.
    pub model: &'a str,
}

/// Writes a whole answer.
///
/// # Errors
/// None that is known: texts and numbers can always be written.
pub fn completion(
    head: Head<'_>,
    parts: &[Part],
    finish: FinishReason,
    usage: Option<&usage::Usage>,
) -> Result<Vec<u8>, serde_json::Error> {
    let choice = Choice { index: 0, message: message(parts), logprobs: (), finish_reason: finish.name() };
    serde_json::to_vec(&Completion {
        id: head.id,
        object: "chat.completion",
        created: head.created,
        model: head.model,
        choices: [choice],
        usage: usage.map(Usage::from),
    })
}

#[derive(Serialize)]
struct Completion<'a> {
    id: &'a str,
    object: &'static str,
    created: u64,
    model: &'a str,
    choices: [Choice<'a>; 1],
    #[serde(skip_serializing_if = "Option::is_none")]
    usage: Option<Usage>,
}

#[derive(Serialize)]
struct Choice<'a> {
    index: usize,
    message: Message<'a>,
    logprobs: (),
    finish_reason: &'static str,
}

#[derive(Serialize)]
struct Message<'a> {
    role: &'static str,
    content: Option<String>,
    refusal: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    reasoning_content: Option<String>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    reasoning_details: Vec<ReasoningDetail<'a>>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    tool_calls: Vec<ToolCall<'a>>,
}

/// A piece of reasoning in OpenRouter's words: what a client hands back with its next request.
#[derive(Serialize)]
pub(super) struct ReasoningDetail<'a> {
    #[serde(flatten)]
    pub(super) kind: DetailKind<'a>,
    /// Pieces of one index are one thought.
    pub(super) index: usize,
}

#[derive(Serialize)]
#[serde(tag = "type")]
pub(super) enum DetailKind<'a> {
    #[serde(rename = "reasoning.text")]
    Text {
        #[serde(skip_serializing_if = "str::is_empty")]
        text: &'a str,
        #[serde(skip_serializing_if = "Option::is_none")]
        signature: Option<&'a str>,
    },
    #[serde(rename = "reasoning.encrypted")]
    Encrypted { data: &'a str },
}

#[derive(Serialize)]
struct ToolCall<'a> {
    id: &'a str,
    #[serde(rename = "type")]
    kind: &'static str,
    function: Called<'a>,
}

#[derive(Serialize)]
struct Called<'a> {
    name: &'a str,
    arguments: &'a str,
}

/// Arguments of a call that has none: the field is JSON text.
pub(super) const NO_ARGUMENTS: &str = "{}";

fn message(parts: &[Part]) -> Message<'_> {
    let mut message = Message {
        role: "assistant",
        content: None,
        refusal: None,
        reasoning_content: None,
        reasoning_details: Vec::new(),
        tool_calls: Vec::new(),
    };
    for part in parts {
        let index = message.reasoning_details.len();
        match &part.content {
            Content::Text(text) => message.content.get_or_insert_default().push_str(text),
            Content::Refusal(words) => message.refusal.get_or_insert_default().push_str(words),
            Content::Reasoning { text, signature } => {
                message.reasoning_content.get_or_insert_default().push_str(text);
                let kind = DetailKind::Text { text, signature: signature.as_deref() };
                message.reasoning_details.push(ReasoningDetail { kind, index });
            }
            Content::RedactedReasoning(data) => {
                message.reasoning_details.push(ReasoningDetail { kind: DetailKind::Encrypted { data }, index });
            }
            Content::ToolCall(call) => {
                let arguments = if call.arguments.trim().is_empty() { NO_ARGUMENTS } else { &call.arguments };
                let function = Called { name: &call.name, arguments };
                message.tool_calls.push(ToolCall { id: &call.id, kind: "function", function });
            }
            // Models do not write these.
            Content::Image { .. } | Content::Document { .. } | Content::ToolResult { .. } => {}
        }
    }
    message
}

/// Token counts in this dialect, which counts cached and written tokens within the prompt.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
pub struct Usage {
    prompt_tokens: u64,
    completion_tokens: u64,
    total_tokens: u64,
    prompt_tokens_details: PromptDetails,
    completion_tokens_details: CompletionDetails,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
struct PromptDetails {
    cached_tokens: u64,
    cache_write_tokens: u64,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
struct CompletionDetails {
    reasoning_tokens: u64,
}

impl From<&usage::Usage> for Usage {
    fn from(usage: &usage::Usage) -> Self {
        Self {
            prompt_tokens: usage.total_input().0,
            completion_tokens: usage.output.0,
            total_tokens: usage.total().0,
            prompt_tokens_details: PromptDetails {
                cached_tokens: usage.cache_read.0,
                cache_write_tokens: (usage.cache_write_5m + usage.cache_write_1h).0,
            },
            completion_tokens_details: CompletionDetails { reasoning_tokens: usage.reasoning.0 },
        }
    }
}
