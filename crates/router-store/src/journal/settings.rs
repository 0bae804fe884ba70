//! What can be chosen about a journal.

use std::time::Duration;

/// When what was written is forced from the operating system's memory to the disk. A killed process loses nothing
/// either way; this is about power loss and crashes of the operating system.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum FsyncPolicy {
    /// When the operating system sees fit: up to 30 s on Linux.
    Never,
    /// At most this long after the write, by the [`Writer`](crate::writer::Writer).
    Interval(Duration),
    /// Before each call returns. Costs what the disk's flush costs: from 0.1 ms to 20 ms per call, **one at a time for
    /// all requests, and the calling thread waits**. Inside an asynchronous runtime that is a worker which serves nobody
    /// meanwhile; two calls per request at 5 ms bound the whole process to 100 requests per second.
    Always,
}

/// What can be chosen about a journal.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct JournalSettings {
    /// All segments together, in bytes. At this bound intents are refused.
    pub max_bytes: u64,
    /// A segment, in bytes: what is freed at once. At most a quarter of `max_bytes` is used.
    pub segment_bytes: u64,
    /// Room kept for the outcome of each accepted intent, in bytes. Outcomes are never refused for want of room: those
    /// that are longer go over the bound.
    pub outcome_reserve: u64,
    /// When written entries are forced to the disk.
    pub fsync: FsyncPolicy,
}

impl Default for JournalSettings {
    /// 1 GiB is half a million records of 2 kB: more than an hour of a dead store at 100 requests/s.
    fn default() -> Self {
        Self {
            max_bytes: 1 << 30,
            segment_bytes: 16 << 20,
            outcome_reserve: 16 << 10,
            fsync: FsyncPolicy::Interval(Duration::from_secs(1)),
        }
    }
}

impl JournalSettings {
    /// A full journal is emptied segment by segment, and the newest one cannot be: it must not fill the journal alone.
    pub(crate) fn effective_segment_bytes(&self) -> u64 {
        self.segment_bytes.min(self.max_bytes / 4)
    }
}
