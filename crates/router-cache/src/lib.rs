#![doc = include_str!("../README.md")]

pub mod flight;
mod gcra;
pub mod key;
pub mod ledger;
mod memory_purse;
pub mod memory_quotas;
mod memory_rates;
pub mod memory_response;
pub mod quota;
pub mod response;
