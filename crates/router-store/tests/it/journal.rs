//! The journal across restarts, damage and its bound. What is in it is read the way it is in earnest: by a writer.

use std::fs;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use router_core::id::RequestId;
use router_store::error::JournalError;
use router_store::journal::{FsyncPolicy, Journal, JournalSettings};
use router_store::record::{RequestRecord, RequestStatus};
use router_store::recorder::Recorder;
use tempfile::TempDir;

use crate::samples::{bare_record, id, intent, record};
use crate::writer::{MemoryLog, drain};

fn open(directory: &Path) -> Journal {
    Journal::open(directory, JournalSettings::default()).unwrap()
}

/// Everything in the journal, as a store gets it.
async fn replay(directory: &Path) -> Vec<RequestRecord> {
    let log = Arc::new(MemoryLog::default());
    drain(&Arc::new(open(directory)), &log).await;
    log.records()
}

fn segments(directory: &Path) -> Vec<PathBuf> {
    let files = fs::read_dir(directory).unwrap().map(|file| file.unwrap().path());
    let mut segments: Vec<_> = files.filter(|path| path.extension().is_some_and(|name| name == "segment")).collect();
    segments.sort();
    segments
}

fn copy(directory: &Path) -> TempDir {
    let copied = tempfile::tempdir().unwrap();
    for file in fs::read_dir(directory).unwrap() {
        let path = file.unwrap().path();
        fs::copy(&path, copied.path().join(path.file_name().unwrap())).unwrap();
    }
    copied
}

#[tokio::test]
async fn outcomes_survive_a_restart_in_their_order() {
    let directory = tempfile::tempdir().unwrap();
    let records: Vec<_> = (0..50).map(|_| record(id())).collect();
    let journal = open(directory.path());
    for record in &records {
        journal.intend(&intent(record.id)).unwrap();
        journal.conclude(record).unwrap();
    }
    assert_eq!(journal.status().entries, 50);
    drop(journal);
    assert_eq!(open(directory.path()).status().entries, 50);
    assert_eq!(replay(directory.path()).await, records);
    // Acknowledged: nothing is left for the next start.
    assert_eq!(replay(directory.path()).await, []);
}

#[tokio::test]
async fn an_intent_without_outcome_becomes_unknown_at_the_next_start_only() {
    let directory = tempfile::tempdir().unwrap();
    let (finished, interrupted) = (record(id()), intent(id()));
    let journal = Arc::new(open(directory.path()));
    journal.intend(&interrupted).unwrap();
    journal.intend(&intent(finished.id)).unwrap();
    journal.conclude(&finished).unwrap();
    let log = Arc::new(MemoryLog::default());
    drain(&journal, &log).await;
    assert_eq!(log.records(), [finished]);
    assert_eq!(journal.status().open_intents, 1);
    drop(journal);
    for expected in [vec![RequestRecord::outcome_unknown(interrupted)], vec![]] {
        assert_eq!(replay(directory.path()).await, expected);
    }
}

#[tokio::test]
async fn an_outcome_before_its_intent_still_counts() {
    let directory = tempfile::tempdir().unwrap();
    let record = record(id());
    let journal = open(directory.path());
    journal.conclude(&record).unwrap();
    journal.intend(&intent(record.id)).unwrap();
    drop(journal);
    assert_eq!(replay(directory.path()).await, [record]);
}

