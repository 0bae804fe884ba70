//! What the engine needs of a journal: two calls per request.

use crate::error::JournalError;
use crate::record::{Intent, RequestRecord};

/// Takes down what is about to be done and what came of it. Both calls are synchronous, so that the second can be made
/// from `Drop`, and take microseconds; under [`FsyncPolicy::Always`](crate::journal::FsyncPolicy::Always) each waits for a
/// flush of the disk.
pub trait Recorder: Send + Sync {
    /// Takes down that a request is about to be dispatched. Once this returns, the request has its record even if the
    /// process is killed: the one passed to [`Recorder::conclude`], or one with
    /// [`RequestStatus::OutcomeUnknown`](crate::record::RequestStatus::OutcomeUnknown).
    ///
    /// # Errors
    /// [`JournalError::Full`] at the size bound, [`JournalError::Behind`] while outcomes wait in memory for the disk,
    /// [`JournalError::Displaced`] without the directory; other variants when the disk fails. Nothing was taken down.
    fn intend(&self, intent: &Intent) -> Result<(), JournalError>;

    /// Takes down what came of a request. A request that nobody was asked about (an answer from the cache) has no
    /// intent; its outcome is taken all the same, as long as there is room.
    ///
    /// # Errors
    /// Without an accepted intent as [`Recorder::intend`]. With one, a disk that fails is no error: the outcome waits in
    /// memory until the disk takes it, and becomes
    /// [`RequestStatus::OutcomeUnknown`](crate::record::RequestStatus::OutcomeUnknown) only if the process ends before.
    /// When there is no room in memory either, the disk's error: the request keeps its intent, and the call may be
    /// repeated.
    fn conclude(&self, record: &RequestRecord) -> Result<(), JournalError>;
}

/// Takes nothing down: for programs that embed the engine and keep no records.
#[derive(Debug, Clone, Copy, Default)]
pub struct NoRecorder;

impl Recorder for NoRecorder {
    fn intend(&self, _: &Intent) -> Result<(), JournalError> {
        Ok(())
    }

    fn conclude(&self, _: &RequestRecord) -> Result<(), JournalError> {
        Ok(())
    }
}
