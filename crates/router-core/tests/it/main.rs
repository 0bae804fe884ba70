//! What the crate promises, seen from outside.
#![expect(clippy::unwrap_used, reason = "a test says why it fails by failing")]

#[path = "../support/models.rs"]
mod models;

mod decision;
mod decision_accuracy;
mod decision_document;
mod decision_properties;
mod registry;
mod situation;
