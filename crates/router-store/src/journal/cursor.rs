//! Reads the journal's outcomes in the order they were written, while more are added.

use std::io;
use std::sync::Arc;

use super::Journal;
use super::entry::{Entry, Kind};
use super::fresh::FreshOutcome;
use super::position::Position;
use super::segment::{self, Item, SegmentReader};
use super::state::Progress;
use crate::error::JournalError;

/// An outcome, from wherever it was at hand.
pub(crate) enum Outcome {
    /// As it was read from the disk.
    Written(Entry),
    /// As it was before it went there.
    Fresh(FreshOutcome),
}

/// Reads the journal's outcomes from the last acknowledged position on.
pub(crate) struct Cursor {
    journal: Arc<Journal>,
    progress: Progress,
    /// Of the segment it stands in.
    reader: Option<SegmentReader>,
}

impl Cursor {
    pub(crate) fn new(journal: Arc<Journal>) -> Self {
        let progress = journal.state().progress;
        Self { journal, progress, reader: None }
    }

    /// How far it has read.
    pub(crate) fn progress(&self) -> Progress {
        self.progress
    }

    /// The next outcome; `None` when it has read all there are. Damaged places are skipped, counted and logged.
    pub(crate) fn next(&mut self) -> Result<Option<Outcome>, JournalError> {
        loop {
            let mut state = self.journal.state();
            if let Some(fresh) = state.fresh.take(self.progress.outcomes) {
                drop(state);
                self.pass(&fresh);
                return Ok(Some(Outcome::Fresh(fresh)));
            }
            // One look for end and next segment: looked at one after the other, entries written in between would be missed.
            let Some((number, extent)) = state.extent(self.progress.position.segment) else {
                return Ok(None);
            };
            drop(state);
            if number != self.progress.position.segment {
                self.enter(number);
            }
            match self.read(extent.end)? {
                Some(Item::Entry(entry)) if entry.kind == Kind::Outcome => {
                    self.progress.outcomes += 1;
                    self.progress.written_at = entry.written_at;
                    return Ok(Some(Outcome::Written(entry)));
                }
                Some(Item::Entry(_)) => {}
                Some(Item::Damaged { bytes, .. }) => {
                    self.journal.state().corrupt += 1;
                    tracing::error!(segment = number, bytes, "skipped a damaged place in the journal");
                }
                None => match extent.next {
                    Some(next) => self.enter(next),
                    None => {
                        // Those that were damaged are done with too.
                        self.progress.outcomes = extent.outcomes;
                        return Ok(None);
                    }
                },
            }
        }
    }

    /// Goes on behind an outcome that it did not read.
    fn pass(&mut self, outcome: &FreshOutcome) {
        self.progress =
            Progress { position: outcome.end, outcomes: outcome.number + 1, written_at: outcome.written_at };
        self.reader = None;
    }

    fn enter(&mut self, segment: u64) {
        self.progress.position = Position { segment, offset: 0 };
        self.reader = None;
    }

    /// The next item of the first `end` bytes of the segment it stands in.
    fn read(&mut self, end: u64) -> Result<Option<Item>, JournalError> {
        let Position { segment, offset } = self.progress.position;
        let path = segment::path(self.journal.directory(), segment);
        if self.reader.is_none() {
            self.journal.check_place()?;
        }
        let mut reader = match self.reader.take().map_or_else(|| SegmentReader::open(&path, offset), Ok) {
            Ok(reader) => reader,
            Err(error) if error.kind() == io::ErrorKind::NotFound && offset < end => {
                self.progress.position.offset = end;
                return Ok(Some(Item::Damaged { bytes: end - offset, to_the_end: true }));
            }
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
            Err(error) => return Err(JournalError::io("open", path)(error)),
        };
        // After an error the reader is dropped, and the next call begins where this one did.
        let item = reader.next(end).map_err(JournalError::io("read", path))?;
        self.progress.position.offset = reader.position();
        self.reader = Some(reader);
        Ok(item)
    }
}
