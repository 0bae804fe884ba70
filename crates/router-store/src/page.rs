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
}

/// A part of a list, newest first.
#[derive(Debug, Clone, PartialEq)]
pub struct Page<T> {
    /// The items.
    pub items: Vec<T>,
    /// What to pass as [`PageRequest::before`] for the next part; `None` at the end.
    pub next: Option<RequestId>,
}
