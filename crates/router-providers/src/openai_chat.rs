//! OpenAI's chat completions, and what others made of it.
//!
//! One codec for three kinds of servers; [`Flavour`] holds what differs.

mod chunk;
pub(crate) mod decode;
pub(crate) mod encode;
mod encode_messages;
mod finish;
mod flavour;
mod request;
mod response;
pub mod stream;
mod stream_calls;
mod usage;

pub use decode::decode;
pub use encode::encode;
pub use flavour::Flavour;
pub(crate) use usage::written_for_long;
