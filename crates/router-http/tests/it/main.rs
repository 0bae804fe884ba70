//! The server over real sockets.

#![expect(clippy::unwrap_used, clippy::expect_used, reason = "a test says why it fails by failing")]

mod access;
mod accounts;
mod api;
mod connections;
mod documents;
mod doubles;
mod faults;
mod hostile;
mod identities;
mod log;
mod messages;
mod openai;
mod openai_hostile;
mod responses;
mod stage;
mod streams;
mod tenants;
mod whole;
