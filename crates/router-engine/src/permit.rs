//! What an admitted request holds of its caller's allowances, until it is known what it used.

use std::sync::Arc;

use router_cache::quota::{Claim, Left, Quotas, RateClaim, SlotClaim, Used};
use router_core::usd::Usd;

use crate::surroundings::Surroundings;

/// What an admitted request holds. Dropped unsettled, it has used nothing.
pub(crate) struct Permit {
    quotas: Arc<dyn Quotas>,
    around: Arc<Surroundings>,
    /// What was taken when the request was admitted, and what was added to its reservations since.
    claim: Option<Claim>,
    /// What was taken of the limits of models that were asked later.
    later: Vec<Claim>,
    /// What the request may cost by now; zero where no budget pays for it.
    reserved: Usd,
    left: Left,
}

impl Permit {
    pub(crate) fn new(quotas: Arc<dyn Quotas>, around: Arc<Surroundings>, claim: Claim, left: Left) -> Self {
        let reserved = claim.budgets.iter().map(|budget| budget.reserve).max().unwrap_or_default();
        Self { quotas, around, claim: Some(claim), later: Vec::new(), reserved, left }
    }

    /// What is left of the caller's rates.
    pub(crate) const fn left(&self) -> Left {
        self.left
    }

    /// Makes sure that the request may cost `needed` in all. False if its budgets do not allow it.
    pub(crate) async fn afford(&mut self, needed: Usd) -> bool {
        let Some(claim) = self.claim.as_mut().filter(|claim| !claim.budgets.is_empty()) else { return true };
        if needed <= self.reserved {
            return true;
        }
        let extra = Usd::from_nanos(needed.nanos().saturating_sub(self.reserved.nanos()));
        if self.quotas.top_up(claim, extra, self.around.now()).await.is_err() {
            return false;
        }
        for budget in &mut claim.budgets {
            budget.reserve += extra;
        }
        self.reserved = needed;
        true
    }

    /// Takes what a further model's own limits ask for. False if they do not allow it.
    pub(crate) async fn enter(&mut self, rates: Vec<RateClaim>, slots: Vec<SlotClaim>) -> bool {
        let Some(first) = &self.claim else { return true };
        let claim = Claim { id: first.id, rates, slots, budgets: Vec::new(), lease: first.lease };
        let entered = self.quotas.take(&claim, self.around.now()).await.is_ok();
        if entered {
            self.later.push(claim);
        }
        entered
    }

    /// Replaces what was taken by what was used.
    pub(crate) fn settle(mut self, used: Used) {
        self.settle_now(used);
    }

    fn settle_now(&mut self, used: Used) {
        let now = self.around.now();
        for claim in self.claim.take().into_iter().chain(self.later.drain(..)) {
            self.quotas.settle(claim, used, now);
        }
    }
}

impl Drop for Permit {
    fn drop(&mut self) {
        self.settle_now(Used { tokens: Some(0), cost: Usd::ZERO });
    }
}
