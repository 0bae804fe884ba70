//! Outcomes that the disk refused, in memory until it takes them.

use std::collections::BTreeMap;

use router_core::id::RequestId;

/// The most bytes that wait: 8,000 records of 2 kB, half a minute of a full disk at 250 requests/s.
const LIMIT: usize = 16 << 20;

/// Outcomes of accepted intents that the disk refused, as entries; oldest first, since ids are UUIDv7. Their intents stay
/// in the journal meanwhile: if the process dies now, the requests are still accounted for.
#[derive(Debug, Default)]
pub(super) struct Waiting {
    entries: BTreeMap<RequestId, Vec<u8>>,
    bytes: usize,
    /// Outcomes for which there was no room, since the start.
    pub(super) dropped: u64,
}

impl Waiting {
    /// Whether there was room. A second outcome of a request takes the place of the first.
    pub(super) fn keep(&mut self, id: RequestId, entry: &[u8]) -> bool {
        self.remove(id);
        if self.bytes + entry.len() > LIMIT {
            self.dropped += 1;
            return false;
        }
        self.bytes += entry.len();
        self.entries.insert(id, entry.to_vec());
        true
    }

    pub(super) fn oldest(&self) -> Option<(RequestId, Vec<u8>)> {
        self.entries.first_key_value().map(|(&id, entry)| (id, entry.clone()))
    }

    pub(super) fn remove(&mut self, id: RequestId) {
        self.bytes -= self.entries.remove(&id).map_or(0, |entry| entry.len());
    }

    pub(super) fn len(&self) -> usize {
        self.entries.len()
    }
}

#[cfg(test)]
mod tests {
    use uuid::Uuid;

    use super::*;

    #[test]
    fn what_waits_is_bounded_in_bytes_and_what_does_not_fit_is_counted() {
        let id = || RequestId(Uuid::now_v7());
        let mut waiting = Waiting::default();
        let (first, second) = (id(), id());
        assert!(waiting.keep(first, &vec![0; LIMIT - 1]));
        assert!(!waiting.keep(second, &[0; 2]));
        assert_eq!((waiting.len(), waiting.dropped), (1, 1));
        // Said again, it is not kept twice.
        assert!(waiting.keep(first, &[0; 2]));
        assert!(waiting.keep(second, &vec![0; LIMIT - 2]));
        assert_eq!(waiting.oldest(), Some((first, vec![0; 2])));
        waiting.remove(first);
        waiting.remove(second);
        assert_eq!((waiting.len(), waiting.bytes), (0, 0));
    }
}
