//! Query strings, as strict as bodies.

use std::str::FromStr;

use percent_encoding::percent_decode_str;
use router_core::id::RequestId;
use router_store::page::PageRequest;

use crate::error::ApiError;
use crate::nearest::nearest;

/// How many items a list has when the caller does not say.
const DEFAULT_LIMIT: u32 = 50;

/// The parameters of a request, each known and given once.
#[derive(Debug, Default)]
pub(crate) struct Query(Vec<(String, String)>);

impl Query {
    /// Reads `raw` (what follows the question mark), in which only `known` parameters may occur.
    pub(crate) fn read(raw: Option<&str>, known: &[&str]) -> Result<Self, ApiError> {
        let mut given: Vec<(String, String)> = Vec::new();
        for pair in raw.unwrap_or_default().split('&').filter(|pair| !pair.is_empty()) {
            let (name, value) = pair.split_once('=').unwrap_or((pair, ""));
            let name = decode(&name.replace('+', " ")).ok_or_else(|| not_text("query"))?;
            if !known.contains(&name.as_str()) {
                return Err(unknown(&name, known));
            }
            if given.iter().any(|(other, _)| *other == name) {
                return Err(ApiError::invalid(name, "given twice"));
            }
            let value = decode(&value.replace('+', " ")).ok_or_else(|| not_text(&name))?;
            // A script whose variable was empty would get everything, and take it for what it asked for.
            if value.is_empty() {
                return Err(ApiError::invalid(name, "must not be empty; leave the parameter out"));
            }
            given.push((name, value));
        }
        Ok(Self(given))
    }

    /// The text of a parameter; never empty.
    pub(crate) fn text(&self, name: &str) -> Option<&str> {
        self.0.iter().find(|(given, _)| given == name).map(|(_, value)| value.as_str())
    }

    /// A parameter that is one of a few names.
    pub(crate) fn one_of<T>(
        &self,
        name: &str,
        read: impl Fn(&str) -> Option<T>,
        names: &[&str],
    ) -> Result<Option<T>, ApiError> {
        let Some(text) = self.text(name) else { return Ok(None) };
        read(text).map(Some).ok_or_else(|| ApiError::invalid(name, format!("must be one of {}", names.join(", "))))
    }

    /// A parameter that is written as `T`.
    pub(crate) fn parsed<T: FromStr>(&self, name: &str, what: &str) -> Result<Option<T>, ApiError> {
        let read = |text: &str| text.parse().map_err(|_| ApiError::invalid(name, format!("must be {what}")));
        self.text(name).map(read).transpose()
    }

    /// `limit` and `before`.
    pub(crate) fn page(&self) -> Result<PageRequest, ApiError> {
        let limit = self.parsed("limit", "a whole number")?.unwrap_or(DEFAULT_LIMIT);
        if !(1..=PageRequest::MOST).contains(&limit) {
            return Err(ApiError::invalid("limit", format!("must be from 1 to {}", PageRequest::MOST)));
        }
        Ok(PageRequest { limit, before: self.parsed::<RequestId>("before", "an id: the `next` of the previous page")? })
    }
}

/// Undoes percent-encoding; `None` where the bytes are not UTF-8 or hold a control character.
pub(crate) fn decode(text: &str) -> Option<String> {
    let decoded = percent_decode_str(text).decode_utf8().ok()?;
    (!decoded.contains(char::is_control)).then(|| decoded.into_owned())
}

fn not_text(field: &str) -> ApiError {
    ApiError::invalid(field, "must be percent-encoded UTF-8 without control characters")
}

fn unknown(name: &str, known: &[&str]) -> ApiError {
    let problem = match (nearest(name, known.iter().copied()), known) {
        (Some(meant), _) => format!("unknown parameter; did you mean `{meant}`?"),
        (None, []) => "unknown parameter; this path takes none".to_owned(),
        (None, known) => format!("unknown parameter; known are {}", known.join(", ")),
    };
    ApiError::invalid(name.chars().take(100).collect::<String>(), problem)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(raw: &str) -> Result<Query, ApiError> {
        Query::read(Some(raw), &["modelId", "limit", "before"])
    }

    #[test]
    fn parameters_are_decoded() {
        let query = read("modelId=anthropic%2Fclaude+x&limit=7").unwrap();
        assert_eq!(query.text("modelId"), Some("anthropic/claude x"));
        assert_eq!(query.page().unwrap(), PageRequest { limit: 7, before: None });
    }

    #[test]
    fn what_is_wrong_is_named() {
        for (raw, words) in [
            ("modelid=x", "`modelid`: unknown parameter; did you mean `modelId`?"),
            ("limit=", "`limit`: must not be empty"),
            ("modelId", "`modelId`: must not be empty"),
            ("limit=1&limit=2", "`limit`: given twice"),
            ("modelId=%ff", "`modelId`: must be percent-encoded UTF-8"),
            ("modelId=%00", "`modelId`: must be percent-encoded UTF-8"),
        ] {
            assert!(read(raw).unwrap_err().to_string().starts_with(words), "{raw}");
        }
        for raw in ["limit=0", "limit=501", "limit=-1", "limit=x", "before=x"] {
            read(raw).unwrap().page().unwrap_err();
        }
    }
}
