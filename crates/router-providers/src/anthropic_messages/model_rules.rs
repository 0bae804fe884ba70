//! What differs from model to model and is told by the name, as no catalogue says it.
//!
//! The lists name old or exceptional models, so that a model too new to be listed gets the current behaviour.

use router_core::conversation::Effort;

/// Models that take a thinking budget instead of `adaptive`: everything before Opus 4.6 and Sonnet 4.6.
const BUDGETED: [&str; 10] = [
    "claude-3",
    "claude-opus-4-0",
    "claude-opus-4-1",
    "claude-opus-4-2025",
    "claude-opus-4-5",
    "claude-sonnet-4-0",
    "claude-sonnet-4-2025",
    "claude-sonnet-4-5",
    "claude-haiku-4",
    "claude-2",
];

/// Models that refuse `thinking: disabled`.
const ALWAYS_THINKING: [&str; 4] = ["claude-fable-", "claude-mythos-", "claude-opus-5-5", "claude-sonnet-5-5"];

/// Adaptive models without the level `xhigh`: they answer 400 and name the levels they have.
const WITHOUT_XHIGH: [&str; 2] = ["claude-opus-4-6", "claude-sonnet-4-6"];

pub(super) fn takes_budget(model: &str) -> bool {
    starts_with_any(model, &BUDGETED)
}

/// Adaptive models that still take a budget are those of the generation in which it was replaced.
pub(super) fn refuses_budget(model: &str) -> bool {
    !takes_budget(model) && !starts_with_any(model, &WITHOUT_XHIGH)
}

pub(super) fn always_thinks(model: &str) -> bool {
    starts_with_any(model, &ALWAYS_THINKING)
}

/// The level of effort to write for `wanted`; [`Effort::None`] is not a level here.
pub(super) fn effort_level(model: &str, wanted: Effort) -> Effort {
    match wanted {
        Effort::None | Effort::Minimal => Effort::Low,
        Effort::Xhigh if starts_with_any(model, &WITHOUT_XHIGH) => Effort::High,
        level => level,
    }
}

/// Names may come with a vendor in front (`anthropic.claude-…`, `anthropic/claude-…`).
fn starts_with_any(model: &str, prefixes: &[&str]) -> bool {
    let name = model.find("claude-").and_then(|start| model.get(start..)).unwrap_or(model);
    prefixes.iter().any(|prefix| name.starts_with(prefix))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn old_models_take_budgets_and_unknown_ones_are_new() {
        for old in
            ["claude-sonnet-4-5-20250929", "claude-haiku-4-5", "claude-opus-4-20250514", "claude-3-7-sonnet-latest"]
        {
            assert!(takes_budget(old), "{old}");
        }
        for new in
            ["claude-opus-4-6", "claude-sonnet-5", "claude-haiku-5-5", "claude-nova-9", "anthropic/claude-opus-4-8"]
        {
            assert!(!takes_budget(new), "{new}");
        }
    }

    #[test]
    fn levels_are_those_the_model_has() {
        assert_eq!(effort_level("claude-sonnet-4-6", Effort::Xhigh), Effort::High);
        assert_eq!(effort_level("claude-opus-5", Effort::Xhigh), Effort::Xhigh);
        assert_eq!(effort_level("claude-opus-5", Effort::Minimal), Effort::Low);
    }
}
