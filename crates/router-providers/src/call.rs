//! What a provider is asked.

use std::time::Duration;

use router_core::conversation::Conversation;
use router_core::id::RequestId;
use router_core::model::Model;

/// How long to wait for what.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Deadlines {
    /// For response headers and the first event of a stream. Whole answers do not look at it: their headers come when they
    /// are written.
    pub first_event: Duration,
    /// Between two events of a stream.
    pub idle: Duration,
    /// For the whole answer, headers included, when it is not streamed.
    pub total: Duration,
}

impl Default for Deadlines {
    /// Half a minute for a stream to begin (models that think need more: up to the caller), a minute between its events, and
    /// two for a whole answer: 5,000 tokens at the 50 per second of a middling model, with time to spare.
    fn default() -> Self {
        Self { first_event: Duration::from_secs(30), idle: Duration::from_secs(60), total: Duration::from_secs(120) }
    }
}

/// One question to one model.
#[derive(Debug, Clone, Copy)]
#[non_exhaustive]
pub struct Call<'a> {
    /// For the provider's log, where it takes one.
    pub request_id: RequestId,
    /// Whom to ask.
    pub model: &'a Model,
    /// What.
    pub conversation: &'a Conversation,
    /// How long to wait.
    pub deadlines: Deadlines,
}

impl<'a> Call<'a> {
    /// A question with the default deadlines.
    #[must_use]
    pub fn new(request_id: RequestId, model: &'a Model, conversation: &'a Conversation) -> Self {
        Self { request_id, model, conversation, deadlines: Deadlines::default() }
    }

    /// The same with other deadlines.
    #[must_use]
    pub fn with_deadlines(self, deadlines: Deadlines) -> Self {
        Self { deadlines, ..self }
    }
}
