//! What is known of each name of a rate, in one process.

use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;

use router_core::moment::Moment;

use crate::gcra::PaidBack;
use crate::quota::{RateClaim, Refused};

/// How many names are looked at for each new one, whether they can be forgotten. With four, at most about half as many
/// again are held as are in use (with two, measured, three times as many), and no call tidies for long.
const LOOKS_PER_NEW_NAME: usize = 4;

/// How many are looked at before a new name is refused for want of room: bounds the time under the lock.
const LOOKS_WHEN_CROWDED: usize = 64;

/// What is known of each name. `slots` can be walked a few steps at a time, which a hash map cannot.
#[derive(Debug, Default)]
pub(crate) struct Names {
    positions: HashMap<Arc<str>, usize>,
    slots: Vec<(Arc<str>, PaidBack)>,
    hand: usize,
}

impl Names {
    pub(crate) fn len(&self) -> usize {
        self.slots.len()
    }

    pub(crate) fn get(&self, name: &str) -> PaidBack {
        self.positions.get(name).map_or_else(PaidBack::default, |&position| self.slots[position].1)
    }

    pub(crate) fn set(&mut self, name: &Arc<str>, state: PaidBack) {
        if let Some(&position) = self.positions.get(name) {
            self.slots[position].1 = state;
        } else {
            let name = Arc::clone(name);
            self.positions.insert(name.clone(), self.slots.len());
            self.slots.push((name, state));
        }
    }

    /// Writes what each limit would be afterwards into `taken`, or says which one refuses (of several, the one with
    /// the longest wait, so that who waits is not refused again by the next).
    ///
    /// # Errors
    /// [`Refused::Rate`].
    pub(crate) fn try_all(&self, limits: &[RateClaim], now: Moment, taken: &mut Vec<PaidBack>) -> Result<(), Refused> {
        let mut refused: Option<(usize, PaidBack, Option<Duration>)> = None;
        for (index, limit) in limits.iter().enumerate() {
            // A name that occurs twice in one call is charged twice.
            let twin = limits[..index].iter().rposition(|earlier| earlier.name == limit.name);
            let state = twin.map_or_else(|| self.get(&limit.name), |twin| taken[twin]);
            let after = state.take(limit.rate, limit.cost, now);
            taken.push(after.unwrap_or(state));
            let Err(wait) = after else { continue };
            let longer = |than: Option<Duration>| wait.is_none() || than.is_some_and(|than| wait > Some(than));
            if refused.is_none_or(|(_, _, than)| longer(than)) {
                refused = Some((index, state, wait));
            }
        }
        match refused {
            None => Ok(()),
            Some((index, state, retry_after)) => {
                Err(Refused::Rate { index, allowance: state.allowance(limits[index].rate, now), retry_after })
            }
        }
    }

    /// Tidies up a little if `limits` has new names, and makes sure that all of them fit.
    ///
    /// # Errors
    /// They do not: with the first new one, and the shortest wait for room among the names looked at.
    pub(crate) fn make_room(
        &mut self,
        limits: &[RateClaim],
        max: usize,
        now: Moment,
    ) -> Result<(), (usize, Option<Duration>)> {
        let is_new = |limit: &RateClaim| !self.positions.contains_key(&*limit.name);
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
