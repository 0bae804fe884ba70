//! What the crate promises, seen from outside.

#[path = "../support/models.rs"]
mod models;

mod decision;
mod decision_accuracy;
mod decision_document;
mod decision_properties;
mod situation;
