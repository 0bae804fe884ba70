//! A JSON string that is borrowed where it holds no escapes.

use std::borrow::Cow;

use serde::Deserialize;

/// A type of its own, because serde borrows a `Cow` only where it stands by itself, not within an `Option`.
#[derive(Debug, Deserialize)]
#[serde(transparent)]
pub(crate) struct JsonText<'a>(#[serde(borrow)] pub(crate) Cow<'a, str>);

impl JsonText<'_> {
    pub(crate) fn into_string(self) -> String {
        self.0.into_owned()
    }
}
