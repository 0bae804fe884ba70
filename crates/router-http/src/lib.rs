#![doc = include_str!("../README.md")]

// From the socket inwards.
mod activity;
mod connection;
mod patient_stream;
pub mod server;
pub mod settings;
mod tracked_body;

// One request.
mod access_log;
mod body;
mod cors;
mod dialect;
mod dispatch;
mod error;
mod error_response;
mod guard;
mod native_error;
mod openai_error;
mod patience;
mod rate_headers;
mod response;
mod route;
mod router_headers;
mod routes;
mod service;
mod sse;
mod voice;

// Who is asking.
pub mod auth;

// Reading what callers write.
mod json;
mod json_value;
mod nearest;
mod query;

// The endpoints.
mod anthropic_error;
mod anthropic_headers;
mod api;
pub mod app;
pub mod configuration;
mod health_memory;
pub mod openapi;
mod store_deadline;
mod wall_clock;
mod watchers;
