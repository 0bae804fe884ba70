//! What the pipeline answers.

use std::time::Duration;

use router_cache::rate_limit::Allowance;
use router_core::attempt::Attempt;
use router_core::conversation::{Content, Part, visible_text};
use router_core::finish::FinishReason;
use router_core::id::{ModelId, ProviderId, RequestId};
use router_core::price::Cost;
use router_core::raw_json::RawJson;
use router_core::usage::Usage;
use serde::{Deserialize, Serialize};

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
    pub allowance: Option<Allowance>,
}
