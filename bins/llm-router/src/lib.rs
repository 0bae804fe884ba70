//! The server and command line of LLM Router, as a library for its own binary and tests.
//!
//! In reading order: [`cli`] says what can be asked for, [`config`] what the server runs with, [`wire`] makes the parts of
//! it, [`serve`] starts and stops them.

pub mod administration;
pub mod catalogue;
pub mod check;
pub mod cli;
pub mod config;
pub mod demo;
pub mod descriptors;
pub mod explain;
pub mod identities;
pub mod keys;
mod log_line;
pub mod logging;
pub mod meter;
pub mod models;
pub mod quotas;
pub mod reload;
pub mod retention;
pub mod serve;
mod signals;
pub mod spent;
pub mod store;
pub mod users;
pub mod values;
pub mod wire;
