//! The journal: what is about to be done and what came of it, on the local disk before the store knows.
//!
//! It is also the queue to the store: the [`Writer`](crate::writer::Writer) reads it from the last acknowledged position
//! on, in normal operation as after a crash; only that the newest outcomes are in memory too, so that a writer that keeps
//! up need not read them from the disk. A directory of the journal holds its numbered segments, the acknowledged
//! `position`, a `lock` file, and `rejected.jsonl` with records that the database will never take.

pub(crate) mod cursor;
mod entry;
pub(crate) mod fresh;
mod lock;
mod position;
mod recovery;
mod rejected;
mod segment;
mod settings;
mod state;
mod status;
mod waiting;

use std::fs::{self, File};
use std::path::{Path, PathBuf};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use router_core::id::RequestId;
use tokio::sync::{Notify, watch};

use crate::error::JournalError;
use crate::record::{Intent, RequestRecord};
use crate::recorder::Recorder;
use entry::{Entry, Kind};
use lock::DirectoryLock;
use position::PositionFile;
use recovery::Recovered;
use rejected::Rejected;
use state::{Progress, State};

pub use settings::{FsyncPolicy, JournalSettings};
pub use status::JournalStatus;

/// An append-only journal in a directory of its own. Share it: the engine records through it, the writer empties it.
#[derive(Debug)]
pub struct Journal {
    directory: PathBuf,
    settings: JournalSettings,
    rejected: Rejected,
    state: Mutex<State>,
    /// Outcomes have come in where there were none.
    outcomes: Notify,
    /// How many outcomes the store has acknowledged since the start.
    acknowledged: watch::Sender<u64>,
}

impl Journal {
    /// Opens the journal in `directory`, which is made if it is not there, and takes up what a former process left:
    /// a torn tail is cut off, and intents without outcome are concluded as
    /// [`OutcomeUnknown`](crate::record::RequestStatus::OutcomeUnknown).
    ///
    /// Reads all segments; a full journal of 1 GiB takes a second or two.
    ///
    /// # Errors
    /// Another process has the directory, or it cannot be read or written. Damaged content is no error.
    pub fn open(directory: impl Into<PathBuf>, settings: JournalSettings) -> Result<Self, JournalError> {
        let directory = directory.into();
        fs::create_dir_all(&directory).map_err(JournalError::io("make the directory", &directory))?;
        let lock = DirectoryLock::take(&directory)?;
        let path = directory.join("position");
        let mut positions = PositionFile::open(&path).map_err(JournalError::io("open", &path))?;
        let position = positions.load().map_err(JournalError::io("read", &path))?;
        let recovered = Recovered::scan(&directory, position)?;
        let unresolved: Vec<_> = recovered.unresolved.values().map(|(_, intent)| intent.clone()).collect();
        let journal = Self {
            rejected: Rejected::new(&directory, settings.max_bytes),
            state: Mutex::new(State::new(&directory, lock, &settings, recovered, position, positions)?),
            outcomes: Notify::new(),
            acknowledged: watch::Sender::new(0),
            directory,
            settings,
        };
        journal.conclude_unresolved(unresolved);
        Ok(journal)
    }

    /// Where it is.
    #[must_use]
    pub fn directory(&self) -> &Path {
        &self.directory
    }

    /// What was chosen about it.
    #[must_use]
    pub fn settings(&self) -> &JournalSettings {
        &self.settings
    }

    /// How it is doing.
    #[must_use]
    pub fn status(&self) -> JournalStatus {
        self.state().status()
    }

