//! The one trait that a provider implements.

use std::pin::Pin;

use async_trait::async_trait;
use futures_util::Stream;
use futures_util::stream;

use crate::answer::{Answer, AnswerEvent, CallError};
use crate::call::Call;

/// A streamed answer: pulled by its reader, and cancelled upstream when dropped.
pub type AnswerStream = Pin<Box<dyn Stream<Item = Result<AnswerEvent, CallError>> + Send>>;

/// Someone who answers. One value is one configured instance: an address, a key, a wire format.
///
/// Implementations make exactly one attempt: retries, failover and accounting belong to the engine.
/// Dropping the returned future (or stream) gives the upstream request up.
#[async_trait]
pub trait Provider: Send + Sync {
    /// Asks once and waits for the whole answer.
    ///
    /// # Errors
    /// Everything that is not a whole answer: see [`router_core::error_kind::ErrorKind`].
    async fn complete(&self, call: Call<'_>) -> Result<Answer, CallError>;

    /// Asks once and returns as soon as the answer begins.
    ///
    /// A provider that cannot stream keeps this default: its answer arrives in one go.
    ///
    /// # Errors
    /// As [`Provider::complete`], for faults before the first event; later ones are items of the stream.
    async fn stream(&self, call: Call<'_>) -> Result<AnswerStream, CallError> {
        let answer = self.complete(call).await?;
        let end = AnswerEvent::End { finish: answer.finish, usage: answer.usage };
        let events = answer.parts.into_iter().map(AnswerEvent::Part).chain([end]);
        Ok(Box::pin(stream::iter(events.map(Ok))))
    }
}
