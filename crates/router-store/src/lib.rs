#![doc = include_str!("../README.md")]

#[cfg(feature = "sqlite")]
mod columns;
pub mod error;
pub mod feedback;
pub mod health;
pub mod journal;
pub mod page;
pub mod record;
pub mod recorder;
pub mod score;
#[cfg(feature = "sqlite")]
pub mod sqlite;
pub mod writer;
