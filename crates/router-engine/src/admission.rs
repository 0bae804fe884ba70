//! Stages 1 and 2 together: whom to ask depends on what the caller's limits leave, and what is taken of them on who is asked.

use std::sync::Arc;

use router_cache::quota::{Claim, Quotas, Refused};
use router_core::decision::Decision;
use router_core::id::ModelId;
use router_core::model::Model;
use router_core::principal::Principal;
use router_core::usage::Tokens;
use router_core::usd::Usd;

use crate::admit::{Demand, Lane, claim, of_model, refusal};
use crate::ask::Ask;
use crate::engine::Current;
use crate::error::RouteError;
use crate::permit::{Permit, take};
use crate::settings::Unpriced;
use crate::surroundings::Surroundings;
use crate::worth::{self, Worth};

/// How often the choice is made again without those that the limits do not allow.
const MOST_ROUNDS: usize = 4;

/// A request that was let in.
pub(crate) struct Admitted {
    pub(crate) decision: Decision,
    pub(crate) permit: Permit,
    pub(crate) worth: Worth,
}

/// What of a caller's limits and budgets a choice has to heed.
#[derive(Debug, Default)]
pub(crate) struct Beyond {
    /// Models that are asked as often as they may be.
    busy: Vec<ModelId>,
    /// What is left of a budget, and what the request may cost.
    left: Option<(Usd, Worth)>,
    /// A budget pays, and the operator wants it spent where prices are known.
    pub(crate) priced_only: bool,
}

impl Beyond {
    pub(crate) fn is_busy(&self, model: &Model) -> bool {
        self.busy.contains(&model.id)
    }

    pub(crate) fn is_too_dear(&self, model: &Model) -> bool {
        let too_dear = |(left, worth): (Usd, Worth)| worth.at(model).usd().is_some_and(|cost| cost > left);
        self.left.is_some_and(too_dear)
    }
}

/// Lets the request in, or says why not. `decide` chooses among the models that are not beyond reach.
///
/// Where a budget may not be exceeded, the answer is capped.
pub(crate) async fn admit(
    quotas: &Arc<dyn Quotas>,
    around: &Arc<Surroundings>,
    current: &Current,
    ask: &mut Ask,
    principal: &Principal,
    decide: impl Fn(&Ask, &Beyond) -> Decision,
) -> Result<Admitted, RouteError> {
    let settings = &current.snapshot.settings;
    let grants = &principal.grants;
    let strict = grants.accounts.iter().flat_map(|account| &account.budgets).any(|budget| budget.strict);
    let priced_only = settings.unpriced == Unpriced::Refuse && grants.has_budget();
    let mut beyond = Beyond { priced_only, ..Beyond::default() };
    let mut refused_before = None;
    for _ in 0..MOST_ROUNDS {
        let decision = decide(ask, &beyond);
        let Some(choice) = decision.choice() else {
            // Somebody could have answered, if the limits had let them.
            if let Some(refused) = refused_before {
                return Err(refused);
            }
            return nobody(quotas, around, current, ask, principal, decision).await;
        };
        let worth = if strict {
            Worth::at_most(&ask.conversation, ask.original.as_ref(), &decision)
        } else {
            Worth::usual(&ask.conversation, ask.original.as_ref(), &decision)
        };
        let cost = if grants.has_budget() { dearest(current, &decision, worth) } else { Usd::ZERO };
        let mut wanted = claim(principal, settings, demand(around, current, ask, &decision, cost));
        let (callers_rates, callers_slots) = (wanted.rates.len(), wanted.slots.len());
        add_model(&mut wanted, current, &choice.model, &decision);
        let refused = match take(quotas, &wanted, around).await {
            Ok(left) => {
                if strict {
                    ask.conversation.max_output.get_or_insert(worth::USUAL_OUTPUT);
                }
                let permit = Permit::new(Arc::clone(quotas), Arc::clone(around), wanted, left);
                return Ok(Admitted { decision, permit, worth });
            }
            Err(refused) => refused,
        };
        let error = refusal(&wanted, &refused, Lane::Executions);
        match refused {
            Refused::Rate { index, .. } if index >= callers_rates => beyond.busy.push(choice.model.id.clone()),
            Refused::Slots { index } if index >= callers_slots => beyond.busy.push(choice.model.id.clone()),
            Refused::Budget { left, .. } if beyond.left.is_none_or(|(before, _)| left < before) => {
                beyond.left = Some((left, worth));
            }
            _ => return Err(error),
        }
        refused_before = Some(error);
    }
    Err(refused_before.unwrap_or(RouteError::LimitsUnavailable))
}

/// Nobody can take the request, whatever the limits say: it still counts as one.
async fn nobody(
    quotas: &Arc<dyn Quotas>,
    around: &Arc<Surroundings>,
    current: &Current,
    ask: &Ask,
    principal: &Principal,
    decision: Decision,
) -> Result<Admitted, RouteError> {
    let worth = Worth::usual(&ask.conversation, ask.original.as_ref(), &decision);
    let wanted = claim(principal, &current.snapshot.settings, demand(around, current, ask, &decision, Usd::ZERO));
    match take(quotas, &wanted, around).await {
        Ok(left) => {
            let permit = Permit::new(Arc::clone(quotas), Arc::clone(around), wanted, left);
            Ok(Admitted { decision, permit, worth })
        }
        Err(refused) => Err(refusal(&wanted, &refused, Lane::Executions)),
    }
}

fn demand(around: &Surroundings, current: &Current, ask: &Ask, decision: &Decision, cost: Usd) -> Demand {
    Demand {
        id: ask.id,
        tokens: expected(decision).0,
        cost,
        today: around.today(),
        lease: current.snapshot.settings.failover.longest_request(),
    }
}

fn add_model(claim: &mut Claim, current: &Current, model: &Model, decision: &Decision) {
    let limits = &current.snapshot.settings.model_limits;
    if let Some(&limits) = limits.get(&model.id) {
        let (rates, slots) = of_model(model, limits, expected(decision).0);
        claim.rates.extend(rates);
        claim.slots.extend(slots);
    }
}

/// Prompt and answer together.
pub(crate) fn expected(decision: &Decision) -> Tokens {
    decision.input_tokens + decision.output_tokens
}

/// What the request may cost at the dearest of those who may be asked.
fn dearest(current: &Current, decision: &Decision, worth: Worth) -> Usd {
    let failover = &current.snapshot.settings.failover;
    let most = if failover.enabled { failover.max_retries as usize + 1 } else { 1 };
    let asked = decision.in_plan_order().take(most);
    asked.map(|candidate| worth.assumed(&candidate.model, &current.snapshot.registry)).max().unwrap_or_default()
}
