//! The journal, the writer and the stores, from the outside.
#![expect(clippy::unwrap_used, reason = "a test says why it fails by failing")]
#![expect(clippy::print_stdout, reason = "what was not tested is said")]

mod accounts;
mod contract;
mod crash;
mod journal;
mod postgres;
mod samples;
mod sqlite;
mod writer;
