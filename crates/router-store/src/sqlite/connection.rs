//! Connections to an SQLite file: how they are made and set up.

use std::fs;
use std::path::Path;
use std::thread;
use std::time::{Duration, Instant};

use diesel::connection::SimpleConnection;
use diesel::{Connection, ConnectionError, ConnectionResult, SqliteConnection};
use diesel_migrations::{EmbeddedMigrations, MigrationHarness, embed_migrations};

use rustix::fs::Access as Writable;
use rustix::io::Errno;

use super::failure;
use crate::error::StoreError;
use crate::tables::{TABLES, look_for};

const MIGRATIONS: EmbeddedMigrations = embed_migrations!("../../migrations/sqlite");

/// How often a starting process looks whether its turn has come.
const TURN: Duration = Duration::from_millis(5);

/// What a connection may do.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Access {
    Write,
    Read,
}

/// Makes the database if it is not there, and brings its tables up to date. Of several processes that start at once,
/// one does it and the others wait.
pub(super) fn prepare(path: &Path, url: &str, busy_timeout: Duration) -> Result<(), StoreError> {
    if let Some(directory) = path.parent() {
        fs::create_dir_all(directory).map_err(|error| StoreError::Open {
            place: path.display().to_string(),
            message: format!("its directory cannot be made: {error}"),
            remedy: "make the directory, or choose another path",
        })?;
    }
    refuse_read_only(path)?;
    let mut connection = connect_in_turn(url, busy_timeout).map_err(|error| failure::open(path, &error))?;
    // The lock first: otherwise two processes find the same migrations to run.
    connection
        .immediate_transaction(|connection| {
            let run = connection.run_pending_migrations(MIGRATIONS).map(drop);
            run.map_err(diesel::result::Error::QueryBuilderError)?;
            TABLES.iter().try_for_each(|table| connection.batch_execute(&look_for(table)))
        })
        .map_err(|error| failure::open(path, &error))
}

/// Refuses a database of which this user may not write every file, before SQLite is asked: it would make the files beside the
/// database with the same permissions, and they would stay in the way once the database itself is writable again.
///
/// Asks the system instead of opening the file: closing it would take away the locks that this process holds on it.
fn refuse_read_only(path: &Path) -> Result<(), StoreError> {
    for end in ["", "-wal", "-shm"] {
        let mut file = path.as_os_str().to_owned();
        file.push(end);
        if let Err(Errno::ACCESS | Errno::PERM | Errno::ROFS) = rustix::fs::access(&file, Writable::WRITE_OK) {
            return Err(failure::open(Path::new(&file), &"attempt to write a readonly database"));
        }
    }
    Ok(())
}

/// The first connection to a file. SQLite does not wait for its busy timeout while a new file turns to WAL (two processes
/// that both hold it for reading would wait for each other), so of several that start at once, all but one are told that
/// it is locked. Waits on its thread.
fn connect_in_turn(url: &str, busy_timeout: Duration) -> ConnectionResult<SqliteConnection> {
    let deadline = Instant::now() + busy_timeout;
    loop {
        match connect(url, Access::Write, busy_timeout) {
            Err(error) if is_locked(&error) && Instant::now() < deadline => thread::sleep(TURN),
            outcome => return outcome,
        }
    }
}

fn is_locked(error: &ConnectionError) -> bool {
    error.to_string().contains("database is locked")
}

/// A connection, set up.
pub(super) fn connect(url: &str, access: Access, busy_timeout: Duration) -> ConnectionResult<SqliteConnection> {
    let mut connection = SqliteConnection::establish(url)?;
    let set_up = setup(access, busy_timeout).iter().try_for_each(|pragma| connection.batch_execute(pragma));
    set_up.map_err(ConnectionError::CouldntSetupConfiguration)?;
    Ok(connection)
}

/// One statement at a time, in this order: the timeout holds for those after it, and `auto_vacuum` only takes effect
/// before anything is written.
fn setup(access: Access, busy_timeout: Duration) -> Vec<String> {
    let mut pragmas =
        vec![format!("PRAGMA busy_timeout = {}", busy_timeout.as_millis()), "PRAGMA foreign_keys = ON".to_owned()];
    match access {
        Access::Write => pragmas.extend([
            // Deleted rows' pages can be given back in small steps, instead of all at once under a lock.
            "PRAGMA auto_vacuum = INCREMENTAL".to_owned(),
            "PRAGMA journal_mode = WAL".to_owned(),
            // The journal forgets what the database has taken, so a commit must survive a power loss.
            "PRAGMA synchronous = FULL".to_owned(),
        ]),
        Access::Read => pragmas.push("PRAGMA query_only = ON".to_owned()),
    }
    pragmas
}
