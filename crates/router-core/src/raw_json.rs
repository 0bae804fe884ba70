//! JSON that was written once and is passed on as it stands: in the order its author chose, and without being read again.

use std::fmt;
use std::sync::Arc;

use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;

/// A JSON text that is known to be valid. Clones share it.
#[derive(Clone, Serialize, Deserialize)]
#[serde(transparent)]
pub struct RawJson(Arc<RawValue>);

impl RawJson {
    /// Writes `value` down; `null` if it cannot be written (a map whose keys are not text, a failing `Serialize`).
    #[must_use]
    pub fn of(value: &impl Serialize) -> Self {
        serde_json::value::to_raw_value(value).map_or_else(|_| Self::default(), |json| Self(json.into()))
    }

    /// From a text.
    ///
    /// # Errors
    /// It is not JSON.
    pub fn from_text(text: String) -> Result<Self, serde_json::Error> {
        RawValue::from_string(text).map(|json| Self(json.into()))
    }

    /// The text.
    #[must_use]
    pub fn text(&self) -> &str {
        self.0.get()
    }

    /// What the text says.
    ///
    /// # Errors
    /// It is not what `T` expects.
    pub fn parse<'a, T: Deserialize<'a>>(&'a self) -> Result<T, serde_json::Error> {
        serde_json::from_str(self.text())
    }
}

impl Default for RawJson {
    /// `null`
    fn default() -> Self {
        Self(RawValue::NULL.to_owned().into())
    }
}

impl PartialEq for RawJson {
    /// The same text: two texts that mean the same may differ.
    fn eq(&self, other: &Self) -> bool {
        self.text() == other.text()
    }
}

impl fmt::Debug for RawJson {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.text())
    }
}

#[cfg(feature = "schema")]
impl schemars::JsonSchema for RawJson {
    fn inline_schema() -> bool {
        true
    }

    fn schema_name() -> std::borrow::Cow<'static, str> {
        "RawJson".into()
    }

    fn json_schema(_: &mut schemars::SchemaGenerator) -> schemars::Schema {
        true.into()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_order_of_the_author_survives_being_embedded() {
        #[derive(Debug, PartialEq, Serialize, Deserialize)]
        struct Outer {
            inner: RawJson,
        }
        let text = r#"{"inner":{"z":1,"a":[1.50,null]}}"#;
        let outer: Outer = serde_json::from_str(text).unwrap();
        assert_eq!(serde_json::to_string(&outer).unwrap(), text);
        assert_eq!(outer.inner.parse::<serde_json::Value>().unwrap()["a"][0], 1.5);
    }

    #[test]
    fn what_is_not_json_is_refused() {
        assert!(RawJson::from_text("{".into()).is_err());
        assert_eq!(RawJson::default().text(), "null");
    }
}
