//! Addresses of providers, as operators write them.

use http::Uri;

use crate::setup::SetupError;

/// Joins a base URL and the path of an endpoint, whether or not the base ends with a slash, or already with the first part
/// of the path (`https://api.anthropic.com/v1` and `/v1/messages`).
///
/// # Errors
/// [`SetupError::BaseUrl`] unless the base is an `http` or `https` URL without user, query and fragment.
pub(crate) fn join(base: &str, path: &str) -> Result<String, SetupError> {
    let refuse = |why: &'static str| Err(SetupError::BaseUrl { why });
    let base = base.trim();
    let Ok(uri) = base.parse::<Uri>() else { return refuse("it is not a URL") };
    if !matches!(uri.scheme_str(), Some("http" | "https")) {
        return refuse("it does not begin with http:// or https://");
    }
    let Some(authority) = uri.authority().filter(|authority| !authority.host().is_empty()) else {
        return refuse("it names no host");
    };
    if authority.as_str().contains('@') {
        return refuse("it holds a user name or password; put keys where keys go");
    }
    if base.contains(['?', '#']) {
        return refuse("it has a query or a fragment");
    }
    let base = base.trim_end_matches('/');
    let first = path.find('/').and_then(|start| path[start + 1..].find('/')).map_or("", |end| &path[..=end]);
    let path = if !first.is_empty() && base.ends_with(first) { &path[first.len()..] } else { path };
    Ok(format!("{base}{path}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn joins_with_and_without_slash_and_version() {
        for base in [
            "https://api.anthropic.com",
            "https://api.anthropic.com/",
            "https://api.anthropic.com/v1",
            "https://api.anthropic.com/v1/",
        ] {
            assert_eq!(join(base, "/v1/messages").unwrap(), "https://api.anthropic.com/v1/messages", "{base}");
        }
        for base in ["http://localhost:11434/v1", " http://localhost:11434/v1/ "] {
            assert_eq!(join(base, "/chat/completions").unwrap(), "http://localhost:11434/v1/chat/completions");
        }
    }

    #[test]
    fn refuses_what_is_no_base() {
        for base in [
            "",
            "localhost:11434",
            "ftp://a/",
            "https://",
            "https://user:pw@a/",
            "https://a/?key=1",
            "https://a/#b",
            "/v1",
        ] {
            assert!(join(base, "/chat/completions").is_err(), "{base}");
        }
    }
}
