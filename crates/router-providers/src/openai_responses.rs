//! OpenAI's Responses, as callers speak it. Providers are asked in other dialects: every answer is a translation.

mod echo;
pub(crate) mod inbound;
mod inbound_content;
mod inbound_items;
mod inbound_tools;
mod item;
mod response_writer;
mod thought;

pub use echo::Echo;
pub use inbound::decode_request;
pub use response_writer::{ResponseWriter, response};
