//! The one trait that a provider implements.

use async_trait::async_trait;

use crate::answer::{Answer, AnswerStream, CallError};
use crate::call::Call;
use crate::dialect::Dialect;
use crate::whole;

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

    /// Asks once and returns when the provider has taken the request.
    ///
    /// A provider that cannot stream keeps this default: its answer arrives in one go.
    ///
    /// # Errors
    /// As [`Provider::complete`], for faults before the response; later ones are items of the stream.
    async fn stream(&self, call: Call<'_>) -> Result<AnswerStream, CallError> {
        self.complete(call).await.map(whole::as_stream)
    }

    /// The wire format that calls are written in: one whose original is in the same is passed on as it stands. `None` where
    /// there is none.
    fn dialect(&self) -> Option<Dialect> {
        None
    }
}
