//! Who speaks the dialect, and what each of them takes: every difference between OpenAI, OpenRouter and the servers that
//! imitate them is here.

use router_core::capability::Capability;
use router_core::conversation::Effort;
use router_core::model::Model;
use router_core::usage::Tokens;

/// Who speaks the dialect.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Flavour {
    /// OpenAI itself (and Azure).
    OpenAi,
    /// OpenRouter.
    OpenRouter,
    /// Everybody else: Ollama, vLLM, llama.cpp, and hosted imitations.
    Compatible,
}

/// How prompt-cache markers are written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum CacheSyntax {
    /// `prompt_cache_breakpoint` on a part.
    Breakpoint,
    /// Anthropic's `cache_control` on a part, handed through.
    CacheControl,
    /// Not at all.
    Unknown,
}

/// How the reasoning of earlier turns is handed back.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum ReasoningHistory {
    /// `reasoning_details`, signatures included.
    Details,
    /// `reasoning_content`, the text alone.
    Content,
    /// Not at all: OpenAI keeps reasoning to itself in this dialect.
    Refused,
}

/// Models before this generation know neither `developer` nor `max_completion_tokens`.
const FIRST_REASONING_GENERATION: (u32, u32) = (5, 0);

/// The first generation with explicit cache breakpoints.
const FIRST_BREAKPOINT_GENERATION: (u32, u32) = (5, 6);

/// OpenAI refuses a longer `safety_identifier`.
const LONGEST_IDENTIFIER: usize = 64;

impl Flavour {
    /// Whether the answer's limit is called `max_completion_tokens`.
    ///
    /// The rule: at OpenAI, for models that reason, that are `gpt-5` or later by name, or of the `o` series. Everybody else
    /// understands `max_tokens`, and not everybody the new name.
    pub(super) fn names_limit_completion_tokens(self, model: &Model) -> bool {
        self == Self::OpenAi && is_reasoning_model(model)
    }

    /// Whether instructions come from a `developer` instead of `system`.
    pub(super) fn has_developer_role(self, model: &Model) -> bool {
        self == Self::OpenAi && is_reasoning_model(model)
    }

    pub(super) fn takes_stop(self, model: &Model) -> bool {
        !(self == Self::OpenAi && is_reasoning_model(model))
    }

    /// How many stop texts a request may have.
    pub(super) fn most_stops(self) -> usize {
        match self {
            Self::OpenAi | Self::OpenRouter => 4,
            Self::Compatible => usize::MAX,
        }
    }

    pub(super) fn takes_top_k(self) -> bool {
        self != Self::OpenAi
    }

    pub(super) fn cache_syntax(self, model: &Model) -> CacheSyntax {
        match self {
            Self::OpenAi if generation(&model.upstream_name) >= Some(FIRST_BREAKPOINT_GENERATION) => {
                CacheSyntax::Breakpoint
            }
            Self::OpenRouter => CacheSyntax::CacheControl,
            Self::OpenAi | Self::Compatible => CacheSyntax::Unknown,
        }
    }

    /// Whether a long marker is sent as one: else nothing the provider writes is kept for long.
    pub(crate) fn caches_for_long(self, model: &Model) -> bool {
        self.cache_syntax(model) != CacheSyntax::Unknown
    }

    pub(super) fn reasoning_history(self, model: &Model) -> ReasoningHistory {
        match self {
            Self::OpenRouter => ReasoningHistory::Details,
            Self::Compatible if model.capabilities.has(Capability::Reasoning) => ReasoningHistory::Content,
            Self::OpenAi | Self::Compatible => ReasoningHistory::Refused,
        }
    }

    pub(super) fn takes_user(self, user: &str) -> bool {
        self != Self::OpenAi || user.chars().count() <= LONGEST_IDENTIFIER
    }

    /// OpenAI refuses longer tool-call ids; others made theirs themselves and know best.
    pub(super) fn longest_call_id(self) -> usize {
        match self {
            Self::OpenAi => 40,
            Self::OpenRouter | Self::Compatible => usize::MAX,
        }
    }

    /// Whether images may be given by address. A server in the operator's own network would fetch whatever address a caller
    /// names, from inside that network.
    pub(super) fn fetches_images(self) -> bool {
        self != Self::Compatible
    }

    /// Whether documents may be given by address.
    pub(super) fn fetches_documents(self) -> bool {
        self == Self::OpenRouter
    }

    /// The level of effort nearest to `wanted` that the model takes; the lower one of two as near.
    pub(super) fn nearest_effort(self, model: &Model, wanted: Effort) -> Effort {
        let levels = self.efforts(&model.upstream_name);
        let distance = |level: &Effort| (*level as u8).abs_diff(wanted as u8);
        levels.iter().copied().min_by_key(distance).unwrap_or(wanted)
    }

    /// The levels of effort, by the model's name; sources: OpenAI's model pages and SDK, vLLM's and Ollama's parameter checks.
    fn efforts(self, name: &str) -> &'static [Effort] {
        use Effort::{High, Low, Max, Medium, Minimal, None, Xhigh};
        match (self, generation(name)) {
            (Self::OpenRouter, _) => &[None, Minimal, Low, Medium, High, Xhigh],
            (Self::Compatible, _) => &[None, Low, Medium, High],
            (Self::OpenAi, Some((6.., _))) => &[None, Low, Medium, High, Xhigh, Max],
            (Self::OpenAi, Some((5, 2..))) => &[None, Low, Medium, High, Xhigh],
            (Self::OpenAi, Some((5, 1))) => &[None, Low, Medium, High],
            (Self::OpenAi, Some((5, 0))) => &[Minimal, Low, Medium, High],
            (Self::OpenAi, _) => &[Low, Medium, High],
        }
    }
}

/// The longest answer to ask for: no more than the model gives. A limit of 0 in the catalogue is unknown.
pub(super) fn output_limit(model: &Model, wanted: Tokens) -> u64 {
    match model.max_output_tokens {
        Tokens(0) => wanted.0,
        Tokens(most) => wanted.0.min(most),
    }
}

fn is_reasoning_model(model: &Model) -> bool {
    let name = model.upstream_name.as_str();
    let o_series = name.strip_prefix('o').is_some_and(|rest| rest.starts_with(|c: char| c.is_ascii_digit()));
    model.capabilities.has(Capability::Reasoning) || o_series || generation(name) >= Some(FIRST_REASONING_GENERATION)
}

/// `gpt-5.6-sol` is of generation (5, 6), `gpt-4o` of (4, 0).
fn generation(name: &str) -> Option<(u32, u32)> {
    let version = name.strip_prefix("gpt-")?;
    let number = |text: &str| text.chars().take_while(char::is_ascii_digit).collect::<String>().parse().ok();
    let major = number(version)?;
    let rest = version.trim_start_matches(|c: char| c.is_ascii_digit());
    Some((major, rest.strip_prefix('.').and_then(number).unwrap_or(0)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn generations_are_read_from_names() {
        assert_eq!(generation("gpt-5.6-sol"), Some((5, 6)));
        assert_eq!(generation("gpt-4o-mini"), Some((4, 0)));
        assert_eq!(generation("gpt-5-2025-08-07"), Some((5, 0)));
        assert_eq!(generation("gpt-oss-120b"), None);
        assert_eq!(generation("o3"), None);
    }
}
