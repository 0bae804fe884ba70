//! The three wires, and which path belongs to which.

use std::fmt;

/// A provider's HTTP dialect.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Wire {
    /// Chat completions as OpenAI serves them.
    OpenAi,
    /// Messages as Anthropic serves them.
    Anthropic,
    /// Chat completions as OpenRouter serves them.
    OpenRouter,
}

/// What a path asks for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Endpoint {
    /// One answer to one conversation.
    Answer,
    /// The list of models.
    Models,
}

impl Wire {
    /// All of them.
    pub const ALL: [Self; 3] = [Self::OpenAi, Self::Anthropic, Self::OpenRouter];

    /// Where this wire's base URL begins on the simulator's socket: what an SDK is given as its base.
    /// OpenAI's and OpenRouter's bases end in their version; Anthropic's SDKs add `/v1` themselves.
    #[must_use]
    pub const fn base_path(self) -> &'static str {
        match self {
            Self::OpenAi => "/openai/v1",
            Self::Anthropic => "/anthropic",
            Self::OpenRouter => "/openrouter/api/v1",
        }
    }

    /// The wire and endpoint of a path; `None` for any other.
    pub(crate) fn of_path(path: &str) -> Option<(Self, Option<Endpoint>)> {
        let wire = Self::ALL.into_iter().find(|wire| path.starts_with(wire.base_path()))?;
        let endpoint = match (wire, &path[wire.base_path().len()..]) {
            (Self::OpenAi | Self::OpenRouter, "/chat/completions") | (Self::Anthropic, "/v1/messages") => {
                Some(Endpoint::Answer)
            }
            (Self::OpenAi | Self::OpenRouter, "/models") | (Self::Anthropic, "/v1/models") => Some(Endpoint::Models),
            _ => None,
        };
        Some((wire, endpoint))
    }
}

impl fmt::Display for Wire {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::OpenAi => "OpenAI",
            Self::Anthropic => "Anthropic",
            Self::OpenRouter => "OpenRouter",
        })
    }
}
