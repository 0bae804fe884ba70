//! Lists come in pages, and a page continues after a key instead of an offset: as fast at the end as at the beginning.

use router_core::id::RequestId;

/// Which part of a list, newest first.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct PageRequest {
    /// How many at most; stores clamp it to 1..=[`PageRequest::MOST`].
    pub limit: u32,
    /// Only those older than this one.
    pub before: Option<RequestId>,
}

impl PageRequest {
    /// The longest page.
    pub const MOST: u32 = 500;

    /// How many items the page has at most, within the bounds.
    #[must_use]
    pub fn clamped_limit(&self) -> usize {
        self.limit.clamp(1, Self::MOST) as usize
    }
}

/// A part of a list, newest first.
#[derive(Debug, Clone, PartialEq)]
pub struct Page<T> {
    /// The items.
    pub items: Vec<T>,
    /// What to pass as [`PageRequest::before`] for the next part; `None` at the end.
    pub next: Option<RequestId>,
}

impl<T> Page<T> {
    /// A page of `items`, which a store has read with one more than `limit` to know whether it is the last.
    #[cfg(feature = "sqlite")]
    pub(crate) fn with_one_more(mut items: Vec<T>, limit: usize, id: impl Fn(&T) -> RequestId) -> Self {
        let more = items.len() > limit;
        items.truncate(limit);
        let next = items.last().filter(|_| more).map(id);
        Self { items, next }
    }
}
