//! What changes in a journal, all of it under one lock, held for microseconds (or, under
//! [`FsyncPolicy::Always`], for a flush of the disk).

use std::collections::{BTreeMap, HashMap};
use std::fs::{self, File};
use std::io;
use std::path::{Path, PathBuf};
use std::time::Duration;

use router_core::id::RequestId;

use super::entry;
use super::fresh::{Fresh, FreshOutcome};
use super::lock::DirectoryLock;
use super::position::{Position, PositionFile};
use super::recovery::Recovered;
use super::segment::{self, Tail};
use super::settings::{FsyncPolicy, JournalSettings};
use super::status::JournalStatus;
use super::waiting::Waiting;
use crate::error::JournalError;
use crate::record::RequestRecord;

/// A request that is running.
#[derive(Debug)]
struct OpenIntent {
    /// Where its entry stands.
    segment: u64,
    /// The entry, to be written again before that segment is removed.
    bytes: Vec<u8>,
}

/// How far a segment can be read.
#[derive(Debug, Clone, Copy)]
pub(super) struct Extent {
    /// Bytes of whole entries in it.
    pub(super) end: u64,
    /// The segment after it; while there is none, it grows.
    pub(super) next: Option<u64>,
    /// How many outcomes were written to the journal since the start.
    pub(super) outcomes: u64,
}

/// How far the journal was read, or acknowledged.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(crate) struct Progress {
    /// Everything before it.
    pub(super) position: Position,
    /// How many outcomes that is, since the start.
    pub(super) outcomes: u64,
    /// When the last of them was written, in milliseconds since 1970.
    pub(super) written_at: u64,
}

/// What changes in a journal.
pub(crate) struct State {
    directory: PathBuf,
    settings: JournalSettings,
    positions: PositionFile,
    /// What the store has acknowledged.
    pub(super) progress: Progress,
    /// Lengths by number; the last one is the tail's.
    segments: BTreeMap<u64, u64>,
    tail: Tail<File>,
    /// Former tails that were not forced to the disk yet.
    unsynced: Vec<File>,
    open: HashMap<RequestId, OpenIntent>,
    waiting: Waiting,
    pub(super) fresh: Fresh,
    /// Outcomes written since the start; what a former process left counts as written at the start.
    pub(super) outcomes: u64,
    /// When the oldest outcome not acknowledged was written, or somewhat earlier.
    oldest: Option<u64>,
    refused: u64,
    pub(super) rejected: u64,
    pub(super) corrupt: u64,
    disk_error: Option<String>,
    /// The directory is not where it was, as far as was looked.
    displaced: Option<String>,
    pub(crate) store_error: Option<String>,
    lock: DirectoryLock,
}

impl State {
    pub(super) fn new(
        directory: &Path,
        lock: DirectoryLock,
        settings: &JournalSettings,
        recovered: Recovered,
        position: Position,
        positions: PositionFile,
    ) -> Result<Self, JournalError> {
        // Never the number of a segment that is already acknowledged, even if its file is gone.
        let last = recovered.segments.last_key_value().map_or(0, |(&number, _)| number);
        let number = last.max(position.segment) + 1;
        let tail = create(directory, number, settings.fsync)?;
        let mut segments = recovered.segments;
        segments.insert(number, 0);
        let open = recovered.unresolved.into_iter().map(|(id, (segment, entry))| {
            let bytes = entry.encoded();
            (id, OpenIntent { segment, bytes })
        });
        Ok(Self {
            directory: directory.to_owned(),
            settings: settings.clone(),
            positions,
            progress: Progress { position, ..Progress::default() },
            segments,
            tail,
            unsynced: Vec::new(),
            open: open.collect(),
            waiting: Waiting::default(),
            fresh: Fresh::default(),
            outcomes: recovered.outcomes,
            oldest: recovered.oldest,
            refused: 0,
            rejected: 0,
            corrupt: 0,
            disk_error: None,
            displaced: None,
            store_error: None,
            lock,
        })
    }

    pub(super) fn intend(&mut self, id: RequestId, bytes: Vec<u8>) -> Result<(), JournalError> {
        if self.displaced.is_some() {
            self.check_place()?;
        }
        self.append_waiting().map_err(|error| self.behind(error))?;
        self.check_room(bytes.len() as u64 + self.settings.outcome_reserve)?;
        let segment = self.append(&bytes)?;
        self.open.insert(id, OpenIntent { segment, bytes });
        Ok(())
    }

