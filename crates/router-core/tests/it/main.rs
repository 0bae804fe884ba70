//! Tests of the crate as its users see it.
#![expect(clippy::unwrap_used, reason = "a test says why it fails by failing")]

mod registry;
