//! Cross-site request forgery: a page of another site can make a browser send the cookie, and cannot know this token.

use hmac::{Hmac, Mac};
use http::{HeaderMap, Method};
use secrecy::{ExposeSecret, SecretString};
use sha2::Sha256;
use subtle::ConstantTimeEq;

/// The header that carries the token.
pub(crate) const HEADER: &str = "x-csrf-token";

/// The token of a session: derived from the session's own name, so that nothing has to be kept.
pub(crate) fn token(secret: &SecretString, jti: &str) -> String {
    let Ok(mut mac) = Hmac::<Sha256>::new_from_slice(secret.expose_secret().as_bytes()) else { return String::new() };
    mac.update(b"csrf:");
    mac.update(jti.as_bytes());
    mac.finalize().into_bytes().iter().map(|byte| format!("{byte:02x}")).collect()
}

/// Whether a request with a session's cookie may do what it asks for: it changes nothing, or it has the token.
pub(crate) fn allows(method: &Method, headers: &HeaderMap, token: &str) -> bool {
    if matches!(*method, Method::GET | Method::HEAD) {
        return true;
    }
    let given = headers.get(HEADER).map(http::HeaderValue::as_bytes).unwrap_or_default();
    !token.is_empty() && bool::from(given.ct_eq(token.as_bytes()))
}

#[cfg(test)]
mod tests {
    use http::HeaderValue;

    use super::*;

    #[test]
    fn only_the_sessions_own_token_allows_a_change() {
        let secret = SecretString::from("secret");
        let (ours, theirs) = (token(&secret, "one"), token(&secret, "two"));
        let with = |token: &str| {
            let mut headers = HeaderMap::new();
            headers.insert(HEADER, HeaderValue::from_str(token).unwrap());
            headers
        };
        assert!(allows(&Method::POST, &with(&ours), &ours));
        for headers in [with(&theirs), with(""), with(&ours[1..]), HeaderMap::new()] {
            assert!(!allows(&Method::POST, &headers, &ours), "{headers:?}");
            assert!(!allows(&Method::DELETE, &headers, &ours), "{headers:?}");
            assert!(allows(&Method::GET, &headers, &ours), "{headers:?}");
        }
        assert!(!allows(&Method::POST, &with(""), ""));
    }
}