    /// Whether the directory is still where it was. To be asked before a file in it is opened, made or removed by name,
    /// and now and then: what is written to files that are open already tells nobody that they are gone.
    pub(super) fn check_place(&mut self) -> Result<(), JournalError> {
        let place = self.lock.check_place();
        let was_displaced = self.displaced.is_some();
        self.displaced = place.as_ref().err().map(ToString::to_string);
        match &place {
            Err(error) if !was_displaced => tracing::error!(%error, "no intent is taken any more"),
            Ok(()) if was_displaced => tracing::warn!("the journal's directory is back; intents are taken again"),
            _ => {}
        }
        place
    }

    /// Intents are small: on a full disk they may fit where outcomes do not. Each would add an outcome to those that
    /// wait, until there is no memory for them either.
    fn behind(&self, disk: JournalError) -> JournalError {
        JournalError::Behind { outcomes: self.waiting.len(), disk: Box::new(disk) }
    }

    /// Writes the entry of `record`.
    pub(super) fn conclude(
        &mut self,
        bytes: &[u8],
        written_at: u64,
        record: &RequestRecord,
    ) -> Result<(), JournalError> {
        let id = record.id;
        let accepted = self.open.contains_key(&id);
        if !accepted {
            self.check_room(bytes.len() as u64)?;
        }
        match self.append_outcome(id, bytes) {
            Ok(end) => {
                self.keep_fresh(end, bytes.len(), written_at, record);
                let _ = self.append_waiting();
                Ok(())
            }
            Err(error) if accepted && self.waiting.keep(id, bytes) => {
                if self.waiting.len() == 1 {
                    tracing::error!(request = %id, %error, "the disk refuses outcomes; they wait in memory");
                }
                Ok(())
            }
            Err(error) => Err(error),
        }
    }

    /// Writes the outcomes that the disk refused before, until it refuses one again.
    pub(super) fn append_waiting(&mut self) -> Result<(), JournalError> {
        while let Some((id, bytes)) = self.waiting.oldest() {
            self.append_outcome(id, &bytes)?;
        }
        Ok(())
    }

    /// Adds an outcome's entry; where it ends.
    fn append_outcome(&mut self, id: RequestId, bytes: &[u8]) -> Result<Position, JournalError> {
        let segment = self.append(bytes)?;
        self.open.remove(&id);
        self.waiting.remove(id);
        self.outcomes += 1;
        self.oldest.get_or_insert_with(entry::now);
        Ok(Position { segment, offset: self.tail.length })
    }

    /// Keeps the outcome that was just written for the writer, if there is room. Not one that reads differently than it was
    /// written, since JSON has no NaN: what the store gets must not depend on where it comes from.
    fn keep_fresh(&mut self, end: Position, bytes: usize, written_at: u64, record: &RequestRecord) {
        if self.fresh.has_room(bytes) && record.difficulty.is_finite() {
            let (number, record) = (self.outcomes - 1, Box::new(record.clone()));
            self.fresh.keep(FreshOutcome { number, end, written_at, bytes, record });
        }
    }

    /// Outcomes that the disk refused, and that are in memory only.
    pub(super) fn waiting(&self) -> usize {
        self.waiting.len()
    }

    /// The request is not running, and its outcome is kept elsewhere.
    pub(super) fn forget(&mut self, id: RequestId) {
        self.open.remove(&id);
    }

    pub(super) fn unacknowledged(&self) -> u64 {
        self.outcomes.saturating_sub(self.progress.outcomes)
    }

    /// The first segment at or after that number, and how far it can be read.
    pub(super) fn extent(&self, number: u64) -> Option<(u64, Extent)> {
        let mut from = self.segments.range(number..);
        let (&number, &end) = from.next()?;
        let next = from.next().map(|(&next, _)| next);
        Some((number, Extent { end, next, outcomes: self.outcomes }))
    }

    pub(super) fn acknowledge(&mut self, progress: Progress) {
        self.progress = progress;
        // What is left is younger than the last that was acknowledged.
        self.oldest = (self.unacknowledged() > 0).then_some(progress.written_at);
        if let Err(error) = self.positions.store(progress.position) {
            tracing::warn!(%error, "the journal's position was not written; records may be written to the store twice");
        }
    }

    /// The segments before the acknowledged position. Intents of running requests that stand there were written again
    /// at the end; before the segments are removed, that end must be as safe as they are.
    pub(super) fn leave_acknowledged(&mut self) -> Result<Vec<u64>, JournalError> {
        let done: Vec<_> = self.segments.range(..self.progress.position.segment).map(|(&number, _)| number).collect();
        if done.is_empty() {
            return Ok(done);
        }
        self.check_place()?;
        let left_behind = self.open.iter().filter(|(_, intent)| intent.segment < self.progress.position.segment);
        for id in left_behind.map(|(&id, _)| id).collect::<Vec<_>>() {
            let Some(mut intent) = self.open.remove(&id) else { continue };
            let moved = self.append(&intent.bytes);
            if let Ok(segment) = moved {
                intent.segment = segment;
            }
            self.open.insert(id, intent);
            moved?;
        }
        Ok(done)
    }

