//! What a provider answers.

use std::time::Duration;

use router_core::conversation::{Part, visible_text};
use router_core::error_kind::ErrorKind;
use router_core::finish::FinishReason;
use router_core::usage::Usage;

/// A whole answer.
#[derive(Debug, Clone, PartialEq)]
pub struct Answer {
    /// What the model said, in order.
    pub parts: Vec<Part>,
    /// Why it stopped.
    pub finish: FinishReason,
    /// What it consumed, as the provider reported it; `None` where it said nothing.
    pub usage: Option<Usage>,
    /// The provider's own id of the answer.
    pub upstream_id: Option<String>,
    /// The exact model that the provider says answered.
    pub upstream_model: Option<String>,
    /// What of the request could not be carried as it stands, and was left out or adapted, by the field's name in
    /// [`Conversation`](router_core::conversation::Conversation). Never silent.
    pub dropped: Vec<String>,
}

impl Answer {
    /// The text of the answer, without reasoning and tool calls.
    #[must_use]
    pub fn text(&self) -> String {
        visible_text(&self.parts)
    }
}

/// One piece of a streamed answer.
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
pub enum AnswerEvent {
    /// More of the answer. Pieces of text follow each other; a tool call comes in one piece.
    Part(Part),
    /// The end: a stream without one was cut.
    End {
        /// Why the model stopped.
        finish: FinishReason,
        /// What it consumed, as the provider reported it.
        usage: Option<Usage>,
    },
}

/// What a failed attempt may have consumed. An error is not a proof that nothing was billed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Spent {
    /// The model did not work: the request was not sent, or was refused with an error.
    Nothing,
    /// The model worked, and the provider said how much, although its answer could not be used.
    Known(Usage),
    /// The model may have worked: the request was sent, and what came back (if anything) does not tell.
    Unknown,
}

/// Why there is no answer.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{kind}: {message}")]
pub struct CallError {
    /// What went wrong, in the router's words; decides what happens next.
    pub kind: ErrorKind,
    /// The HTTP status, where there was a response.
    pub status: Option<u16>,
    /// The provider's own words: for the log and for whoever may read records. May quote the caller's input, never holds a key.
    pub message: String,
    /// How long the provider asks us to wait.
    pub retry_after: Option<Duration>,
    /// What the attempt may have consumed.
    pub spent: Spent,
}

impl CallError {
    /// An error without a response, before the model worked.
    #[must_use]
    pub fn new(kind: ErrorKind, message: impl Into<String>) -> Self {
        Self { kind, status: None, message: message.into(), retry_after: None, spent: Spent::Nothing }
    }
}
