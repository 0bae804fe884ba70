//! The newest outcomes, in memory too: a writer that keeps up need not read them back from the disk.

use std::collections::VecDeque;

use super::position::Position;
use crate::record::RequestRecord;

/// The most bytes of entries whose records are held: two thousand of 2 kB, what a busy server writes while one batch is on
/// its way.
const LIMIT: usize = 4 << 20;

/// An outcome that was just written.
#[derive(Debug)]
pub(crate) struct FreshOutcome {
    /// How many outcomes were written before it since the start.
    pub(super) number: u64,
    /// Where its entry ends.
    pub(super) end: Position,
    /// Milliseconds since 1970.
    pub(super) written_at: u64,
    /// Of its entry.
    pub(crate) bytes: usize,
    pub(crate) record: Box<RequestRecord>,
}

/// Outcomes by rising number, perhaps with gaps. It is a copy of what is in the journal: whatever is not here is read there.
#[derive(Debug, Default)]
pub(super) struct Fresh {
    outcomes: VecDeque<FreshOutcome>,
    bytes: usize,
}

impl Fresh {
    /// Whether an entry of that length fits.
    pub(super) fn has_room(&self, bytes: usize) -> bool {
        self.bytes + bytes <= LIMIT
    }

    /// Keeps an outcome for which there is room.
    pub(super) fn keep(&mut self, outcome: FreshOutcome) {
        self.bytes += outcome.bytes;
        self.outcomes.push_back(outcome);
    }

    /// The outcome with that number, if it is here. Those before it are forgotten: numbers asked for only rise.
    pub(super) fn take(&mut self, number: u64) -> Option<FreshOutcome> {
        while self.outcomes.front()?.number <= number {
            let outcome = self.outcomes.pop_front()?;
            self.bytes -= outcome.bytes;
            if outcome.number == number {
                return Some(outcome);
            }
        }
        None
    }
}

#[cfg(test)]
mod tests {
    use router_core::id::RequestId;
    use router_core::prompt_type::PromptType;
    use uuid::Uuid;

    use super::*;
    use crate::record::Intent;

    fn outcome(number: u64, bytes: usize) -> FreshOutcome {
        let record = RequestRecord::outcome_unknown(Intent {
            id: RequestId(Uuid::nil()),
            tenant: "acme".into(),
            key: None,
            user: None,
            model_id: "gpt-4o".into(),
            provider: "openai".into(),
            prompt_type: PromptType::General,
            difficulty: 0.1,
            reserved: router_core::usd::Usd::ZERO,
            simulated: false,
        });
        FreshOutcome { number, end: Position::default(), written_at: 0, bytes, record: Box::new(record) }
    }

    #[test]
    fn what_is_asked_for_is_that_or_nothing() {
        let mut fresh = Fresh::default();
        [2, 3, 5].into_iter().for_each(|number| fresh.keep(outcome(number, 1)));
        let taken = [1, 2, 4, 5, 6].map(|number| fresh.take(number).map(|outcome| outcome.number));
        assert_eq!(taken, [None, Some(2), None, Some(5), None]);
        assert_eq!((fresh.outcomes.len(), fresh.bytes), (0, 0));
    }

    #[test]
    fn its_memory_is_bounded() {
        let mut fresh = Fresh::default();
        fresh.keep(outcome(0, LIMIT - 1));
        assert!(fresh.has_room(1));
        assert!(!fresh.has_room(2));
        fresh.take(0);
        assert!(fresh.has_room(LIMIT));
    }
}
