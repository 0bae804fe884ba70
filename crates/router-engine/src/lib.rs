#![doc = include_str!("../README.md")]

pub mod ask;
pub mod error;
pub mod routed;
