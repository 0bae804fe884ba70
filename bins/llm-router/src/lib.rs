//! The server and command line of LLM Router, as a library for its own binary and tests.
//!
//! In reading order: [`cli`] says what can be asked for, [`config`] what the server runs with, [`check`] shows it.

pub mod check;
pub mod cli;
pub mod config;
