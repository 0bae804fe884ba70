//! One request, in the order in which it is looked at.

use std::net::SocketAddr;
use std::sync::Arc;

use bytes::Bytes;
use http::header::{CONNECTION, CONTENT_LENGTH, HeaderValue, STRICT_TRANSPORT_SECURITY, TRANSFER_ENCODING};
use http::request::Parts;
use http::{Method, Request, Response, Version};
use hyper::body::{Body, Incoming};
use metrics::counter;
use router_core::id::RequestId;
use router_core::principal::{Principal, Role};
use router_engine::metrics::AUTH_REFUSED;
use tokio::sync::Semaphore;
use uuid::Uuid;

use crate::access_log::AccessLog;
use crate::activity::InFlight;
use crate::app::App;
use crate::auth::Caller;
use crate::body;
use crate::cors;
use crate::dialect::Dialect;
use crate::dispatch::{Dispatch, Found};
use crate::error::ApiError;
use crate::guard::Guard;
use crate::patience::Silence;
use crate::query::Query;
use crate::rate_headers;
use crate::response::{Reply, ReplyBody, dress};
use crate::route::{Access, Asked, Limit};
use crate::settings::{Settings, Surface};
use crate::tracked_body::TrackedBody;

/// How long browsers insist on HTTPS once they came by it.
const A_YEAR: &str = "max-age=31536000";

/// What all connections of a listener share.
pub(crate) struct Service {
    app: Arc<App>,
    settings: Settings,
    guard: Guard,
    dispatch: Dispatch,
    /// People come by HTTPS, which a proxy ends.
    behind_https: bool,
    /// A permit for each byte of body in memory.
    body_room: Arc<Semaphore>,
}

impl Service {
    pub(crate) fn new(app: Arc<App>, settings: Settings, address: SocketAddr) -> Self {
        let guard = Guard::new(&settings, address);
        let body_bytes = settings.body_memory_limit.max(settings.body_limit).min(Semaphore::MAX_PERMITS);
        let body_room = Arc::new(Semaphore::new(body_bytes));
        let behind_https = settings.app_url.as_ref().is_some_and(|url| url.scheme_str() == Some("https"));
        Self { app, settings, guard, dispatch: Dispatch::new(), behind_https, body_room }
    }

    pub(crate) fn settings(&self) -> &Settings {
        &self.settings
    }

    /// Tells those who watch that the server stops.
    pub(crate) fn end_watching(&self) {
        self.app.watchers.stop();
    }

    /// Answers a request, whatever it is.
    pub(crate) async fn answer(
        &self,
        request: Request<Incoming>,
        peer: SocketAddr,
        in_flight: InFlight,
    ) -> Response<TrackedBody> {
        let id = RequestId(Uuid::now_v7());
        let (mut head, body) = request.into_parts();
        let mut log = AccessLog::begin(id, peer, &head);
        let chunked = head.headers.contains_key(TRANSFER_ENCODING);
        let page = self.guard.page_from(&head.headers);
        let dialect = Dialect::of(head.uri.path(), &head.headers);
        let outcome = self.handle(&mut head, body, peer, dialect, &mut log).await;
        let mut response = outcome.unwrap_or_else(|error| error.into_response(id, dialect));
        dress(&mut response, id);
        if self.behind_https {
            response.headers_mut().insert(STRICT_TRANSPORT_SECURITY, HeaderValue::from_static(A_YEAR));
        }
        if let Some(origin) = page {
            cors::let_read(&mut response, origin);
        }
        close_if_ambiguous(head.version, chunked, &mut response);
        log.answering(&response);
        if head.method == Method::HEAD {
            strip_body(&mut response);
        }
        response.map(|body| TrackedBody::new(body, log, in_flight))
    }

