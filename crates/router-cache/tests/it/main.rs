//! The response cache and the rate limiter, from outside.
#![expect(clippy::unwrap_used, reason = "a test says why it fails by failing")]

mod key;
mod memory_rate_limit;
mod memory_response;
