//! The engine against real sockets, a real journal and a real database.
#![expect(clippy::unwrap_used, reason = "a test says why it fails by failing")]

mod metrics_doc;
