//! A process that journals without pause is killed for good (SIGKILL); then everything it was told is in the journal
//! must be there.

use std::io::{BufRead, BufReader, Write};
use std::path::Path;
use std::process::{Command, Stdio};
use std::sync::Arc;

use router_core::id::RequestId;
use router_store::journal::{Journal, JournalSettings};
use router_store::record::RequestStatus;
use router_store::recorder::Recorder;

use crate::samples::{id, intent, record};
use crate::writer::{MemoryLog, drain};

const DIRECTORY: &str = "ROUTER_STORE_TEST_JOURNAL";

/// Not a test: what [`a_killed_process_loses_nothing_it_was_promised`] starts and kills.
#[test]
#[ignore = "runs until it is killed, as a process of its own"]
fn journals_until_killed() {
    let Ok(directory) = std::env::var(DIRECTORY) else { return };
    let small = JournalSettings { segment_bytes: 50_000, ..JournalSettings::default() };
    let journal = Journal::open(Path::new(&directory), small).unwrap();
    let mut promises = std::io::stdout().lock();
    loop {
        let id = id();
        journal.intend(&intent(id)).unwrap();
        writeln!(promises, "\nintended {id}").unwrap();
        journal.conclude(&record(id)).unwrap();
        writeln!(promises, "\nconcluded {id}").unwrap();
        promises.flush().unwrap();
    }
}

/// Starts the process, waits for so many lines, kills it, and gives back all that it said.
fn run_and_kill(directory: &Path, lines: usize) -> Vec<String> {
    let mut child = Command::new(std::env::current_exe().unwrap())
        .args(["--ignored", "--exact", "crash::journals_until_killed", "--nocapture"])
        .env(DIRECTORY, directory)
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let said = BufReader::new(child.stdout.take().unwrap()).lines().map_while(Result::ok);
    let mut said = said.filter(|line| line.starts_with("intended ") || line.starts_with("concluded "));
    let mut promises: Vec<_> = said.by_ref().take(lines).collect();
    child.kill().unwrap();
    child.wait().unwrap();
    promises.extend(said);
    // The last line may be cut off; a cut id is none.
    promises.retain(|line| promise(line, "intended").or(promise(line, "concluded")).is_some());
    promises
}

fn promise(line: &str, word: &str) -> Option<RequestId> {
    line.strip_prefix(word)?.trim().parse().ok().filter(|_| line.len() == word.len() + 1 + 36)
}

#[tokio::test]
async fn a_killed_process_loses_nothing_it_was_promised() {
    let directory = tempfile::tempdir().unwrap();
    let log = Arc::new(MemoryLog::default());
    let mut promises = Vec::new();
    for lines in [1, 2, 501, 2_000] {
        promises.extend(run_and_kill(directory.path(), lines));
    }
    let journal = Arc::new(Journal::open(directory.path(), JournalSettings::default()).unwrap());
    drain(&journal, &log).await;
    let records = log.records();
    let status = |id| records.iter().find(|record| record.id == id).map(|record| record.status);
    for line in &promises {
        if let Some(id) = promise(line, "concluded") {
            assert_eq!(status(id), Some(RequestStatus::Failed), "{line}");
        } else if let Some(id) = promise(line, "intended") {
            assert!(status(id).is_some(), "{line}");
        }
    }
    assert!(promises.len() >= 2_504, "{} promises", promises.len());
    // At most the request that each killed process was about is unknown.
    let unknown = records.iter().filter(|record| record.status == RequestStatus::OutcomeUnknown).count();
    assert!(unknown <= 4, "{unknown}");
    assert_eq!(journal.status().corrupt, 0);
}
