//! How the journal is doing, for health checks and metrics.

use std::time::Duration;

/// How the journal and its writer are doing.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct JournalStatus {
    /// Outcomes that the store has not acknowledged.
    pub entries: u64,
    /// Bytes that the store has not acknowledged, intents included.
    pub bytes: u64,
    /// Bytes on the disk; [`JournalSettings::max_bytes`](super::JournalSettings::max_bytes) is their bound.
    pub disk_bytes: u64,
    /// How long the oldest outcome has been waiting for the store.
    pub oldest: Option<Duration>,
    /// Requests that are running: intents without outcome.
    pub open_intents: usize,
    /// Outcomes that the disk refused: in memory until it takes them, their intents on the disk.
    pub waiting_outcomes: usize,
    /// Outcomes for which there was no room in memory either, since the start: the next start makes them
    /// [`OutcomeUnknown`](crate::record::RequestStatus::OutcomeUnknown).
    pub dropped_outcomes: u64,
    /// The next intent would be refused for want of room.
    pub full: bool,
    /// Calls refused because the journal was full, since the start.
    pub refused: u64,
    /// Records put into the file of rejected ones, since the start.
    pub rejected: u64,
    /// Damaged places skipped, since the start.
    pub corrupt: u64,
    /// Why the last call failed to reach the disk, or that the directory is not where it was; `None` once a call succeeds,
    /// or the directory is back.
    pub disk_error: Option<String>,
    /// Why the store did not take the last batch; `None` once it takes one.
    pub store_error: Option<String>,
}
