//! What of a request its answer repeats.

use serde_json::{Map, Value};

use crate::splice::Object;

/// The members that every answer has, and what they are where the request does not say.
const REPEATED: [(&str, &str); 12] = [
    ("instructions", "null"),
    ("max_output_tokens", "null"),
    ("max_tool_calls", "null"),
    ("metadata", "{}"),
    ("parallel_tool_calls", "true"),
    ("reasoning", r#"{"effort":null,"summary":null}"#),
    ("temperature", "null"),
    ("text", r#"{"format":{"type":"text"}}"#),
    ("tool_choice", "\"auto\""),
    ("tools", "[]"),
    ("top_p", "null"),
    ("truncation", "\"disabled\""),
];

/// What of a request its answer repeats.
#[derive(Debug, Clone, Default)]
pub struct Echo(Map<String, Value>);

impl Echo {
    /// Of a request that was read.
    #[must_use]
    pub fn of(body: &[u8]) -> Self {
        let object = Object::read(body).ok();
        let given = |name: &str| object.as_ref().and_then(|object| object.get(name)).filter(|&value| value != "null");
        let repeated = REPEATED.iter().filter_map(|&(name, default)| {
            let value = serde_json::from_str(given(name).unwrap_or(default)).ok()?;
            Some((name.to_owned(), value))
        });
        Self(repeated.collect())
    }

    pub(super) fn members(&self) -> impl Iterator<Item = (String, Value)> + '_ {
        self.0.iter().map(|(name, value)| (name.clone(), value.clone()))
    }
}