#[tokio::test]
async fn a_tail_torn_at_any_byte_costs_only_the_last_entry() {
    let directory = tempfile::tempdir().unwrap();
    let (kept, torn) = (bare_record(id()), bare_record(id()));
    let journal = open(directory.path());
    journal.intend(&intent(torn.id)).unwrap();
    journal.conclude(&kept).unwrap();
    let whole = journal.status().disk_bytes as usize;
    journal.conclude(&torn).unwrap();
    drop(journal);
    let bytes = fs::read(&segments(directory.path())[0]).unwrap();
    let unknown = RequestRecord::outcome_unknown(intent(torn.id));
    for cut in whole..bytes.len() {
        let copied = copy(directory.path());
        // Half of them as after a power loss: the file has its length, but the end was never written.
        let mut left = bytes[..cut].to_vec();
        left.resize(if cut % 2 == 0 { cut } else { bytes.len() }, 0);
        fs::write(&segments(copied.path())[0], left).unwrap();
        let journal = Arc::new(open(copied.path()));
        assert_eq!(fs::metadata(&segments(copied.path())[0]).unwrap().len(), whole as u64);
        let log = Arc::new(MemoryLog::default());
        drain(&journal, &log).await;
        assert_eq!(log.records(), [kept.clone(), unknown.clone()], "cut at {cut}");
        assert_eq!(journal.status().corrupt, 0);
    }
}

#[tokio::test]
async fn damage_in_the_middle_is_skipped_counted_and_costs_one_entry() {
    let directory = tempfile::tempdir().unwrap();
    let records: Vec<_> = (0..3).map(|_| bare_record(id())).collect();
    let journal = open(directory.path());
    let mut ends = Vec::new();
    for record in &records {
        journal.conclude(record).unwrap();
        ends.push(journal.status().disk_bytes as usize);
    }
    drop(journal);
    let bytes = fs::read(&segments(directory.path())[0]).unwrap();
    for damaged in (ends[0]..ends[1]).step_by(7) {
        let copied = copy(directory.path());
        let mut bytes = bytes.clone();
        bytes[damaged] ^= 0xA5;
        fs::write(&segments(copied.path())[0], bytes).unwrap();
        let journal = Arc::new(open(copied.path()));
        let log = Arc::new(MemoryLog::default());
        drain(&journal, &log).await;
        assert_eq!(log.records(), [records[0].clone(), records[2].clone()], "byte {damaged}");
        assert_eq!((journal.status().corrupt, journal.status().entries), (1, 0));
    }
}

#[tokio::test]
async fn a_lost_segment_or_position_does_not_stop_the_start() {
    let directory = tempfile::tempdir().unwrap();
    let small = JournalSettings { segment_bytes: 1, ..JournalSettings::default() };
    let records: Vec<_> = (0..5).map(|_| bare_record(id())).collect();
    let journal = Journal::open(directory.path(), small).unwrap();
    for record in &records {
        journal.conclude(record).unwrap();
    }
    drop(journal);
    fs::remove_file(&segments(directory.path())[2]).unwrap();
    fs::write(directory.path().join("position"), "not a position").unwrap();
    fs::write(directory.path().join("0000000000000009.segment.bak"), "not a segment").unwrap();
    assert_eq!(replay(directory.path()).await, [&records[..2], &records[3..]].concat());
}

#[test]
fn a_second_process_is_told_which_directory_is_taken() {
    let directory = tempfile::tempdir().unwrap();
    let first = open(directory.path());
    let error = Journal::open(directory.path(), JournalSettings::default()).unwrap_err();
    assert!(matches!(error, JournalError::InUse { .. }), "{error}");
    assert!(error.to_string().contains(directory.path().to_str().unwrap()), "{error}");
    drop(first);
    open(directory.path());
}

