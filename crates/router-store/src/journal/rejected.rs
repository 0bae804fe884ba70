//! Where records go that the database will never take: a file for the operator, one JSON object a line.

use std::fs::OpenOptions;
use std::io::Write;
use std::path::{Path, PathBuf};

use router_core::id::RequestId;
use serde_json::json;

use crate::error::JournalError;

/// The file of rejected records.
#[derive(Debug)]
pub(super) struct Rejected {
    path: PathBuf,
    max_bytes: u64,
}

impl Rejected {
    pub(super) fn new(directory: &Path, max_bytes: u64) -> Self {
        Self { path: directory.join("rejected.jsonl"), max_bytes }
    }

    /// Keeps a journal entry's payload and the reason why the store does not have it.
    pub(super) fn keep(&self, id: RequestId, reason: &str, payload: &[u8]) -> Result<(), JournalError> {
        // What cannot be parsed is kept as text.
        let record = serde_json::from_slice(payload).unwrap_or_else(|_| json!(String::from_utf8_lossy(payload)));
        let line = format!("{}\n", json!({"id": id, "reason": reason, "record": record}));
        let mut file = OpenOptions::new()
            .append(true)
            .create(true)
            .open(&self.path)
            .map_err(JournalError::io("open", &self.path))?;
        let bytes = file.metadata().map_err(JournalError::io("read", &self.path))?.len();
        if bytes + line.len() as u64 > self.max_bytes {
            return Err(JournalError::RejectedFull { path: self.path.clone(), bytes });
        }
        file.write_all(line.as_bytes())
            .and_then(|()| file.sync_data())
            // Half a line would spoil the next one.
            .inspect_err(|_| drop(file.set_len(bytes)))
            .map_err(JournalError::io("write to", &self.path))
    }
}
