//! A chat-completions response as an answer.

use router_core::conversation::{Content, Part, ToolCall};
use serde_json::Value;

use super::finish::finish_reason;
use super::response::{self, Choice, Consumed, Message, ReasoningDetail, Response};
use super::usage::usage;
use crate::answer::{Answer, CallError};
use crate::checked_json;
use crate::fault;
use router_core::finish::FinishReason;

/// Reads the body of a response with a status of success. Of several choices the first counts: we ask for one.
///
/// # Errors
/// What the body says, where it holds an error in spite of the status;
/// [`ErrorKind::Malformed`](router_core::error_kind::ErrorKind::Malformed) where it is not a whole answer.
pub fn decode(body: &[u8]) -> Result<Answer, CallError> {
    read(body).map_err(|error| fault::with_usage(error, body, |body: &Consumed| body.usage.as_ref().and_then(usage)))
}

fn read(body: &[u8]) -> Result<Answer, CallError> {
    fault::none_within(body)?;
    let response: Response = checked_json::read(body).map_err(fault::not_json)?;
    let choice = response.choices.unwrap_or_default().into_iter().next();
    let Some(Choice { finish_reason: finish, message: Some(message) }) = choice else {
        return Err(fault::malformed("the response has no choices"));
    };
    let Some(finish) = finish else { return Err(fault::malformed("the answer has no finish_reason")) };
    let Some(finish) = finish_reason(&finish) else {
        return Err(fault::malformed(&format!("the answer ended with finish_reason {finish:?}")));
    };
    let parts = parts(message, response.id.as_deref());
    let calls = parts.iter().any(|part| matches!(part.content, Content::ToolCall(_)));
    let finish = match finish {
        // A forced call of a named tool ends with `stop` at OpenAI itself.
        FinishReason::Stop if calls => FinishReason::ToolCalls,
        FinishReason::ToolCalls if !calls => {
            return Err(fault::malformed("the answer announces tool calls and has none"));
        }
        finish => finish,
    };
    Ok(Answer {
        parts,
        finish,
        usage: response.usage.as_ref().and_then(usage),
        upstream_id: response.id,
        upstream_model: response.model,
        dropped: Vec::new(),
        changed: Vec::new(),
        original: None,
    })
}

/// Reasoning, then text, then tool calls: the order in which models write them.
fn parts(message: Message, answer_id: Option<&str>) -> Vec<Part> {
    let mut parts = Vec::new();
    match message.reasoning_details {
        Some(details) if !details.is_empty() => parts.extend(details.into_iter().filter_map(reasoning)),
        _ => parts.extend(message.reasoning_content.or(message.reasoning).and_then(thought)),
    }
    match message.content {
        Some(Value::String(text)) => parts.extend(said(text)),
        Some(Value::Array(blocks)) => parts.extend(blocks.into_iter().filter_map(block)),
        _ => {}
    }
    parts.extend(message.refusal.filter(|words| !words.is_empty()).map(Content::Refusal));
    let calls = message.tool_calls.unwrap_or_default().into_iter().enumerate();
    parts.extend(calls.filter_map(|(index, call)| tool_call(call, index, answer_id)));
    parts.into_iter().map(Part::from).collect()
}

fn said(text: String) -> Option<Content> {
    (!text.is_empty()).then_some(Content::Text(text))
}

fn thought(text: String) -> Option<Content> {
    (!text.is_empty()).then_some(Content::Reasoning { text, signature: None })
}

pub(super) fn reasoning(detail: ReasoningDetail) -> Option<Content> {
    if let Some(data) = detail.data {
        return Some(Content::RedactedReasoning(data));
    }
    let text = detail.text.or(detail.summary).unwrap_or_default();
    (!text.is_empty() || detail.signature.is_some()).then_some(Content::Reasoning { text, signature: detail.signature })
}

/// Mistral's models that reason write their content as blocks.
pub(super) fn block(block: Value) -> Option<Content> {
    match block.get("type").and_then(Value::as_str) {
        Some("text") => said(text_of(block.get("text")?)),
        Some("thinking") => thought(text_of(block.get("thinking")?)),
        other => {
            tracing::debug!(kind = ?other, "a content block that nobody asked for was left out");
            None
        }
    }
}

fn text_of(value: &Value) -> String {
    match value {
        Value::String(text) => text.clone(),
        Value::Array(blocks) => blocks.iter().filter_map(|block| block.get("text")).filter_map(Value::as_str).collect(),
        _ => String::new(),
    }
}

fn tool_call(call: response::ToolCall, index: usize, answer_id: Option<&str>) -> Option<Content> {
    let function = call.function?;
    let arguments = match function.arguments {
        Some(Value::String(text)) if text.trim().is_empty() => "{}".to_owned(),
        Some(Value::String(text)) => text,
        None | Some(Value::Null) => "{}".to_owned(),
        Some(json) => json.to_string(),
    };
    let id = call.id.filter(|id| !id.is_empty());
    // Without an id the result could not name its call; the answer's own id keeps two turns apart.
    let id = id.unwrap_or_else(|| format!("call_{}_{index}", answer_id.unwrap_or_default()));
    Some(Content::ToolCall(ToolCall { id, name: function.name, arguments }))
}
