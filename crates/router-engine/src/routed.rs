//! What the pipeline answers.

use std::fmt;
use std::pin::Pin;
use std::time::Duration;

use bytes::Bytes;
use futures_util::Stream;
use router_cache::quota::Left;
use router_core::attempt::Attempt;
use router_core::conversation::{Content, Part, visible_text};
use router_core::finish::FinishReason;
use router_core::id::{ModelId, ProviderId, RequestId};
use router_core::price::Cost;
use router_core::raw_json::RawJson;
use router_core::usage::Usage;
use router_providers::answer::Events;
use serde::{Deserialize, Serialize};

use crate::error::RouteError;

/// The part of an answer that is worth remembering: the same whoever asks it again.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Reply {
    /// The model that answered.
    pub model_id: ModelId,
    /// Its provider.
    pub provider: ProviderId,
    /// The exact model that the provider says answered.
    pub upstream_model: Option<String>,
    /// The provider's own id of the answer.
    pub upstream_id: Option<String>,
    /// What it said, in order.
    pub parts: Vec<Part>,
    /// Why it stopped.
    pub finish: FinishReason,
    /// What the answering attempt consumed: reported, or estimated where the provider said nothing.
    pub usage: Usage,
    /// It came from a simulated provider.
    pub simulated: bool,
    /// What of the request the provider's wire format could not carry.
    pub dropped: Vec<String>,
    /// What was changed in the caller's own bytes before they were passed on.
    #[serde(default)]
    pub changed: Vec<String>,
    /// The answer as the provider wrote it, where that is in the caller's dialect.
    #[serde(skip)]
    pub original: Option<Bytes>,
    /// Why this model: the [`Explanation`](router_core::explain::Explanation), as JSON.
    pub decision: RawJson,
}

impl Reply {
    /// Whether the model said all it wanted to: an answer that was cut, withheld or empty is not worth repeating to the next caller.
    #[must_use]
    pub fn is_worth_remembering(&self) -> bool {
        match self.finish {
            FinishReason::Stop => {
                self.parts.iter().any(|part| !matches!(&part.content, Content::Text(text) if text.is_empty()))
            }
            FinishReason::ToolCalls => true,
            FinishReason::Length | FinishReason::ContentFilter => false,
        }
    }

    /// The text, without reasoning and tool calls.
    #[must_use]
    pub fn text(&self) -> String {
        visible_text(&self.parts)
    }
}

/// A whole, successful answer.
#[derive(Debug, Clone, PartialEq)]
pub struct Routed {
    /// The request.
    pub id: RequestId,
    /// The answer.
    pub reply: Reply,
    /// What all attempts together cost; zero for an answer from the cache.
    pub cost: Cost,
    /// From admission to the whole answer.
    pub latency: Duration,
    /// The answer came from the cache.
    pub cached: bool,
    /// Everyone that was asked, in order; empty for an answer from the cache.
    pub attempts: Vec<Attempt>,
    /// What is left of the caller's rate limit.
    pub allowance: Option<Left>,
}

/// Who speaks in a stream.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Speaker {
    /// The model.
    pub model_id: ModelId,
    /// Its provider.
    pub provider: ProviderId,
    /// The exact model that the provider says answers.
    pub upstream_model: Option<String>,
    /// The provider's own id of the answer.
    pub upstream_id: Option<String>,
    /// What of the request the provider's wire format could not carry.
    pub dropped: Vec<String>,
    /// What was changed in the caller's own bytes before they were passed on.
    pub changed: Vec<String>,
    /// Whether its events come with the provider's own bytes, in the caller's dialect.
    pub original: bool,
    /// It continues what another model began: what it says follows what was said.
    pub continues: bool,
}

/// One step of a streamed answer.
#[derive(Debug, Clone, PartialEq)]
pub enum StreamEvent {
    /// Someone was asked and did not finish; somebody else may yet.
    Failed(Attempt),
    /// A model begins to speak: until the first of these nothing was said. Another one means that it goes on where the one
    /// before stopped.
    Speaking(Box<Speaker>),
    /// More of the answer.
    Said(Events),
    /// The answer is whole. The last event of a stream that succeeds.
    Done(Box<Routed>),
}

/// A streamed answer.
///
/// Pulled by its reader; dropped, it gives the upstream request up and records the request as cancelled. Its last item is
/// [`StreamEvent::Done`] or an error.
pub struct RoutedStream {
    /// The request.
    pub id: RequestId,
    /// Whom it is planned to ask first, and where. Who answers says [`StreamEvent::Speaking`].
    pub first_choice: (ModelId, ProviderId),
    /// Why this model: the [`Explanation`](router_core::explain::Explanation), as JSON.
    pub decision: RawJson,
    /// All providers are simulated.
    pub simulated: bool,
    /// What is left of the caller's rate limit.
    pub allowance: Left,
    /// The answer, as it comes.
    pub events: Pin<Box<dyn Stream<Item = Result<StreamEvent, RouteError>> + Send>>,
}

impl fmt::Debug for RoutedStream {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("RoutedStream")
            .field("id", &self.id)
            .field("first_choice", &self.first_choice)
            .finish_non_exhaustive()
    }
}
