//! Codecs against recorded and written bodies, adapters over real sockets.
#![expect(clippy::unwrap_used, reason = "a test says why it fails by failing")]

mod documentation;
mod encode_anthropic;
mod encode_openai;
mod errors;
mod given;
mod golden;
mod inbound_anthropic;
mod inbound_openai;
mod inbound_responses;
mod key_order;
mod outbound_anthropic;
mod outbound_openai;
mod outbound_responses;
mod passthrough;
mod properties;
mod recorded;
mod recorded_stream;
mod repair;
mod simulator;
mod sockets;
mod splice;
mod stream_oddities;
mod stream_simulated;
mod streamed;
