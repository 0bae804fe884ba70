//! Why the pipeline did not answer.

use std::time::Duration;

use router_cache::quota::Allowance;
use router_core::attempt::Attempt;
use router_core::error_kind::ErrorKind;
use router_core::grants::BudgetPeriod;
use router_core::id::ModelId;
use router_core::raw_json::RawJson;
use router_core::usage::Tokens;
use router_core::usd::Usd;

/// Why there is no answer. How it is said to the caller (status, dialect) is the HTTP room's business.
#[derive(Debug, Clone, thiserror::Error)]
pub enum RouteError {
    /// The caller asked too often. The caller can act: wait.
    #[error("rate limit exceeded: at most {} {} at once", allowance.limit, by.name())]
    RateLimited {
        /// What there was too much of.
        by: LimitedBy,
        /// What is left.
        allowance: Allowance,
        /// When to ask again; `None` where waiting does not help.
        retry_after: Option<Duration>,
    },
    /// The caller has as many requests under way as they may have. The caller can act: wait for one of them.
    #[error("{most} requests of yours are under way, which is as many as may be; wait for one of them to end")]
    TooManyAtOnce {
        /// How many there may be.
        most: u32,
    },
    /// What is left of a budget is less than what the request may cost. The operator can act: raise it; so can the caller: ask
    /// for a shorter answer or a cheaper model, or wait for the next period.
    #[error("{} does not cover this request: {left} of it is left", budget_name(*.budget))]
    OverBudget {
        /// Whose (`key`, `user` or `tenant`), and of which period.
        budget: Option<(&'static str, BudgetPeriod)>,
        /// What is left, after what requests under way have reserved.
        left: Usd,
    },
    /// The shared counters of limits and budgets do not answer, and the configuration says to refuse rather than to guess. The
    /// operator can act.
    #[error("limits cannot be checked at the moment, so the request was not run")]
    LimitsUnavailable,
    /// The caller named a model that the registry does not know. The caller can act.
    #[error("the model `{model}` is not in the registry; GET /api/models lists those that are")]
    UnknownModel {
        /// What was asked for.
        model: ModelId,
    },
    /// No provider has a key or an address. The operator can act.
    #[error("no provider is configured: set one of {}", variables.join(", "))]
    NoProvider {
        /// The environment variables, one of which would do.
        variables: Vec<String>,
    },
    /// Models exist, but none may or can take this prompt. The caller can act: the explanation says why each was excluded.
    #[error("no model can take this request: {summary}")]
    NoCandidate {
        /// The commonest reasons.
        summary: String,
        /// The whole explanation, as JSON.
        decision: RawJson,
        /// Waiting may help: at least one model is only unavailable for the moment.
        transient: bool,
        /// A shorter request may help: at least one model only lacks the room for it. The tokens of prompt and answer, and the
        /// most that the roomiest of these models takes.
        too_long: Option<(Tokens, Tokens)>,
    },
    /// The caller wanted only a remembered answer, and there is none.
    #[error("the answer is not in the cache, and the request allows nothing else (cache: only)")]
    NotCached,
    /// The journal cannot take the record of this request, and the configuration says to refuse rather than serve unrecorded. The operator can act.
    #[error("the request cannot be recorded, so it was not run")]
    RecordsUnavailable,
    /// Everyone that was asked failed.
    #[error("{}", all_failed(*.kind, .attempts))]
    Failed {
        /// Why the last one did.
        kind: ErrorKind,
        /// The provider's words, where the fault is the caller's; empty otherwise (they are in the log).
        message: String,
        /// Everyone that was asked, in order.
        attempts: Vec<Attempt>,
        /// The smallest wait that any of them named.
        retry_after: Option<Duration>,
    },
}

/// What a rate limit counts.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum LimitedBy {
    /// Requests.
    Requests,
    /// Tokens of prompts and answers.
    Tokens,
}

impl LimitedBy {
    /// As people say it.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Requests => "requests",
            Self::Tokens => "tokens",
        }
    }
}

fn budget_name(budget: Option<(&'static str, BudgetPeriod)>) -> String {
    match budget {
        Some((whose, BudgetPeriod::Total)) => format!("the budget of your {whose}"),
        Some((whose, period)) => format!("the budget of your {whose} for this {}", period.name()),
        None => "your budget".to_owned(),
    }
}

fn all_failed(kind: ErrorKind, attempts: &[Attempt]) -> String {
    let mut models: Vec<&str> = attempts.iter().map(|attempt| attempt.model_id.as_str()).collect();
    models.dedup();
    format!("no model answered (last: {kind}); asked {} times: {}", attempts.len(), models.join(", "))
}
