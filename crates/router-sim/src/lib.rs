#![doc = include_str!("../README.md")]

mod answer;
mod anthropic_answer;
mod anthropic_error;
mod anthropic_messages;
mod anthropic_request;
mod asked;
pub mod attempt;
pub mod config;
mod credentials;
pub mod fault;
mod field;
mod line;
mod listing;
mod model_name;
mod openai_answer;
mod openai_error;
mod openai_messages;
mod openai_request;
mod openrouter_error;
mod playback;
mod problem;
pub mod refuses;
mod reply;
mod schema_instance;
mod service;
pub mod simulator;
mod stage;
mod strict_schema;
pub mod wire;
mod wire_error;

pub use attempt::{Outcome, SeenAttempt};
pub use config::SimulatorConfig;
pub use fault::{Fault, FaultKind, Times};
pub use refuses::Refuses;
pub use simulator::Simulator;
pub use wire::Wire;
