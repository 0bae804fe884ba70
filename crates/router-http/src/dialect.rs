//! Whose words a request speaks: errors are said as the caller's client expects them, before any route is found.

use http::HeaderMap;

/// The wire format of a request.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Dialect {
    /// This server's own.
    Native,
    /// OpenAI's.
    OpenAi,
    /// Anthropic's.
    Anthropic,
}

impl Dialect {
    /// Everything below `/v1` is OpenAI's, whether it exists or not, but what is below `/v1/messages`, and what says itself
    /// which version of Anthropic's API it speaks.
    pub(crate) fn of(path: &str, headers: &HeaderMap) -> Self {
        let Some(rest) = path.strip_prefix("/v1").filter(|rest| rest.is_empty() || rest.starts_with('/')) else {
            return Self::Native;
        };
        let is_messages = rest.strip_prefix("/messages").is_some_and(|rest| rest.is_empty() || rest.starts_with('/'));
        if is_messages || headers.contains_key("anthropic-version") { Self::Anthropic } else { Self::OpenAi }
    }
}

#[cfg(test)]
mod tests {
    use http::HeaderValue;

    use super::*;

    #[test]
    fn only_what_is_below_v1_is_somebody_elses() {
        let none = HeaderMap::new();
        for path in ["/v1", "/v1/", "/v1/models", "/v1/nowhere", "/v1/messagesx"] {
            assert_eq!(Dialect::of(path, &none), Dialect::OpenAi, "{path}");
        }
        for path in ["/v1/messages", "/v1/messages/count_tokens", "/v1/messages/"] {
            assert_eq!(Dialect::of(path, &none), Dialect::Anthropic, "{path}");
        }
        for path in ["/", "/v10/models", "/api/v1/x", "", "/V1/models"] {
            assert_eq!(Dialect::of(path, &none), Dialect::Native, "{path}");
        }
    }

    #[test]
    fn a_client_of_anthropic_says_so() {
        let mut headers = HeaderMap::new();
        headers.insert("anthropic-version", HeaderValue::from_static("2023-06-01"));
        assert_eq!(Dialect::of("/v1/models", &headers), Dialect::Anthropic);
        assert_eq!(Dialect::of("/api/models", &headers), Dialect::Native);
    }
}
