//! The engine against real sockets, a real journal and a real database.
#![expect(clippy::unwrap_used, reason = "a test says why it fails by failing")]

mod budgets;
mod clock_steps;
mod failover;
mod failover_doc;
mod limits;
mod metrics_doc;
mod outage;
mod records;
mod remembered;
mod rig;
mod streamed;
