//! How the host of an endpoint is reached: directly or through a proxy, with TLS where its address says so.

use std::error::Error;
use std::future::Future;
use std::io;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::Duration;

use http::Uri;
use http::header::HeaderValue;
use http::uri::Scheme;
use hyper::rt::{Read, ReadBufCursor, Write};
use hyper_rustls::{ConfigBuilderExt, HttpsConnector, MaybeHttpsStream};
use hyper_util::client::legacy::connect::proxy::Tunnel;
use hyper_util::client::legacy::connect::{Connected, Connection, HttpConnector};
use hyper_util::client::proxy::matcher::Matcher;
use hyper_util::rt::TokioIo;
use rustls::ClientConfig;
use rustls::crypto::{CryptoProvider, aws_lc_rs};
use tokio::net::TcpStream;
use tower_service::Service;

/// For the TCP and TLS handshakes, a proxy's included. The official SDKs allow 5 s.
const CONNECT_TIMEOUT: Duration = Duration::from_secs(5);

/// A connection without traffic is probed this often, and given up after [`KEEP_ALIVE_PROBES`] probes without an answer: a model that thinks
/// for minutes sends nothing, and boxes in between forget connections that are silent.
const KEEP_ALIVE: Duration = Duration::from_secs(15);
const KEEP_ALIVE_PROBES: u32 = 3;

/// How long what was sent may stay without an answer from the other end's kernel.
#[cfg(any(target_os = "android", target_os = "linux"))]
const UNACKNOWLEDGED: Duration = Duration::from_secs(30);

type Failure = Box<dyn Error + Send + Sync>;
type Connecting = Pin<Box<dyn Future<Output = Result<MaybeHttpsStream<Reached>, Failure>> + Send>>;

/// Connects to the one host of an endpoint.
#[derive(Clone)]
pub(crate) struct Connector {
    connector: HttpsConnector<Way>,
    /// What a proxy that takes requests as they are wants to see in each.
    credentials: Option<HeaderValue>,
}

impl Connector {
    /// For `host`, by the way that the environment says: `HTTPS_PROXY`, `HTTP_PROXY`, `ALL_PROXY` and `NO_PROXY`, in capitals or not.
    ///
    /// # Errors
    /// There are no TLS roots on this machine.
    pub(crate) fn to(host: &Uri) -> Result<Self, rustls::Error> {
        Self::by(&Matcher::from_env(), host)
    }

    fn by(proxies: &Matcher, host: &Uri) -> Result<Self, rustls::Error> {
        let tls = Arc::new(tls()?);
        let Some(proxy) = proxies.intercept(host) else {
            return Ok(Self { connector: (Way::Direct(tcp()), tls).into(), credentials: None });
        };
        let to_proxy: HttpsConnector<HttpConnector> = (tcp(), Arc::clone(&tls)).into();
        let credentials = proxy.basic_auth().cloned();
        if host.scheme() == Some(&Scheme::HTTPS) {
            let tunnel = Tunnel::new(proxy.uri().clone(), to_proxy);
            let tunnel = match credentials {
                Some(credentials) => tunnel.with_auth(credentials),
                None => tunnel,
            };
            return Ok(Self { connector: (Way::Tunnel(tunnel), tls).into(), credentials: None });
        }
        let way = Way::Forward { proxy: proxy.uri().clone(), connector: to_proxy };
        Ok(Self { connector: (way, tls).into(), credentials })
    }

    /// What every request has to say to a proxy (`Proxy-Authorization`).
    pub(crate) fn credentials(&self) -> Option<&HeaderValue> {
        self.credentials.as_ref()
    }
}

impl Service<Uri> for Connector {
    type Response = MaybeHttpsStream<Reached>;
    type Error = Failure;
    type Future = Connecting;

    fn poll_ready(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), Failure>> {
        self.connector.poll_ready(cx)
    }

    fn call(&mut self, host: Uri) -> Connecting {
        let connecting = self.connector.call(host);
        Box::pin(async move {
            let late = |_| io::Error::new(io::ErrorKind::TimedOut, "no connection in time");
            tokio::time::timeout(CONNECT_TIMEOUT, connecting).await.map_err(late)?
        })
    }
}

/// The way to a host, up to where its own TLS begins.
#[derive(Clone)]
enum Way {
    Direct(HttpConnector),
    /// Through a proxy that passes bytes on.
    Tunnel(Tunnel<HttpsConnector<HttpConnector>>),
    /// To a proxy that passes requests on.
    Forward {
        proxy: Uri,
        connector: HttpsConnector<HttpConnector>,
    },
}

impl Service<Uri> for Way {
    type Response = Reached;
    type Error = Failure;
    type Future = Pin<Box<dyn Future<Output = Result<Reached, Failure>> + Send>>;

    fn poll_ready(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), Failure>> {
        match self {
            Self::Direct(connector) => connector.poll_ready(cx).map_err(Into::into),
            Self::Tunnel(tunnel) => tunnel.poll_ready(cx).map_err(Into::into),
            Self::Forward { connector, .. } => connector.poll_ready(cx),
        }
    }

