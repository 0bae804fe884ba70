//! What a model does not take, though its wire does.

use crate::wire::Wire;

/// Something a wire knows and a model answers with 400.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum Refuses {
    /// OpenAI's `max_tokens`: these models want `max_completion_tokens`.
    MaxTokens,
    /// `temperature`, `top_p` and `top_k` (on OpenAI's wire unless `reasoning_effort` is `none`).
    Sampling,
    /// OpenAI's `stop`.
    Stop,
    /// OpenAI's `reasoning_effort: "minimal"`.
    MinimalEffort,
    /// A last message by the assistant.
    Prefill,
    /// Anthropic's `tool_choice` `any` and `tool`.
    ForcedTools,
    /// Anthropic's `thinking: {type: "enabled", budget_tokens}`: these models think adaptively.
    ThinkingBudget,
    /// Anthropic's `thinking: {type: "disabled"}`: these models always think.
    ThinkingDisabled,
}

/// What a model of this name refuses, as far as names of late 2026 tell.
pub(crate) fn by_name(wire: Wire, model: &str) -> Vec<Refuses> {
    match wire {
        Wire::OpenAi => openai(model),
        Wire::Anthropic => anthropic(model),
        // OpenRouter drops what the model behind it does not take.
        Wire::OpenRouter => Vec::new(),
    }
}

fn openai(model: &str) -> Vec<Refuses> {
    let mut letters = model.chars();
    let o_series = letters.next() == Some('o') && letters.next().is_some_and(|digit| digit.is_ascii_digit());
    let generation = model.strip_prefix("gpt-").and_then(leading_number);
    let mut refuses = Vec::new();
    if o_series || generation.is_some_and(|generation| generation >= 5) {
        refuses.extend([Refuses::MaxTokens, Refuses::Sampling]);
    }
    if o_series {
        refuses.push(Refuses::Stop);
    }
    if generation.is_some_and(|generation| generation >= 6) {
        refuses.push(Refuses::MinimalEffort);
    }
    refuses
}

fn anthropic(model: &str) -> Vec<Refuses> {
    let Some((family, version)) = claude_version(model) else { return Vec::new() };
    let at_least = |by_family: [(u32, u32); 4]| {
        let [fable, opus, sonnet, haiku] = by_family;
        version
            >= match family {
                "opus" => opus,
                "sonnet" => sonnet,
                "haiku" => haiku,
                _ => fable,
            }
    };
    const NEVER: (u32, u32) = (u32::MAX, 0);
    const EVER: (u32, u32) = (0, 0);
    let mut refuses = Vec::new();
    if at_least([EVER, (4, 7), (5, 0), (5, 5)]) {
        refuses.extend([Refuses::Sampling, Refuses::ThinkingBudget]);
    }
    if at_least([EVER, (4, 6), (4, 6), (5, 5)]) {
        refuses.push(Refuses::Prefill);
    }
    if at_least([(5, 1), (5, 5), (5, 5), NEVER]) {
        refuses.push(Refuses::ForcedTools);
    }
    if at_least([EVER, (5, 5), (5, 5), NEVER]) {
        refuses.push(Refuses::ThinkingDisabled);
    }
    refuses
}

/// `claude-opus-4-7-20260416` → `("opus", (4, 7))`; a date is no minor version.
fn claude_version(model: &str) -> Option<(&str, (u32, u32))> {
    let mut parts = model.strip_prefix("claude-")?.split('-');
    let family = parts.next().filter(|family| ["fable", "mythos", "opus", "sonnet", "haiku"].contains(family))?;
    let major = parts.next()?.parse().ok()?;
    let minor = parts.next().filter(|minor| minor.len() < 3).and_then(|minor| minor.parse().ok()).unwrap_or(0);
    Some((family, (major, minor)))
}

fn leading_number(text: &str) -> Option<u32> {
    let digits = text.find(|c: char| !c.is_ascii_digit()).unwrap_or(text.len());
    text[..digits].parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn openai_names() {
        assert_eq!(openai("gpt-4o"), []);
        assert_eq!(openai("gpt-4.1-mini"), []);
        assert_eq!(openai("gpt-5-mini"), [Refuses::MaxTokens, Refuses::Sampling]);
        assert_eq!(openai("gpt-6.1-sol"), [Refuses::MaxTokens, Refuses::Sampling, Refuses::MinimalEffort]);
        assert_eq!(openai("o3"), [Refuses::MaxTokens, Refuses::Sampling, Refuses::Stop]);
        assert_eq!(openai("omni"), []);
    }

    #[test]
    fn anthropic_names() {
        assert_eq!(anthropic("claude-haiku-4-5-20251001"), []);
        assert_eq!(anthropic("claude-sonnet-4-6"), [Refuses::Prefill]);
        let newest = [Refuses::Sampling, Refuses::ThinkingBudget, Refuses::Prefill];
        assert_eq!(anthropic("claude-opus-4-7-20260416"), newest);
        assert_eq!(anthropic("claude-sonnet-5"), newest);
        assert!(anthropic("claude-opus-5-5").contains(&Refuses::ForcedTools));
        assert!(anthropic("claude-fable-5").contains(&Refuses::ThinkingDisabled));
        assert!(!anthropic("claude-fable-5").contains(&Refuses::ForcedTools));
    }
}
