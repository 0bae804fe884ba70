//! `POST /api/auth/login`, `POST /api/auth/logout`, `GET /api/auth/me`: sessions of the dashboard.

use http::header::SET_COOKIE;
use http::{HeaderMap, StatusCode};
use jiff::Timestamp;
use router_core::id::{TenantId, UserId};
use router_core::principal::Role;
use router_store::sessions::Revocation;
use schemars::JsonSchema;
use secrecy::SecretString;
use serde::{Deserialize, Serialize};

use crate::auth::{Caller, session};
use crate::error::ApiError;
use crate::json;
use crate::response::{Reply, json as answer_json, ok};
use crate::route::{Answer, Asked, Content, Operation, RequestBody, schema};
use crate::store_deadline::within_deadline;

/// Who logs in.
#[derive(Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct LoginRequest {
    /// The address, in any case.
    email: String,
    #[schemars(with = "String")]
    password: SecretString,
}

/// Who is asking.
#[derive(Debug, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
struct Me {
    tenant: TenantId,
    /// Null for a key without user, and for the user of an unprotected machine.
    user: Option<UserId>,
    role: Role,
    /// What a session's requests for changes carry in `x-csrf-token`; null without a session.
    csrf_token: Option<String>,
    /// When the session ends by itself.
    #[schemars(with = "Option<String>", extend("format" = "date-time"))]
    session_until: Option<Timestamp>,
}

impl From<Caller> for Me {
    fn from(Caller { principal, session }: Caller) -> Self {
        let (csrf_token, session_until) = session.map(|session| (session.csrf, session.until)).unzip();
        Self { tenant: principal.tenant, user: principal.user, role: principal.role, csrf_token, session_until }
    }
}

pub(crate) const LOGIN: Operation = Operation {
    id: "logIn",
    summary: "Begin a session with address and password",
    description: "The session is a cookie; requests for changes carry `csrfToken` in `x-csrf-token` beside it.",
    query: &[],
    body: Some(RequestBody {
        schema: schema::<LoginRequest>,
        examples: &[("login", r#"{"email": "ada@example.org", "password": "correct horse battery staple"}"#)],
    }),
    answer: Answer { status: 200, description: "Who logged in.", content: Content::Json(schema::<Me>) },
    errors: &[401, 404, 429, 503],
};

pub(crate) const LOGOUT: Operation = Operation {
    id: "logOut",
    summary: "End the session, on every replica within two seconds",
    description: "",
    query: &[],
    body: None,
    answer: Answer { status: 200, description: "Who logged out.", content: Content::Json(schema::<Me>) },
    errors: &[],
};

pub(crate) const ME: Operation = Operation {
    id: "whoAmI",
    summary: "Who the credentials are of",
    description: "",
    query: &[],
    body: None,
    answer: Answer { status: 200, description: "Who is asking.", content: Content::Json(schema::<Me>) },
    errors: &[],
};

pub(crate) async fn login(asked: Asked) -> Result<Reply, ApiError> {
    let LoginRequest { email, password } = json::read(&asked.body)?;
    let (token, caller) = asked.app.parts.auth.log_in(&email, password, asked.peer).await?;
    let mut response = ok(&Me::from(caller))?;
    response
        .headers_mut()
        .extend(session::set_cookie(&token, is_loopback(&asked.headers)).map(|set| (SET_COOKIE, set)));
    Ok(response)
}

pub(crate) async fn logout(asked: Asked) -> Result<Reply, ApiError> {
    let Asked { app, principal, session, headers, .. } = asked;
    if let Some(session) = session {
        let directory = app.parts.auth.directory()?;
        let revocation = Revocation { token: session.token, until: session.until };
        within_deadline("end a session", directory.stores().revocations.revoke(&revocation)).await?;
        directory.refresh().await?;
    }
    let mut response = answer_json(StatusCode::OK, &Me::from(Caller { principal, session: None }))?;
    response.headers_mut().extend(session::set_cookie("", is_loopback(&headers)).map(|set| (SET_COOKIE, set)));
    Ok(response)
}

pub(crate) async fn me(asked: Asked) -> Result<Reply, ApiError> {
    ok(&Me::from(Caller { principal: asked.principal, session: asked.session }))
}

/// Whether the server was called by a loopback name: then browsers speak plain HTTP to it.
fn is_loopback(headers: &HeaderMap) -> bool {
    let host = headers.get(http::header::HOST).and_then(|host| host.to_str().ok()).unwrap_or_default();
    let host = host.parse::<http::uri::Authority>().map(|host| host.host().to_owned()).unwrap_or_default();
    let bare = host.trim_matches(['[', ']']);
    bare == "localhost"
        || bare.ends_with(".localhost")
        || bare.parse::<std::net::IpAddr>().is_ok_and(|address| address.is_loopback())
}
