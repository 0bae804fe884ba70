//! Tables are brought up to date by one process at a time.

use std::time::Duration;

use diesel::Connection;
use diesel::connection::SimpleConnection;
use diesel_async::AsyncPgConnection;
use diesel_async::async_connection_wrapper::AsyncConnectionWrapper;
use diesel_migrations::{EmbeddedMigrations, MigrationHarness, embed_migrations};

use super::PostgresSettings;
use super::address::Address;
use super::connection::connect;
use crate::error::StoreError;
use crate::tables::operation::Operation;
use crate::tables::{TABLES, look_for};

const MIGRATIONS: EmbeddedMigrations = embed_migrations!("../../migrations/postgres");

/// Held by whoever changes tables: any number, the same in every version of this program.
pub(super) const LOCK: i64 = 0x6c6c_6d72_6f75_7465;

/// Runs what was not run yet, all of it or nothing, and names it.
pub(super) async fn run(address: &Address, settings: &PostgresSettings) -> Result<Vec<String>, StoreError> {
    let operation = Operation { action: "have its tables brought up to date", what: "migration" };
    // Without a deadline of the server's: a migration takes as long as it takes, and waits for its turn.
    let connected = connect(address, settings.connect_timeout, Duration::ZERO).await;
    let connection = connected.map_err(|error| operation.unavailable(error))?;
    let address = address.clone();
    let run = tokio::task::spawn_blocking(move || {
        let mut connection = AsyncConnectionWrapper::<AsyncPgConnection>::from(connection);
        let run = connection.transaction(|connection| {
            connection.batch_execute(&format!("SELECT pg_advisory_xact_lock({LOCK})"))?;
            let run = connection.run_pending_migrations(MIGRATIONS);
            let run = run.map_err(diesel::result::Error::QueryBuilderError)?;
            let run: Vec<String> = run.iter().map(ToString::to_string).collect();
            TABLES.iter().try_for_each(|table| connection.batch_execute(&look_for(table)))?;
            Ok(run)
        });
        run.map_err(|error: diesel::result::Error| address.cannot_open(error))
    });
    run.await.map_err(|error| operation.unavailable(error))?
}
