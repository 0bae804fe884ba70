//! OpenAI's chat completions, and what others made of it.
//!
//! One codec for three kinds of servers; [`Flavour`] holds what differs.

mod chunk_writer;
pub(crate) mod decode;
pub(crate) mod encode;
mod encode_messages;
mod finish;
mod flavour;
pub(crate) mod inbound;
mod inbound_content;
mod inbound_messages;
mod inbound_tools;
pub(crate) mod outbound;
mod request;
mod response;
mod usage;

pub use chunk_writer::ChunkWriter;
pub use decode::decode;
pub use encode::encode;
pub use flavour::Flavour;
pub use inbound::{Inbound, decode_request};
pub use outbound::{Head, Usage, completion};
pub(crate) use usage::written_for_long;
