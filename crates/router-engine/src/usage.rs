//! What an answer consumed: as the provider reported it, or estimated and marked so.

use router_core::conversation::{Content, Part};
use router_core::decision::Decision;
use router_core::estimate::text_tokens;
use router_core::usage::{Tokens, Usage, UsageSource};

/// More tokens than any request can have, a thousand times over. A provider that reports more is broken, and its figures
/// would spoil every sum they enter.
const IMPLAUSIBLE: Tokens = Tokens(1_000_000_000);

/// The figures, if they can be true.
pub(crate) fn plausible(usage: Usage) -> Option<Usage> {
    let possible = usage.total() < IMPLAUSIBLE;
    if !possible {
        tracing::warn!(?usage, "a provider reported more tokens than a request can have; they are not used");
    }
    possible.then_some(usage)
}

/// The provider's own figures, else ours: the decision's estimate of the prompt, and the length of the answer.
pub(crate) fn of(reported: Option<Usage>, parts: &[Part], decision: &Decision) -> Usage {
    reported.and_then(plausible).unwrap_or_else(|| Usage {
        input: decision.input_tokens,
        output: length(parts),
        source: UsageSource::Estimated,
        ..Usage::default()
    })
}

/// What an answer that was cut has consumed: at least what the provider said by then, and what was written of it.
pub(crate) fn of_part(reported: Option<Usage>, parts: &[Part], decision: &Decision) -> Usage {
    let known = of(reported, parts, decision);
    Usage { output: known.output.max(length(parts)), source: UsageSource::Estimated, ..known }
}

/// In tokens, estimated.
pub(crate) fn text_length(text: &str) -> Tokens {
    text_tokens(text)
}

fn length(parts: &[Part]) -> Tokens {
    parts.iter().map(|part| text_tokens(words(part))).sum()
}

fn words(part: &Part) -> &str {
    match &part.content {
        Content::Text(text) | Content::Refusal(text) | Content::Reasoning { text, .. } => text,
        Content::ToolCall(call) => &call.arguments,
        _ => "",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn absurd_figures_are_not_used() {
        let usage = |output| Usage { input: Tokens(10), output: Tokens(output), ..Usage::default() };
        assert_eq!(plausible(usage(200_000)), Some(usage(200_000)));
        assert_eq!(plausible(usage(u64::MAX)), None);
        assert_eq!(plausible(usage(u64::MAX / 2)), None);
    }
}
