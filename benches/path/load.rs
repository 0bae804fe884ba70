//! The caller: as fast as the answers come (closed loop), or at a rate that does not wait for them (open loop).

use std::net::SocketAddr;
use std::thread;
use std::time::{Duration, Instant};

use anyhow::{Context, ensure};
use bytes::Bytes;
use http::header::{CONTENT_TYPE, HOST};
use http::{Request, StatusCode};
use http_body_util::{BodyExt, Full};
use hyper::client::conn::http1::{self, SendRequest};
use hyper_util::rt::TokioIo;
use tokio::net::TcpStream;
use tokio::sync::mpsc;
use tokio::task::JoinSet;

/// Connections of the open loop: enough that none is waited for while a server keeps up.
const OPEN_LOOP_CONNECTIONS: usize = 16;

/// Who is asked what.
#[derive(Debug, Clone)]
pub(crate) struct Target {
    pub(crate) address: SocketAddr,
    pub(crate) path: &'static str,
    pub(crate) body: Bytes,
}

/// A connection that is kept for the next request.
struct Connection {
    target: Target,
    sender: SendRequest<Full<Bytes>>,
}

impl Connection {
    async fn open(target: &Target) -> anyhow::Result<Self> {
        let stream = TcpStream::connect(target.address).await?;
        stream.set_nodelay(true)?;
        let (sender, connection) = http1::handshake(TokioIo::new(stream)).await?;
        tokio::spawn(connection);
        Ok(Self { target: target.clone(), sender })
    }

    /// Asks, and waits for the whole answer.
    async fn ask(&mut self) -> anyhow::Result<()> {
        let Target { address, path, body } = &self.target;
        let request = Request::post(*path)
            .header(HOST, address.to_string())
            .header(CONTENT_TYPE, "application/json")
            .body(Full::new(body.clone()))?;
        self.sender.ready().await?;
        let response = self.sender.send_request(request).await?;
        let status = response.status();
        let body = response.into_body().collect().await?.to_bytes();
        ensure!(status == StatusCode::OK, "{address}{path} answers {status}: {}", String::from_utf8_lossy(&body));
        Ok(())
    }
}

/// Asks once, on a connection of its own.
pub(crate) async fn once(target: &Target) -> anyhow::Result<()> {
    Connection::open(target).await?.ask().await
}

/// Connections that have each been used once.
async fn warm(target: &Target, connections: usize) -> anyhow::Result<Vec<Connection>> {
    let mut opening = JoinSet::new();
    for _ in 0..connections {
        let target = target.clone();
        opening.spawn(async move {
            let mut connection = Connection::open(&target).await?;
            connection.ask().await.map(|()| connection)
        });
    }
    opening.join_all().await.into_iter().collect()
}

/// A measurement that is ready to begin: its connections are open.
pub(crate) struct Load(Vec<Connection>);

impl Load {
    pub(crate) async fn closed_loop(target: &Target, connections: usize) -> anyhow::Result<Self> {
        warm(target, connections).await.map(Self)
    }

    pub(crate) async fn open_loop(target: &Target) -> anyhow::Result<Self> {
        warm(target, OPEN_LOOP_CONNECTIONS).await.map(Self)
    }

    /// Asks again as soon as there is an answer, on all connections; how many answers came.
    pub(crate) async fn at_full_speed(self, time: Duration) -> anyhow::Result<usize> {
        let end = Instant::now() + time;
        let mut asking = JoinSet::new();
        for mut connection in self.0 {
            asking.spawn(async move {
                let mut answers = 0;
                while Instant::now() < end {
                    connection.ask().await?;
                    answers += 1;
                }
                anyhow::Ok(answers)
            });
        }
        asking.join_all().await.into_iter().sum()
    }

    /// Asks `rate` times a second, whether or not earlier answers are there; how long each took, waiting for a free
    /// connection included.
    pub(crate) async fn at_rate(self, rate: u32, time: Duration) -> anyhow::Result<Vec<Duration>> {
        let (give_back, mut free) = mpsc::unbounded_channel();
        for connection in self.0 {
            give_back.send(connection)?;
        }
        let mut due = pace(rate, time);
        let mut asking = JoinSet::new();
        while let Some(released) = due.recv().await {
            let mut connection = free.recv().await.context("no connection is left")?;
            let give_back = give_back.clone();
            asking.spawn(async move {
                connection.ask().await?;
                let taken = released.elapsed();
                give_back.send(connection)?;
                anyhow::Ok(taken)
            });
        }
        asking.join_all().await.into_iter().collect()
    }
}

/// The moments at which requests are due. From a thread of its own: the timers of the runtime tick in milliseconds.
fn pace(rate: u32, time: Duration) -> mpsc::UnboundedReceiver<Instant> {
    let (release, due) = mpsc::unbounded_channel();
    thread::spawn(move || {
        let begun = Instant::now();
        let interval = Duration::from_secs(1) / rate;
        let mut next = Duration::ZERO;
        while next < time {
            thread::sleep(next.saturating_sub(begun.elapsed()));
            if release.send(Instant::now()).is_err() {
                return;
            }
            next += interval;
        }
    });
    due
}
