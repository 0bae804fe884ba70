//! The response body, as far as it is read.

use serde::Deserialize;
use serde_json::value::RawValue;

/// The part of a body that counts, whatever the rest of it is.
#[derive(Deserialize)]
pub(super) struct Consumed {
    pub(super) usage: Option<Usage>,
}

#[derive(Deserialize)]
pub(super) struct Response {
    pub(super) id: Option<String>,
    pub(super) model: Option<String>,
    pub(super) content: Option<Vec<Block>>,
    pub(super) stop_reason: Option<String>,
    pub(super) stop_details: Option<StopDetails>,
    pub(super) usage: Option<Usage>,
}

#[derive(Deserialize)]
pub(super) struct StopDetails {
    pub(super) explanation: Option<String>,
}

/// One block of any type. Not an enum by `type`, because that would buffer `input` and lose how it was written.
#[derive(Deserialize)]
pub(super) struct Block {
    #[serde(rename = "type")]
    pub(super) kind: String,
    pub(super) text: Option<String>,
    pub(super) thinking: Option<String>,
    pub(super) signature: Option<String>,
    pub(super) data: Option<String>,
    pub(super) id: Option<String>,
    pub(super) name: Option<String>,
    pub(super) input: Option<Box<RawValue>>,
}

#[derive(Debug, Default, Deserialize)]
pub(super) struct Usage {
    #[serde(flatten)]
    pub(super) counts: Counts,
    /// Where there are any, the counts beside them are those of the last one.
    pub(super) iterations: Option<Vec<Counts>>,
}

#[derive(Debug, Default, Deserialize)]
pub(super) struct Counts {
    pub(super) input_tokens: Option<u64>,
    pub(super) output_tokens: Option<u64>,
    pub(super) cache_read_input_tokens: Option<u64>,
    pub(super) cache_creation_input_tokens: Option<u64>,
    pub(super) cache_creation: Option<CacheCreation>,
    pub(super) output_tokens_details: Option<OutputDetails>,
}

#[derive(Debug, Deserialize)]
pub(super) struct CacheCreation {
    pub(super) ephemeral_1h_input_tokens: Option<u64>,
}

#[derive(Debug, Deserialize)]
pub(super) struct OutputDetails {
    pub(super) thinking_tokens: Option<u64>,
}

impl Usage {
    /// Takes what a later event reports: each figure is that of everything so far, and one left out has not changed.
    pub(super) fn update(&mut self, later: Self) {
        let Self { counts, iterations } = later;
        let known = &mut self.counts;
        known.input_tokens = counts.input_tokens.or(known.input_tokens);
        known.output_tokens = counts.output_tokens.or(known.output_tokens);
        known.cache_read_input_tokens = counts.cache_read_input_tokens.or(known.cache_read_input_tokens);
        known.cache_creation_input_tokens = counts.cache_creation_input_tokens.or(known.cache_creation_input_tokens);
        known.cache_creation = counts.cache_creation.or(known.cache_creation.take());
        known.output_tokens_details = counts.output_tokens_details.or(known.output_tokens_details.take());
        self.iterations = iterations.or(self.iterations.take());
    }
}
