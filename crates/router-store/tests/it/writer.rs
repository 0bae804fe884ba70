//! The writer, between a journal and stores that misbehave.

use std::collections::HashSet;
use std::future::pending;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use async_trait::async_trait;
use router_core::id::{RequestId, TenantId};
use router_store::error::{JournalError, StoreError};
use router_store::journal::{Journal, JournalSettings};
use router_store::page::{Page, PageRequest};
use router_store::record::{RequestFilter, RequestLog, RequestRecord};
use router_store::recorder::Recorder;
use router_store::sqlite::{SqliteSettings, SqliteStore};
use router_store::writer::{Writer, WriterSettings};
use tempfile::TempDir;
use tokio::task::JoinHandle;

use crate::samples::{bare_record, id, intent, record};

/// Longer than any test takes.
const SOON: Duration = Duration::from_secs(20);

/// A store in memory that can be told to misbehave.
#[derive(Default)]
pub(crate) struct MemoryLog {
    batches: Mutex<Vec<Vec<RequestRecord>>>,
    down: AtomicBool,
    /// Takes a batch and never says so.
    mute: AtomicBool,
    attempts: AtomicUsize,
    /// Panics once.
    broken: AtomicBool,
    refused: Mutex<HashSet<RequestId>>,
}

impl MemoryLog {
    /// In the order they came; of those with one id the first.
    pub(crate) fn records(&self) -> Vec<RequestRecord> {
        let mut seen = HashSet::new();
        self.all().into_iter().filter(|record| seen.insert(record.id)).collect()
    }

    fn all(&self) -> Vec<RequestRecord> {
        self.batches.lock().unwrap().concat()
    }
}

#[async_trait]
impl RequestLog for MemoryLog {
    async fn append(&self, records: &[RequestRecord]) -> Result<(), StoreError> {
        self.attempts.fetch_add(1, Ordering::SeqCst);
        assert!(!self.broken.swap(false, Ordering::SeqCst), "a defect of the store");
        if self.down.load(Ordering::SeqCst) {
            return Err(StoreError::Database { action: "write", message: "gone fishing".to_owned() });
        }
        if records.iter().any(|record| self.refused.lock().unwrap().contains(&record.id)) {
            return Err(StoreError::Refused { what: "record", message: "poison".to_owned() });
        }
        self.batches.lock().unwrap().push(records.to_vec());
        if self.mute.load(Ordering::SeqCst) {
            pending::<()>().await;
        }
        Ok(())
    }

    async fn get(&self, _: Option<&TenantId>, id: RequestId) -> Result<Option<RequestRecord>, StoreError> {
        Ok(self.records().into_iter().find(|record| record.id == id))
    }

    async fn list(&self, _: &RequestFilter, _: PageRequest) -> Result<Page<RequestRecord>, StoreError> {
        Ok(Page { items: self.records(), next: None })
    }
}

fn settings() -> WriterSettings {
    WriterSettings {
        batch_rows: 10,
        batch_age: Duration::from_millis(1),
        min_backoff: Duration::from_millis(1),
        max_backoff: Duration::from_millis(4),
        ..WriterSettings::default()
    }
}

fn start(journal: &Arc<Journal>, log: &Arc<MemoryLog>) -> JoinHandle<()> {
    let log: Arc<dyn RequestLog> = Arc::<MemoryLog>::clone(log);
    tokio::spawn(Writer::new(Arc::clone(journal), log, settings()).run(pending()))
}

/// Ends a task, so that what it holds is let go of.
async fn stop(task: JoinHandle<()>) {
    task.abort();
    task.await.unwrap_err();
}

/// Runs a writer until the journal is empty, and until nothing of the writer is left.
pub(crate) async fn drain(journal: &Arc<Journal>, log: &Arc<MemoryLog>) {
    let holders = Arc::strong_count(journal);
    let writer = start(journal, log);
    journal.flush(SOON).await.unwrap();
    stop(writer).await;
    until(|| Arc::strong_count(journal) == holders).await;
}

