//! What an answer consumed: as the provider reported it, or estimated and marked so.

use router_core::conversation::{Content, Part};
use router_core::decision::Decision;
use router_core::estimate::text_tokens;
use router_core::usage::{Usage, UsageSource};
use router_providers::answer::Answer;

/// The provider's own figures, else ours: the decision's estimate of the prompt, and the length of the answer.
pub(crate) fn of(answer: &Answer, decision: &Decision) -> Usage {
    answer.usage.unwrap_or_else(|| Usage {
        input: decision.input_tokens,
        output: answer.parts.iter().map(|part| text_tokens(words(part))).sum(),
        source: UsageSource::Estimated,
        ..Usage::default()
    })
}

fn words(part: &Part) -> &str {
    match &part.content {
        Content::Text(text) | Content::Refusal(text) | Content::Reasoning { text, .. } => text,
        Content::ToolCall(call) => &call.arguments,
        _ => "",
    }
}