#[tokio::test]
async fn at_the_bound_intents_are_refused_and_outcomes_still_fit() {
    let directory = tempfile::tempdir().unwrap();
    let settings = JournalSettings {
        max_bytes: 64 << 10,
        segment_bytes: 8 << 10,
        outcome_reserve: 2 << 10,
        fsync: FsyncPolicy::Never,
    };
    let journal = Arc::new(Journal::open(directory.path(), settings).unwrap());
    let mut accepted: Vec<RequestId> = Vec::new();
    let refused = loop {
        let id = id();
        match journal.intend(&intent(id)) {
            Ok(()) => accepted.push(id),
            Err(error) => break error,
        }
    };
    assert!(matches!(refused, JournalError::Full { limit: 65_536, .. }), "{refused}");
    assert!(accepted.len() > 20, "{} intents fit", accepted.len());
    let full = journal.status().full;
    // What is left beside the room for the accepted may be enough for one or two that nobody announced.
    let mut squeezed_in = 0;
    let uninvited = loop {
        match journal.conclude(&record(id())) {
            Ok(()) => squeezed_in += 1,
            Err(error) => break error,
        }
    };
    assert!(squeezed_in < 5, "{squeezed_in}");
    assert!(matches!(uninvited, JournalError::Full { .. }), "{uninvited}");
    for &id in &accepted {
        journal.conclude(&record(id)).unwrap();
    }
    assert!(full);
    let status = journal.status();
    assert!(status.disk_bytes <= 64 << 10, "{status:?}");
    assert_eq!((status.refused, status.open_intents, status.entries), (2, 0, (accepted.len() + squeezed_in) as u64));
    // Once the store has taken what is there, there is room again.
    let log = Arc::new(MemoryLog::default());
    drain(&journal, &log).await;
    assert_eq!(log.records().len(), accepted.len() + squeezed_in);
    assert!(!journal.status().full);
    assert!(journal.status().disk_bytes <= 8 << 10, "{:?}", journal.status());
    journal.intend(&intent(id())).unwrap();
}

/// The disk refuses to begin the second segment until this ends.
fn refuse(directory: &Path) -> PathBuf {
    let blocked = directory.join("0000000000000002.segment");
    fs::create_dir(&blocked).unwrap();
    blocked
}

#[tokio::test]
async fn outcomes_that_the_disk_refuses_wait_and_are_written_once_it_takes_them() {
    for by_the_writer in [false, true] {
        let directory = tempfile::tempdir().unwrap();
        let small = JournalSettings { segment_bytes: 1, ..JournalSettings::default() };
        let journal = Arc::new(Journal::open(directory.path(), small).unwrap());
        let (refused, next) = (record(id()), record(id()));
        journal.intend(&intent(refused.id)).unwrap();
        let blocked = refuse(directory.path());
        journal.conclude(&refused).unwrap();
        journal.conclude(&refused).unwrap();
        journal.conclude(&next).unwrap_err();
        let status = journal.status();
        assert_eq!((status.waiting_outcomes, status.entries, status.open_intents), (1, 0, 1));
        assert!(status.disk_error.is_some(), "{status:?}");
        fs::remove_dir(&blocked).unwrap();
        let log = Arc::new(MemoryLog::default());
        let mut expected = vec![refused];
        if !by_the_writer {
            journal.conclude(&next).unwrap();
            expected.insert(0, next);
        }
        drain(&journal, &log).await;
        assert_eq!(log.records(), expected);
        let status = journal.status();
        assert_eq!((status.waiting_outcomes, status.open_intents, status.disk_error), (0, 0, None));
    }
}

#[tokio::test]
async fn no_intent_is_taken_while_an_outcome_waits_even_if_it_would_fit() {
    let directory = tempfile::tempdir().unwrap();
    // Room in the first segment for some intents, and not for an outcome behind one.
    let settings = JournalSettings { segment_bytes: 1_000, ..JournalSettings::default() };
    let journal = Arc::new(Journal::open(directory.path(), settings).unwrap());
    let (first, second, third) = (record(id()), record(id()), record(id()));
    journal.intend(&intent(first.id)).unwrap();
    journal.intend(&intent(second.id)).unwrap();
    let blocked = refuse(directory.path());
    journal.conclude(&first).unwrap();
    journal.conclude(&second).unwrap();
    let before = journal.status().disk_bytes;
    let refused = journal.intend(&intent(third.id)).unwrap_err();
    assert!(matches!(refused, JournalError::Behind { outcomes: 2, .. }), "{refused}");
    assert!(refused.to_string().contains(blocked.to_str().unwrap()), "{refused}");
    let status = journal.status();
    assert_eq!((status.waiting_outcomes, status.open_intents, status.disk_bytes), (2, 2, before));
    assert!(status.disk_error.is_some(), "{status:?}");
    fs::remove_dir(&blocked).unwrap();
    journal.intend(&intent(third.id)).unwrap();
    let status = journal.status();
    assert_eq!((status.waiting_outcomes, status.entries, status.disk_error), (0, 2, None));
    journal.conclude(&third).unwrap();
    let log = Arc::new(MemoryLog::default());
    drain(&journal, &log).await;
    assert_eq!(log.records(), [first, second, third]);
}

