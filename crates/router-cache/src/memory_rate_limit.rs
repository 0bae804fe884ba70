//! The rate limiter of one process.

use std::collections::HashMap;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use async_trait::async_trait;
use router_core::moment::Moment;

use crate::gcra::PaidBack;
use crate::quota::Allowance;
use crate::rate_limit::{Limit, RateLimiter, Verdict};

/// How many names are looked at for each new one, whether they can be forgotten. With four, the limiter holds at most
/// about half as many again as are in use (with two, measured, three times as many), and no call tidies for long.
const LOOKS_PER_NEW_NAME: usize = 4;

/// How many are looked at before a new name is refused for want of room: bounds the time under the lock.
const LOOKS_WHEN_CROWDED: usize = 64;

/// Rate limits in memory: exact in every window, all or nothing over several limits, bounded in memory.
///
/// One lock for all names, held for well under a microsecond: that is what makes several limits one step, and at
/// 100,000 checks a second it is free nine tenths of the time.
///
/// A name whose allowance is whole again is forgotten when room is needed: it equals one never heard of. When there
/// are `max_names` and none of those looked at is whole again, **new names are refused** until one is: letting them
/// pass would hand anyone who can make up names a way around every limit, and those already known are not affected.
#[derive(Debug)]
pub struct MemoryRateLimiter {
    names: Mutex<Names>,
    max_names: usize,
    crowded: AtomicU64,
}

impl MemoryRateLimiter {
    /// A limiter that keeps at most `max_names` names, at about 150 bytes each. It has to be more than one check ever
    /// has limits.
    #[must_use]
    pub fn new(max_names: usize) -> Self {
        Self { names: Mutex::new(Names::default()), max_names, crowded: AtomicU64::new(0) }
    }

    /// How many checks were refused because there was no room for a new name.
    #[must_use]
    pub fn crowded(&self) -> u64 {
        self.crowded.load(Ordering::Relaxed)
    }

    /// How many names are kept.
    #[must_use]
    pub fn len(&self) -> usize {
        self.names.lock().unwrap_or_else(PoisonError::into_inner).slots.len()
    }

    /// Whether no name is kept.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    fn check_now(&self, limits: &[Limit<'_>], now: Moment) -> Verdict {
        let mut taken = Vec::with_capacity(limits.len());
        let mut names = self.names.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(refused) = names.try_all(limits, now, &mut taken) {
            return refused;
        }
        if let Err((limit, wait)) = names.make_room(limits, self.max_names, now) {
            self.crowded.fetch_add(1, Ordering::Relaxed);
            let reset = wait.unwrap_or_default();
            let allowance = Allowance { limit: limits[limit].rate.burst, remaining: 0, reset };
            return Verdict::Refused { limit, allowance, retry_after: wait };
        }
        for (limit, &state) in limits.iter().zip(&taken) {
            names.set(limit.name, state);
        }
        drop(names);
        Verdict::Admitted(tightest(limits, &taken, now))
    }
}

#[async_trait]
impl RateLimiter for MemoryRateLimiter {
    async fn check(&self, limits: &[Limit<'_>], now: Moment) -> Verdict {
        self.check_now(limits, now)
    }
}

/// What is known of each name. `slots` can be walked a few steps at a time, which a hash map cannot.
#[derive(Debug, Default)]
struct Names {
    positions: HashMap<Arc<str>, usize>,
    slots: Vec<(Arc<str>, PaidBack)>,
    hand: usize,
}

impl Names {
    fn get(&self, name: &str) -> PaidBack {
        self.positions.get(name).map_or_else(PaidBack::default, |&position| self.slots[position].1)
    }

    fn set(&mut self, name: &str, state: PaidBack) {
        if let Some(&position) = self.positions.get(name) {
            self.slots[position].1 = state;
        } else {
            let name: Arc<str> = name.into();
            self.positions.insert(name.clone(), self.slots.len());
            self.slots.push((name, state));
        }
    }

    /// Writes what each limit would be afterwards into `taken`, or says which one refuses (of several, the one with
    /// the longest wait, so that who waits is not refused again by the next).
    fn try_all(&self, limits: &[Limit<'_>], now: Moment, taken: &mut Vec<PaidBack>) -> Option<Verdict> {
        let mut refused: Option<(usize, PaidBack, Option<Duration>)> = None;
        for (index, limit) in limits.iter().enumerate() {
            // A name that occurs twice in one call is charged twice.
            let twin = limits[..index].iter().rposition(|earlier| earlier.name == limit.name);
            let state = twin.map_or_else(|| self.get(limit.name), |twin| taken[twin]);
            let after = state.take(limit.rate, limit.cost, now);
            taken.push(after.unwrap_or(state));
            let Err(wait) = after else { continue };
            let longer = |than: Option<Duration>| wait.is_none() || than.is_some_and(|than| wait > Some(than));
            if refused.is_none_or(|(_, _, than)| longer(than)) {
                refused = Some((index, state, wait));
            }
        }
        refused.map(|(limit, state, retry_after)| Verdict::Refused {
            limit,
            allowance: state.allowance(limits[limit].rate, now),
            retry_after,
        })
    }

    /// Tidies up a little if `limits` has new names, and makes sure that all of them fit.
    ///
    /// # Errors
    /// They do not: with the first new one, and the shortest wait for room among the names looked at.
    fn make_room(&mut self, limits: &[Limit<'_>], max: usize, now: Moment) -> Result<(), (usize, Option<Duration>)> {
        let is_new = |limit: &Limit<'_>| !self.positions.contains_key(limit.name);
        let Some(first) = limits.iter().position(is_new) else { return Ok(()) };
        for _ in 0..limits.len() * LOOKS_PER_NEW_NAME {
            self.look(now);
        }
        let mut shortest: Option<Duration> = None;
        for _ in 0..LOOKS_WHEN_CROWDED {
            // Room for every limit, new or not: looking may have forgotten one of those that were known.
            if self.slots.len() + limits.len() <= max {
                return Ok(());
            }
            if let Some(wait) = self.look(now) {
                shortest = Some(shortest.map_or(wait, |shortest| shortest.min(wait)));
            }
        }
        Err((first, shortest))
    }

    /// Forgets the name under the hand if it is whole again; else moves the hand on and says when it will be.
    fn look(&mut self, now: Moment) -> Option<Duration> {
        if self.hand >= self.slots.len() {
            self.hand = 0;
        }
        let (name, state) = self.slots.get(self.hand)?;
        if !state.is_full(now) {
            self.hand += 1;
            return Some(state.wait(now));
        }
        self.positions.remove(name);
        self.slots.swap_remove(self.hand);
        if let Some((moved, _)) = self.slots.get(self.hand)
            && let Some(position) = self.positions.get_mut(moved)
        {
            *position = self.hand;
        }
        None
    }
}

/// Of what is left of each limit after a check, the smallest share. Without limits nothing is limited.
fn tightest(limits: &[Limit<'_>], taken: &[PaidBack], now: Moment) -> Allowance {
    let left = limits.iter().zip(taken).map(|(limit, state)| state.allowance(limit.rate, now));
    let share = |allowance: &Allowance| f64::from(allowance.remaining) / f64::from(allowance.limit.max(1));
    left.min_by(|one, other| share(one).total_cmp(&share(other))).unwrap_or(Allowance {
        limit: u32::MAX,
        remaining: u32::MAX,
        reset: Duration::ZERO,
    })
}
