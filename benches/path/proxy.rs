//! The least a reverse proxy can do: what the server is compared with.

use std::net::SocketAddr;

use bytes::Bytes;
use http::header::{CONNECTION, HOST, HeaderMap, HeaderName, TE, TRAILER, TRANSFER_ENCODING, UPGRADE};
use http::uri::{Authority, PathAndQuery, Scheme};
use http::{Request, Response, StatusCode, Uri};
use http_body_util::combinators::BoxBody;
use http_body_util::{BodyExt, Empty};
use hyper::body::Incoming;
use hyper_util::client::legacy::Client;
use hyper_util::client::legacy::connect::HttpConnector;
use hyper_util::rt::TokioExecutor;

use crate::serve::serve;

/// Headers of the connection rather than of the message.
const HOP_BY_HOP: [HeaderName; 5] = [CONNECTION, TE, TRAILER, TRANSFER_ENCODING, UPGRADE];

type Upstream = Client<HttpConnector, Incoming>;
type Forwarded = BoxBody<Bytes, hyper::Error>;

/// Forwards every request to `upstream`, bodies unread, until the bench ends.
pub(crate) async fn run(upstream: SocketAddr) -> anyhow::Result<()> {
    let mut connector = HttpConnector::new();
    connector.set_nodelay(true);
    let client: Upstream = Client::builder(TokioExecutor::new()).build(connector);
    let authority: Authority = upstream.to_string().parse()?;
    serve(move |request| forward(client.clone(), authority.clone(), request)).await
}

async fn forward(client: Upstream, authority: Authority, mut request: Request<Incoming>) -> Response<Forwarded> {
    let mut parts = request.uri().clone().into_parts();
    parts.scheme = Some(Scheme::HTTP);
    parts.authority = Some(authority);
    parts.path_and_query.get_or_insert(PathAndQuery::from_static("/"));
    let Ok(uri) = Uri::from_parts(parts) else { return failed(StatusCode::BAD_REQUEST) };
    *request.uri_mut() = uri;
    request.headers_mut().remove(HOST);
    strip(request.headers_mut());
    match client.request(request).await {
        Ok(mut response) => {
            strip(response.headers_mut());
            response.map(BodyExt::boxed)
        }
        Err(_) => failed(StatusCode::BAD_GATEWAY),
    }
}

fn strip(headers: &mut HeaderMap) {
    for name in HOP_BY_HOP {
        headers.remove(name);
    }
}

fn failed(status: StatusCode) -> Response<Forwarded> {
    let mut response = Response::new(Empty::new().map_err(|never| match never {}).boxed());
    *response.status_mut() = status;
    response
}
