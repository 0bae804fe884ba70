//! What an admitted request holds of its caller's allowances, until it is known what it used.

use std::sync::Arc;

use router_cache::quota::{Claim, Left, Quotas, RateClaim, Refused, SlotClaim, Used};
use router_core::usd::Usd;

use crate::surroundings::Surroundings;

/// Takes a claim. A caller who leaves while the answer is on its way may have been given slots and reservations that nobody
/// would settle before their lease ends: they are given back.
pub(crate) async fn take(quotas: &Arc<dyn Quotas>, claim: &Claim, around: &Surroundings) -> Result<Left, Refused> {
    if claim.slots.is_empty() && claim.budgets.is_empty() {
        return quotas.take(claim, around.now()).await;
    }
    // Without the rates: whether these were taken is not known, and tokens that were not must not be given back.
    let held = Claim { rates: Vec::new(), ..claim.clone() };
    let mut unanswered = Unanswered { quotas: quotas.as_ref(), around, held: Some(held) };
    let answer = quotas.take(claim, around.now()).await;
    unanswered.held = None;
    answer
}

struct Unanswered<'a> {
    quotas: &'a dyn Quotas,
    around: &'a Surroundings,
    held: Option<Claim>,
}

impl Drop for Unanswered<'_> {
    fn drop(&mut self) {
        if let Some(held) = self.held.take() {
            self.quotas.settle(held, Used::default(), self.around.now());
        }
    }
}

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
        let entered = take(&self.quotas, &claim, &self.around).await.is_ok();
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

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use async_trait::async_trait;
    use router_cache::memory_quotas::MemoryQuotas;
    use router_core::id::RequestId;
    use router_core::moment::Moment;
    use router_store::recorder::NoRecorder;

    use super::*;
    use crate::clock::SystemClock;
    use crate::health::Observer;

    /// Takes at once, and is slow to say so: a server at the other end of a network.
    struct Distant(MemoryQuotas);

    #[async_trait]
    impl Quotas for Distant {
        async fn take(&self, claim: &Claim, now: Moment) -> Result<Left, Refused> {
            let answer = self.0.take(claim, now).await;
            tokio::time::sleep(Duration::from_millis(20)).await;
            answer
        }

        async fn top_up(&self, claim: &Claim, extra: Usd, now: Moment) -> Result<(), Refused> {
            self.0.top_up(claim, extra, now).await
        }

        fn settle(&self, claim: Claim, used: Used, now: Moment) {
            self.0.settle(claim, used, now);
        }
    }

    #[tokio::test]
    async fn who_leaves_before_the_answer_holds_nothing() {
        let quotas: Arc<dyn Quotas> = Arc::new(Distant(MemoryQuotas::new(10)));
        let around = Surroundings {
            recorder: Arc::new(NoRecorder),
            clock: Arc::new(SystemClock::start()),
            observer: Observer::default(),
        };
        let one = |id: u128| Claim {
            id: RequestId(uuid::Uuid::from_u128(id)),
            rates: Vec::new(),
            slots: vec![SlotClaim { name: "key:k:concurrent".into(), most: 1 }],
            budgets: Vec::new(),
            lease: Duration::from_secs(3600),
        };
        let left = tokio::time::timeout(Duration::from_millis(5), take(&quotas, &one(1), &around)).await;
        assert!(left.is_err(), "it left before the answer");
        take(&quotas, &one(2), &around).await.unwrap();
        assert_eq!(take(&quotas, &one(3), &around).await, Err(Refused::Slots { index: 0 }));
    }
}
