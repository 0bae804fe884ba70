//! What time it is, as a part that tests can replace.

use std::time::Instant;

use jiff::Timestamp;
use router_core::moment::Moment;

/// Tells the time, twice: a clock that never jumps for measuring, and the calendar for records and shutdown dates.
pub trait Clock: Send + Sync {
    /// The time on a monotonic clock.
    fn now(&self) -> Moment;

    /// The time on the wall.
    fn wall(&self) -> Timestamp;
}

/// The machine's clocks.
#[derive(Debug, Clone, Copy)]
pub struct SystemClock {
    origin: Instant,
}

impl SystemClock {
    /// A clock whose moments count from now.
    #[must_use]
    pub fn start() -> Self {
        Self { origin: Instant::now() }
    }
}

impl Clock for SystemClock {
    fn now(&self) -> Moment {
        Moment(self.origin.elapsed())
    }

    fn wall(&self) -> Timestamp {
        Timestamp::now()
    }
}
