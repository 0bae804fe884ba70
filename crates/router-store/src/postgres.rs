//! A PostgreSQL server, for many replicas: nothing here needs it to be there at the start, and nothing waits for it longer
//! than the settings say.

mod address;
mod admin_actions;
mod connection;
mod feedback;
mod insert_requests;
mod keys;
mod migrations;
mod newest;
mod overrides;
mod partitions;
#[cfg(test)]
mod plans;
mod requests;
mod retention;
mod revision;
mod runs;
mod scores;
mod sessions;
mod spending;
mod statistics;
mod tenants;
mod text;
mod users;

use std::time::{Duration, Instant};

use async_trait::async_trait;
use diesel::QueryResult;
use diesel_async::pooled_connection::deadpool::{Object, Pool};
use diesel_async::{AsyncConnection, AsyncPgConnection, RunQueryDsl};
use futures_util::future::BoxFuture;
use tokio::time::timeout;

use crate::error::StoreError;
use crate::health::StoreHealth;
use crate::store::Store;
use crate::tables::operation::Operation;
use address::Address;
use partitions::KnownDays;

/// What can be chosen about the server's use.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PostgresSettings {
    /// Connections at once, for each replica.
    pub connections: usize,
    /// How long a new connection may take, encryption and login included.
    pub connect_timeout: Duration,
    /// How long a call may take in all, the wait for a connection included. The server ends what it is still doing for it.
    pub deadline: Duration,
}

impl Default for PostgresSettings {
    fn default() -> Self {
        Self { connections: 8, connect_timeout: Duration::from_secs(3), deadline: Duration::from_secs(10) }
    }
}

/// A PostgreSQL server. Cheap to clone.
#[derive(Clone)]
pub struct PostgresStore {
    address: Address,
    settings: PostgresSettings,
    pool: Pool<AsyncPgConnection>,
    known_days: KnownDays,
}

/// Where a server is: host, port and database of its address, without user and password.
///
/// # Errors
/// What is wrong with the address, without repeating it.
pub fn place(url: &str) -> Result<String, String> {
    match Address::parse(url) {
        Ok(address) => Ok(address.place().to_owned()),
        Err(StoreError::Open { message, remedy, .. }) => Err(format!("{message}; {remedy}")),
        Err(error) => Err(error.to_string()),
    }
}

impl PostgresStore {
    /// A store on the server at `url` (`postgres://user:password@host:port/database`). Nobody is asked yet: that the server
    /// answers, and has its tables, is for [`PostgresStore::migrate`] to find out.
    ///
    /// `sslmode=require`, `verify-ca` and `verify-full` encrypt, and all three verify the server's certificate and name by the
    /// machine's authorities; otherwise nothing is encrypted.
    ///
    /// # Errors
    /// [`StoreError::Open`]: it is not an address of a PostgreSQL server.
    pub fn new(url: &str, settings: PostgresSettings) -> Result<Self, StoreError> {
        let address = Address::parse(url)?;
        let pool = connection::pool(&address, &settings).map_err(|error| address.cannot_open(error))?;
        Ok(Self { address, settings, pool, known_days: KnownDays::default() })
    }

    /// Where it is: host, port and database, without user and password.
    #[must_use]
    pub fn place(&self) -> &str {
        self.address.place()
    }

    /// Brings the tables up to date. Of several processes that do so at once, one does it and the others wait. Names the
    /// migrations that were run.
    ///
    /// # Errors
    /// [`StoreError::Database`] while the server does not answer; [`StoreError::Open`] if a migration fails: nothing was changed
    /// then.
    pub async fn migrate(&self) -> Result<Vec<String>, StoreError> {
        let run = migrations::run(&self.address, &self.settings).await?;
        partitions::ahead(self).await?;
        Ok(run)
    }

