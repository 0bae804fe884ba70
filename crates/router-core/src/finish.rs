//! Why a model stopped.

use serde::{Deserialize, Serialize};

/// Why a model stopped.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub enum FinishReason {
    /// It was done, or came to a stop text.
    Stop,
    /// The answer reached its longest length.
    Length,
    /// It wants tools called.
    ToolCalls,
    /// The provider withheld (the rest of) the answer for reasons of content.
    ContentFilter,
}

impl FinishReason {
    /// All of them.
    pub const ALL: [Self; 4] = [Self::Stop, Self::Length, Self::ToolCalls, Self::ContentFilter];

    /// The name used in JSON and the database.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Stop => "stop",
            Self::Length => "length",
            Self::ToolCalls => "tool_calls",
            Self::ContentFilter => "content_filter",
        }
    }
}