    /// Waits until everything concluded before the call, what the disk refused at first included, is in the store (or among the rejected). A
    /// [`Writer`](crate::writer::Writer) must be running; end it only after this, to shut down gracefully.
    ///
    /// # Errors
    /// [`JournalError::NotFlushed`] when `deadline` has passed.
    pub async fn flush(&self, deadline: Duration) -> Result<(), JournalError> {
        let concluded = {
            let state = self.state();
            state.outcomes + state.waiting() as u64
        };
        let mut acknowledged = self.acknowledged.subscribe();
        // The sender lives in `self`, so only the deadline can end this early.
        let flushed = tokio::time::timeout(deadline, acknowledged.wait_for(|&count| count >= concluded)).await;
        match flushed {
            Ok(_) => Ok(()),
            Err(_) => {
                let state = self.state();
                let (entries, in_memory) = (state.unacknowledged(), state.waiting());
                Err(JournalError::NotFlushed { entries, in_memory, waited: deadline })
            }
        }
    }

    /// The requests of a former process that nobody will conclude any more.
    fn conclude_unresolved(&self, unresolved: Vec<Entry>) {
        if !unresolved.is_empty() {
            tracing::warn!(requests = unresolved.len(), "a former process ended before these requests did");
        }
        for intent in unresolved {
            let concluded = match serde_json::from_slice::<Intent>(&intent.payload) {
                Ok(intent) => self.conclude(&RequestRecord::outcome_unknown(intent)),
                Err(error) => self
                    .reject(intent.id, &error.to_string(), &intent.payload)
                    .inspect(|()| self.state().forget(intent.id)),
            };
            if let Err(error) = concluded {
                // It stays an intent without outcome, for the next start.
                tracing::error!(request = %intent.id, %error, "an interrupted request could not be concluded");
            }
        }
    }

    /// Waits until there are outcomes for the store; how many.
    pub(crate) async fn waiting_outcomes(&self) -> u64 {
        loop {
            let waiting = self.state().unacknowledged();
            if waiting > 0 {
                return waiting;
            }
            // A notification between that look and this wait is kept.
            self.outcomes.notified().await;
        }
    }

    /// Remembers that everything up to there is in the store. Segments before it are removed. May wait for the disk.
    pub(crate) fn acknowledge(&self, progress: Progress) {
        self.state().acknowledge(progress);
        self.acknowledged.send_replace(progress.outcomes);
        if let Err(error) = self.remove_acknowledged() {
            tracing::error!(%error, "acknowledged journal segments could not be removed");
        }
    }

    /// Removes what the store has, but not before everything that was written since is as safe from power loss: the
    /// intents that moved, and outcomes whose intents go.
    fn remove_acknowledged(&self) -> Result<(), JournalError> {
        let done = self.state().leave_acknowledged()?;
        if done.is_empty() {
            return Ok(());
        }
        if matches!(self.settings.fsync, FsyncPolicy::Interval(_)) {
            self.sync()?;
        }
        self.state().remove(&done)
    }

    /// Puts an entry's payload where the operator finds it, because the store will never take it.
    pub(crate) fn reject(&self, id: RequestId, reason: &str, payload: &[u8]) -> Result<(), JournalError> {
        self.check_place()?;
        self.rejected.keep(id, reason, payload)?;
        self.state().rejected += 1;
        tracing::error!(request = %id, reason, "a record is not in the store; it is kept in rejected.jsonl");
        Ok(())
    }

    /// Writes the outcomes that the disk refused before, if it takes them now.
    pub(crate) fn append_waiting(&self) -> Result<(), JournalError> {
        self.change(State::append_waiting)
    }

    /// Whether the directory is still where it was. The status says so too, and no intent is taken while it is not.
    pub(crate) fn check_place(&self) -> Result<(), JournalError> {
        self.state().check_place()
    }

    /// Changes what is written, and wakes the writer if that gave it something to do.
    fn change(&self, write: impl FnOnce(&mut State) -> Result<(), JournalError>) -> Result<(), JournalError> {
        let mut state = self.state();
        let idle = state.unacknowledged() == 0;
        let written = write(&mut state);
        let first = idle && state.unacknowledged() > 0;
        drop(state);
        if first {
            self.outcomes.notify_one();
        }
        written
    }

