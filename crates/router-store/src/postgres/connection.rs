//! Connections to a PostgreSQL server: how they are made and set up.

use std::sync::{Arc, LazyLock};
use std::time::Duration;

use diesel::{ConnectionError, ConnectionResult};
use diesel_async::pooled_connection::deadpool::{BuildError, Pool};
use diesel_async::pooled_connection::{AsyncDieselConnectionManager, ManagerConfig, RecyclingMethod};
use diesel_async::{AsyncPgConnection, SimpleAsyncConnection};
use rustls::ClientConfig;
use rustls_platform_verifier::BuilderVerifierExt as _;
use tokio::time::timeout;
use tokio_postgres::NoTls;
use tokio_postgres_rustls::MakeRustlsConnect;

use super::PostgresSettings;
use super::address::Address;

/// How long a transaction may stand idle: its client is gone, or stopped.
const IDLE_IN_TRANSACTION: Duration = Duration::from_secs(60);

pub(super) fn pool(address: &Address, settings: &PostgresSettings) -> Result<Pool<AsyncPgConnection>, BuildError> {
    let mut config = ManagerConfig::<AsyncPgConnection>::default();
    // Whether it is closed is known without asking; calls have a deadline for the rest.
    config.recycling_method = RecyclingMethod::Fast;
    let (address, wait, deadline) = (address.clone(), settings.connect_timeout, settings.deadline);
    config.custom_setup = Box::new(move |_| {
        let address = address.clone();
        Box::pin(async move { connect(&address, wait, deadline).await })
    });
    let manager = AsyncDieselConnectionManager::new_with_config(String::new(), config);
    Pool::builder(manager).max_size(settings.connections.max(1)).build()
}

/// A connection, set up: whatever it does, the server ends after `deadline` (zero means never).
pub(super) async fn connect(
    address: &Address,
    wait: Duration,
    deadline: Duration,
) -> ConnectionResult<AsyncPgConnection> {
    let connecting = async {
        let mut connection = establish(address).await?;
        // A client that is gone without a word is noticed while its statement runs, too.
        let settings = format!(
            "SET statement_timeout = {}; SET idle_in_transaction_session_timeout = {}; \
             SET client_connection_check_interval = '5s'",
            deadline.as_millis(),
            IDLE_IN_TRANSACTION.as_millis(),
        );
        let set_up = connection.batch_execute(&settings).await;
        set_up.map_err(ConnectionError::CouldntSetupConfiguration)?;
        Ok(connection)
    };
    let connected = timeout(wait, connecting).await;
    connected.unwrap_or_else(|_| Err(ConnectionError::BadConnection(format!("no connection within {wait:?}"))))
}

async fn establish(address: &Address) -> ConnectionResult<AsyncPgConnection> {
    let config = address.config();
    if address.encrypted() {
        let tls = TLS.as_ref().map_err(|error| ConnectionError::BadConnection(error.clone()))?;
        let connected = config.connect(MakeRustlsConnect::new(tls.clone())).await;
        let (client, connection) = connected.map_err(|error| bad(&error))?;
        AsyncPgConnection::try_from_client_and_connection(client, connection).await
    } else {
        let (client, connection) = config.connect(NoTls).await.map_err(|error| bad(&error))?;
        AsyncPgConnection::try_from_client_and_connection(client, connection).await
    }
}

/// With what is behind the driver's words: `db error` alone says nothing.
fn bad(error: &tokio_postgres::Error) -> ConnectionError {
    let cause = std::error::Error::source(error).map(|cause| format!(": {cause}")).unwrap_or_default();
    ConnectionError::BadConnection(format!("{error}{cause}"))
}

/// Read once: the machine's authorities are a large file.
static TLS: LazyLock<Result<ClientConfig, String>> = LazyLock::new(|| {
    let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
    let versions = ClientConfig::builder_with_provider(provider).with_safe_default_protocol_versions();
    let verified = versions.and_then(|builder| builder.with_platform_verifier());
    verified.map(|config| config.with_no_client_auth()).map_err(|error| error.to_string())
});
