//! What every stage works with, for as long as a request lives: also after the caller's future is gone.

use std::sync::Arc;

use jiff::Timestamp;
use jiff::civil::Date;
use jiff::tz::Offset;
use router_core::moment::Moment;
use router_store::recorder::Recorder;

use crate::clock::Clock;
use crate::health::Observer;

/// What every stage works with. Not replaced by a reload.
pub(crate) struct Surroundings {
    pub(crate) recorder: Arc<dyn Recorder>,
    pub(crate) clock: Arc<dyn Clock>,
    pub(crate) observer: Observer,
}

impl Surroundings {
    pub(crate) fn now(&self) -> Moment {
        self.clock.now()
    }

    /// The day in UTC: what shutdown dates are compared with, and what budgets are counted by.
    pub(crate) fn today(&self) -> Date {
        Offset::UTC.to_datetime(self.wall()).date()
    }

    pub(crate) fn wall(&self) -> Timestamp {
        self.clock.wall()
    }
}
