//! The writer: takes records from the journal to the store, in batches, and acknowledges them.

use std::convert::Infallible;
use std::future::Future;
use std::sync::Arc;
use std::time::Duration;

use router_core::id::RequestId;
use tokio::task::{JoinError, JoinSet};
use tokio::time::{sleep, timeout};

use crate::error::{JournalError, StoreError};
use crate::journal::cursor::{Cursor, Outcome};
use crate::journal::{FsyncPolicy, Journal};
use crate::record::{RequestLog, RequestRecord};

/// What can be chosen about the writer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct WriterSettings {
    /// Records in a batch, at most.
    pub batch_rows: usize,
    /// Bytes of journal in a batch, at most; one record may be larger. Bounds the writer's memory.
    pub batch_bytes: usize,
    /// How long a record waits for others to share its batch with.
    pub batch_age: Duration,
    /// How long the store may take for a batch before it counts as dead.
    pub deadline: Duration,
    /// The pause after the first failure; it doubles with each further one.
    pub min_backoff: Duration,
    /// The longest pause.
    pub max_backoff: Duration,
}

impl Default for WriterSettings {
    /// From 500 rows on, larger batches gain little on either database. Each batch costs a commit that is forced to the
    /// disk and the same pages of every index, so at 200 requests/s the age decides what a record costs; 200 ms is
    /// fresh enough for people.
    fn default() -> Self {
        Self {
            batch_rows: 500,
            batch_bytes: 8 << 20,
            batch_age: Duration::from_millis(200),
            deadline: Duration::from_secs(30),
            min_backoff: Duration::from_millis(100),
            max_backoff: Duration::from_secs(5),
        }
    }
}

/// Takes records from the journal to the store. One per journal.
pub struct Writer {
    journal: Arc<Journal>,
    log: Arc<dyn RequestLog>,
    settings: WriterSettings,
}

/// Some outcomes of the journal.
#[derive(Default)]
struct Batch {
    records: Vec<RequestRecord>,
    /// Payloads that are no records: written by a newer version, perhaps.
    unreadable: Vec<(RequestId, String, Vec<u8>)>,
    /// There may be more.
    full: bool,
}

impl Writer {
    /// A writer from `journal` to `log`.
    #[must_use]
    pub fn new(journal: Arc<Journal>, log: Arc<dyn RequestLog>, settings: WriterSettings) -> Self {
        Self { journal, log, settings }
    }

    /// Works until `shutdown`. To end gracefully, wait for [`Journal::flush`] first. Ending it at any moment, even by
    /// dropping this future, loses nothing: what was not acknowledged is written again by the next writer. A panic in the
    /// store does not end it either: it says so in the journal's status, and begins again after a pause.
    pub async fn run(self, shutdown: impl Future<Output = ()> + Send) {
        tokio::select! {
            () = shutdown => {}
            never = Arc::new(self).keep_going() => match never {},
        }
    }

    /// Starts the work again when it panics: records would pile up unseen without it.
    async fn keep_going(self: Arc<Self>) -> Infallible {
        loop {
            let writer = Arc::clone(&self);
            // A set, because its task ends with it.
            let mut work = JoinSet::new();
            work.spawn(async move { writer.work().await });
            match work.join_next().await {
                Some(Ok(never)) => match never {},
                Some(Err(error)) if error.is_panic() => self.failed(&format!("the writer was interrupted: {error}")),
                // The runtime is going down.
                _ => std::future::pending().await,
            }
            sleep(self.settings.max_backoff).await;
        }
    }

    async fn work(&self) -> Infallible {
        tokio::select! {
            never = self.write() => never,
            never = self.sync() => never,
            never = self.look_after_journal() => never,
        }
    }

    async fn write(&self) -> Infallible {
        let mut cursor = Cursor::new(Arc::clone(&self.journal));
        let mut backoff = self.backoff();
        loop {
            let (returned, batch) = self.read(cursor).await;
            cursor = returned;
            let batch = match batch {
                Ok(batch) => batch,
                Err(error) => {
                    self.failed(&error.to_string());
                    backoff.pause().await;
                    continue;
                }
            };
            self.store(&batch.records).await;
            self.reject(&batch.unreadable).await;
            self.acknowledge(&cursor).await;
            backoff = self.backoff();
            if !batch.full {
                let waiting = self.journal.waiting_outcomes().await;
                if waiting < self.settings.batch_rows as u64 {
                    sleep(self.settings.batch_age).await;
                }
            }
        }
    }

    /// On a thread that may wait for the disk.
    async fn acknowledge(&self, cursor: &Cursor) {
        let (journal, progress) = (Arc::clone(&self.journal), cursor.progress());
        if let Err(error) = tokio::task::spawn_blocking(move || journal.acknowledge(progress)).await {
            passed_on(error);
        }
    }

    /// Reads a batch on a thread that may wait for the disk.
    async fn read(&self, mut cursor: Cursor) -> (Cursor, Result<Batch, JournalError>) {
        let WriterSettings { batch_rows, batch_bytes, .. } = self.settings;
        let read = tokio::task::spawn_blocking(move || {
            let batch = Batch::read(&mut cursor, batch_rows, batch_bytes);
            (cursor, batch)
        });
        match read.await {
            Ok(read) => read,
            Err(error) => {
                passed_on(error);
                (Cursor::new(Arc::clone(&self.journal)), Ok(Batch::default()))
            }
        }
    }

