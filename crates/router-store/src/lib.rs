#![doc = include_str!("../README.md")]

pub mod error;
pub mod feedback;
pub mod page;
pub mod record;
pub mod score;
