//! The command line, the configuration, and the server as a process, from outside.
#![expect(clippy::unwrap_used, clippy::expect_used, reason = "a test says why it fails by failing")]
#![expect(clippy::print_stdout, reason = "what was not tested is said")]

mod administration;
mod canary;
mod commands;
mod config;
mod config_documented;
mod config_errors;
mod config_providers;
mod database;
mod full_journal;
mod keys;
mod killed;
mod leaving_callers;
mod listeners;
mod local_model;
mod lost_provider;
mod many_streams;
mod outages;
mod process;
mod readme;
mod redis;
mod redis_outages;
mod reload;
mod replicas;
mod rolling;
mod server;
mod services;
mod slow_callers;
mod soak;
mod starting;
mod starting_databases;
mod stopping;
mod stopping_streams;
mod streaming;
