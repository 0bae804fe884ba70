//! Anthropic's Messages.

pub(crate) mod decode;
pub(crate) mod encode;
mod encode_blocks;
mod encode_turns;
pub(crate) mod inbound;
mod inbound_content;
mod inbound_thinking;
mod inbound_tools;
mod inbound_turns;
mod message_writer;
mod model_rules;
pub(crate) mod outbound;
pub(crate) mod passthrough;
mod request;
mod response;
mod schema;
pub mod stream;
mod stream_blocks;
mod stream_event;
mod thinking;
mod usage;
mod version;

pub use decode::{decode, decode_paused};
pub use encode::encode;
pub use inbound::{decode_count_request, decode_request};
pub use message_writer::MessageWriter;
pub use outbound::message;
pub use passthrough::pass_through;
pub use version::{BETA_HEADER, VERSION_HEADER, VERSION_WITH_SAMPLING, VERSIONS};

use crate::answer::CallError;
use crate::begun::has_foreign_reasoning;
use crate::call::Call;
use crate::dialect::Dialect;
use crate::encoded::Encoded;

/// Writes a request: in the caller's own bytes where they are in this dialect, else from the conversation.
///
/// An answer that somebody else began, and reasoning that somebody else signed, stand within the turns, where bytes are not
/// edited: such a request is written from the conversation.
///
/// # Errors
/// As [`pass_through`] and [`encode`].
pub fn write_request(call: &Call<'_>) -> Result<Encoded, CallError> {
    let as_it_stands = call.begun.is_none() && !has_foreign_reasoning(call);
    match call.original_in(Dialect::AnthropicMessages).filter(|_| as_it_stands) {
        Some(original) => pass_through(call, original),
        None => encode(call),
    }
}
