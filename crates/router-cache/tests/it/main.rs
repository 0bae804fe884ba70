//! The response cache and the rate limiter, from outside.
#![expect(clippy::unwrap_used, reason = "a test says why it fails by failing")]

mod key;
mod memory_quotas;
mod memory_rates;
mod memory_response;
mod redis_quotas;
mod redis_response;
mod redis_server;
