//! One process per directory.

use std::fs::{File, OpenOptions, TryLockError};
use std::path::Path;

use crate::error::JournalError;

/// Held for as long as the journal lives; the system lets go of it when the process dies.
#[derive(Debug)]
pub(super) struct DirectoryLock(File);

impl DirectoryLock {
    pub(super) fn take(directory: &Path) -> Result<Self, JournalError> {
        let path = directory.join("lock");
        let file = OpenOptions::new()
            .write(true)
            .create(true)
            .truncate(false)
            .open(&path)
            .map_err(JournalError::io("open", &path))?;
        match file.try_lock() {
            Ok(()) => Ok(Self(file)),
            Err(TryLockError::WouldBlock) => Err(JournalError::InUse { directory: directory.to_owned() }),
            Err(TryLockError::Error(source)) => Err(JournalError::Io { action: "lock", path, source }),
        }
    }
}

impl Drop for DirectoryLock {
    /// Closing the file would not do at once: a child process that was just started holds it too, until it runs its own
    /// program.
    fn drop(&mut self) {
        if let Err(error) = self.0.unlock() {
            tracing::warn!(%error, "the journal's directory was not unlocked");
        }
    }
}
