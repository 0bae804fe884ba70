//! The quotas of one process.

use std::collections::HashMap;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use async_trait::async_trait;
use router_core::id::RequestId;
use router_core::moment::Moment;
use router_core::usd::Usd;

use crate::gcra::PaidBack;
use crate::memory_purse::Purses;
use crate::memory_rates::Names;
use crate::quota::{Allowance, Claim, Left, Purse, Quotas, RateClaim, Refused, SlotClaim, Unit, Used};

/// Quotas in memory: exact in every window, all or nothing over everything a request claims, bounded in memory.
///
/// One lock for all names, held for well under a microsecond: that is what makes a claim one step, and at 100,000 claims
/// a second it is free nine tenths of the time.
///
/// The name of a rate whose allowance is whole again is forgotten when room is needed: it equals one never heard of. When
/// there are `max_names` and none of those looked at is whole again, **new names are refused** until one is: letting them
/// pass would hand anyone who can make up names a way around every limit, and those already known are not affected.
#[derive(Debug)]
pub struct MemoryQuotas {
    state: Mutex<State>,
    max_names: usize,
    crowded: AtomicU64,
}

#[derive(Debug, Default)]
struct State {
    rates: Names,
    slots: HashMap<Arc<str>, HashMap<RequestId, Moment>>,
    purses: Purses,
}

impl MemoryQuotas {
    /// Quotas that keep at most `max_names` names of rates, at about 150 bytes each. It has to be more than one claim ever
    /// has.
    #[must_use]
    pub fn new(max_names: usize) -> Self {
        Self { state: Mutex::default(), max_names, crowded: AtomicU64::new(0) }
    }

    /// How many claims were refused because there was no room for a new name.
    #[must_use]
    pub fn crowded(&self) -> u64 {
        self.crowded.load(Ordering::Relaxed)
    }

    /// How many names of rates are kept.
    #[must_use]
    pub fn names(&self) -> usize {
        self.state().rates.len()
    }

    /// Makes sure that purses hold at least what the ledger says was spent: at the start, and from time to time, because an
    /// account may have spent before it got a budget. The ledger lags behind by what is on its way to the database, so the
    /// larger of the two is nearer to the truth.
    pub fn reconcile(&self, spent: &[(Purse, Usd)]) {
        let mut state = self.state();
        for (purse, spent) in spent {
            state.purses.at_least(purse, *spent);
        }
    }

    /// What was spent from a purse and what is reserved of it, as far as it is known here.
    #[must_use]
    pub fn balance(&self, purse: &Purse) -> (Usd, Usd) {
        self.state().purses.balance(purse)
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn take_now(&self, claim: &Claim, now: Moment) -> Result<Left, Refused> {
        let mut taken = Vec::with_capacity(claim.rates.len());
        let mut state = self.state();
        state.rates.try_all(&claim.rates, now, &mut taken)?;
        for (index, slot) in claim.slots.iter().enumerate() {
            if state.slots_taken(slot, now) >= slot.most as usize {
                return Err(Refused::Slots { index });
            }
        }
        state.purses.try_all(&claim.budgets, now)?;
        if let Err((index, wait)) = state.rates.make_room(&claim.rates, self.max_names, now) {
            self.crowded.fetch_add(1, Ordering::Relaxed);
            let allowance =
                Allowance { limit: claim.rates[index].rate.burst, remaining: 0, reset: wait.unwrap_or_default() };
            return Err(Refused::Rate { index, allowance, retry_after: wait });
        }
        let until = Moment(now.0.saturating_add(claim.lease));
        for (rate, &after) in claim.rates.iter().zip(&taken) {
            state.rates.set(&rate.name, after);
        }
        for slot in &claim.slots {
            state.slots.entry(Arc::clone(&slot.name)).or_default().insert(claim.id, until);
        }
        state.purses.reserve(claim.id, &claim.budgets, until);
        drop(state);
        Ok(left(&claim.rates, &taken, now))
    }
}

impl State {
    /// How many hold one; those whose lease has ended are forgotten.
    fn slots_taken(&mut self, slot: &SlotClaim, now: Moment) -> usize {
        let Some(held) = self.slots.get_mut(&slot.name) else { return 0 };
        if held.len() >= slot.most as usize {
            held.retain(|_, until| *until > now);
        }
        held.len()
    }

    fn free(&mut self, slot: &SlotClaim, id: RequestId) {
        if let Some(held) = self.slots.get_mut(&slot.name) {
            held.remove(&id);
            if held.is_empty() {
                self.slots.remove(&slot.name);
            }
        }
    }
}

#[async_trait]
impl Quotas for MemoryQuotas {
    async fn take(&self, claim: &Claim, now: Moment) -> Result<Left, Refused> {
        self.take_now(claim, now)
    }

    async fn top_up(&self, claim: &Claim, extra: Usd, now: Moment) -> Result<(), Refused> {
        self.state().purses.top_up(claim, extra, now)
    }

    fn settle(&self, claim: Claim, used: Used, now: Moment) {
        let mut state = self.state();
        for rate in &claim.rates {
            if let (Unit::Tokens, Some(tokens)) = (rate.unit, used.tokens) {
                let after = state.rates.get(&rate.name).settle(rate.rate, rate.cost, tokens, now);
                state.rates.set(&rate.name, after);
            }
        }
        for slot in &claim.slots {
            state.free(slot, claim.id);
        }
        state.purses.settle(claim.id, &claim.budgets, used.cost);
    }
}

/// Of what is left of each rate after a claim, the smallest share of each unit.
fn left(rates: &[RateClaim], taken: &[PaidBack], now: Moment) -> Left {
    let tightest = |unit: Unit| {
        let left = rates.iter().zip(taken).filter(|(rate, _)| rate.unit == unit);
        let left = left.map(|(rate, state)| state.allowance(rate.rate, now));
        let share = |allowance: &Allowance| f64::from(allowance.remaining) / f64::from(allowance.limit.max(1));
        left.min_by(|one, other| share(one).total_cmp(&share(other)))
    };
    Left { requests: tightest(Unit::Requests), tokens: tightest(Unit::Tokens) }
}
