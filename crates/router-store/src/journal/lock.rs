//! One process per directory.

use std::fs::{File, OpenOptions, TryLockError};
use std::io;
use std::path::{Path, PathBuf};

use crate::error::JournalError;

/// Held for as long as the journal lives; the system lets go of it when the process dies.
#[derive(Debug)]
pub(super) struct DirectoryLock {
    file: File,
    path: PathBuf,
}

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
            Ok(()) => Ok(Self { file, path }),
            Err(TryLockError::WouldBlock) => Err(JournalError::InUse { directory: directory.to_owned() }),
            Err(TryLockError::Error(source)) => Err(JournalError::Io { action: "lock", path, source }),
        }
    }

    /// Whether the directory is still the one that was locked. A directory that was moved away takes its lock along:
    /// another process may have a new one of the same name, whose files are none of ours.
    pub(super) fn check_place(&self) -> Result<(), JournalError> {
        let displaced = |found| JournalError::Displaced { lock: self.path.clone(), found };
        match is_at(&self.file, &self.path) {
            Ok(true) => Ok(()),
            Ok(false) => Err(displaced("is another file now".to_owned())),
            Err(error) => Err(displaced(format!("is not found: {error}"))),
        }
    }
}

#[cfg(unix)]
fn is_at(file: &File, path: &Path) -> io::Result<bool> {
    use std::os::unix::fs::MetadataExt;

    let (ours, found) = (file.metadata()?, std::fs::metadata(path)?);
    Ok((ours.dev(), ours.ino()) == (found.dev(), found.ino()))
}

/// Elsewhere a directory with open files in it cannot be moved.
#[cfg(not(unix))]
fn is_at(_: &File, _: &Path) -> io::Result<bool> {
    Ok(true)
}

impl Drop for DirectoryLock {
    /// Closing the file would not do at once: a child process that was just started holds it too, until it runs its own
    /// program.
    fn drop(&mut self) {
        if let Err(error) = self.file.unlock() {
            tracing::warn!(%error, "the journal's directory was not unlocked");
        }
    }
}
