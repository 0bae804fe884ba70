#![doc = include_str!("../README.md")]

// The models that tests are made of are one file, for the tests beside the code and for those in `tests/`.
#[cfg(test)]
extern crate self as router_core;
#[cfg(test)]
#[path = "../tests/support/models.rs"]
mod test_models;

pub mod attempt;
pub mod bound;
pub mod capability;
pub mod classify;
pub mod conversation;
pub mod decide;
pub mod decision;
pub mod difficulty;
pub mod error_kind;
pub mod estimate;
pub mod exclusion;
pub mod explain;
pub mod features;
mod filter;
pub mod finish;
pub mod grants;
pub mod id;
pub mod live;
pub mod model;
pub mod moment;
mod plan;
pub mod preferences;
pub mod price;
pub mod principal;
pub mod prompt_type;
pub mod quality;
pub mod raw_json;
pub mod registry;
pub mod score;
pub mod usage;
pub mod usd;

pub use decide::decide;
