//! Measures what a request pays for its record, and how fast records reach SQLite, in a directory on the disk in question:
//!
//! `cargo run --release -p router-store --example figures -- ./data/figures`
#![expect(clippy::print_stdout, reason = "it prints what it measures")]

use std::error::Error;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::{Duration, Instant};

use router_core::id::RequestId;
use router_core::prompt_type::PromptType;
use router_store::journal::{FsyncPolicy, Journal, JournalSettings};
use router_store::record::{Intent, RequestLog, RequestRecord, RequestStatus};
use router_store::recorder::Recorder;
use router_store::sqlite::{SqliteSettings, SqliteStore};
use router_store::writer::{Writer, WriterSettings};
use uuid::Uuid;

const RECORDS: usize = 10_000;

#[tokio::main]
async fn main() -> Result<(), Box<dyn Error>> {
    let directory = std::env::args().nth(1).map_or_else(std::env::temp_dir, PathBuf::from);
    let directory = directory.join(format!("router-store-figures-{}", std::process::id()));
    append_latency(&directory, FsyncPolicy::Never, RECORDS)?;
    append_latency(&directory, FsyncPolicy::Always, RECORDS / 20)?;
    batches(&directory).await?;
    end_to_end(&directory).await?;
    std::fs::remove_dir_all(directory)?;
    Ok(())
}

/// An intent and an outcome, as a request writes them.
fn append_latency(directory: &Path, fsync: FsyncPolicy, requests: usize) -> Result<(), Box<dyn Error>> {
    let settings = JournalSettings { fsync, ..JournalSettings::default() };
    let journal = Journal::open(directory.join(format!("{fsync:?}")), settings)?;
    let mut times = Vec::with_capacity(requests * 2);
    for _ in 0..requests {
        let (intent, record) = (intent(), record());
        let intent = Intent { id: record.id, ..intent };
        let begin = Instant::now();
        journal.intend(&intent)?;
        let intended = begin.elapsed();
        journal.conclude(&record)?;
        times.extend([intended, begin.elapsed() - intended]);
    }
    times.sort_unstable();
    let bytes = journal.status().disk_bytes as usize / requests;
    let (median, p99) = (times[times.len() / 2], times[times.len() * 99 / 100]);
    println!("journal append, fsync {fsync:?}: median {median:?}, p99 {p99:?}; {bytes} bytes per request");
    Ok(())
}

/// Rows per second by batch size.
async fn batches(directory: &Path) -> Result<(), Box<dyn Error>> {
    for (size, rows) in [(1, 1_000), (50, 10_000), (500, 50_000), (5_000, 50_000)] {
        let path = directory.join(format!("batches-of-{size}.db"));
        let store = SqliteStore::open(path, SqliteSettings::default()).await?;
        let records: Vec<_> = (0..rows).map(|_| record()).collect();
        let begin = Instant::now();
        for batch in records.chunks(size) {
            store.append(batch).await?;
        }
        println!("sqlite, batches of {size}: {:.0} rows/s", rows as f64 / begin.elapsed().as_secs_f64());
    }
    Ok(())
}

/// Records that wait in the journal, through the writer into SQLite.
async fn end_to_end(directory: &Path) -> Result<(), Box<dyn Error>> {
    let journal = Arc::new(Journal::open(directory.join("journal"), JournalSettings::default())?);
    let begin = Instant::now();
    for _ in 0..RECORDS {
        journal.conclude(&record())?;
    }
    let journalled = begin.elapsed();
    let store = SqliteStore::open(directory.join("end-to-end.db"), SqliteSettings::default()).await?;
    let writer = Writer::new(Arc::clone(&journal), Arc::new(store), WriterSettings::default());
    let begin = Instant::now();
    let running = tokio::spawn(writer.run(std::future::pending()));
    journal.flush(Duration::from_secs(600)).await?;
    println!("{RECORDS} records: journalled in {journalled:?}, from there into SQLite in {:?}", begin.elapsed());
    running.abort();
    Ok(())
}

fn intent() -> Intent {
    Intent {
        id: RequestId(Uuid::now_v7()),
        tenant: "acme".into(),
        key: Some("key-1".into()),
        user: None,
        model_id: "gpt-4o".into(),
        provider: "openai".into(),
        prompt_type: PromptType::Analysis,
        difficulty: 0.5,
        reserved: router_core::usd::Usd::ZERO,
        simulated: false,
    }
}

/// About 2 kB: a decision among a few models, a short prompt and its answer.
fn record() -> RequestRecord {
    let ranked = ["gpt-4o", "claude-opus-4.8", "mistral-large", "qwen-3"].map(|model| {
        serde_json::json!({"modelId": model, "utility": 0.8125, "quality": 0.75, "costUsd": 0.0025, "latencyMs": 1250})
    });
    RequestRecord {
        status: RequestStatus::Succeeded,
        latency: Duration::from_millis(1_234),
        decision: router_core::raw_json::RawJson::of(&serde_json::json!({"ranked": ranked})),
        prompt: Some("Why is the sky blue? ".repeat(10)),
        response: Some("Because air scatters short waves more. ".repeat(20)),
        ..RequestRecord::outcome_unknown(intent())
    }
}
