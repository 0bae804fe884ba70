//! The simulator over real sockets.
#![expect(clippy::unwrap_used, reason = "a test says why it fails by failing")]

mod answers;
mod checks;
mod client;
mod faults;
mod log;
mod recorded;
