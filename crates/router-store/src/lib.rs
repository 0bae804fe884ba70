#![doc = include_str!("../README.md")]

// What is kept: one trait for each concern.
pub mod audit;
pub mod feedback;
pub mod health;
pub mod keys;
pub mod overrides;
pub mod record;
pub mod recorder;
pub mod retention;
pub mod revision;
pub mod run;
pub mod score;
pub mod sessions;
pub mod spending;
pub mod statistics;
pub mod store;
pub mod tenants;
pub mod users;

pub mod error;
pub mod page;

// On the way there.
pub mod journal;
pub mod writer;

// Where it is kept.
#[cfg(feature = "postgres")]
pub mod postgres;
#[cfg(feature = "sqlite")]
pub mod sqlite;
#[cfg(any(feature = "sqlite", feature = "postgres"))]
mod tables;
