#![doc = include_str!("../README.md")]

// The contracts.
pub mod ledger;
pub mod quota;
pub mod response;

// What both sides of them need.
#[cfg(feature = "redis")]
mod envelope;
pub mod flight;
mod gcra;
pub mod key;

// In this process.
mod memory_purse;
pub mod memory_quotas;
mod memory_rates;
pub mod memory_response;

// Shared by replicas.
#[cfg(feature = "redis")]
pub mod redis;
pub mod shared_quotas;