    async fn handle(
        &self,
        head: &mut Parts,
        body: Incoming,
        peer: SocketAddr,
        dialect: Dialect,
        log: &mut AccessLog,
    ) -> Result<Reply, ApiError> {
        let id = log.id;
        self.guard.check(head)?;
        if cors::is_preflight(head) && self.guard.page_from(&head.headers).is_some() {
            return Ok(cors::preflight());
        }
        let Found { route, path_id } = self.dispatch.find(&head.method, head.uri.path())?;
        if route.access.is_administrative() && self.settings.surface == Surface::Callers {
            return Err(ApiError::NoSuchPath { path: route.path.to_owned() });
        }
        log.route = Some(route.path);
        let Caller { principal, session } = self.admit(route.access, head, peer)?;
        let known: Vec<&str> = route.operation.query.iter().map(|parameter| parameter.name).collect();
        let query = Query::read(head.uri.query(), &known)?;
        if route.operation.body.is_some() {
            body::expect_json(&head.headers)?;
        }
        // Read even where none is expected: see `body::read`.
        let body = body::read(body, self.settings.body_limit, self.settings.body_timeout, &self.body_room).await?;
        let body::Whole { bytes: body, _room } = body;
        log.bytes_in = body.len();
        let allowance = match route.limit {
            Limit::Read => Some(self.app.parts.engine.admit_read(id, &principal).await?),
            Limit::None | Limit::Execution => None,
        };
        let headers = std::mem::take(&mut head.headers);
        let silence =
            Silence { before_response: self.settings.early_response_after, keep_alive: self.settings.keep_alive };
        let asked = Asked {
            app: self.app.clone(),
            id,
            principal,
            session,
            peer,
            dialect,
            path_id,
            query,
            headers,
            silence,
            body,
        };
        let mut response = (route.handler)(asked).await?;
        if let Some(allowance) = allowance {
            rate_headers::insert(response.headers_mut(), dialect, &allowance);
        }
        Ok(response)
    }

    /// Who is asking, if they may use a route of that access.
    fn admit(&self, access: Access, head: &Parts, peer: SocketAddr) -> Result<Caller, ApiError> {
        let auth = &self.app.parts.auth;
        let refused = |error: &ApiError| {
            if let ApiError::Unauthenticated(refusal) = error {
                counter!(AUTH_REFUSED, "reason" => refusal.name()).increment(1);
            }
        };
        match access {
            Access::Open => Ok(passer_by()),
            Access::Scrapers => auth.may_scrape(head, peer).inspect_err(refused).map(|()| passer_by()),
            access => {
                let caller = auth.identify(head, peer).inspect_err(refused)?;
                if access.admits(caller.principal.role) { Ok(caller) } else { Err(ApiError::Forbidden) }
            }
        }
    }
}

/// Someone at a route that is open to all. Its handler does not ask who it is.
fn passer_by() -> Caller {
    let principal = Principal { tenant: "nobody".into(), role: Role::Caller, ..Principal::local() };
    Caller { principal, session: None }
}

/// Closes an HTTP/1 connection after a chunked request.
///
/// RFC 9112 §6.1 demands it of a request that has `Content-Length` beside `Transfer-Encoding`, lest a proxy in front
/// of us sees another end of the request than we do. hyper follows the chunks and hides the length, so the two cannot
/// be told apart here; chunked requests are rare enough to close after all of them.
fn close_if_ambiguous(version: Version, chunked: bool, response: &mut Reply) {
    if version == Version::HTTP_2 {
        // HTTP/2 has no such header; hyper would warn and drop it.
        response.headers_mut().remove(CONNECTION);
    } else if chunked {
        response.headers_mut().insert(CONNECTION, HeaderValue::from_static("close"));
    }
}

/// A HEAD's response says what the GET's would, without its body.
fn strip_body(response: &mut Reply) {
    if let Some(length) = response.body().size_hint().exact() {
        response.headers_mut().insert(CONTENT_LENGTH, length.into());
    }
    *response.body_mut() = ReplyBody::whole(Bytes::new());
}
