//! One event of a stream, as far as it is read.

use serde::Deserialize;
use serde_json::value::RawValue;

use super::response::{Block, StopDetails, Usage};
use crate::json_text::JsonText;

/// One event of any type, as [`Block`] is one block of any.
#[derive(Deserialize)]
pub(super) struct StreamEvent<'a> {
    #[serde(borrow, rename = "type")]
    pub(super) kind: Option<JsonText<'a>>,
    #[serde(borrow)]
    pub(super) error: Option<&'a RawValue>,
    pub(super) message: Option<Message>,
    pub(super) index: Option<u64>,
    pub(super) content_block: Option<Block>,
    #[serde(borrow)]
    pub(super) delta: Option<Delta<'a>>,
    pub(super) usage: Option<Usage>,
}

#[derive(Deserialize)]
pub(super) struct Message {
    pub(super) id: Option<String>,
    pub(super) model: Option<String>,
    pub(super) usage: Option<Usage>,
}

/// What a block goes on with, or how the message ends.
#[derive(Deserialize)]
pub(super) struct Delta<'a> {
    #[serde(borrow, rename = "type")]
    pub(super) kind: Option<JsonText<'a>>,
    pub(super) text: Option<String>,
    pub(super) thinking: Option<String>,
    pub(super) signature: Option<String>,
    pub(super) partial_json: Option<String>,
    #[serde(borrow)]
    pub(super) stop_reason: Option<JsonText<'a>>,
    pub(super) stop_details: Option<StopDetails>,
}
