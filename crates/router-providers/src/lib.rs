#![doc = include_str!("../README.md")]

// What a provider is.
pub mod answer;
pub mod call;
pub mod dialect;
pub mod original;
pub mod provider;
pub mod request_error;
pub mod splice;
pub mod whole;

// The kinds there are.
pub mod anthropic;
pub mod kinds;
pub mod openai;
pub mod openai_compatible;
pub mod openrouter;
pub mod setup;

// Wire formats.
pub mod anthropic_messages;
pub mod decoder;
pub mod encoded;
pub mod inbound;
pub mod json_member;
pub mod loss_table;
pub mod openai_chat;
pub mod openai_responses;
pub mod sse;

// What goes wrong.
mod fault;
pub mod fault_table;
mod retry_after;
mod scrub;

// What they share.
mod alarm;
mod base_url;
mod begun;
mod cache_marks;
mod chat_provider;
mod checked_json;
mod connector;
mod data_url;
mod edits;
mod endpoint;
mod event_stream;
mod experience;
mod fields;
mod frame;
mod json_text;
mod losses;
mod names;
mod needs;
mod waits;
