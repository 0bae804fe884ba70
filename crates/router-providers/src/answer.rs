//! What a provider answers.

use std::fmt;
use std::pin::Pin;
use std::time::Duration;

use bytes::Bytes;
use futures_util::Stream;
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
    /// What of the request could not be carried as it stands, and was left out or adapted: by the field's name in
    /// [`Conversation`](router_core::conversation::Conversation), or as the caller wrote it. Never silent.
    pub dropped: Vec<String>,
    /// What was changed in the caller's own bytes before they were passed on: names of fields.
    pub changed: Vec<String>,
    /// The answer as the provider wrote it, where the call's original is in the provider's dialect.
    pub original: Option<Bytes>,
}

impl Answer {
    /// The text of the answer, without reasoning and tool calls.
    #[must_use]
    pub fn text(&self) -> String {
        visible_text(&self.parts)
    }
}

/// One piece of a streamed answer.
///
/// What an event of the wire means comes as one or more of the first kinds, and is followed by the event itself
/// ([`AnswerEvent::Original`]) where the call's original is in the provider's dialect.
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
pub enum AnswerEvent {
    /// The provider has taken the request. Says nothing of the answer yet.
    Began {
        /// The provider's own id of the answer.
        upstream_id: Option<String>,
        /// The exact model that the provider says answers.
        upstream_model: Option<String>,
    },
    /// More text.
    Text(String),
    /// More reasoning.
    Reasoning(String),
    /// The provider's signature over the reasoning before it, which is thereby complete.
    Signature(String),
    /// A whole block of reasoning that the provider encrypted.
    RedactedReasoning(String),
    /// More of the words in which the model declines.
    Refusal(String),
    /// A tool call begins.
    ToolCall {
        /// Which of the answer's calls, from 0: calls may be written side by side.
        index: usize,
        /// Pairs the call with its result.
        id: String,
        /// The tool's name.
        name: String,
    },
    /// More of a call's arguments.
    Arguments {
        /// Of which call.
        index: usize,
        /// A piece of JSON text.
        fragment: String,
    },
    /// More of something that only the provider's own dialect can say (another choice, sound, citations): it is in the
    /// event itself.
    Other,
    /// What was consumed so far, all of it: replaces what was said before.
    Usage(Usage),
    /// The model has stopped. Usage may still follow.
    Finish(FinishReason),
    /// The event as the provider wrote it: JSON, without the frame of the stream, and without what the caller did not ask for.
    Original(Bytes),
}

impl AnswerEvent {
    /// Whether a caller who has seen this has seen some of the answer, so that it cannot be taken back.
    #[must_use]
    pub const fn commits(&self) -> bool {
        match self {
            Self::Text(_)
            | Self::Reasoning(_)
            | Self::Signature(_)
            | Self::RedactedReasoning(_)
            | Self::Refusal(_)
            | Self::ToolCall { .. }
            | Self::Arguments { .. }
            | Self::Other => true,
            Self::Began { .. } | Self::Usage(_) | Self::Finish(_) | Self::Original(_) => false,
        }
    }
}

/// What arrives together, in order; never empty.
pub type Events = Vec<AnswerEvent>;

/// A streamed answer.
///
/// Pulled by its reader, and cancelled upstream when dropped. It ends after the events of a whole answer (a
/// [`AnswerEvent::Finish`] among them), or with an error: an answer that was cut is an error, never an end.
pub struct AnswerStream {
    /// The answer, as it comes: what was there at once is one item.
    pub events: Pin<Box<dyn Stream<Item = Result<Events, CallError>> + Send>>,
    /// As [`Answer::dropped`].
    pub dropped: Vec<String>,
    /// As [`Answer::changed`].
    pub changed: Vec<String>,
    /// Whether the events come with [`AnswerEvent::Original`].
    pub original: bool,
}

impl fmt::Debug for AnswerStream {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { events: _, dropped, changed, original } = self;
        f.debug_struct("AnswerStream")
            .field("dropped", dropped)
            .field("changed", changed)
            .field("original", original)
            .finish_non_exhaustive()
    }
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
    /// Whether the provider says that asking again can help (`x-should-retry`).
    pub should_retry: Option<bool>,
    /// What the attempt may have consumed.
    pub spent: Spent,
}

impl CallError {
    /// An error without a response, before the model worked.
    #[must_use]
    pub fn new(kind: ErrorKind, message: impl Into<String>) -> Self {
        Self {
            kind,
            status: None,
            message: message.into(),
            retry_after: None,
            should_retry: None,
            spent: Spent::Nothing,
        }
    }
}
