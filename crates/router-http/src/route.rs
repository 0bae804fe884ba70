//! What a route is: one value that the dispatcher, the OpenAPI document and the tests all read.

use std::net::SocketAddr;
use std::pin::Pin;
use std::sync::Arc;

use bytes::Bytes;
use http::{HeaderMap, Method};
use router_core::id::RequestId;
use router_core::principal::{Principal, Role};
use schemars::{Schema, SchemaGenerator};

use crate::app::App;
use crate::auth::Session;
use crate::dialect::Dialect;
use crate::error::ApiError;
use crate::patience::Silence;
use crate::query::Query;
use crate::response::Reply;

/// One method of one path.
pub(crate) struct Route {
    pub(crate) method: Method,
    /// As matchit writes it: `/api/requests/{id}`, or `{*id}` for one that may contain slashes.
    pub(crate) path: &'static str,
    pub(crate) access: Access,
    pub(crate) limit: Limit,
    pub(crate) operation: Operation,
    pub(crate) handler: Handler,
}

/// Answers a request that passed every check of its route.
pub(crate) type Handler = fn(Asked) -> Pin<Box<dyn Future<Output = Result<Reply, ApiError>> + Send>>;

/// A request that passed every check of its route.
pub(crate) struct Asked {
    pub(crate) app: Arc<App>,
    pub(crate) id: RequestId,
    pub(crate) principal: Principal,
    /// The session that the caller came with.
    pub(crate) session: Option<Session>,
    /// The other end of the connection.
    pub(crate) peer: SocketAddr,
    /// Whose words the caller speaks.
    pub(crate) dialect: Dialect,
    /// The path's `{id}`, decoded.
    pub(crate) path_id: Option<String>,
    pub(crate) query: Query,
    pub(crate) headers: HeaderMap,
    /// How long a stream of this answer may be silent.
    pub(crate) silence: Silence,
    /// The whole body; empty for methods without.
    pub(crate) body: Bytes,
}

/// Who may use a route.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Access {
    /// Anyone who reaches the listener: probes, the index, the login. Credentials are not looked at.
    Open,
    /// Those who read the metrics: from this machine, with the token for it, or an administrator.
    Scrapers,
    /// Everyone who has valid credentials.
    Anyone,
    /// Those who send prompts.
    Callers,
    /// Those who send prompts, and those who read figures.
    Readers,
    /// Administrators.
    Admins,
}

impl Access {
    /// Whether it is for those who run the server rather than for those who use it.
    pub(crate) const fn is_administrative(self) -> bool {
        matches!(self, Self::Admins | Self::Scrapers)
    }

    /// The word in the OpenAPI document.
    pub(crate) const fn name(self) -> &'static str {
        match self {
            Self::Open => "open",
            Self::Scrapers => "scrapers",
            Self::Anyone => "anyone",
            Self::Callers => "callers",
            Self::Readers => "readers",
            Self::Admins => "admins",
        }
    }

    /// Whether someone of that role may use the route.
    pub(crate) const fn admits(self, role: Role) -> bool {
        match (self, role) {
            (_, Role::Admin) | (Self::Open | Self::Anyone, _) => true,
            (Self::Callers | Self::Readers, Role::Caller) | (Self::Readers, Role::Analyst) => true,
            (Self::Callers | Self::Readers | Self::Admins | Self::Scrapers, _) => false,
        }
    }
}

/// Which of the caller's allowances a route draws on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Limit {
    /// None: whoever watches the router must be able to at its worst moment.
    None,
    /// The one for reads; taken by the dispatcher.
    Read,
    /// The one for executions, or for a dry run the one for reads; taken by the handler, which knows.
    Execution,
}

/// A type's JSON Schema.
pub(crate) type SchemaOf = fn(&mut SchemaGenerator) -> Schema;

/// What the OpenAPI document says of a route.
pub(crate) struct Operation {
    pub(crate) id: &'static str,
    pub(crate) summary: &'static str,
    pub(crate) description: &'static str,
    /// The query parameters; the dispatcher refuses any other.
    pub(crate) query: &'static [Parameter],
    pub(crate) body: Option<RequestBody>,
    pub(crate) answer: Answer,
    /// Error statuses beyond those that follow from the rest of the route.
    pub(crate) errors: &'static [u16],
}

/// A query parameter.
#[derive(Clone, Copy)]
pub(crate) struct Parameter {
    pub(crate) name: &'static str,
    pub(crate) schema: SchemaOf,
    pub(crate) description: &'static str,
}

/// A JSON request body.
pub(crate) struct RequestBody {
    pub(crate) schema: SchemaOf,
    /// Named examples, as JSON.
    pub(crate) examples: &'static [(&'static str, &'static str)],
}

/// The answer of a request that succeeds.
pub(crate) struct Answer {
    pub(crate) status: u16,
    pub(crate) description: &'static str,
    pub(crate) content: Content,
}

/// What an answer is.
pub(crate) enum Content {
    /// JSON of that schema.
    Json(SchemaOf),
    /// JSON of the first schema; or a stream, the names and data of whose events are the second.
    JsonOrEvents(SchemaOf, SchemaOf),
    /// A stream, the names and data of whose events are that schema.
    Events(SchemaOf),
    /// Text of that media type.
    Text(&'static str),
}

/// [`SchemaOf`] for a type.
pub(crate) fn schema<T: schemars::JsonSchema>(generator: &mut SchemaGenerator) -> Schema {
    generator.subschema_for::<T>()
}
