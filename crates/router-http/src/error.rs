//! Why a request was not answered as asked.

use std::time::Duration;

use router_engine::error::RouteError;
use router_providers::request_error::RequestError;
use router_store::error::StoreError;

use crate::auth::refusal::Refusal;

/// Why a request was not answered as asked. How each is said (status, type, code, headers) is in
/// [`error_response`](crate::error_response).
#[derive(Debug, thiserror::Error)]
pub(crate) enum ApiError {
    /// A field (of the body, the query or the path) is not what it must be. The caller can act.
    #[error("`{field}`: {problem}")]
    Invalid {
        /// Where, as a path: `preferences.costWeight`, `messages[0].content`.
        field: String,
        /// What it is, and what it must be.
        problem: String,
    },
    /// A request in somebody else's format is not what it must be. The caller can act.
    #[error(transparent)]
    Request(#[from] RequestError),
    /// The body is not JSON. The caller can act.
    #[error("the body is not valid JSON: {problem}")]
    NotJson {
        /// What is wrong, with line and column.
        problem: String,
    },
    /// The body is not UTF-8. The caller can act.
    #[error("the body is not UTF-8: the first invalid byte is at offset {offset}")]
    NotUtf8 {
        /// Where, in bytes from the start of the body.
        offset: usize,
    },
    /// The body ended before its announced length, or the connection broke. The caller can act.
    #[error("the body could not be read to its end")]
    BodyCut,
    /// The body came too slowly. The caller can act.
    #[error("the body did not arrive within {} s", limit.as_secs_f64())]
    BodySlow {
        /// How long it may take.
        limit: Duration,
    },
    /// The body is too large. The caller can act, or the operator (`Settings::body_limit`).
    #[error("the body is larger than {limit} bytes, the limit of this server")]
    BodyTooLarge {
        /// The limit.
        limit: usize,
    },
    /// The body is announced as something else than JSON. The caller can act.
    #[error("{problem}; send `content-type: application/json`")]
    MediaType {
        /// What it was announced as.
        problem: String,
    },
    /// No usable `Host`. The caller can act.
    #[error("the request has no usable `Host` header")]
    NoHost,
    /// The server does not answer to this name: a page that resolves its own name to our address would be let in.
    /// The operator can act (`Settings::allowed_hosts`).
    #[error("this server does not answer to the host `{host}`; the operator can allow it")]
    HostNotAllowed {
        /// The name.
        host: String,
    },
    /// A page from elsewhere is calling. The operator can act (`Settings::allowed_origins`).
    #[error("requests from pages of `{origin}` are not allowed; the operator can allow the origin")]
    OriginNotAllowed {
        /// Where the page is from.
        origin: String,
    },
    /// The bodies of the requests under way take all the memory they may. The caller may try again at once; the operator
    /// can act (`Settings::body_memory_limit`).
    #[error("the server is holding too many large requests at the moment; send this one again in a second")]
    BodyMemory,
    /// The credentials are missing or not valid. The caller can act.
    #[error("{}", .0.message())]
    Unauthenticated(Refusal),
    /// Nobody of that name is known, and the database does not say whether that is still so. The caller may try later; the
    /// operator can act.
    #[error(
        "keys and users cannot be read at the moment, and these credentials are not among those known; try again later"
    )]
    IdentitiesUnavailable,
    /// A change asked for with a session's cookie alone: another site's page could do that. The caller can act.
    #[error(
        "a session's request for a change needs the header `x-csrf-token`, with the token from the login or GET /api/auth/me"
    )]
    CsrfToken,
    /// Nobody has that address and password, or they may not log in. The caller can act.
    #[error("the address or the password is wrong")]
    WrongPassword,
    /// Too many wrong passwords. The caller may try later.
    #[error("too many attempts to log in; wait {} s", wait.as_secs().max(1))]
    LoginThrottled {
        /// How long.
        wait: Duration,
    },
    /// As many are watching as may at once. The caller may try later.
    #[error("as many are watching requests on this server as may at once; try again when one has left")]
    WatchersFull,
    /// Others are logging in, as many as may at once. The caller may try later.
    #[error("too many people are logging in at this moment; try again in a second")]
    LoginBusy,
    /// The caller's role does not cover this. The caller can ask an administrator.
    #[error("your role does not allow this")]
    Forbidden,
    /// Nothing lives at this path. The caller can act.
    #[error("there is no `{path}`; GET / lists the endpoints")]
    NoSuchPath {
        /// The path.
        path: String,
    },
    /// The path has other methods. The caller can act.
    #[error("this path takes {allow}; cross-origin requests (CORS) are off but for configured origins")]
    MethodNotAllowed {
        /// Its methods, as in the `Allow` header.
        allow: String,
    },
    /// There is no such thing, or it is another tenant's. The caller can act.
    #[error("there is no {what} `{id}`")]
    NotFound {
        /// What kind of thing.
        what: &'static str,
        /// Its name.
        id: String,
        /// The field that named it, where it was a field.
        field: Option<&'static str>,
    },
    /// The operator switched it off.
    #[error("{what} is switched off on this server")]
    SwitchedOff {
        /// What.
        what: &'static str,
    },
    /// The registry does not know the model. The caller can act.
    #[error("the model `{model}` is not in the registry{}; GET /api/models lists those that are", did_you_mean(.hint.as_deref()))]
    UnknownModel {
        /// What was asked for.
        model: String,
        /// What was probably meant.
        hint: Option<String>,
    },
    /// The pipeline did not answer.
    #[error(transparent)]
    Route(#[from] RouteError),
    /// The database did not answer. The operator can act; the caller may try later.
    #[error("the records are not available at the moment")]
    Store(#[from] StoreError),
    /// The record is not in the database, and the database has not taken what the journal holds. The caller may try later;
    /// the operator can act.
    #[error("there is no {what} `{id}` yet: records are on their way to the database; ask again in a few seconds")]
    RecordsLate {
        /// What kind of thing.
        what: &'static str,
        /// Its name.
        id: String,
        /// The field that named it, where it was a field.
        field: Option<&'static str>,
    },
    /// An answer could not be written as JSON: a defect.
    #[error("the answer could not be written")]
    Unwritable(#[source] serde_json::Error),
    /// A stream stopped without saying how it ended: a defect.
    #[error("the answer stopped without an end")]
    NoEnd,
}

impl ApiError {
    /// A field that is not what it must be.
    pub(crate) fn invalid(field: impl Into<String>, problem: impl Into<String>) -> Self {
        Self::Invalid { field: field.into(), problem: problem.into() }
    }
}

impl From<Refusal> for ApiError {
    fn from(refusal: Refusal) -> Self {
        Self::Unauthenticated(refusal)
    }
}

fn did_you_mean(hint: Option<&str>) -> String {
    hint.map(|hint| format!(" (did you mean `{hint}`?)")).unwrap_or_default()
}
