//! OpenAI's chat completions, and what others made of it.
//!
//! One codec for three kinds of servers; [`Flavour`] holds what differs.

mod chunk;
mod chunk_writer;
pub(crate) mod decode;
pub(crate) mod encode;
mod encode_messages;
mod finish;
mod flavour;
pub(crate) mod inbound;
pub(crate) mod inbound_content;
mod inbound_messages;
mod inbound_tools;
pub(crate) mod outbound;
pub(crate) mod passthrough;
mod request;
mod response;
pub mod stream;
mod stream_calls;
mod stream_repeats;
mod usage;

pub use chunk_writer::ChunkWriter;
pub use decode::decode;
pub use encode::encode;
pub use flavour::Flavour;
pub use inbound::decode_request;
pub use outbound::{Head, Usage, completion};
pub use passthrough::pass_through;
pub(crate) use usage::written_for_long;

use router_core::conversation::Role;

use crate::answer::CallError;
use crate::begun::has_foreign_reasoning;
use crate::call::Call;
use crate::dialect::Dialect;
use crate::encoded::Encoded;

/// Writes a request: in the caller's own bytes where they are in this dialect, else from the conversation.
///
/// An answer that the caller began and a model went on with is one turn, which no edit of the bytes can make of two: it is
/// written from the conversation.
///
/// # Errors
/// As [`pass_through`] and [`encode`].
pub fn write_request(call: &Call<'_>, flavour: Flavour) -> Result<Encoded, CallError> {
    let begun_by_caller = call.conversation.messages.last().is_some_and(|last| last.role == Role::Assistant);
    let as_it_stands = (call.begun.is_none() || !begun_by_caller) && !has_foreign_reasoning(call);
    match call.original_in(Dialect::OpenAiChat).filter(|_| as_it_stands) {
        Some(original) => pass_through(call, flavour, original),
        None => encode(call, flavour),
    }
}
