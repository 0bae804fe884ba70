//! Why a model is not a candidate.

use std::fmt;

use serde::{Deserialize, Serialize};

use crate::capability::Capability;
use crate::prompt_type::PromptType;
use crate::usage::Tokens;

/// Why a model is not a candidate.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(tag = "reason", rename_all = "snake_case", rename_all_fields = "camelCase")]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub enum Exclusion {
    /// Switched off in the registry.
    Inactive,
    /// The provider has shut it down.
    ShutDown {
        /// Since this day.
        #[cfg_attr(feature = "schema", schemars(with = "String"))]
        since: jiff::civil::Date,
    },
    /// Its provider has no key or address configured.
    ProviderNotConfigured,
    /// This caller may not use it.
    NotAllowed,
    /// The request holds something that only its own wire format can say, and the provider speaks another.
    OtherDialect,
    /// It failed too often just now, or its provider needs an operator.
    Unavailable,
    /// It does not take this type of prompt.
    UnsupportedPromptType {
        /// The type.
        prompt_type: PromptType,
    },
    /// It cannot do something the prompt needs.
    Lacks {
        /// What.
        capability: Capability,
    },
    /// Prompt and answer do not fit its context window.
    ContextTooSmall {
        /// What would be needed.
        needed: Tokens,
        /// What it has.
        available: Tokens,
    },
    /// The answer asked for is longer than it can write.
    OutputTooLong {
        /// What was asked for.
        needed: Tokens,
        /// What it can.
        available: Tokens,
    },
    /// Expected quality is below the caller's floor.
    BelowMinQuality {
        /// What is expected.
        expected: f64,
        /// The floor.
        required: f64,
    },
    /// Expected cost is above the caller's ceiling.
    AboveMaxCost {
        /// What is expected, in USD.
        expected_usd: f64,
        /// The ceiling, in USD.
        allowed_usd: f64,
    },
    /// Its price is unknown, and the caller set a ceiling or has a budget.
    Unpriced,
    /// It may cost more than is left of the caller's budget.
    OverBudget,
    /// It is asked as often as it may be, by all callers together.
    Busy,
    /// Expected latency is above the caller's ceiling.
    AboveMaxLatency {
        /// What is expected.
        expected_seconds: f64,
        /// The ceiling.
        allowed_seconds: f64,
    },
    /// The caller named one model and wants no other.
    NotRequested,
}

impl Exclusion {
    /// The name used in JSON.
    #[must_use]
    pub const fn name(&self) -> &'static str {
        match self {
            Self::Inactive => "inactive",
            Self::ShutDown { .. } => "shut_down",
            Self::ProviderNotConfigured => "provider_not_configured",
            Self::NotAllowed => "not_allowed",
            Self::OtherDialect => "other_dialect",
            Self::Unavailable => "unavailable",
            Self::UnsupportedPromptType { .. } => "unsupported_prompt_type",
            Self::Lacks { .. } => "lacks",
            Self::ContextTooSmall { .. } => "context_too_small",
            Self::OutputTooLong { .. } => "output_too_long",
            Self::BelowMinQuality { .. } => "below_min_quality",
            Self::AboveMaxCost { .. } => "above_max_cost",
            Self::Unpriced => "unpriced",
            Self::OverBudget => "over_budget",
            Self::Busy => "busy",
            Self::AboveMaxLatency { .. } => "above_max_latency",
            Self::NotRequested => "not_requested",
        }
    }

    /// Whether the next request of this caller would meet it as well, whatever it asks.
    #[must_use]
    pub const fn is_lasting(&self) -> bool {
        matches!(self, Self::Inactive | Self::ShutDown { .. } | Self::ProviderNotConfigured | Self::NotAllowed)
    }

    /// The reason without its figures, to count by.
    #[must_use]
    pub const fn label(&self) -> &'static str {
        match self {
            Self::Inactive => "inactive",
            Self::ShutDown { .. } => "shut down",
            Self::ProviderNotConfigured => "without a configured provider",
            Self::NotAllowed => "not allowed for this caller",
            Self::OtherDialect => "of another wire format",
            Self::Unavailable => "unavailable at the moment",
            Self::UnsupportedPromptType { .. } => "not for this type of prompt",
            Self::Lacks { .. } => "without a needed capability",
            Self::ContextTooSmall { .. } => "with too small a context window",
            Self::OutputTooLong { .. } => "with too short an answer limit",
            Self::BelowMinQuality { .. } => "below the minimum quality",
            Self::AboveMaxCost { .. } => "above the maximum cost",
            Self::Unpriced => "unpriced",
            Self::OverBudget => "dearer than what is left of the budget",
            Self::Busy => "asked as often as they may be",
            Self::AboveMaxLatency { .. } => "above the maximum latency",
            Self::NotRequested => "not asked for",
        }
    }
}

impl fmt::Display for Exclusion {
    /// The reason with its figures.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::ShutDown { since } => write!(f, "shut down since {since}"),
            Self::UnsupportedPromptType { prompt_type } => write!(f, "not for {}", prompt_type.name()),
            Self::Lacks { capability } => write!(f, "lacks {capability}"),
            Self::ContextTooSmall { needed, available } => {
                write!(f, "context window of {} tokens, {} needed", available.0, needed.0)
            }
            Self::OutputTooLong { needed, available } => {
                write!(f, "answers of {} tokens at most, {} asked for", available.0, needed.0)
            }
            Self::BelowMinQuality { expected, required } => {
                write!(f, "expected quality {expected:.2}, at least {required:.2} asked for")
            }
            Self::AboveMaxCost { expected_usd, allowed_usd } => {
                write!(f, "expected cost ${expected_usd:.6}, at most ${allowed_usd:.6} asked for")
            }
            Self::AboveMaxLatency { expected_seconds, allowed_seconds } => {
                write!(f, "expected latency {expected_seconds:.1} s, at most {allowed_seconds:.1} s asked for")
            }
            _ => f.write_str(self.label()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_those_of_the_json() {
        let tokens = Tokens(1);
        let exclusions = [
            Exclusion::Inactive,
            Exclusion::ShutDown { since: jiff::civil::date(2026, 1, 1) },
            Exclusion::ProviderNotConfigured,
            Exclusion::NotAllowed,
            Exclusion::Unavailable,
            Exclusion::UnsupportedPromptType { prompt_type: PromptType::Analysis },
            Exclusion::Lacks { capability: Capability::Vision },
            Exclusion::ContextTooSmall { needed: tokens, available: tokens },
            Exclusion::OutputTooLong { needed: tokens, available: tokens },
            Exclusion::BelowMinQuality { expected: 0.5, required: 0.6 },
            Exclusion::AboveMaxCost { expected_usd: 0.5, allowed_usd: 0.4 },
            Exclusion::Unpriced,
            Exclusion::OverBudget,
            Exclusion::Busy,
            Exclusion::AboveMaxLatency { expected_seconds: 2.0, allowed_seconds: 1.0 },
            Exclusion::NotRequested,
        ];
        for exclusion in exclusions {
            assert_eq!(serde_json::to_value(&exclusion).unwrap()["reason"], exclusion.name());
        }
    }
}
