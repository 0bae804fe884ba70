//! The listener: accepts, bounds, and stops in good order.

use std::io;
use std::sync::Arc;
use std::time::Duration;

use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{OwnedSemaphorePermit, Semaphore, watch};
use tokio::task::JoinSet;
use tokio::time::sleep;
use tracing::{info, warn};

use crate::app::App;
use crate::connection;
use crate::service::Service;
use crate::settings::Settings;

/// How long to wait when the process has no file descriptor left for another connection.
const OUT_OF_DESCRIPTORS_PAUSE: Duration = Duration::from_millis(100);

/// How a server stopped.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Stopped {
    /// Every request in flight was answered.
    Clean,
    /// At the deadline, or when told not to wait for it, some were not, and their connections were cut.
    Cut {
        /// How many connections.
        connections: usize,
    },
}

impl Stopped {
    /// How two listeners stopped, as if they were one.
    #[must_use]
    pub const fn and(self, other: Self) -> Self {
        match (self, other) {
            (Self::Cut { connections: one }, Self::Cut { connections: more }) => {
                Self::Cut { connections: one.saturating_add(more) }
            }
            (cut @ Self::Cut { .. }, Self::Clean) | (Self::Clean, cut) => cut,
        }
    }
}

/// Serves `app` on `listener` until `shutdown` resolves; then stops accepting, lets the requests in flight finish
/// within [`Settings::shutdown_deadline`] or until `cut` resolves, whichever is sooner, and returns.
///
/// Requests that are cut have their records, as those whose caller left.
///
/// # Errors
/// The listener's address cannot be read.
pub async fn serve(
    listener: TcpListener,
    app: Arc<App>,
    settings: Settings,
    shutdown: impl Future<Output = ()> + Send,
    cut: impl Future<Output = ()> + Send,
) -> io::Result<Stopped> {
    let address = listener.local_addr()?;
    info!(%address, "listening");
    let deadline = settings.shutdown_deadline;
    let service = Arc::new(Service::new(app, settings, address));
    let connections = accept_until(listener, Arc::clone(&service), shutdown).await;
    service.end_watching();
    Ok(finish(connections, deadline, cut).await)
}

/// Open connections, and the way to tell them to end.
struct Connections {
    tasks: JoinSet<()>,
    stopping: watch::Sender<bool>,
}

async fn accept_until(listener: TcpListener, service: Arc<Service>, shutdown: impl Future<Output = ()>) -> Connections {
    let protocols = Arc::new(connection::protocols(service.settings()));
    let room = Arc::new(Semaphore::new(service.settings().connection_limit));
    let mut connections = Connections { tasks: JoinSet::new(), stopping: watch::Sender::new(false) };
    let mut shutdown = std::pin::pin!(shutdown);
    loop {
        let (permit, stream, peer) = tokio::select! {
            () = shutdown.as_mut() => return connections,
            // Forgets those that ended, so that the set holds open connections only.
            Some(_) = connections.tasks.join_next() => continue,
            accepted = accept(&listener, &room) => accepted,
        };
        let (service, protocols) = (service.clone(), protocols.clone());
        let stopping = connections.stopping.subscribe();
        connections.tasks.spawn(async move {
            connection::run(stream, peer, service, protocols, stopping).await;
            drop(permit);
        });
    }
}

/// The next connection, once there is room for it.
async fn accept(
    listener: &TcpListener,
    room: &Arc<Semaphore>,
) -> (OwnedSemaphorePermit, TcpStream, std::net::SocketAddr) {
    loop {
        let Ok(permit) = room.clone().acquire_owned().await else {
            // Nobody closes the semaphore; were it closed, there would be no room ever.
            return std::future::pending().await;
        };
        match listener.accept().await {
            Ok((stream, peer)) => return (permit, stream, peer),
            // The peer gave up while it waited in the queue.
            Err(error) if matches!(error.kind(), io::ErrorKind::ConnectionAborted | io::ErrorKind::ConnectionReset) => {
            }
            Err(error) => {
                warn!(%error, "cannot accept a connection; is the limit of open files too low?");
                sleep(OUT_OF_DESCRIPTORS_PAUSE).await;
            }
        }
    }
}

async fn finish(mut connections: Connections, deadline: Duration, cut: impl Future<Output = ()>) -> Stopped {
    // `send_replace`, because it is no fault when nobody is connected.
    connections.stopping.send_replace(true);
    info!(connections = connections.tasks.len(), "stopping");
    let why = tokio::select! {
        () = async { while connections.tasks.join_next().await.is_some() {} } => return Stopped::Clean,
        () = sleep(deadline) => "shutdown deadline passed; connections cut",
        () = cut => "told not to wait; connections cut",
    };
    let left = connections.tasks.len();
    connections.tasks.shutdown().await;
    warn!(connections = left, deadline_seconds = deadline.as_secs_f64(), "{why}");
    Stopped::Cut { connections: left }
}