async fn until(condition: impl Fn() -> bool) {
    let wait = async {
        while !condition() {
            tokio::time::sleep(Duration::from_millis(1)).await;
        }
    };
    tokio::time::timeout(SOON, wait).await.unwrap();
}

fn journal() -> (TempDir, Arc<Journal>) {
    let directory = tempfile::tempdir().unwrap();
    let journal = Journal::open(directory.path(), JournalSettings::default()).unwrap();
    (directory, Arc::new(journal))
}

fn conclude(journal: &Journal, count: usize) -> Vec<RequestRecord> {
    let records: Vec<_> = (0..count).map(|_| bare_record(id())).collect();
    records.iter().for_each(|record| journal.conclude(record).unwrap());
    records
}

#[tokio::test]
async fn records_reach_the_store_in_order_and_in_batches() {
    let (_directory, journal) = journal();
    let records = conclude(&journal, 95);
    let log = Arc::new(MemoryLog::default());
    drain(&journal, &log).await;
    assert_eq!(log.all(), records);
    let sizes: Vec<_> = log.batches.lock().unwrap().iter().map(Vec::len).collect();
    assert_eq!(sizes, [10, 10, 10, 10, 10, 10, 10, 10, 10, 5]);
    let status = journal.status();
    assert_eq!((status.entries, status.bytes, status.oldest), (0, 0, None));
}

#[tokio::test]
async fn records_that_come_while_the_writer_runs_are_written_without_being_asked_for() {
    let (_directory, journal) = journal();
    let log = Arc::new(MemoryLog::default());
    let writer = start(&journal, &log);
    for round in 1..=20 {
        conclude(&journal, 1);
        until(|| log.all().len() == round).await;
    }
    stop(writer).await;
}

#[tokio::test]
async fn a_dead_store_delays_and_loses_nothing() {
    let (_directory, journal) = journal();
    let log = Arc::new(MemoryLog::default());
    log.down.store(true, Ordering::SeqCst);
    let writer = start(&journal, &log);
    let records = conclude(&journal, 25);
    until(|| log.attempts.load(Ordering::SeqCst) > 3).await;
    let status = journal.status();
    assert_eq!(status.entries, 25);
    assert!(status.oldest.is_some() && status.store_error.unwrap().contains("gone fishing"));
    let late = journal.flush(Duration::from_millis(5)).await.unwrap_err();
    assert!(matches!(late, JournalError::NotFlushed { entries: 25, .. }), "{late}");
    log.down.store(false, Ordering::SeqCst);
    journal.flush(SOON).await.unwrap();
    assert_eq!(log.all(), records);
    assert_eq!(journal.status().store_error, None);
    stop(writer).await;
}

#[tokio::test]
async fn a_batch_that_was_stored_but_not_acknowledged_is_written_again() {
    let (directory, journal) = journal();
    let log = Arc::new(MemoryLog::default());
    log.mute.store(true, Ordering::SeqCst);
    let records = conclude(&journal, 5);
    let writer = start(&journal, &log);
    until(|| !log.all().is_empty()).await;
    stop(writer).await;
    until(|| Arc::strong_count(&journal) == 1).await;
    drop(journal);
    log.mute.store(false, Ordering::SeqCst);
    let journal = Arc::new(Journal::open(directory.path(), JournalSettings::default()).unwrap());
    drain(&journal, &log).await;
    assert_eq!(log.all(), [&records[..], &records[..]].concat());
    assert_eq!(log.records(), records);
}

#[tokio::test]
async fn poisonous_records_are_put_aside_and_the_others_go_on() {
    let (directory, journal) = journal();
    let records = conclude(&journal, 25);
    let poison = [records[3].id, records[4].id, records[24].id];
    let log = Arc::new(MemoryLog::default());
    log.refused.lock().unwrap().extend(poison);
    drain(&journal, &log).await;
    let healthy: Vec<_> = records.iter().filter(|record| !poison.contains(&record.id)).cloned().collect();
    assert_eq!(log.all(), healthy);
    assert_eq!((journal.status().rejected, journal.status().entries), (3, 0));
    let kept = std::fs::read_to_string(directory.path().join("rejected.jsonl")).unwrap();
    let kept: Vec<serde_json::Value> = kept.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    for (line, id) in kept.iter().zip(poison) {
        assert_eq!(line["id"], id.to_string());
        assert!(line["reason"].as_str().unwrap().contains("poison"));
        let kept: RequestRecord = serde_json::from_value(line["record"].clone()).unwrap();
        assert_eq!(Some(&kept), records.iter().find(|record| record.id == id));
    }
}

