//! The command line and the configuration, from outside.
#![expect(clippy::unwrap_used, reason = "a test says why it fails by failing")]

mod config;
mod config_documented;
mod config_errors;
mod config_providers;
