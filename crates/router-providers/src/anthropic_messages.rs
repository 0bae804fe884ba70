//! Anthropic's Messages.

pub(crate) mod decode;
pub(crate) mod encode;
mod encode_blocks;
mod encode_turns;
mod model_rules;
mod request;
mod response;
mod schema;
pub mod stream;
mod stream_blocks;
mod stream_event;
mod thinking;
mod usage;

pub use decode::decode;
pub use encode::encode;
