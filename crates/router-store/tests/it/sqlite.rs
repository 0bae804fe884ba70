//! SQLite files: the contract of all stores, and what can be wrong with a file.

use std::fs;
use std::path::Path;
use std::time::Duration;

use diesel::connection::SimpleConnection;
use diesel::{Connection, SqliteConnection};
use router_store::error::StoreError;
use router_store::page::PageRequest;
use router_store::record::{RequestFilter, RequestLog};
use router_store::sqlite::{SqliteSettings, SqliteStore};
use tempfile::TempDir;

use crate::samples::{id, record};

async fn fresh() -> (SqliteStore, TempDir) {
    let directory = tempfile::tempdir().unwrap();
    let store = open(&directory.path().join("made/for/it/router.db")).await.unwrap();
    (store, directory)
}

async fn open(path: &Path) -> Result<SqliteStore, StoreError> {
    let impatient = SqliteSettings { busy_timeout: Duration::from_millis(100), ..SqliteSettings::default() };
    SqliteStore::open(path, impatient).await
}

async fn complaint(path: &Path) -> String {
    let error = open(path).await.unwrap_err().to_string();
    assert!(error.contains(path.to_str().unwrap()), "{error}");
    error
}

macro_rules! with_sqlite {
    ($($module:ident::$name:ident,)*) => {
        $(#[tokio::test]
        async fn $name() {
            let (store, _kept) = fresh().await;
            crate::$module::$name(&store).await;
        })*
    };
}
crate::contract::all_contracts!(with_sqlite);

#[tokio::test]
async fn what_was_stored_is_there_after_a_restart() {
    let (store, directory) = fresh().await;
    let record = record(id());
    store.append(std::slice::from_ref(&record)).await.unwrap();
    let path = store.path().to_owned();
    drop(store);
    let store = open(&path).await.unwrap();
    assert_eq!(store.get(None, record.id).await.unwrap(), Some(record));
    drop(directory);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn many_processes_may_open_a_new_file_at_once() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("router.db");
    let open = || tokio::spawn(SqliteStore::open(path.clone(), SqliteSettings::default()));
    for store in (0..8).map(|_| open()).collect::<Vec<_>>() {
        store.await.unwrap().unwrap().append(&[record(id())]).await.unwrap();
    }
}

#[tokio::test]
async fn a_file_that_is_no_database_is_named_and_left_alone() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("notes.txt");
    let text = "dear diary\n".repeat(1000);
    fs::write(&path, &text).unwrap();
    let error = complaint(&path).await;
    assert!(error.contains("it is not an SQLite file"), "{error}");
    assert_eq!(fs::read_to_string(&path).unwrap(), text);
}

#[tokio::test]
async fn a_damaged_file_is_named() {
    let (store, _directory) = fresh().await;
    let path = store.path().to_owned();
    drop(store);
    // Checkpointed at the last close; if not, this says so by failing below.
    fs::remove_file(path.with_extension("db-wal")).ok();
    let mut bytes = fs::read(&path).unwrap();
    bytes[100..].fill(0x55);
    fs::write(&path, bytes).unwrap();
    let error = complaint(&path).await;
    assert!(error.contains("it is damaged"), "{error}");
}

#[tokio::test]
async fn a_locked_file_is_named() {
    let (store, _directory) = fresh().await;
    let path = store.path().to_owned();
    drop(store);
    let mut holder = SqliteConnection::establish(path.to_str().unwrap()).unwrap();
    holder.batch_execute("PRAGMA locking_mode = EXCLUSIVE; BEGIN EXCLUSIVE").unwrap();
    let error = complaint(&path).await;
    assert!(error.contains("another program holds it"), "{error}");
    drop(holder);
    open(&path).await.unwrap();
}

#[tokio::test]
async fn a_directory_in_the_files_place_is_named() {
    let directory = tempfile::tempdir().unwrap();
    let error = complaint(directory.path()).await;
    assert!(error.contains("check that the path names a file"), "{error}");
    let file = directory.path().join("file");
    fs::write(&file, "").unwrap();
    let error = complaint(&file.join("router.db")).await;
    assert!(error.contains("its directory cannot be made"), "{error}");
}

#[tokio::test]
async fn a_caller_that_goes_away_leaves_no_transaction_open() {
    let (store, _directory) = fresh().await;
    let batch: Vec<_> = (0..100).map(|_| record(id())).collect();
    for pause in 0..50 {
        let append = store.append(&batch);
        tokio::time::timeout(Duration::from_micros(pause * 100), append).await.ok();
    }
    store.append(&batch).await.unwrap();
    let page = PageRequest { limit: PageRequest::MOST, before: None };
    assert_eq!(store.list(&RequestFilter::default(), page).await.unwrap().items.len(), batch.len());
}

#[tokio::test]
async fn readers_are_not_kept_waiting_by_the_writer() {
    let (store, _directory) = fresh().await;
    store.append(&[record(id())]).await.unwrap();
    let mut writer = SqliteConnection::establish(store.path().to_str().unwrap()).unwrap();
    writer.batch_execute("BEGIN IMMEDIATE; DELETE FROM requests").unwrap();
    let page = PageRequest { limit: 1, before: None };
    assert_eq!(store.list(&RequestFilter::default(), page).await.unwrap().items.len(), 1);
    let busy = store.append(&[record(id())]).await.unwrap_err();
    assert!(matches!(busy, StoreError::Database { .. }), "{busy}");
    writer.batch_execute("ROLLBACK").unwrap();
    store.append(&[record(id())]).await.unwrap();
}