#[tokio::test]
async fn a_record_that_json_cannot_carry_is_put_aside_whole() {
    let (directory, journal) = journal();
    // NaN has no JSON form; serde_json writes null.
    let unwell = RequestRecord { difficulty: f64::NAN, ..bare_record(id()) };
    journal.conclude(&unwell).unwrap();
    let healthy = conclude(&journal, 1);
    let log = Arc::new(MemoryLog::default());
    drain(&journal, &log).await;
    assert_eq!(log.all(), healthy);
    assert_eq!(journal.status().rejected, 1);
    let kept = std::fs::read_to_string(directory.path().join("rejected.jsonl")).unwrap();
    assert!(kept.contains(&unwell.id.to_string()) && kept.contains(r#""difficulty":null"#), "{kept}");
}

#[tokio::test]
async fn when_the_file_of_rejected_records_is_full_nothing_is_lost() {
    let directory = tempfile::tempdir().unwrap();
    let small = JournalSettings { max_bytes: 10_000, segment_bytes: 1_000, ..JournalSettings::default() };
    let journal = Arc::new(Journal::open(directory.path(), small).unwrap());
    let log = Arc::new(MemoryLog::default());
    let rejected = directory.path().join("rejected.jsonl");
    std::fs::write(&rejected, "x".repeat(10_000)).unwrap();
    let records = conclude(&journal, 2);
    log.refused.lock().unwrap().insert(records[0].id);
    let writer = start(&journal, &log);
    until(|| journal.status().store_error.is_some_and(|error| error.contains("move it away"))).await;
    assert_eq!(journal.status().entries, 2);
    std::fs::remove_file(&rejected).unwrap();
    journal.flush(SOON).await.unwrap();
    assert_eq!(log.all(), records[1..]);
    assert_eq!(journal.status().rejected, 1);
    stop(writer).await;
}

#[tokio::test]
async fn a_store_that_panics_does_not_end_the_writer() {
    let (_directory, journal) = journal();
    let log = Arc::new(MemoryLog::default());
    log.broken.store(true, Ordering::SeqCst);
    let records = conclude(&journal, 3);
    drain(&journal, &log).await;
    assert_eq!(log.all(), records);
    assert_eq!(log.attempts.load(Ordering::SeqCst), 2);
}

#[cfg(unix)]
#[tokio::test]
async fn a_journal_that_was_moved_takes_no_intent_until_it_is_back_and_leaves_its_successor_alone() {
    let parent = tempfile::tempdir().unwrap();
    let (home, away) = (parent.path().join("journal"), parent.path().join("away"));
    let small = JournalSettings { segment_bytes: 1, ..JournalSettings::default() };
    let journal = Arc::new(Journal::open(&home, small).unwrap());
    let log = Arc::new(MemoryLog::default());
    let writer = start(&journal, &log);
    let running = record(id());
    journal.intend(&intent(running.id)).unwrap();
    for successor in [false, true] {
        std::fs::rename(&home, &away).unwrap();
        // Another process begins with the same numbers.
        let other = successor.then(|| {
            let other = Journal::open(&home, JournalSettings::default()).unwrap();
            (conclude(&other, 1), other)
        });
        until(|| journal.status().disk_error.is_some_and(|error| error.contains("moved or removed"))).await;
        let refused = journal.intend(&intent(id())).unwrap_err();
        assert!(matches!(refused, JournalError::Displaced { .. }), "{refused}");
        // Needs a new segment, which must not be made in the successor's directory.
        journal.conclude(&running).unwrap();
        assert_eq!(journal.status().waiting_outcomes, 1);
        if let Some((theirs, other)) = other {
            drop(other);
            let other = Arc::new(Journal::open(&home, JournalSettings::default()).unwrap());
            let log = Arc::new(MemoryLog::default());
            drain(&other, &log).await;
            assert_eq!(log.records(), theirs);
            std::fs::remove_dir_all(&home).unwrap();
        }
        std::fs::rename(&away, &home).unwrap();
        journal.flush(SOON).await.unwrap();
        until(|| journal.status().disk_error.is_none()).await;
        let next = record(id());
        journal.intend(&intent(next.id)).unwrap();
        journal.conclude(&next).unwrap();
        journal.flush(SOON).await.unwrap();
        assert_eq!(log.records().last(), Some(&next));
        assert!(log.records().contains(&running));
        journal.intend(&intent(running.id)).unwrap();
    }
    stop(writer).await;
}

#[tokio::test]
async fn what_memory_does_not_hold_is_read_from_the_disk_and_each_outcome_once() {
    let (_directory, journal) = journal();
    let log = Arc::new(MemoryLog::default());
    let long = |id| RequestRecord { response: Some("x".repeat(700 << 10)), ..record(id) };
    // The first five fill the memory; of those after them the short ones fit in between again.
    let records: Vec<_> = (0..24).map(|at| if at % 4 < 3 { long(id()) } else { record(id()) }).collect();
    records.iter().for_each(|record| journal.conclude(record).unwrap());
    let writer = start(&journal, &log);
    journal.flush(SOON).await.unwrap();
    let later = conclude(&journal, 20);
    journal.flush(SOON).await.unwrap();
    assert_eq!(log.all(), [records, later].concat());
    stop(writer).await;
}

#[tokio::test]
async fn a_writer_that_begins_again_goes_on_from_what_was_acknowledged() {
    let (_directory, journal) = journal();
    let log = Arc::new(MemoryLog::default());
    log.mute.store(true, Ordering::SeqCst);
    let writer = start(&journal, &log);
    let records = conclude(&journal, 25);
    // It has taken some from memory, which are not there a second time.
    until(|| !log.all().is_empty()).await;
    stop(writer).await;
    log.mute.store(false, Ordering::SeqCst);
    drain(&journal, &log).await;
    assert_eq!(log.records(), records);
}

#[tokio::test]
async fn shutdown_ends_the_writer() {
    let (_directory, journal) = journal();
    let log: Arc<dyn RequestLog> = Arc::new(MemoryLog::default());
    let (end, ended) = tokio::sync::oneshot::channel::<()>();
    let shutdown = async { ended.await.unwrap_or_default() };
    let writer = tokio::spawn(Writer::new(journal, log, settings()).run(shutdown));
    end.send(()).unwrap();
    tokio::time::timeout(SOON, writer).await.unwrap().unwrap();
}

#[tokio::test]
async fn from_journal_to_sqlite_poison_and_all() {
    let (directory, journal) = journal();
    let path = directory.path().join("router.db");
    let store = SqliteStore::open(&path, SqliteSettings::default()).await.unwrap();
    let (good, interrupted) = (record(id()), intent(id()));
    // An id that does not say when.
    let poison = record(RequestId(uuid::Uuid::nil()));
    journal.intend(&interrupted).unwrap();
    journal.conclude(&good).unwrap();
    journal.conclude(&poison).unwrap();
    drop(journal);
    let journal = Arc::new(Journal::open(directory.path(), JournalSettings::default()).unwrap());
    let log = Arc::new(store.clone());
    let writer = tokio::spawn(Writer::new(Arc::clone(&journal), log, settings()).run(pending()));
    journal.flush(SOON).await.unwrap();
    assert_eq!(store.get(None, good.id).await.unwrap(), Some(good));
    assert_eq!(store.get(None, poison.id).await.unwrap(), None);
    let unknown = store.get(None, interrupted.id).await.unwrap();
    assert_eq!(unknown, Some(RequestRecord::outcome_unknown(interrupted)));
    assert_eq!(journal.status().rejected, 1);
    stop(writer).await;
}
