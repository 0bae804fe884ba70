//! The caller: as fast as the answers come (closed loop), or at a rate that does not wait for them (open loop).

use std::net::SocketAddr;
use std::sync::Arc;
use std::thread;
use std::time::{Duration, Instant};

use anyhow::{Context, bail, ensure};
use bytes::Bytes;
use http::header::{AUTHORIZATION, CONTENT_TYPE, HOST};
use http::{Request, StatusCode};
use http_body_util::{BodyExt, Full};
use hyper::body::Incoming;
use hyper::client::conn::http1::{self, SendRequest};
use hyper_util::rt::TokioIo;
use tokio::net::TcpStream;
use tokio::sync::mpsc;
use tokio::task::JoinSet;

/// Connections of the open loop: enough that none is waited for while a server keeps up.
const OPEN_LOOP_CONNECTIONS: usize = 16;

/// How a stream of chat completions ends.
pub(crate) const END: &[u8] = b"data: [DONE]\n\n";

/// Where somebody is asked, and with which key.
#[derive(Debug, Clone)]
pub(crate) struct Door {
    pub(crate) address: SocketAddr,
    pub(crate) key: Option<Arc<str>>,
}

impl From<SocketAddr> for Door {
    fn from(address: SocketAddr) -> Self {
        Self { address, key: None }
    }
}

/// Who is asked what.
#[derive(Debug, Clone)]
pub(crate) struct Target {
    pub(crate) door: Door,
    pub(crate) path: &'static str,
    pub(crate) body: Bytes,
    /// How a stream of its answer ends.
    pub(crate) end: &'static [u8],
}

/// A connection that is kept for the next request.
struct Connection {
    target: Target,
    sender: SendRequest<Full<Bytes>>,
}

impl Connection {
    async fn open(target: &Target) -> anyhow::Result<Self> {
        let stream = TcpStream::connect(target.door.address).await?;
        stream.set_nodelay(true)?;
        let (sender, connection) = http1::handshake(TokioIo::new(stream)).await?;
        tokio::spawn(connection);
        Ok(Self { target: target.clone(), sender })
    }

    /// Asks, and waits for the whole answer.
    async fn ask(&mut self) -> anyhow::Result<()> {
        self.send().await?.collect().await?;
        Ok(())
    }

    /// Asks for a stream, and reads it to its end; how many events it had. A stream that is cut is an error.
    async fn listen(&mut self) -> anyhow::Result<usize> {
        let mut body = self.send().await?;
        let end = self.target.end;
        let (mut events, mut last) = (0, Vec::new());
        while let Some(frame) = body.frame().await {
            let Ok(data) = frame?.into_data() else { continue };
            // No event of the upstream has the word in its JSON. One that is split between two frames is seen in neither;
            // hyper splits at 8 KiB or more, so few are, and for all variants alike.
            events += count(&data, b"data: ");
            last.extend_from_slice(&data[data.len().saturating_sub(end.len())..]);
            last.drain(..last.len().saturating_sub(end.len()));
        }
        ensure!(last == end, "{}: the stream ends with {:?}", self.target.door.address, String::from_utf8_lossy(&last));
        Ok(events)
    }

    /// Asks; the body of the answer.
    async fn send(&mut self) -> anyhow::Result<Incoming> {
        let Target { door: Door { address, key }, path, body, .. } = &self.target;
        let mut request =
            Request::post(*path).header(HOST, address.to_string()).header(CONTENT_TYPE, "application/json");
        if let Some(key) = key {
            request = request.header(AUTHORIZATION, format!("Bearer {key}"));
        }
        let request = request.body(Full::new(body.clone()))?;
        self.sender.ready().await?;
        let response = self.sender.send_request(request).await?;
        let status = response.status();
        if status != StatusCode::OK {
            let body = response.into_body().collect().await?.to_bytes();
            bail!("{address}{path} answers {status}: {}", String::from_utf8_lossy(&body));
        }
        Ok(response.into_body())
    }
}

/// How often `word` is in `text`.
fn count(text: &[u8], word: &[u8]) -> usize {
    text.windows(word.len()).filter(|&bytes| bytes == word).count()
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

    /// Asks for a stream as soon as the one before has ended, on all connections; how long each took, and how many events
    /// they had together.
    pub(crate) async fn streams(self, time: Duration) -> anyhow::Result<(Vec<Duration>, usize)> {
        let end = Instant::now() + time;
        let mut listening = JoinSet::new();
        for mut connection in self.0 {
            listening.spawn(async move {
                let (mut taken, mut events) = (Vec::new(), 0);
                loop {
                    let begun = Instant::now();
                    events += connection.listen().await?;
                    taken.push(begun.elapsed());
                    if Instant::now() >= end {
                        return anyhow::Ok((taken, events));
                    }
                }
            });
        }
        let (mut taken, mut events) = (Vec::new(), 0);
        for streams in listening.join_all().await {
            let (more_taken, more_events) = streams?;
            taken.extend(more_taken);
            events += more_events;
        }
        Ok((taken, events))
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
