//! Time as an argument. The core never asks a clock: callers say what time it is.

use std::time::Duration;

/// A point on a monotonic clock, as the time since an origin of the caller's choice (usually process start).
///
/// Unlike [`std::time::Instant`] it can be written down, so a decision or a test can be replayed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
pub struct Moment(pub Duration);

impl Moment {
    /// The time from `earlier` to `self`; zero if `earlier` is later.
    #[must_use]
    pub fn since(self, earlier: Self) -> Duration {
        self.0.saturating_sub(earlier.0)
    }

    /// The moment `wait` after this one.
    #[must_use]
    pub fn after(self, wait: Duration) -> Self {
        Self(self.0.saturating_add(wait))
    }
}
