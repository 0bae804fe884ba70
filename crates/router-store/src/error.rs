//! What can go wrong with what is remembered for good.

use std::io;
use std::path::PathBuf;
use std::time::Duration;

/// Why the store could not do it.
#[derive(Debug, thiserror::Error)]
pub enum StoreError {
    /// The database cannot be opened. The operator can act; nothing was changed.
    #[error("the database {place} cannot be opened: {message}; {remedy}")]
    Open {
        /// Its file, or its address without a password.
        place: String,
        /// The driver's words.
        message: String,
        /// What to do.
        remedy: &'static str,
    },
    /// The database did not answer, or answered with an error. The operator can act; the caller may try later.
    #[error("the database could not {action}: {message}")]
    Database {
        /// What was being done.
        action: &'static str,
        /// The driver's words. For the log.
        message: String,
    },
    /// The database will never take this: trying again cannot help. Whoever made the value can act.
    #[error("the database refuses a {what}: {message}")]
    Refused {
        /// What it is.
        what: &'static str,
        /// Why.
        message: String,
    },
    /// Something that was stored cannot be read back. The operator can act.
    #[error("a stored {what} is not readable: {message}")]
    Corrupt {
        /// What it is.
        what: &'static str,
        /// Why.
        message: String,
    },
}

/// Why the journal could not do it.
#[derive(Debug, thiserror::Error)]
pub enum JournalError {
    /// The journal is at its size bound, because the store has not taken records for a while. The operator can act:
    /// bring the store back, or raise the bound. The engine's policy says what becomes of the request.
    #[error("the journal is full ({bytes} of {limit} bytes): the store is not taking records")]
    Full {
        /// What is in it, room for the outcomes of running requests included.
        bytes: u64,
        /// The bound.
        limit: u64,
    },
    /// Another process has the directory. The operator can act: one process per journal directory.
    #[error(
        "the journal directory {} is in use by another process: stop that one, or give this one a directory of its own",
        directory.display()
    )]
    InUse {
        /// The directory.
        directory: PathBuf,
    },
    /// The disk said no: full, read-only, gone. The operator can act; the journal goes on by itself once it works again.
    #[error("the journal could not {action} {}: {source}", path.display())]
    Io {
        /// What was being done.
        action: &'static str,
        /// To what.
        path: PathBuf,
        /// The system's words.
        source: io::Error,
    },
    /// The directory is not where it was: records would be lost to the next start. The operator can act: put it back, and
    /// the journal goes on by itself; or restart.
    #[error("the journal's directory was moved or removed: {} {found}; put it back, or restart", lock.display())]
    Displaced {
        /// The file that held the directory's lock.
        lock: PathBuf,
        /// What is there instead.
        found: String,
    },
    /// Outcomes of earlier requests are in memory only, because the disk refuses them, so no intent is taken. The operator
    /// can act: make room on the disk; the journal goes on by itself once it works again.
    #[error(
        "{outcomes} outcomes of earlier requests wait in memory, and no intent is taken before they are written: {disk}"
    )]
    Behind {
        /// How many.
        outcomes: usize,
        /// What the disk said to the oldest of them.
        #[source]
        disk: Box<JournalError>,
    },
    /// The entry is longer than an entry may be. Whoever made it can act.
    #[error("an entry of {bytes} bytes is longer than a journal's entry may be ({limit} bytes)")]
    TooLarge {
        /// Its length.
        bytes: u64,
        /// The longest.
        limit: u64,
    },
    /// The entry has no JSON form. Whoever made it can act.
    #[error("a journal entry cannot be written as JSON: {0}")]
    Unwritable(#[from] serde_json::Error),
    /// The file of rejected records is at its bound. The operator can act: look at it, move it away.
    #[error("{} is full ({bytes} bytes): look at why the database refuses these records, and move it away", path.display())]
    RejectedFull {
        /// The file.
        path: PathBuf,
        /// Its size.
        bytes: u64,
    },
    /// Not everything reached the store in time. The next start goes on from here; only what the disk refuses to take is
    /// then `outcome_unknown`.
    #[error(
        "{entries} records are still in the journal after {waited:?}, and the next start writes them to the store; \
         {in_memory} are in memory only, because the disk refuses them"
    )]
    NotFlushed {
        /// How many.
        entries: u64,
        /// How many more the disk has refused so far.
        in_memory: usize,
        /// The deadline that passed.
        waited: Duration,
    },
}

impl JournalError {
    /// For `map_err`: what was being done, and to what.
    pub(crate) fn io(action: &'static str, path: impl Into<PathBuf>) -> impl FnOnce(io::Error) -> Self {
        let path = path.into();
        move |source| Self::Io { action, path, source }
    }
}
