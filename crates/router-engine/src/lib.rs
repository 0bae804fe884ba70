#![doc = include_str!("../README.md")]

// In the order in which a request passes through them.
mod admission;
mod admit;
mod choose;
mod dispatch;
mod recall;
mod record;
mod stream;

// Stage 5 in detail: whom to ask, one attempt, a stream that goes on elsewhere.
mod assembly;
mod job;
mod joint;
mod resume;
mod tried;
mod voice;
mod walk;

pub mod ask;
pub mod breaker;
pub mod clock;
pub mod engine;
pub mod error;
mod explain;
mod failure;
pub mod health;
pub mod kept_text;
mod live;
pub mod metrics;
mod pause;
mod permit;
pub mod redact;
mod retry_budget;
pub mod routed;
pub mod settings;
pub mod snapshot;
mod surroundings;
mod usage;
mod worth;
