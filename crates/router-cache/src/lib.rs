#![doc = include_str!("../README.md")]

mod gcra;
pub mod key;
pub mod ledger;
pub mod memory_rate_limit;
pub mod memory_response;
pub mod quota;
pub mod rate_limit;
pub mod response;
