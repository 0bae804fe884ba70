//! Stage 1: may this caller ask now?

use router_cache::quota::Allowance;
use router_cache::rate_limit::{Limit, RateLimiter, Verdict};
use router_core::grants::Rate;
use router_core::moment::Moment;
use router_core::principal::Principal;

use crate::error::RouteError;
use crate::metrics;

/// What is limited apart from each other, so that a dashboard that reads cannot use up what prompts need.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Lane {
    /// Prompts that are run.
    Executions,
    /// Reads and dry runs.
    Reads,
}

impl Lane {
    const fn name(self) -> &'static str {
        match self {
            Self::Executions => "executions",
            Self::Reads => "reads",
        }
    }
}

/// Takes one request from the caller's allowance.
pub(crate) async fn admit(
    limiter: &dyn RateLimiter,
    principal: &Principal,
    lane: Lane,
    rate: Rate,
    now: Moment,
) -> Result<Allowance, RouteError> {
    let name = match &principal.key {
        Some(key) => format!("key:{key}:{}", lane.name()),
        None => format!("tenant:{}:{}", principal.tenant, lane.name()),
    };
    match limiter.check(&[Limit { name: &name, rate, cost: 1 }], now).await {
        Verdict::Admitted(allowance) => Ok(allowance),
        Verdict::Refused { allowance, retry_after, .. } => {
            metrics::rate_limited(lane.name());
            Err(RouteError::RateLimited { allowance, retry_after })
        }
    }
}
