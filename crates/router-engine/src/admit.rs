//! Stage 1: may this caller ask now, and can they pay for it?

use std::sync::Arc;
use std::time::Duration;

use jiff::civil::Date;
use router_cache::quota::{BudgetClaim, Claim, Left, Purse, Quotas, RateClaim, Refused, SlotClaim, Unit};
use router_core::grants::{Account, Limits, Rate};
use router_core::id::RequestId;
use router_core::model::Model;
use router_core::moment::Moment;
use router_core::principal::Principal;
use router_core::usd::Usd;

use crate::error::{LimitedBy, RouteError};
use crate::metrics;
use crate::settings::EngineSettings;

/// What is limited apart from each other, so that a dashboard that reads cannot use up what prompts need.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Lane {
    /// Prompts that are run.
    Executions,
    /// Reads and dry runs.
    Reads,
}

impl Lane {
    pub(crate) const fn name(self) -> &'static str {
        match self {
            Self::Executions => "executions",
            Self::Reads => "reads",
        }
    }
}

/// What a request asks of the limits.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Demand {
    pub(crate) id: RequestId,
    /// Expected of prompt and answer together.
    pub(crate) tokens: u64,
    /// What it may cost, at the dearest of those who may be asked.
    pub(crate) cost: Usd,
    /// The day it is paid on, in UTC.
    pub(crate) today: Date,
    /// How long it may take.
    pub(crate) lease: Duration,
}

/// Everything that the caller's accounts limit a prompt to.
pub(crate) fn claim(principal: &Principal, settings: &EngineSettings, demand: Demand) -> Claim {
    let mut claim = Claim {
        id: demand.id,
        rates: Vec::with_capacity(4),
        slots: Vec::new(),
        budgets: Vec::new(),
        lease: demand.lease,
    };
    let narrowest = principal.grants.accounts.first();
    // What holds for everyone holds for the key, unless the key has a limit of its own.
    let own = narrowest.map(|account| account.limits).unwrap_or_default();
    let usual = settings.caller_limits;
    let general = Limits {
        requests: own.requests.or(usual.requests),
        tokens: own.tokens.or(usual.tokens),
        concurrent: own.concurrent.or(usual.concurrent),
    };
    add(&mut claim, &caller(principal), general, demand.tokens);
    for account in principal.grants.accounts.iter().skip(1) {
        add(&mut claim, &account.name, account.limits, demand.tokens);
    }
    for account in &principal.grants.accounts {
        claim.budgets.extend(account.budgets.iter().map(|budget| BudgetClaim {
            purse: Purse::on(account.account.clone(), budget.period, demand.today),
            limit: budget.limit,
            reserve: demand.cost,
            strict: budget.strict,
        }));
    }
    claim
}

/// What a model's own limits ask for, whoever calls.
pub(crate) fn of_model(model: &Model, limits: Limits, tokens: u64) -> (Vec<RateClaim>, Vec<SlotClaim>) {
    let name = format!("model:{}", model.id);
    (rates(&name, limits, tokens), slots(&name, limits))
}

fn add(claim: &mut Claim, name: &str, limits: Limits, tokens: u64) {
    claim.rates.extend(rates(name, limits, tokens));
    claim.slots.extend(slots(name, limits));
}

fn rates(name: &str, limits: Limits, tokens: u64) -> Vec<RateClaim> {
    let requests = limits.requests.map(|rate| {
        let name = format!("{name}:{}", Lane::Executions.name()).into();
        RateClaim { name, unit: Unit::Requests, rate, cost: 1 }
    });
    let tokens = limits.tokens.map(|rate| {
        // A prompt longer than the burst would never be let in; the settlement takes the rest.
        let cost = u32::try_from(tokens).unwrap_or(u32::MAX).min(rate.burst);
        RateClaim { name: format!("{name}:tokens").into(), unit: Unit::Tokens, rate, cost }
    });
    requests.into_iter().chain(tokens).collect()
}

fn slots(name: &str, limits: Limits) -> Vec<SlotClaim> {
    let slot = |most| SlotClaim { name: format!("{name}:concurrent").into(), most };
    limits.concurrent.map(slot).into_iter().collect()
}

/// The name of the caller's narrowest account: of those who have none, the tenant's.
fn caller(principal: &Principal) -> Arc<str> {
    let known = principal.grants.accounts.first().map(|account| Arc::clone(&account.name));
    known.unwrap_or_else(|| {
        let account = match (&principal.key, &principal.user) {
            (Some(key), _) => Account::Key(key.clone()),
            (None, Some(user)) => Account::User(user.clone()),
            (None, None) => Account::Tenant(principal.tenant.clone()),
        };
        account.to_string().into()
    })
}

/// Takes one read from the caller's allowance.
pub(crate) async fn admit_read(
    quotas: &dyn Quotas,
    principal: &Principal,
    rate: Option<Rate>,
    id: RequestId,
    now: Moment,
) -> Result<Left, RouteError> {
    let Some(rate) = rate else { return Ok(Left::default()) };
    let name = format!("{}:{}", caller(principal), Lane::Reads.name()).into();
    let rates = vec![RateClaim { name, unit: Unit::Requests, rate, cost: 1 }];
    let claim = Claim { id, rates, slots: Vec::new(), budgets: Vec::new(), lease: Duration::ZERO };
    // Requests stay taken, so there is nothing to settle.
    quotas.take(&claim, now).await.map_err(|refused| refusal(&claim, &refused, Lane::Reads))
}

/// What the caller is told who was not let in.
pub(crate) fn refusal(claim: &Claim, refused: &Refused, lane: Lane) -> RouteError {
    match refused {
        Refused::Rate { index, allowance, retry_after } => {
            let unit = claim.rates.get(*index).map_or(Unit::Requests, |rate| rate.unit);
            let by = match unit {
                Unit::Requests => LimitedBy::Requests,
                Unit::Tokens => LimitedBy::Tokens,
            };
            metrics::rate_limited(if by == LimitedBy::Tokens { "tokens" } else { lane.name() });
            RouteError::RateLimited { by, allowance: *allowance, retry_after: *retry_after }
        }
        Refused::Slots { index } => {
            metrics::rate_limited("concurrent");
            let most = claim.slots.get(*index).map_or(0, |slot| slot.most);
            RouteError::TooManyAtOnce { most }
        }
        Refused::Budget { index, left } => {
            let period = claim.budgets.get(*index).map(|budget| (budget.purse.account.kind(), budget.purse.period));
            metrics::rate_limited("budget");
            RouteError::OverBudget { budget: period, left: *left }
        }
        Refused::Unavailable => {
            metrics::rate_limited("unavailable");
            RouteError::LimitsUnavailable
        }
    }
}
