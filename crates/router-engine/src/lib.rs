#![doc = include_str!("../README.md")]

// In the order in which a request passes through them.
mod admit;
mod choose;
mod dispatch;
mod recall;
mod record;

pub mod ask;
pub mod clock;
pub mod engine;
pub mod error;
mod explain;
mod failure;
pub mod health;
mod live;
pub mod metrics;
mod pause;
pub mod routed;
pub mod settings;
pub mod snapshot;
mod surroundings;
mod usage;
