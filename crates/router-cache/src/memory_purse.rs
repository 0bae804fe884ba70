//! What was spent and what is reserved, by purse.

use std::collections::HashMap;

use router_core::grants::BudgetPeriod;
use router_core::id::RequestId;
use router_core::moment::Moment;
use router_core::usd::Usd;

use crate::quota::{BudgetClaim, Claim, Purse, Refused};

/// When there are so many, those of periods that are over are looked for.
const MANY: usize = 1_024;

/// All purses.
#[derive(Debug, Default)]
pub(crate) struct Purses(HashMap<Purse, Contents>);

#[derive(Debug, Default)]
struct Contents {
    spent: Usd,
    reserved: HashMap<RequestId, Reservation>,
    /// Of all reservations together.
    sum: Usd,
}

#[derive(Debug)]
struct Reservation {
    amount: Usd,
    until: Moment,
}

impl Contents {
    /// What is left of `limit`. Reservations whose lease has ended are forgotten where it matters.
    fn left(&mut self, limit: Usd, wanted: Usd, now: Moment) -> Usd {
        let left = minus(limit, self.spent + self.sum);
        if left >= wanted {
            return left;
        }
        self.reserved.retain(|_, reservation| reservation.until > now);
        self.sum = self.reserved.values().map(|reservation| reservation.amount).sum();
        minus(limit, self.spent + self.sum)
    }
}

impl Purses {
    pub(crate) fn at_least(&mut self, purse: &Purse, spent: Usd) {
        let contents = self.0.entry(purse.clone()).or_default();
        contents.spent = contents.spent.max(spent);
    }

    pub(crate) fn balance(&self, purse: &Purse) -> (Usd, Usd) {
        self.0.get(purse).map(|contents| (contents.spent, contents.sum)).unwrap_or_default()
    }

    /// Whether all of them allow it.
    pub(crate) fn try_all(&mut self, claims: &[BudgetClaim], now: Moment) -> Result<(), Refused> {
        for (index, claim) in claims.iter().enumerate() {
            let left = match self.0.get_mut(&claim.purse) {
                Some(contents) => contents.left(claim.limit, claim.reserve, now),
                None => claim.limit,
            };
            // A budget that is used up pays for nothing, not even for what is free.
            if left < claim.reserve || left <= Usd::ZERO {
                return Err(Refused::Budget { index, left: left.max(Usd::ZERO) });
            }
        }
        Ok(())
    }

    pub(crate) fn reserve(&mut self, id: RequestId, claims: &[BudgetClaim], until: Moment) {
        for claim in claims {
            if self.0.len() >= MANY && !self.0.contains_key(&claim.purse) {
                self.forget_before(&claim.purse);
            }
            let contents = self.0.entry(claim.purse.clone()).or_default();
            contents.sum += claim.reserve;
            contents.reserved.insert(id, Reservation { amount: claim.reserve, until });
        }
    }

    pub(crate) fn top_up(&mut self, claim: &Claim, extra: Usd, now: Moment) -> Result<(), Refused> {
        for (index, budget) in claim.budgets.iter().enumerate() {
            let Some(contents) = self.0.get_mut(&budget.purse) else { continue };
            let left = contents.left(budget.limit, extra, now);
            if left < extra {
                return Err(Refused::Budget { index, left: left.max(Usd::ZERO) });
            }
        }
        for budget in &claim.budgets {
            let Some(contents) = self.0.get_mut(&budget.purse) else { continue };
            let until = Moment(now.0.saturating_add(claim.lease));
            let held = contents.reserved.entry(claim.id).or_insert(Reservation { amount: Usd::ZERO, until });
            held.amount += extra;
            contents.sum += extra;
        }
        Ok(())
    }

    pub(crate) fn settle(&mut self, id: RequestId, claims: &[BudgetClaim], cost: Usd) {
        for claim in claims {
            let contents = self.0.entry(claim.purse.clone()).or_default();
            if let Some(reservation) = contents.reserved.remove(&id) {
                contents.sum = minus(contents.sum, reservation.amount);
            }
            contents.spent += cost;
        }
    }

    /// Forgets days and months that are over, and from which nothing is reserved any more.
    fn forget_before(&mut self, newest: &Purse) {
        if newest.period == BudgetPeriod::Total {
            return;
        }
        self.0.retain(|purse, contents| {
            purse.period != newest.period || purse.from >= newest.from || !contents.reserved.is_empty()
        });
    }
}

fn minus(from: Usd, amount: Usd) -> Usd {
    Usd::from_nanos(from.nanos().saturating_sub(amount.nanos()))
}
