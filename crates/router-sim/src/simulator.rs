//! The simulator as its users hold it.

use std::future;
use std::io;
use std::net::{Ipv4Addr, SocketAddr};
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;

use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::TokioIo;
use tokio::net::{TcpListener, TcpStream};
use tokio::task::{AbortHandle, JoinSet};

use crate::attempt::SeenAttempt;
use crate::config::SimulatorConfig;
use crate::fault::Fault;
use crate::line::{Doom, Line};
use crate::reply::Reply;
use crate::service::serve;
use crate::stage::Stage;
use crate::wire::Wire;

/// The most connections at once; more wait in the listener's queue.
const MOST_CONNECTIONS: usize = 8192;

/// How long to leave the listener alone after it failed.
const ACCEPT_PAUSE: Duration = Duration::from_millis(10);

/// Three providers on one loopback socket. Dropping it closes the socket and every connection.
#[derive(Debug)]
pub struct Simulator {
    address: SocketAddr,
    stage: Arc<Stage>,
    accepting: AbortHandle,
}

impl Simulator {
    /// Starts on a free port of 127.0.0.1, on the current Tokio runtime.
    ///
    /// # Errors
    /// When no port can be bound.
    pub async fn start(config: SimulatorConfig) -> io::Result<Self> {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await?;
        let address = listener.local_addr()?;
        let stage = Arc::new(Stage::new(config));
        let accepting = tokio::spawn(accept(listener, Arc::clone(&stage))).abort_handle();
        Ok(Self { address, stage, accepting })
    }

    /// The base URL to give to a client of this wire.
    #[must_use]
    pub fn base_url(&self, wire: Wire) -> String {
        format!("http://{}{}", self.address, wire.base_path())
    }

    /// Every request for an answer so far, oldest first, as far as it is remembered.
    #[must_use]
    pub fn attempts(&self) -> Vec<SeenAttempt> {
        self.stage.log.seen()
    }

    /// How many attempts were forgotten since the start or the last reset, because the log is bounded.
    #[must_use]
    pub fn forgotten_attempts(&self) -> u64 {
        self.stage.log.forgotten()
    }

    /// From now on the model of this name, as sent on the wire, has this fault, or none whatever its suffix and the
    /// configuration say. Faults that pass, after a number of requests or a time, begin anew with the next request.
    pub fn set_fault(&self, model: &str, fault: Option<Fault>) {
        self.stage.set_fault(model, fault);
    }

    /// Forgets all attempts, and which faults were set or played since the start.
    pub fn reset(&self) {
        self.stage.reset();
    }
}

impl Drop for Simulator {
    fn drop(&mut self) {
        self.accepting.abort();
    }
}

/// Takes connections until dropped, and all of them with it.
async fn accept(listener: TcpListener, stage: Arc<Stage>) {
    let mut connections = JoinSet::new();
    loop {
        tokio::select! {
            Some(_) = connections.join_next() => {}
            accepted = listener.accept(), if connections.len() < MOST_CONNECTIONS => match accepted {
                Ok((stream, _)) => {
                    connections.spawn(connection(stream, Arc::clone(&stage)));
                }
                // Out of descriptors, mostly: they come back when a connection ends.
                Err(_) => tokio::time::sleep(ACCEPT_PAUSE).await,
            },
        }
    }
}

async fn connection(stream: TcpStream, stage: Arc<Stage>) {
    // Without it small answers wait for the client's delayed acknowledgement. Should it fail they only come later.
    let _ = stream.set_nodelay(true);
    let doom = Doom::default();
    let line = Line::new(stream, Arc::clone(&doom));
    let service = service_fn(|request| {
        let (stage, doom) = (Arc::clone(&stage), Arc::clone(&doom));
        async move {
            match serve(&stage, request).await {
                Reply::Http(response) => Ok(response.map(|body| body.over(doom))),
                Reply::Reset => {
                    doom.store(true, Ordering::Relaxed);
                    Err(io::Error::other("the script resets here"))
                }
                Reply::Silence(_running) => future::pending().await,
            }
        }
    });
    // No deadlines on purpose: it is the router's part to have them. An error here is the caller's, or the script's.
    let _ = http1::Builder::new().serve_connection(TokioIo::new(line), service).await;
}
