#![doc = include_str!("../README.md")]

// From the socket inwards.
mod activity;
mod connection;
pub mod server;
pub mod settings;

// One request.
mod access_log;
mod body;
mod dispatch;
mod error;
mod error_response;
mod guard;
mod rate_headers;
mod response;
mod route;
mod routes;
mod service;

// Reading what callers write.
mod json;
mod json_value;
mod nearest;
mod query;

// The endpoints.
mod api;
pub mod app;
mod health_memory;
pub mod openapi;
mod store_deadline;
mod wall_clock;
