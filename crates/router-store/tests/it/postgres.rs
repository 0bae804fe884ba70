//! A PostgreSQL server: the contract of all stores, and what can become of a server. Each test has a schema of its own.

use std::time::{Duration, Instant};

use diesel_async::{AsyncConnection, AsyncPgConnection, RunQueryDsl, SimpleAsyncConnection};
use router_store::error::StoreError;
use router_store::health::StoreHealth;
use router_store::page::PageRequest;
use router_store::postgres::{PostgresSettings, PostgresStore};
use router_store::record::{RequestFilter, RequestLog};
use router_store::retention::Retention;
use tokio::net::TcpListener;

use crate::samples::{id, record};

/// The server of the tests. Without one they say so and end; a machine that checks commits must have one.
fn server() -> Option<String> {
    let url = std::env::var("TEST_DATABASE_URL").ok().filter(|url| !url.is_empty());
    if url.is_none() {
        assert!(std::env::var_os("CI").is_none(), "TEST_DATABASE_URL is not set");
        println!("TEST_DATABASE_URL is not set: PostgreSQL was not tested; `make test` starts one");
    }
    url
}

/// A schema that is dropped by the next run's server at the latest.
struct Schema {
    url: String,
    name: String,
}

#[derive(diesel::QueryableByName)]
struct Cut {
    #[diesel(sql_type = diesel::sql_types::Bool)]
    pg_terminate_backend: bool,
}

impl Schema {
    async fn new() -> Option<Self> {
        let server = server()?;
        let name = format!("test_{}", uuid::Uuid::now_v7().simple());
        let mut connection = AsyncPgConnection::establish(&server).await.unwrap();
        connection.batch_execute(&format!("CREATE SCHEMA {name}")).await.unwrap();
        let join = if server.contains('?') { '&' } else { '?' };
        let url = format!("{server}{join}options=-csearch_path%3D{name}&application_name={name}");
        Some(Self { url, name })
    }

    fn store(&self) -> PostgresStore {
        PostgresStore::new(&self.url, PostgresSettings { connections: 4, ..PostgresSettings::default() }).unwrap()
    }

    async fn connection(&self) -> AsyncPgConnection {
        AsyncPgConnection::establish(&self.url).await.unwrap()
    }
}

async fn fresh() -> Option<(PostgresStore, Schema)> {
    let schema = Schema::new().await?;
    let store = schema.store();
    store.migrate().await.unwrap();
    Some((store, schema))
}

macro_rules! with_postgres {
    ($($module:ident::$name:ident,)*) => {
        $(#[tokio::test]
        async fn $name() {
            let Some((store, _schema)) = fresh().await else { return };
            crate::$module::$name(&store).await;
        })*
    };
}
crate::contract::all_contracts!(with_postgres);

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn replicas_may_make_the_tables_at_once() {
    let Some(schema) = Schema::new().await else { return };
    let replicas = (0..6).map(|_| {
        let store = schema.store();
        tokio::spawn(async move {
            let run = store.migrate().await.unwrap().len();
            store.append(&[record(id())]).await.unwrap();
            run
        })
    });
    let mut run = Vec::new();
    for replica in replicas.collect::<Vec<_>>() {
        run.push(replica.await.unwrap());
    }
    run.sort_unstable();
    assert_eq!(run[..5], [0; 5], "one made them, the others waited");
    assert!(run[5] > 0);
}

#[tokio::test]
async fn a_record_of_a_day_whose_partition_was_dropped_is_taken() {
    let Some((store, schema)) = fresh().await else { return };
    store.append(&[record(id())]).await.unwrap();
    let other = schema.store();
    let now = jiff::tz::Offset::UTC.to_datetime(jiff::Timestamp::now());
    let tomorrow = now.date().tomorrow().unwrap();
    // Today's, which is the oldest; the next look would make it again.
    assert!(other.forget(tomorrow).await.unwrap());
    let late = record(id());
    store.append(std::slice::from_ref(&late)).await.unwrap();
    assert_eq!(store.get(None, late.id).await.unwrap(), Some(late));
}

