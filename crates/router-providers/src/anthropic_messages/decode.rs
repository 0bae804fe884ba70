//! A Messages response as an answer.

use router_core::conversation::{Content, Part, ToolCall};

use super::response::{Block, Consumed, Response};
use super::usage::usage;
use crate::answer::{Answer, CallError};
use crate::checked_json;
use crate::fault;
use router_core::finish::FinishReason;

/// Reads the body of a response with a status of success.
///
/// # Errors
/// What the body says, where it holds an error in spite of the status;
/// [`ErrorKind::Malformed`](router_core::error_kind::ErrorKind::Malformed) where it is not a whole answer.
pub fn decode(body: &[u8]) -> Result<Answer, CallError> {
    read_with_usage(body, false)
}

/// The same for a caller who speaks this dialect: an answer that waits for another request is theirs to go on with.
///
/// # Errors
/// As [`decode`].
pub fn decode_paused(body: &[u8]) -> Result<Answer, CallError> {
    read_with_usage(body, true)
}

fn read_with_usage(body: &[u8], may_pause: bool) -> Result<Answer, CallError> {
    read(body, may_pause)
        .map_err(|error| fault::with_usage(error, body, |body: &Consumed| body.usage.as_ref().and_then(usage)))
}

fn read(body: &[u8], may_pause: bool) -> Result<Answer, CallError> {
    fault::none_within(body)?;
    let response: Response = checked_json::read(body).map_err(fault::not_json)?;
    let Some(blocks) = response.content else { return Err(fault::malformed("the response has no content")) };
    let Some(reason) = response.stop_reason else { return Err(fault::malformed("the answer has no stop_reason")) };
    let finish = match (finish_reason(&reason), reason.as_str()) {
        (Some(finish), _) => finish,
        (None, "pause_turn" | "compaction") if may_pause => FinishReason::Stop,
        (None, _) => return Err(fault::malformed(&format!("the answer ended with stop_reason {reason:?}"))),
    };
    let mut parts = Vec::with_capacity(blocks.len());
    for block in blocks {
        parts.extend(part(block)?.map(Part::from));
    }
    if finish == FinishReason::ToolCalls && !parts.iter().any(|part| matches!(part.content, Content::ToolCall(_))) {
        return Err(fault::malformed("the answer announces tool calls and has none"));
    }
    if finish == FinishReason::ContentFilter {
        let words = response.stop_details.and_then(|details| details.explanation).filter(|words| !words.is_empty());
        parts.extend(words.map(|words| Part::from(Content::Refusal(words))));
    }
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

/// `None` for a name that does not say that the answer is whole: `pause_turn` and `compaction` wait for another request,
/// which only server tools and betas that we do not ask for call for.
pub(super) fn finish_reason(name: &str) -> Option<FinishReason> {
    Some(match name {
        "end_turn" | "stop_sequence" => FinishReason::Stop,
        "max_tokens" | "model_context_window_exceeded" => FinishReason::Length,
        "tool_use" => FinishReason::ToolCalls,
        "refusal" => FinishReason::ContentFilter,
        _ => return None,
    })
}

pub(super) fn part(block: Block) -> Result<Option<Content>, CallError> {
    let Block { kind, text, thinking, signature, data, id, name, input } = block;
    let content = match kind.as_str() {
        "text" => text.map(Content::Text),
        // llama.cpp writes an empty signature where it has none.
        "thinking" => thinking.map(|text| Content::Reasoning { text, signature: signature.filter(|s| !s.is_empty()) }),
        "redacted_thinking" => data.map(Content::RedactedReasoning),
        "tool_use" => id.zip(name).map(|(id, name)| {
            let arguments = input.map_or_else(|| "{}".to_owned(), |input| input.get().to_owned());
            Content::ToolCall(ToolCall { id, name, arguments })
        }),
        _ => {
            tracing::debug!(kind, "a content block that nobody asked for was left out");
            return Ok(None);
        }
    };
    match content {
        None => Err(fault::malformed(&format!("a {kind} block lacks what makes it one"))),
        Some(Content::Text(text)) if text.is_empty() => Ok(None),
        said => Ok(said),
    }
}
