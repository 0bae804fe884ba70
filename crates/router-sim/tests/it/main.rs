//! The simulator over real sockets.
#![expect(clippy::unwrap_used, reason = "a test says why it fails by failing")]

mod answers;
mod checks;
mod client;
mod fault_log;
mod faults;
mod log;
mod recorded;
mod stream;
mod stream_client;
mod stream_faults;
mod stream_log;
