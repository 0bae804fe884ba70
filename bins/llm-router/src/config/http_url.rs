//! Addresses of servers and pages.

use std::borrow::Cow;
use std::fmt;
use std::str::FromStr;

use http::Uri;
use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::{Deserialize, Deserializer, Serialize, Serializer};

use super::text_value;

/// What is allowed, for messages.
const EXPECTED: &str = r#"http:// or https://, a host, and a port and path where needed, like "https://host:8443/v1""#;

/// An `http` or `https` address with a host, without credentials and without a query.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct HttpUrl(Uri);

impl HttpUrl {
    /// The address in its parts.
    #[must_use]
    pub const fn uri(&self) -> &Uri {
        &self.0
    }

    /// Whether nothing follows host and port: what an origin is.
    #[must_use]
    pub fn is_origin(&self) -> bool {
        self.0.path() == "/"
    }
}

impl FromStr for HttpUrl {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        // Checked first, and not echoed: what stands before `@` or after `?` is a secret most often.
        if text.contains(['@', '?']) {
            return Err("an address must not hold credentials (before `@`) or a query (after `?`)".to_owned());
        }
        let uri = text.parse::<Uri>().ok().filter(|uri| matches!(uri.scheme_str(), Some("http" | "https")));
        let uri = uri.filter(|uri| uri.host().is_some_and(|host| !host.is_empty()));
        uri.map(Self).ok_or_else(|| format!("`{text}` is not an address; write {EXPECTED}"))
    }
}

impl fmt::Display for HttpUrl {
    /// Without the slash that a bare origin would end with.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.0.to_string().trim_end_matches('/'))
    }
}

impl Serialize for HttpUrl {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for HttpUrl {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        text_value::read(deserializer, EXPECTED, str::parse)
    }
}

impl JsonSchema for HttpUrl {
    fn inline_schema() -> bool {
        true
    }

    fn schema_name() -> Cow<'static, str> {
        "HttpUrl".into()
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({"type": "string", "format": "uri", "pattern": "^https?://[^@?]+$"})
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_are_read_and_shown_without_a_last_slash() {
        for (text, shown) in [
            ("http://localhost:8080", "http://localhost:8080"),
            ("https://api.example.com/v1/", "https://api.example.com/v1"),
            ("http://[::1]:3000/", "http://[::1]:3000"),
        ] {
            assert_eq!(text.parse::<HttpUrl>().unwrap().to_string(), shown);
        }
    }

    #[test]
    fn what_is_no_address_is_refused_and_credentials_are_not_echoed() {
        for text in ["", "localhost:8080", "ftp://host", "http://", "https://host/?key=1", "/v1"] {
            assert!(text.parse::<HttpUrl>().is_err(), "{text}");
        }
        let message = "https://user:hunter2@host".parse::<HttpUrl>().unwrap_err();
        assert!(!message.contains("hunter2"), "{message}");
    }
}