    /// Writes records to the store, however long it takes. A batch that the store refuses is halved until the record
    /// that is to blame stands alone; that one is rejected.
    async fn store(&self, records: &[RequestRecord]) {
        let mut backoff = self.backoff();
        let mut parts = vec![records];
        while let Some(part) = parts.pop() {
            match self.append(part).await {
                Ok(()) => {
                    self.journal.state().store_error = None;
                    backoff = self.backoff();
                }
                Err(StoreError::Refused { .. }) if part.len() > 1 => {
                    let (older, newer) = part.split_at(part.len() / 2);
                    parts.extend([newer, older]);
                }
                Err(StoreError::Refused { message, .. }) => {
                    let payloads = part.iter().map(|record| {
                        let json = serde_json::to_vec(record).unwrap_or_default();
                        (record.id, message.clone(), json)
                    });
                    self.reject(&payloads.collect::<Vec<_>>()).await;
                }
                Err(error) => {
                    self.failed(&error.to_string());
                    parts.push(part);
                    backoff.pause().await;
                }
            }
        }
    }

    async fn append(&self, records: &[RequestRecord]) -> Result<(), StoreError> {
        if records.is_empty() {
            return Ok(());
        }
        let appended = timeout(self.settings.deadline, self.log.append(records)).await;
        appended.unwrap_or_else(|_| {
            let message = format!("no answer within {:?}", self.settings.deadline);
            Err(StoreError::Database { action: "take a batch of records", message })
        })
    }

    /// Puts payloads into the file of rejected ones, however long it takes.
    async fn reject(&self, payloads: &[(RequestId, String, Vec<u8>)]) {
        let mut backoff = self.backoff();
        for (id, reason, payload) in payloads {
            while let Err(error) = self.journal.reject(*id, reason, payload) {
                self.failed(&error.to_string());
                backoff.pause().await;
            }
        }
    }

    fn failed(&self, error: &str) {
        let waiting = self.journal.status().entries;
        self.journal.state().store_error = Some(error.to_owned());
        tracing::error!(error, waiting, "records wait in the journal; trying again");
    }

    fn backoff(&self) -> Backoff {
        Backoff { next: self.settings.min_backoff, max: self.settings.max_backoff }
    }

    /// Looks whether the journal is where it was, and offers the disk again what it refused, in case that no request
    /// comes to do so.
    async fn look_after_journal(&self) -> Infallible {
        loop {
            sleep(self.settings.max_backoff).await;
            let journal = Arc::clone(&self.journal);
            // What is wrong is in the journal's status.
            let _ = tokio::task::spawn_blocking(move || journal.check_place().and_then(|()| journal.append_waiting()))
                .await;
        }
    }

    /// Forces the journal to the disk in the interval its settings name.
    async fn sync(&self) -> Infallible {
        let FsyncPolicy::Interval(interval) = self.journal.settings().fsync else {
            return std::future::pending().await;
        };
        loop {
            sleep(interval).await;
            let journal = Arc::clone(&self.journal);
            let synced = tokio::task::spawn_blocking(move || journal.sync()).await;
            if let Ok(Err(error)) = synced {
                tracing::error!(%error, "the journal is not forced to the disk; a power loss may cost records");
            }
        }
    }
}

/// A panic of a thread goes on in the writer, where it is dealt with. Without one the runtime is going down: nothing will
/// be polled again after this.
fn passed_on(error: JoinError) {
    if let Ok(panic) = error.try_into_panic() {
        std::panic::resume_unwind(panic);
    }
}

impl Batch {
    fn read(cursor: &mut Cursor, max_rows: usize, max_bytes: usize) -> Result<Self, JournalError> {
        let mut batch = Self::default();
        let (mut rows, mut bytes) = (0, 0);
        loop {
            let outcome = match cursor.next() {
                Ok(Some(outcome)) => outcome,
                Ok(None) => break,
                // The cursor has passed what is in the batch, so that must be written; the error will be back.
                Err(_) if rows > 0 => {
                    batch.full = true;
                    break;
                }
                Err(error) => return Err(error),
            };
            rows += 1;
            bytes += batch.take(outcome);
            if rows >= max_rows || bytes >= max_bytes {
                batch.full = true;
                break;
            }
        }
        Ok(batch)
    }

    /// Adds an outcome; its length.
    fn take(&mut self, outcome: Outcome) -> usize {
        match outcome {
            Outcome::Fresh(fresh) => {
                self.records.push(*fresh.record);
                fresh.bytes
            }
            Outcome::Written(entry) => {
                let bytes = entry.payload.len();
                match serde_json::from_slice(&entry.payload) {
                    Ok(record) => self.records.push(record),
                    Err(error) => self.unreadable.push((entry.id, error.to_string(), entry.payload)),
                }
                bytes
            }
        }
    }
}

/// A pause that doubles.
struct Backoff {
    next: Duration,
    max: Duration,
}

impl Backoff {
    async fn pause(&mut self) {
        let pause = self.next.min(self.max);
        self.next = pause * 2;
        sleep(pause).await;
    }
}