#[tokio::test]
async fn an_outcome_that_waits_when_the_process_dies_is_unknown() {
    let directory = tempfile::tempdir().unwrap();
    let small = JournalSettings { segment_bytes: 1, ..JournalSettings::default() };
    let journal = Journal::open(directory.path(), small).unwrap();
    let running = intent(id());
    journal.intend(&running).unwrap();
    let blocked = refuse(directory.path());
    journal.conclude(&record(running.id)).unwrap();
    let late = journal.flush(Duration::from_millis(1)).await.unwrap_err();
    assert!(matches!(late, JournalError::NotFlushed { entries: 0, in_memory: 1, .. }), "{late}");
    drop(journal);
    fs::remove_dir(&blocked).unwrap();
    assert_eq!(replay(directory.path()).await, [RequestRecord::outcome_unknown(running)]);
}

#[tokio::test]
async fn a_running_request_keeps_no_segment_and_loses_no_intent() {
    let directory = tempfile::tempdir().unwrap();
    let settings = JournalSettings { segment_bytes: 4 << 10, ..JournalSettings::default() };
    let journal = Arc::new(Journal::open(directory.path(), settings).unwrap());
    let running = intent(id());
    journal.intend(&running).unwrap();
    let log = Arc::new(MemoryLog::default());
    for _ in 0..10 {
        for _ in 0..10 {
            journal.conclude(&record(id())).unwrap();
        }
        drain(&journal, &log).await;
    }
    assert!(segments(directory.path()).len() <= 2, "{:?}", segments(directory.path()));
    drop(journal);
    let left = replay(directory.path()).await;
    assert_eq!(left, [RequestRecord::outcome_unknown(running)]);
    assert_eq!(left[0].status, RequestStatus::OutcomeUnknown);
}

#[tokio::test]
async fn threads_may_record_at_once_under_every_fsync_policy() {
    for fsync in [FsyncPolicy::Never, FsyncPolicy::Interval(Duration::from_millis(1)), FsyncPolicy::Always] {
        let directory = tempfile::tempdir().unwrap();
        let settings = JournalSettings { segment_bytes: 10_000, fsync, ..JournalSettings::default() };
        let journal = Arc::new(Journal::open(directory.path(), settings).unwrap());
        let log = Arc::new(MemoryLog::default());
        std::thread::scope(|scope| {
            for _ in 0..4 {
                scope.spawn(|| {
                    for _ in 0..50 {
                        let record = bare_record(id());
                        journal.intend(&intent(record.id)).unwrap();
                        journal.conclude(&record).unwrap();
                    }
                });
            }
        });
        drain(&journal, &log).await;
        let mut ids: Vec<_> = log.records().iter().map(|record| record.id).collect();
        ids.sort();
        ids.dedup();
        assert_eq!(ids.len(), 200, "{fsync:?}");
    }
}

#[test]
fn a_directory_that_cannot_be_made_is_named() {
    let file = tempfile::NamedTempFile::new().unwrap();
    let path = file.path().join("journal");
    let error = Journal::open(&path, JournalSettings::default()).unwrap_err().to_string();
    assert!(error.contains(path.to_str().unwrap()), "{error}");
}