    /// Runs `task` on a connection, within the deadline.
    async fn run<T: Send + 'static>(
        &self,
        operation: Operation,
        task: impl for<'c> FnOnce(&'c mut AsyncPgConnection) -> BoxFuture<'c, Result<T, StoreError>> + Send,
    ) -> Result<T, StoreError> {
        let work = async {
            let connection = self.pool.get().await.map_err(|error| operation.unavailable(error))?;
            let mut lease = Lease(Some(connection));
            let done = task(lease.connection(operation)?).await;
            if matches!(done, Ok(_) | Err(StoreError::Refused { .. } | StoreError::Corrupt { .. })) {
                lease.give_back();
            }
            done
        };
        let deadline = self.settings.deadline;
        let done = timeout(deadline, work).await;
        done.unwrap_or_else(|_| Err(operation.unavailable(format!("no answer within {deadline:?}"))))
    }

    /// Runs `task` on a connection that only reads.
    async fn read<T: Send + 'static>(
        &self,
        operation: Operation,
        task: impl for<'c> FnOnce(&'c mut AsyncPgConnection) -> BoxFuture<'c, QueryResult<T>> + Send,
    ) -> Result<T, StoreError> {
        let read = stored_task::<T, _>(move |connection| {
            let reading = task(connection);
            Box::pin(async move { reading.await.map_err(|error| operation.failed(&error)) })
        });
        self.run(operation, read).await
    }

    /// Runs `task` in a transaction.
    async fn write<T: Send + 'static>(
        &self,
        operation: Operation,
        task: impl for<'c> FnOnce(&'c mut AsyncPgConnection) -> BoxFuture<'c, QueryResult<T>> + Send + 'static,
    ) -> Result<T, StoreError> {
        let transaction = stored_task::<T, _>(move |connection| Box::pin(in_transaction(connection, operation, task)));
        self.run(operation, transaction).await
    }
}

/// Gives a closure the type that [`PostgresStore::read`] and [`PostgresStore::write`] take.
fn task<T, F>(task: F) -> F
where
    F: for<'c> FnOnce(&'c mut AsyncPgConnection) -> BoxFuture<'c, QueryResult<T>>,
{
    task
}

/// Gives a closure the type that [`PostgresStore::run`] takes.
fn stored_task<T, F>(task: F) -> F
where
    F: for<'c> FnOnce(&'c mut AsyncPgConnection) -> BoxFuture<'c, Result<T, StoreError>>,
{
    task
}

async fn in_transaction<T: Send + 'static>(
    connection: &mut AsyncPgConnection,
    operation: Operation,
    task: impl for<'c> FnOnce(&'c mut AsyncPgConnection) -> BoxFuture<'c, QueryResult<T>> + Send + 'static,
) -> Result<T, StoreError> {
    let done = connection.transaction(async move |connection: &mut AsyncPgConnection| task(connection).await).await;
    done.map_err(|error| operation.failed(&error))
}

/// A connection that goes back to its pool only if its last call came to an end: what a call left behind that ran out of
/// time, or whose caller went away, is an open transaction. The server rolls it back when the connection closes.
struct Lease(Option<Object<AsyncPgConnection>>);

impl Lease {
    fn connection(&mut self, operation: Operation) -> Result<&mut AsyncPgConnection, StoreError> {
        self.0.as_deref_mut().ok_or_else(|| operation.unavailable("the connection is gone"))
    }

    fn give_back(&mut self) {
        drop(self.0.take());
    }
}

impl Drop for Lease {
    fn drop(&mut self) {
        if let Some(connection) = self.0.take() {
            drop(Object::take(connection));
        }
    }
}

impl Store for PostgresStore {}

#[async_trait]
impl StoreHealth for PostgresStore {
    async fn ping(&self) -> Result<Duration, StoreError> {
        let operation = Operation { action: "answer a ping", what: "ping" };
        let asked = Instant::now();
        // Not `SELECT 1`, which a server without our tables answers as well.
        let question =
            task::<usize, _>(|connection| Box::pin(diesel::sql_query("SELECT FROM revision").execute(connection)));
        self.read(operation, question).await?;
        Ok(asked.elapsed())
    }
}

impl std::fmt::Debug for PostgresStore {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("PostgresStore").field("place", &self.place()).finish_non_exhaustive()
    }
}
