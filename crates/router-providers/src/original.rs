//! A request as the caller wrote it, for targets that speak the caller's dialect.

use bytes::Bytes;

use crate::dialect::Dialect;

/// A field that a [`Conversation`](router_core::conversation::Conversation) does not carry.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Uncarried {
    /// Its name, as the caller wrote it.
    pub field: String,
    /// An answer that ignores it would not be what was asked for (several choices, sound): only a target that speaks the
    /// caller's dialect may be asked. The others are left out elsewhere, and named.
    pub essential: bool,
}

/// A request as the caller wrote it. A target that speaks the same dialect gets these bytes, with a closed list of edits;
/// any other gets the conversation that was read from them.
#[derive(Debug, Clone)]
pub struct Original {
    /// What it is written in.
    pub dialect: Dialect,
    /// The whole body: one JSON object, known to be valid.
    pub body: Bytes,
    /// Top-level fields that are meant for the router alone, and are not passed on.
    pub ours: &'static [&'static str],
    /// What the caller's headers say that belongs to the body: name in lower case, and value. Passed on with it.
    pub headers: Vec<(&'static str, String)>,
    /// What a translation to another dialect loses.
    pub uncarried: Vec<Uncarried>,
}

impl Original {
    /// Whether only a target that speaks the same dialect can answer.
    #[must_use]
    pub fn binds(&self) -> bool {
        self.uncarried.iter().any(|lost| lost.essential)
    }
}
