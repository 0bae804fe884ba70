//! Codecs against recorded and written bodies, adapters over real sockets.
#![expect(clippy::unwrap_used, reason = "a test says why it fails by failing")]

mod documentation;
mod encode_anthropic;
mod encode_openai;
mod errors;
mod given;
mod key_order;
mod properties;
mod recorded;
mod simulator;
mod sockets;
