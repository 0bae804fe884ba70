//! The endpoints: each file holds the types, the documentation and the handlers of one path.

pub(crate) mod admin;
mod anthropic_models;
pub(crate) mod chat;
pub(crate) mod count_tokens;
pub(crate) mod eval;
pub(crate) mod eval_runs;
pub(crate) mod feedback;
pub(crate) mod health;
pub(crate) mod index;
pub(crate) mod live_requests;
pub(crate) mod login;
pub(crate) mod messages;
pub(crate) mod metrics;
pub(crate) mod models;
pub(crate) mod openai_models;
pub(crate) mod probes;
pub(crate) mod requests;
pub(crate) mod responses;
pub(crate) mod route;
pub(crate) mod stats;

mod cache_wish;
mod chat_voice;
mod compatible;
mod judged;
mod message_voice;
mod model_name;
mod page;
mod prompt;
mod response_voice;
mod route_stream;
mod wish_headers;
mod wishes;