#[tokio::test]
async fn nul_is_kept_as_its_picture_and_long_names_are_refused() {
    let Some((store, _schema)) = fresh().await else { return };
    let mut given = record(id());
    given.prompt = Some("a\0b".to_owned());
    given.metadata = Some(serde_json::json!({"n\0": "\0"}));
    store.append(std::slice::from_ref(&given)).await.unwrap();
    let kept = store.get(None, given.id).await.unwrap().unwrap();
    assert_eq!(kept.prompt.as_deref(), Some("a\u{2400}b"));
    assert_eq!(kept.metadata, given.metadata);
    let mut long = record(id());
    long.model_id = Some("m".repeat(1001).as_str().into());
    let refused = store.append(&[long]).await.unwrap_err();
    assert!(matches!(refused, StoreError::Refused { .. }), "{refused}");
}

#[tokio::test]
async fn a_server_that_is_not_there_is_an_error_at_once_and_not_at_the_start() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let port = listener.local_addr().unwrap().port();
    drop(listener);
    let store =
        PostgresStore::new(&format!("postgres://me:geheim@127.0.0.1:{port}/db"), PostgresSettings::default()).unwrap();
    let asked = Instant::now();
    for error in [store.ping().await.unwrap_err(), store.migrate().await.unwrap_err()] {
        assert!(matches!(error, StoreError::Database { .. }), "{error}");
        assert!(!error.to_string().contains("geheim"), "{error}");
    }
    assert!(asked.elapsed() < Duration::from_secs(3));
}

/// Accepts, and never answers: as a stopped server does.
#[tokio::test]
async fn a_server_that_never_answers_is_left_in_time() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let settings = PostgresSettings { connect_timeout: Duration::from_millis(200), ..PostgresSettings::default() };
    let store = PostgresStore::new(&format!("postgres://me@{address}/db"), settings).unwrap();
    let asked = Instant::now();
    let error = store.append(&[record(id())]).await.unwrap_err();
    assert!(matches!(error, StoreError::Database { .. }), "{error}");
    assert!(asked.elapsed() < Duration::from_secs(5), "{:?}", asked.elapsed());
    drop(listener);
}

#[tokio::test]
async fn a_connection_that_was_cut_is_replaced() {
    let Some((store, schema)) = fresh().await else { return };
    store.append(&[record(id())]).await.unwrap();
    let mut connection = schema.connection().await;
    // By the name that the test gave them.
    let cut = diesel::sql_query(format!(
        "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE application_name = '{}' AND pid <> pg_backend_pid()",
        schema.name
    ));
    let cut: Vec<Cut> = cut.load(&mut connection).await.unwrap();
    assert!(!cut.is_empty() && cut.iter().all(|cut| cut.pg_terminate_backend));
    // Whoever speaks first may be the one to be told; nobody is told twice.
    let record = record(id());
    if let Err(error) = store.append(std::slice::from_ref(&record)).await {
        assert!(matches!(error, StoreError::Database { .. }), "{error}");
        store.append(std::slice::from_ref(&record)).await.unwrap();
    }
    assert_eq!(store.get(None, record.id).await.unwrap(), Some(record));
}

/// A caller that goes away leaves no transaction open, and nothing half written.
#[tokio::test]
async fn a_caller_that_goes_away_leaves_no_transaction_open() {
    let Some((store, _schema)) = fresh().await else { return };
    let batch: Vec<_> = (0..100).map(|_| record(id())).collect();
    for pause in 0..30 {
        tokio::time::timeout(Duration::from_micros(pause * 300), store.append(&batch)).await.ok();
    }
    store.append(&batch).await.unwrap();
    let page = PageRequest { limit: PageRequest::MOST, before: None };
    let stored = store.list(&RequestFilter::default(), page).await.unwrap().items;
    assert_eq!(stored.len(), batch.len());
    let spent = router_store::spending::SpendingLedger::spending(&store, jiff::civil::date(9999, 1, 1)).await.unwrap();
    let charged: i64 = batch.iter().map(|record| record.charged.nanos()).sum();
    assert_eq!(spent.iter().map(|line| line.total.nanos()).max(), Some(charged), "charged once");
}
