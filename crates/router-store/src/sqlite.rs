//! The embedded database: one file, one writer, some readers.

mod admin_actions;
mod connection;
mod failure;
mod feedback;
mod insert_request;
mod keys;
mod overrides;
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
mod users;

use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use async_trait::async_trait;
use diesel::{QueryResult, RunQueryDsl, SqliteConnection};
use diesel_async::pooled_connection::deadpool::Pool;
use diesel_async::pooled_connection::{AsyncDieselConnectionManager, ManagerConfig, RecyclingMethod};
use diesel_async::sync_connection_wrapper::SyncConnectionWrapper;
use tokio::time::timeout;

use crate::error::StoreError;
use crate::health::StoreHealth;
use crate::store::Store;
use crate::tables::operation::Operation;
use connection::Access;

type Connections = Pool<SyncConnectionWrapper<SqliteConnection>>;

/// What can be chosen about the database.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SqliteSettings {
    /// Connections for reading.
    pub readers: usize,
    /// How long to wait for a lock that another process holds.
    pub busy_timeout: Duration,
    /// How long a call waits for a connection.
    pub pool_timeout: Duration,
}

impl Default for SqliteSettings {
    fn default() -> Self {
        Self { readers: 4, busy_timeout: Duration::from_secs(5), pool_timeout: Duration::from_secs(5) }
    }
}

/// The embedded database. Cheap to clone.
#[derive(Clone)]
pub struct SqliteStore {
    path: PathBuf,
    settings: SqliteSettings,
    writer: Connections,
    readers: Connections,
}

impl SqliteStore {
    /// Opens the database at `path`. File and directory are made if they are not there, and migrations are applied.
    ///
    /// # Errors
    /// [`StoreError::Open`], with what to do about it.
    pub async fn open(path: impl AsRef<Path>, settings: SqliteSettings) -> Result<Self, StoreError> {
        // Absolute, so that no path can look like one of SQLite's special names (`:memory:`, `file:…`).
        let path = std::path::absolute(path.as_ref()).map_err(|error| failure::open(path.as_ref(), &error))?;
        let url = path.to_str().ok_or_else(|| failure::open(&path, &"the path is not UTF-8"))?.to_owned();
        let (file, busy_timeout) = (path.clone(), settings.busy_timeout);
        let prepared = {
            let url = url.clone();
            tokio::task::spawn_blocking(move || connection::prepare(&file, &url, busy_timeout)).await
        };
        prepared.map_err(|error| failure::open(&path, &error))??;
        let pool = |access, size| pool(&url, access, busy_timeout, size).map_err(|error| failure::open(&path, &error));
        Ok(Self {
            writer: pool(Access::Write, 1)?,
            readers: pool(Access::Read, settings.readers.max(1))?,
            path,
            settings,
        })
    }

    /// The file.
    #[must_use]
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// Runs `task` on a connection that only reads.
    async fn read<T: Send + 'static>(
        &self,
        operation: Operation,
        task: impl FnOnce(&mut SqliteConnection) -> Result<T, StoreError> + Send + 'static,
    ) -> Result<T, StoreError> {
        self.run(&self.readers, operation, task).await
    }

    /// Runs `task` in a transaction on the one connection that writes.
    async fn write<T: Send + 'static>(
        &self,
        operation: Operation,
        task: impl FnOnce(&mut SqliteConnection) -> QueryResult<T> + Send + 'static,
    ) -> Result<T, StoreError> {
        let transaction = move |connection: &mut SqliteConnection| {
            connection.immediate_transaction(task).map_err(|error| operation.failed(&error))
        };
        self.run(&self.writer, operation, transaction).await
    }

    /// In a task of its own: if the caller goes away the work is still finished, and the connection goes back to its
    /// pool only then.
    async fn run<T: Send + 'static>(
        &self,
        pool: &Connections,
        operation: Operation,
        task: impl FnOnce(&mut SqliteConnection) -> Result<T, StoreError> + Send + 'static,
    ) -> Result<T, StoreError> {
        let (pool, wait) = (pool.clone(), self.settings.pool_timeout);
        let work = tokio::spawn(async move {
            let connection = timeout(wait, pool.get()).await;
            let connection = connection.map_err(|_| operation.unavailable("all connections are busy"))?;
            let mut connection = connection.map_err(|error| operation.unavailable(error))?;
            let done = connection.spawn_blocking(move |connection| Ok(task(connection))).await;
            done.unwrap_or_else(|error| Err(operation.failed(&error)))
        });
        work.await.unwrap_or_else(|error| Err(operation.unavailable(error)))
    }
}

impl Store for SqliteStore {}

#[async_trait]
impl StoreHealth for SqliteStore {
    async fn ping(&self) -> Result<Duration, StoreError> {
        let operation = Operation { action: "answer a ping", what: "ping" };
        let asked = Instant::now();
        // Not `SELECT 1`, which SQLite answers without a look at the file.
        let question = move |connection: &mut SqliteConnection| {
            diesel::sql_query("SELECT count(*) FROM sqlite_schema")
                .execute(connection)
                .map_err(|error| operation.failed(&error))
        };
        self.read(operation, question).await?;
        Ok(asked.elapsed())
    }
}

fn pool(
    url: &str,
    access: Access,
    busy_timeout: Duration,
    size: usize,
) -> Result<Connections, diesel_async::pooled_connection::deadpool::BuildError> {
    let mut config = ManagerConfig::<SyncConnectionWrapper<SqliteConnection>>::default();
    // A file does not hang up.
    config.recycling_method = RecyclingMethod::Fast;
    config.custom_setup = Box::new(move |url| {
        let url = url.to_owned();
        Box::pin(async move {
            let connect = move || connection::connect(&url, access, busy_timeout);
            let connected = tokio::task::spawn_blocking(connect).await;
            let connected = connected.map_err(|error| diesel::ConnectionError::BadConnection(error.to_string()))?;
            connected.map(SyncConnectionWrapper::new)
        })
    });
    Pool::builder(AsyncDieselConnectionManager::new_with_config(url, config)).max_size(size).build()
}

impl std::fmt::Debug for SqliteStore {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("SqliteStore").field("path", &self.path).finish_non_exhaustive()
    }
}
