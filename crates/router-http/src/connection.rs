//! One connection: protocol limits, the idle timeout, and an orderly end.

use std::convert::Infallible;
use std::net::SocketAddr;
use std::pin::pin;
use std::sync::Arc;
use std::time::Duration;

use hyper::service::service_fn;
use hyper_util::rt::{TokioExecutor, TokioIo, TokioTimer};
use hyper_util::server::conn::auto;
use tokio::net::TcpStream;
use tokio::sync::watch;
use tokio::time::timeout;
use tracing::debug;

use crate::activity::Activity;
use crate::patient_stream::PatientStream;
use crate::service::Service;
use crate::settings::Settings;

/// How long a connection that is told to go may take to say goodbye (HTTP/2 GOAWAY).
const FAREWELL: Duration = Duration::from_secs(1);

/// HTTP/2 pings an open connection this often, so that a peer that vanished without a word is noticed.
const PING_EVERY: Duration = Duration::from_secs(20);

/// HTTP/1.1 and HTTP/2 (cleartext, by prior knowledge) with this listener's limits.
pub(crate) fn protocols(settings: &Settings) -> auto::Builder<TokioExecutor> {
    let mut builder = auto::Builder::new(TokioExecutor::new());
    builder
        .http1()
        .timer(TokioTimer::new())
        // `Activity::quiet` bounds this wait, for both protocols and before either is chosen.
        .header_read_timeout(None)
        .max_headers(settings.header_count_limit)
        .max_buf_size(settings.head_limit.max(8192));
    builder
        .http2()
        .timer(TokioTimer::new())
        .max_header_list_size(u32::try_from(settings.head_limit).unwrap_or(u32::MAX))
        .max_concurrent_streams(settings.stream_limit)
        .keep_alive_interval(PING_EVERY);
    builder
}

/// Serves one connection to its end: the peer's, its idle timeout's, or `stopping`'s (after the requests in flight).
pub(crate) async fn run(
    stream: TcpStream,
    peer: SocketAddr,
    service: Arc<Service>,
    protocols: Arc<auto::Builder<TokioExecutor>>,
    mut stopping: watch::Receiver<bool>,
) {
    // Without it the kernel holds back small writes (Nagle), 40 ms at a time.
    if let Err(error) = stream.set_nodelay(true) {
        debug!(%peer, %error, "TCP_NODELAY not set");
    }
    let activity = Activity::new();
    let settings = service.settings();
    let (first, later) = (settings.header_timeout, settings.idle_timeout);
    let handler = service_fn(|request| {
        let (service, in_flight) = (service.clone(), activity.begin());
        async move { Ok::<_, Infallible>(service.answer(request, peer, in_flight).await) }
    });
    let stream = TokioIo::new(PatientStream::new(stream, settings.write_timeout));
    let mut connection = pin!(protocols.serve_connection(stream, handler));
    let mut quiet = pin!(activity.quiet(first, later));
    let outcome = tokio::select! {
        outcome = connection.as_mut() => outcome,
        () = quiet.as_mut() => {
            connection.as_mut().graceful_shutdown();
            timeout(FAREWELL, connection).await.unwrap_or(Ok(()))
        }
        () = told_to_stop(&mut stopping) => {
            connection.as_mut().graceful_shutdown();
            // Half a request may still become a whole one, within the time it always had.
            tokio::select! {
                outcome = connection.as_mut() => outcome,
                () = quiet => Ok(()),
            }
        }
    };
    if let Err(error) = outcome {
        // Malformed requests and resets: the peer's business, seen only when looking for it.
        debug!(%peer, error = %DisplayChain(&*error), "connection ended");
    }
}

async fn told_to_stop(stopping: &mut watch::Receiver<bool>) {
    // An error says that the server is gone, which is as good a reason.
    let _ = stopping.wait_for(|stopping| *stopping).await;
}

/// An error with its causes: hyper's own words hide the interesting half in `source`.
struct DisplayChain<'a>(&'a (dyn std::error::Error + 'static));

impl std::fmt::Display for DisplayChain<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}", self.0)?;
        let mut cause = self.0.source();
        while let Some(error) = cause {
            write!(f, ": {error}")?;
            cause = error.source();
        }
        Ok(())
    }
}
