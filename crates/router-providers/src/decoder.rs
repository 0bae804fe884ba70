//! What the decoders of streams have in common.

use crate::answer::{CallError, Events, Spent};
use crate::fault;
use crate::sse::Event;
use router_core::usage::Usage;

/// How far a streamed answer is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Progress {
    /// More has to come.
    Unfinished,
    /// The model has stopped: the answer is whole, though its usage may still come.
    Finished,
    /// Nothing more comes.
    Ended,
}

/// Reads the events of one stream in one wire format.
pub trait Decoder: Send {
    /// Adds what an event says.
    ///
    /// # Errors
    /// The one that the event holds; [`ErrorKind::Malformed`](router_core::error_kind::ErrorKind::Malformed) where it cannot
    /// be read, or contradicts what came before. What was added until then stays.
    fn event(&mut self, event: &Event, into: &mut Events) -> Result<Progress, CallError>;

    /// Adds what the end of the stream, however it came, says of an answer that is whole.
    ///
    /// # Errors
    /// [`ErrorKind::Malformed`](router_core::error_kind::ErrorKind::Malformed): the answer was cut.
    fn end(&mut self, into: &mut Events) -> Result<(), CallError>;

    /// What was consumed, as far as the stream said.
    fn usage(&self) -> Option<Usage>;
}

/// The error for a stream that stops before the answer does.
pub(crate) fn cut() -> CallError {
    fault::malformed("the stream ended before the answer did")
}

/// What an attempt has consumed whose stream said this of it.
pub(crate) fn spent(usage: Option<Usage>) -> Spent {
    usage.map_or(Spent::Unknown, Spent::Known)
}
