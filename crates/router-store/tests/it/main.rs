//! The journal, the writer and the stores, from the outside.
#![expect(clippy::unwrap_used, reason = "a test says why it fails by failing")]

mod accounts;
mod contract;
mod crash;
mod journal;
mod samples;
mod sqlite;
mod writer;
