//! Shared quotas, and what is done while nobody answers for them.

use std::collections::HashMap;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Mutex, MutexGuard, PoisonError};

use async_trait::async_trait;
use router_core::grants::Rate;
use router_core::id::RequestId;
use router_core::moment::Moment;
use router_core::usd::Usd;

use crate::memory_quotas::MemoryQuotas;
use crate::quota::{Claim, Left, Purse, Quotas, Refused, Used};

/// What becomes of requests while shared counters do not answer.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum WhenDown {
    /// Each replica admits its share of every limit: the limit divided by the number of replicas, and at least one. Claims on a
    /// strict budget are refused.
    #[default]
    LocalShare,
    /// None is admitted.
    Refuse,
}

/// What was spent from a purse, as far as this replica knows without asking.
pub type KnownSpending = Box<dyn Fn(&Purse) -> Usd + Send + Sync>;

/// Quotas that replicas share; each counts for itself while nobody answers.
pub struct SharedQuotas<Q> {
    shared: Q,
    local: MemoryQuotas,
    when_down: WhenDown,
    replicas: u32,
    known: KnownSpending,
    /// Claims that were taken here: they are settled here.
    here: Mutex<HashMap<RequestId, Vec<Claim>>>,
    alone: AtomicU64,
}

impl<Q: Quotas> SharedQuotas<Q> {
    /// `shared`, with `local` for when it does not answer. `replicas` share what is limited.
    #[must_use]
    pub fn new(shared: Q, local: MemoryQuotas, when_down: WhenDown, replicas: u32, known: KnownSpending) -> Self {
        let (replicas, here, alone) = (replicas.max(1), Mutex::default(), AtomicU64::new(0));
        Self { shared, local, when_down, replicas, known, here, alone }
    }

    /// The shared ones.
    #[must_use]
    pub const fn shared(&self) -> &Q {
        &self.shared
    }

    /// Those of this replica alone.
    #[must_use]
    pub const fn local(&self) -> &MemoryQuotas {
        &self.local
    }

    /// How many claims were decided here, because nobody answered for the shared quotas.
    #[must_use]
    pub fn decided_alone(&self) -> u64 {
        self.alone.load(Ordering::Relaxed)
    }

    fn here(&self) -> MutexGuard<'_, HashMap<RequestId, Vec<Claim>>> {
        self.here.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// This replica's share of what is claimed.
    fn share(&self, claim: &Claim) -> Claim {
        let mut share = claim.clone();
        for rate in &mut share.rates {
            let Rate { per_minute, burst } = rate.rate;
            let of = |number: u32| if number == 0 { 0 } else { (number / self.replicas).max(1) };
            rate.rate = Rate { per_minute: of(per_minute), burst: of(burst) };
            rate.cost = rate.cost.min(rate.rate.burst.max(1));
        }
        for slot in &mut share.slots {
            slot.most = if slot.most == 0 { 0 } else { (slot.most / self.replicas).max(1) };
        }
        for budget in &mut share.budgets {
            let left = budget.limit.nanos().saturating_sub((self.known)(&budget.purse).nanos()).max(0);
            budget.limit = Usd::from_nanos(left / i64::from(self.replicas));
        }
        share
    }
}

#[async_trait]
impl<Q: Quotas> Quotas for SharedQuotas<Q> {
    async fn take(&self, claim: &Claim, now: Moment) -> Result<Left, Refused> {
        match self.shared.take(claim, now).await {
            Err(Refused::Unavailable) if self.when_down == WhenDown::LocalShare && !is_strict(claim) => {}
            answered => return answered,
        }
        self.alone.fetch_add(1, Ordering::Relaxed);
        let share = self.share(claim);
        let left = self.local.take(&share, now).await?;
        if !is_only_counted(&share) {
            self.here().entry(claim.id).or_default().push(share);
        }
        Ok(left)
    }

    async fn top_up(&self, claim: &Claim, extra: Usd, now: Moment) -> Result<(), Refused> {
        let share =
            self.here().get(&claim.id).and_then(|claims| claims.iter().find(|share| is_share(share, claim)).cloned());
        let Some(share) = share else { return self.shared.top_up(claim, extra, now).await };
        self.local.top_up(&share, extra, now).await
    }

    fn settle(&self, claim: Claim, used: Used, now: Moment) {
        let share = {
            let mut here = self.here();
            let share = here.get_mut(&claim.id).and_then(|claims| {
                let place = claims.iter().position(|share| is_share(share, &claim))?;
                Some(claims.swap_remove(place))
            });
            if share.is_some() && here.get(&claim.id).is_some_and(Vec::is_empty) {
                here.remove(&claim.id);
            }
            share
        };
        match share {
            Some(share) => self.local.settle(share, used, now),
            None => self.shared.settle(claim, used, now),
        }
    }
}

/// Whether a budget is among it that must never be exceeded: what others have reserved of it is not known here.
fn is_strict(claim: &Claim) -> bool {
    claim.budgets.iter().any(|budget| budget.strict)
}

/// Whether there is nothing to settle.
fn is_only_counted(claim: &Claim) -> bool {
    let counted = claim.rates.iter().all(|rate| rate.unit == crate::quota::Unit::Requests);
    counted && claim.slots.is_empty() && claim.budgets.is_empty()
}

/// A request may have made several claims: which of them it is, the names say.
fn is_share(share: &Claim, of: &Claim) -> bool {
    share.rates.iter().map(|rate| &rate.name).eq(of.rates.iter().map(|rate| &rate.name))
        && share.slots.iter().map(|slot| &slot.name).eq(of.slots.iter().map(|slot| &slot.name))
        && share.budgets.len() == of.budgets.len()
}

impl<Q: std::fmt::Debug> std::fmt::Debug for SharedQuotas<Q> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("SharedQuotas")
            .field("shared", &self.shared)
            .field("when_down", &self.when_down)
            .field("replicas", &self.replicas)
            .finish_non_exhaustive()
    }
}
