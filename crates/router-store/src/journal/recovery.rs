//! What a former process left behind.

use std::collections::{BTreeMap, HashMap};
use std::fs::{self, OpenOptions};
use std::io;
use std::path::Path;

use router_core::id::RequestId;

use super::entry::{Entry, Kind};
use super::position::Position;
use super::segment::{self, Item, SegmentReader};
use crate::error::JournalError;

/// What a former process left behind.
#[derive(Debug, Default)]
pub(super) struct Recovered {
    /// Segments and their lengths, torn tails cut off.
    pub(super) segments: BTreeMap<u64, u64>,
    /// Outcomes that the store has not acknowledged.
    pub(super) outcomes: u64,
    /// When the oldest of them was written.
    pub(super) oldest: Option<u64>,
    /// Intents without outcome, and the segment they stand in.
    pub(super) unresolved: HashMap<RequestId, (u64, Entry)>,
}

impl Recovered {
    /// Reads everything in `directory`. A segment that cannot be read is logged and left to the writer, who tries again;
    /// the start goes on.
    pub(super) fn scan(directory: &Path, acknowledged: Position) -> Result<Self, JournalError> {
        let mut recovered = Self::default();
        for number in numbers(directory).map_err(JournalError::io("read", directory))? {
            let path = segment::path(directory, number);
            let read = recovered.read(&path, number, acknowledged).inspect_err(|error| {
                tracing::error!(path = %path.display(), %error, "a journal segment cannot be read");
            });
            let length = read.or_else(|_| fs::metadata(&path).map(|metadata| metadata.len())).unwrap_or_default();
            recovered.segments.insert(number, length);
        }
        recovered.remove_empty(directory);
        Ok(recovered)
    }

    /// Reads one segment; its length.
    fn read(&mut self, path: &Path, number: u64, acknowledged: Position) -> io::Result<u64> {
        let length = fs::metadata(path)?.len();
        let mut reader = SegmentReader::open(path, 0)?;
        loop {
            let begin = reader.position();
            match reader.next(length)? {
                Some(Item::Entry(entry)) => {
                    self.take(entry, Position { segment: number, offset: begin } < acknowledged, number);
                }
                Some(Item::Damaged { bytes, to_the_end: true }) => {
                    tracing::warn!(path = %path.display(), bytes, "cut a torn tail off a journal segment");
                    // If it cannot be cut, the writer skips it as any other damage.
                    let cut = OpenOptions::new().write(true).open(path).and_then(|file| file.set_len(begin));
                    return Ok(if cut.is_ok() { begin } else { length });
                }
                // Counted and logged by the writer when it comes across it.
                Some(Item::Damaged { to_the_end: false, .. }) => {}
                None => return Ok(length),
            }
        }
    }

    fn take(&mut self, entry: Entry, acknowledged: bool, segment: u64) {
        match entry.kind {
            Kind::Intent => {
                self.unresolved.insert(entry.id, (segment, entry));
            }
            Kind::Outcome => {
                self.unresolved.remove(&entry.id);
                if !acknowledged {
                    self.outcomes += 1;
                    self.oldest.get_or_insert(entry.written_at);
                }
            }
        }
    }

    /// Each start makes a segment; those that stayed empty are of no use.
    fn remove_empty(&mut self, directory: &Path) {
        self.segments
            .retain(|&number, &mut length| length > 0 || fs::remove_file(segment::path(directory, number)).is_err());
    }
}

fn numbers(directory: &Path) -> io::Result<Vec<u64>> {
    let paths: Vec<_> = fs::read_dir(directory)?.map(|file| file.map(|file| file.path())).collect::<io::Result<_>>()?;
    let mut numbers: Vec<_> = paths.iter().filter_map(|path| segment::number(path)).collect();
    numbers.sort_unstable();
    Ok(numbers)
}