    fn call(&mut self, host: Uri) -> Self::Future {
        match self {
            Self::Direct(connector) => {
                let connecting = connector.call(host);
                Box::pin(async move { Ok(Reached { stream: connecting.await?.into(), forwards: false }) })
            }
            Self::Tunnel(tunnel) => {
                let connecting = tunnel.call(host);
                Box::pin(async move { Ok(Reached { stream: connecting.await?, forwards: false }) })
            }
            Self::Forward { proxy, connector } => {
                let connecting = connector.call(proxy.clone());
                Box::pin(async move { Ok(Reached { stream: connecting.await?, forwards: true }) })
            }
        }
    }
}

/// A connection to a host or to its proxy.
pub(crate) struct Reached {
    stream: MaybeHttpsStream<TokioIo<TcpStream>>,
    /// Whether a proxy reads the requests, which then name the host.
    forwards: bool,
}

impl Connection for Reached {
    fn connected(&self) -> Connected {
        self.stream.connected().proxy(self.forwards)
    }
}

impl Read for Reached {
    fn poll_read(mut self: Pin<&mut Self>, cx: &mut Context<'_>, buffer: ReadBufCursor<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_read(cx, buffer)
    }
}

impl Write for Reached {
    fn poll_write(mut self: Pin<&mut Self>, cx: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.stream).poll_write(cx, bytes)
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        pieces: &[io::IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.stream).poll_write_vectored(cx, pieces)
    }

    fn is_write_vectored(&self) -> bool {
        self.stream.is_write_vectored()
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_flush(cx)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_shutdown(cx)
    }
}

fn tcp() -> HttpConnector {
    let mut connector = HttpConnector::new();
    connector.enforce_http(false);
    connector.set_connect_timeout(Some(CONNECT_TIMEOUT));
    connector.set_nodelay(true);
    connector.set_keepalive(Some(KEEP_ALIVE));
    connector.set_keepalive_interval(Some(KEEP_ALIVE));
    connector.set_keepalive_retries(Some(KEEP_ALIVE_PROBES));
    #[cfg(any(target_os = "android", target_os = "linux"))]
    connector.set_tcp_user_timeout(Some(UNACKNOWLEDGED));
    connector
}

/// TLS as this machine trusts others. A provider of cryptography that the embedding program has installed is used.
fn tls() -> Result<ClientConfig, rustls::Error> {
    let cryptography = CryptoProvider::get_default().cloned();
    let cryptography = cryptography.unwrap_or_else(|| Arc::new(aws_lc_rs::default_provider()));
    let config = ClientConfig::builder_with_provider(cryptography).with_safe_default_protocol_versions()?;
    let mut config = config.try_with_platform_verifier()?.with_no_client_auth();
    // Not HTTP/2: there all requests to a host share one connection, and providers cap it at about 100 at a time.
    config.alpn_protocols = vec![b"http/1.1".to_vec()];
    Ok(config)
}

#[cfg(test)]
mod tests {
    use bytes::Bytes;
    use http::Request;
    use http::header::PROXY_AUTHORIZATION;
    use http_body_util::Empty;
    use hyper_util::client::legacy::Client;
    use hyper_util::rt::TokioExecutor;
    use tokio::io::{AsyncReadExt, AsyncWriteExt};
    use tokio::net::TcpListener;

    use super::*;

    /// The head of the first request that a proxy is sent on the way to `host`, which it answers with an error.
    async fn heard(host: &str) -> String {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let proxy = format!("http://me:secret@{}", listener.local_addr().unwrap());
        let proxies = Matcher::builder().all(proxy).no("left.alone").build();
        let host: Uri = host.parse().unwrap();
        let connector = Connector::by(&proxies, &host).unwrap();
        let credentials = connector.credentials().cloned();
        let client: Client<_, Empty<Bytes>> = Client::builder(TokioExecutor::new()).build(connector);
        let mut request = Request::post(host).body(Empty::new()).unwrap();
        request.headers_mut().extend(credentials.map(|credentials| (PROXY_AUTHORIZATION, credentials)));
        let asking = tokio::spawn(client.request(request));
        let (mut connection, _) = listener.accept().await.unwrap();
        let mut head = Vec::new();
        while !head.ends_with(b"\r\n\r\n") {
            head.push(connection.read_u8().await.unwrap());
        }
        connection.write_all(b"HTTP/1.1 502 Bad Gateway\r\ncontent-length: 0\r\n\r\n").await.unwrap();
        drop(asking.await.unwrap());
        String::from_utf8(head).unwrap().to_ascii_lowercase()
    }

    /// `me:secret`
    const BASIC: &str = "proxy-authorization: basic bwu6c2vjcmv0\r\n";

    #[tokio::test]
    async fn a_proxy_is_asked_for_a_tunnel_where_there_is_tls() {
        let head = heard("https://api.example/v1").await;
        assert!(head.starts_with("connect api.example:443 http/1.1\r\n") && head.contains(BASIC), "{head}");
    }

    #[tokio::test]
    async fn a_proxy_is_sent_the_request_where_there_is_none() {
        let head = heard("http://api.example/v1").await;
        assert!(head.starts_with("post http://api.example/v1 http/1.1\r\n") && head.contains(BASIC), "{head}");
    }

    #[test]
    fn hosts_that_need_no_proxy_get_none() {
        let proxies = Matcher::builder().all("http://me:secret@127.0.0.1:9").no("left.alone").build();
        let connector = Connector::by(&proxies, &Uri::from_static("http://left.alone/v1")).unwrap();
        assert!(connector.credentials().is_none());
    }
}
