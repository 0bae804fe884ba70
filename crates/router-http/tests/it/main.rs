//! The server over real sockets.

#![expect(clippy::unwrap_used, clippy::expect_used, reason = "a test says why it fails by failing")]

mod api;
mod connections;
mod documents;
mod doubles;
mod hostile;
mod log;
mod openai;
mod openai_hostile;
mod stage;
mod streams;
mod whole;
