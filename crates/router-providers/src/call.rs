//! What a provider is asked.

use std::time::Duration;

use router_core::conversation::Conversation;
use router_core::id::RequestId;
use router_core::model::Model;
use router_core::usage::Tokens;

use crate::dialect::Dialect;
use crate::original::Original;

/// How long to wait for what.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Deadlines {
    /// For the first delta of a stream, response headers included. Whole answers do not look at it: their headers come
    /// when they are written.
    pub first_event: Duration,
    /// Between two events of a stream. Comments and pings count as events, but not for longer than the larger of this and
    /// `first_event`.
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

/// The beginning of an answer that another model did not finish.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Begun<'a> {
    /// Its text so far, not empty. The model continues it: it stands last in the conversation, as the assistant's turn.
    pub text: &'a str,
    /// How long that is: what the longest answer is shortened by.
    pub tokens: Tokens,
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
    /// The same as the caller wrote it.
    pub original: Option<&'a Original>,
    /// What is already said of the answer.
    pub begun: Option<Begun<'a>>,
    /// Another model wrote the reasoning of earlier turns: its signatures mean nothing to this one, which would refuse them.
    pub foreign_reasoning: bool,
    /// The field of the longest answer has another name than this model's should have: learned from a refusal.
    pub(crate) limit_renamed: bool,
    /// How long to wait.
    pub deadlines: Deadlines,
    /// Whether the answer is asked for as a stream; set by [`Provider::stream`](crate::provider::Provider::stream).
    pub streamed: bool,
}

impl<'a> Call<'a> {
    /// A question with the default deadlines.
    #[must_use]
    pub fn new(request_id: RequestId, model: &'a Model, conversation: &'a Conversation) -> Self {
        Self {
            request_id,
            model,
            conversation,
            original: None,
            begun: None,
            foreign_reasoning: false,
            limit_renamed: false,
            deadlines: Deadlines::default(),
            streamed: false,
        }
    }

    /// The same with other deadlines.
    #[must_use]
    pub fn with_deadlines(self, deadlines: Deadlines) -> Self {
        Self { deadlines, ..self }
    }

    /// The same as the caller wrote it.
    #[must_use]
    pub fn with_original(self, original: Option<&'a Original>) -> Self {
        Self { original, ..self }
    }

    /// The same, to be continued from where another model stopped.
    #[must_use]
    pub fn continuing(self, begun: Option<Begun<'a>>) -> Self {
        Self { begun, ..self }
    }

    /// The same, where another model wrote the reasoning of earlier turns.
    #[must_use]
    pub fn with_foreign_reasoning(self, foreign_reasoning: bool) -> Self {
        Self { foreign_reasoning, ..self }
    }

    /// The same, as a stream.
    #[must_use]
    pub fn streaming(self) -> Self {
        Self { streamed: true, ..self }
    }

    /// The caller's own words, if they are in this dialect.
    #[must_use]
    pub fn original_in(&self, dialect: Dialect) -> Option<&'a Original> {
        self.original.filter(|original| original.dialect == dialect)
    }
}
