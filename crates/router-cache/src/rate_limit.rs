//! The rate limiter's contract.

use std::time::Duration;

use async_trait::async_trait;
use router_core::grants::Rate;
use router_core::moment::Moment;

use crate::quota::Allowance;

/// One limit that a request must pass: whose it is, how much it allows, how much the request takes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Limit<'a> {
    /// Whose: `tenant:acme`, `key:abc:executions`. Two names never share an allowance.
    pub name: &'a str,
    /// What it allows.
    pub rate: Rate,
    /// What this request takes of it (1 request, or a number of tokens).
    pub cost: u32,
}

/// The answer to a check.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Verdict {
    /// All limits allowed it, and all were charged. The allowance is the tightest one.
    Admitted(Allowance),
    /// One did not, and none was charged.
    Refused {
        /// Which, as an index into the limits that were checked.
        limit: usize,
        /// What is left of it.
        allowance: Allowance,
        /// When it is worth asking again; `None` where it never is (the cost is above the burst).
        retry_after: Option<Duration>,
    },
}

/// Checks limits and takes from them, in one atomic step over all of them.
#[async_trait]
pub trait RateLimiter: Send + Sync {
    /// Takes each limit's cost from it, or nothing from any. A limiter with a clock of its own (a shared server's) ignores `now`.
    async fn check(&self, limits: &[Limit<'_>], now: Moment) -> Verdict;
}