    pub(super) fn remove(&mut self, segments: &[u64]) -> Result<(), JournalError> {
        self.check_place()?;
        for &number in segments {
            let path = segment::path(&self.directory, number);
            match fs::remove_file(&path) {
                Err(error) if error.kind() != io::ErrorKind::NotFound => {
                    return Err(JournalError::io("remove", path)(error));
                }
                _ => self.segments.remove(&number),
            };
        }
        Ok(())
    }

    /// Files with writes that may be in the operating system's memory only: former tails, and the tail. The former ones
    /// are forgotten here: who cannot sync them gives them back to [`State::still_unsynced`].
    pub(super) fn unsynced(&mut self) -> io::Result<(Vec<File>, File)> {
        let tail = self.tail.file.try_clone()?;
        Ok((std::mem::take(&mut self.unsynced), tail))
    }

    pub(super) fn still_unsynced(&mut self, files: Vec<File>) {
        self.unsynced.extend(files);
    }

    pub(super) fn status(&self) -> JournalStatus {
        let disk_bytes: u64 = self.disk_bytes();
        let from_position: u64 = self.segments.range(self.progress.position.segment..).map(|(_, &length)| length).sum();
        let passed =
            if self.segments.contains_key(&self.progress.position.segment) { self.progress.position.offset } else { 0 };
        JournalStatus {
            entries: self.unacknowledged(),
            bytes: from_position.saturating_sub(passed),
            disk_bytes,
            oldest: self.oldest.map(|since| Duration::from_millis(entry::now().saturating_sub(since))),
            open_intents: self.open.len(),
            waiting_outcomes: self.waiting.len(),
            dropped_outcomes: self.waiting.dropped,
            full: !self.has_room(self.settings.outcome_reserve),
            refused: self.refused,
            rejected: self.rejected,
            corrupt: self.corrupt,
            disk_error: self.displaced.as_ref().or(self.disk_error.as_ref()).cloned(),
            store_error: self.store_error.clone(),
        }
    }

    fn disk_bytes(&self) -> u64 {
        self.segments.values().sum()
    }

    /// Whether `more` bytes fit, with room for the outcomes of all running requests.
    fn check_room(&mut self, more: u64) -> Result<(), JournalError> {
        if self.has_room(more) {
            return Ok(());
        }
        self.refused += 1;
        Err(JournalError::Full { bytes: self.spoken_for(), limit: self.settings.max_bytes })
    }

    fn has_room(&self, more: u64) -> bool {
        self.spoken_for() + more <= self.settings.max_bytes
    }

    /// Bytes on the disk, and room for the outcomes of all running requests.
    fn spoken_for(&self) -> u64 {
        self.disk_bytes() + self.open.len() as u64 * self.settings.outcome_reserve
    }

    /// Adds an entry; the segment it stands in.
    fn append(&mut self, bytes: &[u8]) -> Result<u64, JournalError> {
        let appended = self.append_to_tail(bytes);
        self.disk_error = appended.as_ref().err().map(ToString::to_string);
        appended
    }

    fn append_to_tail(&mut self, bytes: &[u8]) -> Result<u64, JournalError> {
        let mut number = self.segments.last_key_value().map_or(0, |(&number, _)| number);
        let full = self.tail.length + bytes.len() as u64 > self.settings.effective_segment_bytes();
        if full && self.tail.length > 0 {
            self.check_place()?;
            number += 1;
            let former = std::mem::replace(&mut self.tail, create(&self.directory, number, self.settings.fsync)?);
            self.segments.insert(number, 0);
            if matches!(self.settings.fsync, FsyncPolicy::Interval(_)) {
                self.unsynced.push(former.file);
            }
        }
        let appended = self.tail.append(bytes, self.settings.fsync == FsyncPolicy::Always);
        appended.map_err(JournalError::io("write to", &segment::path(&self.directory, number)))?;
        self.segments.insert(number, self.tail.length);
        Ok(number)
    }
}

/// A new segment. What is forced to the disk must also be found there, so its name is too; under
/// [`FsyncPolicy::Interval`] by the writer, like its content.
fn create(directory: &Path, number: u64, fsync: FsyncPolicy) -> Result<Tail<File>, JournalError> {
    let path = segment::path(directory, number);
    // Not `create_new`: the number is ours alone, and its file may be there from an attempt that failed below.
    let file = File::create(&path).map_err(JournalError::io("make", &path))?;
    if fsync == FsyncPolicy::Always {
        segment::sync_names(directory).map_err(JournalError::io("sync", directory))?;
    }
    Ok(Tail::new(file))
}

impl std::fmt::Debug for State {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        self.status().fmt(f)
    }
}
