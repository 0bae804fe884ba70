#![doc = include_str!("../README.md")]

pub mod rate_limit;
pub mod response;
