//! How many repeats a provider is sent: a share of the first tries it gets, so that its outage is not multiplied.

use std::time::Duration;

use router_core::moment::Moment;

/// Repeats that are always there for whoever asks seldom, and what they come back to, one a second.
const RESERVE: f64 = 10.0;

/// The most that is saved up: what a minute of 100 requests a second earns at a share of a fifth would be 1,200, and a burst
/// of that many repeats is what the budget is there to prevent.
const MOST: f64 = 100.0;

/// The budget of one provider.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct RetryBudget {
    left: f64,
    updated: Moment,
}

impl Default for RetryBudget {
    fn default() -> Self {
        Self { left: RESERVE, updated: Moment::default() }
    }
}

impl RetryBudget {
    /// A first try is made: it earns `share` of a repeat.
    pub(crate) fn earn(&mut self, share: f64) {
        self.left = (self.left + share).min(MOST);
    }

    /// Takes one repeat, if there is one.
    pub(crate) fn take(&mut self, now: Moment) -> bool {
        let waited = now.since(self.updated).as_secs_f64();
        self.updated = self.updated.max(now);
        if self.left < RESERVE {
            self.left = (self.left + waited / Duration::from_secs(1).as_secs_f64()).min(RESERVE);
        }
        let enough = self.left >= 1.0;
        if enough {
            self.left -= 1.0;
        }
        enough
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(seconds: u64) -> Moment {
        Moment(Duration::from_secs(seconds))
    }

    fn taken(budget: &mut RetryBudget, tries: u32, now: Moment) -> u32 {
        (0..tries).map(|_| u32::from(budget.take(now))).sum()
    }

    #[test]
    fn repeats_are_a_share_of_the_traffic_once_the_reserve_is_spent() {
        let mut budget = RetryBudget::default();
        assert_eq!(taken(&mut budget, 1_000, at(0)), 10);
        let repeats: u32 = (0..1_000)
            .map(|_| {
                budget.earn(0.2);
                u32::from(budget.take(at(0)))
            })
            .sum();
        assert!((199..=200).contains(&repeats), "{repeats}");
    }

    #[test]
    fn the_reserve_comes_back_with_time_and_no_more_than_it() {
        let mut budget = RetryBudget::default();
        taken(&mut budget, 1_000, at(0));
        assert_eq!(taken(&mut budget, 1_000, at(3)), 3);
        assert_eq!(taken(&mut budget, 1_000, at(1_000)), 10);
        for _ in 0..10_000 {
            budget.earn(1.0);
        }
        assert_eq!(taken(&mut budget, 1_000, at(1_000)), 100);
    }
}
