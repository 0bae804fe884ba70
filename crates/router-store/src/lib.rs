#![doc = include_str!("../README.md")]

pub mod error;
pub mod feedback;
pub mod health;
pub mod journal;
pub mod page;
pub mod record;
pub mod recorder;
pub mod score;
//SQL2
//SQL pub mod sqlite;
pub mod writer;