    /// Forces what was written to the disk, without keeping anyone from writing meanwhile.
    pub(crate) fn sync(&self) -> Result<(), JournalError> {
        let (former, tail) = self.state().unsynced().map_err(JournalError::io("sync", &self.directory))?;
        let mut synced = tail.sync_data();
        let left = former.into_iter().filter(|file| match file.sync_data() {
            Ok(()) => false,
            Err(error) => {
                synced = Err(error);
                true
            }
        });
        let left: Vec<File> = left.collect();
        self.state().still_unsynced(left);
        synced.and_then(|()| segment::sync_names(&self.directory)).map_err(JournalError::io("sync", &self.directory))
    }

    pub(crate) fn state(&self) -> MutexGuard<'_, State> {
        // A panic cannot have left it half changed: nothing in there panics between two changes.
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Recorder for Journal {
    fn intend(&self, intent: &Intent) -> Result<(), JournalError> {
        let bytes = entry::encode(Kind::Intent, entry::now(), intent.id, intent)?;
        self.change(|state| state.intend(intent.id, bytes))
    }

    fn conclude(&self, record: &RequestRecord) -> Result<(), JournalError> {
        let written_at = entry::now();
        let bytes = entry::encode(Kind::Outcome, written_at, record.id, record)?;
        self.change(|state| state.conclude(&bytes, written_at, record))
    }
}

#[cfg(unix)]
#[cfg(test)]
mod tests {
    use router_core::prompt_type::PromptType;
    use uuid::Uuid;

    use super::*;

    /// Something that can be opened and never synced: `fsync` on it says EINVAL.
    fn unsyncable() -> File {
        File::open("/dev/null").unwrap()
    }

    fn id() -> RequestId {
        RequestId(Uuid::now_v7())
    }

    fn intent() -> Intent {
        Intent {
            id: id(),
            tenant: "acme".into(),
            key: None,
            user: None,
            model_id: "gpt-4o".into(),
            provider: "openai".into(),
            prompt_type: PromptType::General,
            difficulty: 0.1,
            reserved: router_core::usd::Usd::ZERO,
            simulated: false,
        }
    }

    fn journal(directory: &Path) -> Journal {
        // Each entry gets a segment of its own.
        let settings = JournalSettings { segment_bytes: 1, ..JournalSettings::default() };
        Journal::open(directory, settings).unwrap()
    }

    fn append(journal: &Journal) {
        journal.conclude(&RequestRecord::outcome_unknown(intent())).unwrap();
    }

    #[test]
    fn what_could_not_be_synced_is_tried_again_and_does_not_keep_others_from_it() {
        let directory = tempfile::tempdir().unwrap();
        let journal = journal(directory.path());
        journal.state().still_unsynced(vec![unsyncable()]);
        (0..3).for_each(|_| append(&journal));
        for _ in 0..2 {
            journal.sync().unwrap_err();
            let (left, _) = journal.state().unsynced().unwrap();
            assert_eq!(left.len(), 1);
            journal.state().still_unsynced(left);
        }
    }

    #[test]
    fn a_segment_is_removed_only_after_what_replaces_it_is_on_the_disk() {
        let directory = tempfile::tempdir().unwrap();
        let journal = journal(directory.path());
        let running = id();
        let bytes = entry::encode(Kind::Intent, entry::now(), running, &"an intent").unwrap();
        journal.state().intend(running, bytes).unwrap();
        (0..2).for_each(|_| append(&journal));
        journal.state().still_unsynced(vec![unsyncable()]);
        let read = Progress { position: position::Position { segment: 3, offset: 0 }, outcomes: 1, written_at: 0 };
        let first = segment::path(directory.path(), 1);
        // Twice: by the second time the intent has moved already, and is no safer for it.
        for _ in 0..2 {
            journal.acknowledge(read);
            assert!(first.exists());
        }
        drop(journal.state().unsynced().unwrap());
        journal.acknowledge(read);
        assert!(!first.exists());
    }
}
