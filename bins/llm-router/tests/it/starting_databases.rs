//! Databases that cannot be used, and those that can after all: what is said, and that nothing is damaged.

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;

use diesel::connection::SimpleConnection;
use diesel::{Connection, QueryableByName, RunQueryDsl, SqliteConnection, sql_types::BigInt};
use serde_json::json;

use crate::database::{self, count};
use crate::server::Place;

/// A directory in which a demonstration has answered one prompt, and the path of its database.
async fn used() -> (Place, String) {
    let place = Place::new();
    let mut server = place.serve(&["--demo"]).await;
    server.answer(&json!({"prompt": "Hello"})).await;
    assert_eq!(server.stop().await, Some(0));
    let path = place.path("data/demo/llm-router.db").display().to_string();
    (place, path)
}

/// Starts a server that cannot start, and checks that it says so with all of `said`.
async fn refuses(place: &Place, said: &[&str]) {
    let finished = place.run(&["serve", "--demo", "--listen", "127.0.0.1:0"]).await;
    assert_eq!(finished.code, Some(1), "{}", finished.err);
    for words in said {
        assert!(finished.err.contains(words), "{words:?} is not in:\n{}", finished.err);
    }
}

/// What is in the file, for a second look.
fn rows(path: &str) -> i64 {
    #[derive(QueryableByName)]
    struct Count {
        #[diesel(sql_type = BigInt)]
        count: i64,
    }
    let mut connection = SqliteConnection::establish(path).unwrap();
    let counted: Count =
        diesel::sql_query("SELECT count(*) AS count FROM requests").get_result(&mut connection).unwrap();
    counted.count
}

#[tokio::test]
async fn a_file_that_is_read_only() {
    let (place, path) = used().await;
    let writable = fs::read(&path).unwrap();
    // The 19th byte says which version may write: a later one than SQLite knows makes the file read-only, for root as well.
    let mut read_only = writable.clone();
    read_only[18] = 3;
    fs::write(&path, &read_only).unwrap();
    refuses(&place, &["llm-router.db cannot be opened", "readonly", "make the file and its directory writable"]).await;
    assert!(fs::read(&path).unwrap() == read_only, "it was changed");
    fs::write(&path, &writable).unwrap();
    assert_eq!(place.serve(&["--demo"]).await.records().await.len(), 1);
}

#[tokio::test]
async fn a_file_that_this_user_may_not_write_leaves_nothing_in_the_way() {
    let (place, path) = used().await;
    let allow = |mode| fs::set_permissions(&path, fs::Permissions::from_mode(mode)).unwrap();
    allow(0o444);
    let before = fs::read(&path).unwrap();
    let serve = ["serve", "--demo", "--listen", "127.0.0.1:0"];
    let Some(finished) = place.run_without_powers(&serve).await else { return };
    assert_eq!(finished.code, Some(1), "{}", finished.err);
    for words in ["llm-router.db cannot be opened", "readonly", "make the file and its directory writable"] {
        assert!(finished.err.contains(words), "{words:?} is not in:\n{}", finished.err);
    }
    assert!(fs::read(&path).unwrap() == before, "it was changed");
    for beside in ["-wal", "-shm"] {
        assert!(!Path::new(&format!("{path}{beside}")).exists(), "{beside} is left behind");
    }
    // What the message says is enough.
    allow(0o644);
    assert_eq!(place.serve(&["--demo"]).await.records().await.len(), 1);
}

/// The tables without which a server would lose records, or let nobody in.
const NEEDED: [&str; 4] = ["statistics", "api_keys", "spending", "eval_runs"];

#[tokio::test]
async fn a_file_whose_tables_are_gone_although_their_migrations_were_run() {
    for table in NEEDED {
        let (place, path) = used().await;
        SqliteConnection::establish(&path).unwrap().batch_execute(&format!("DROP TABLE {table}")).unwrap();
        refuses(&place, &["llm-router.db cannot be opened", "no such table", table, "restore a backup"]).await;
        assert_eq!(rows(&path), 1, "nothing was lost");
    }
}

#[tokio::test]
async fn a_postgresql_whose_tables_are_gone_although_their_migrations_were_run() {
    for table in NEEDED {
        let Some(url) = database::schema().await else { return };
        let place = Place::new().with("DATABASE_URL", &url);
        let finished = place.run(&["migrate"]).await;
        assert_eq!(finished.code, Some(0), "{}", finished.err);
        database::execute(&url, &format!("DROP TABLE {table}")).await;
        for command in [&["serve", "--listen", "127.0.0.1:0"][..], &["migrate"]] {
            let finished = place.run(command).await;
            assert_eq!(finished.code, Some(1), "{}", finished.err);
            for words in [table, "does not exist", "restore a backup"] {
                assert!(finished.err.contains(words), "{words:?} is not in:\n{}", finished.err);
            }
        }
        assert_eq!(count(&url, "SELECT count(*) AS count FROM requests").await, 0, "the others are there");
    }
}

#[tokio::test]
async fn a_file_that_another_program_holds() {
    let (place, path) = used().await;
    let mut holder = SqliteConnection::establish(&path).unwrap();
    holder.batch_execute("PRAGMA locking_mode = EXCLUSIVE; BEGIN EXCLUSIVE").unwrap();
    refuses(&place, &["llm-router.db cannot be opened", "locked", "another program holds it"]).await;
    holder.batch_execute("COMMIT").unwrap();
    drop(holder);
    assert_eq!(place.serve(&["--demo"]).await.records().await.len(), 1);
}

#[tokio::test]
async fn a_directory_that_is_missing_is_made() {
    let place = Place::new().with("DATABASE_URL", "sqlite:not/there/yet/router.db");
    place.serve(&[]).await;
    assert!(place.path("not/there/yet/router.db").is_file());
}

#[tokio::test]
async fn a_file_of_a_later_version_goes_on_to_be_used() {
    let (place, path) = used().await;
    let mut connection = SqliteConnection::establish(&path).unwrap();
    let later = "INSERT INTO __diesel_schema_migrations (version) VALUES ('99991231000000')";
    connection.batch_execute(later).unwrap();
    drop(connection);
    // Later versions only add: a replica of this one still runs beside them, and after a step back.
    let server = place.serve(&["--demo"]).await;
    server.answer(&json!({"prompt": "Hello again"})).await;
    server.records_are_written().await;
    assert_eq!(server.records().await.len(), 2);
}

/// Forgets the last migration, as somebody does who restores half of a backup.
const FORGET: &str = "UPDATE __diesel_schema_migrations SET version = '9' || version \
                      WHERE version = (SELECT max(version) FROM __diesel_schema_migrations)";

/// The opposite.
const REMEMBER: &str = "UPDATE __diesel_schema_migrations SET version = substr(version, 2) WHERE version LIKE '92%'";

#[tokio::test]
async fn a_file_whose_migrations_are_not_its_tables() {
    let (place, path) = used().await;
    SqliteConnection::establish(&path).unwrap().batch_execute(FORGET).unwrap();
    refuses(&place, &["llm-router.db cannot be opened", "its list of migrations", "restore a backup"]).await;
    assert_eq!(rows(&path), 1, "nothing was lost");
}

#[tokio::test]
async fn a_postgresql_whose_migrations_are_not_its_tables() {
    let Some(url) = database::schema().await else { return };
    let place = Place::new().with("DATABASE_URL", &url);
    let finished = place.run(&["migrate"]).await;
    assert_eq!(finished.code, Some(0), "{}", finished.err);
    database::execute(&url, FORGET).await;
    let finished = place.run(&["serve", "--listen", "127.0.0.1:0"]).await;
    assert_eq!(finished.code, Some(1), "{}", finished.err);
    for words in ["cannot be opened", "already exists", "restore a backup"] {
        assert!(finished.err.contains(words), "{words:?} is not in:\n{}", finished.err);
    }
    assert_eq!(count(&url, "SELECT count(*) AS count FROM requests").await, 0, "the tables are there");
    // A later version's tables are no obstacle.
    database::execute(&url, REMEMBER).await;
    database::execute(&url, "INSERT INTO __diesel_schema_migrations (version) VALUES ('99991231000000')").await;
    place.serve(&[]).await;
}
