//! From a request's headers to what somebody presents.

use http::HeaderMap;
use http::header::{AUTHORIZATION, COOKIE, HeaderName};

use super::refusal::Refusal;
use super::session;

const X_API_KEY: HeaderName = HeaderName::from_static("x-api-key");

/// What SDKs that insist on a key are given where none is needed: counts as no credential.
const PLACEHOLDER: &str = "any";

/// What somebody presents.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Presented<'a> {
    /// A key or a token: in a header that only programs send.
    Header(&'a str),
    /// A session: in a cookie that browsers send by themselves.
    Session(&'a str),
}

/// What a request presents. A header wins over a cookie, which comes along unasked; two different headers are refused.
pub(crate) fn presented(headers: &HeaderMap) -> Result<Option<Presented<'_>>, Refusal> {
    let mut found = None;
    let bearer = headers.get_all(AUTHORIZATION).iter().map(|value| value.to_str().ok().and_then(bearer));
    let plain = headers.get_all(&X_API_KEY).iter().map(|value| value.to_str().ok().map(str::trim));
    for text in bearer.chain(plain) {
        let text = text.ok_or(Refusal::Invalid)?;
        match found {
            _ if text == PLACEHOLDER => {}
            Some(other) if other != text => return Err(Refusal::Several),
            _ => found = Some(text),
        }
    }
    if let Some(text) = found {
        return Ok(Some(Presented::Header(text)));
    }
    let cookies = headers.get_all(COOKIE).iter().filter_map(|value| value.to_str().ok());
    let mut sessions = cookies.flat_map(session::in_cookie);
    match (sessions.next(), sessions.next()) {
        (Some(_), Some(_)) => Err(Refusal::Several),
        (session, _) => Ok(session.map(Presented::Session)),
    }
}

/// What follows the scheme `Bearer`, in any case.
fn bearer(value: &str) -> Option<&str> {
    let (scheme, text) = value.trim().split_once(' ')?;
    scheme.eq_ignore_ascii_case("bearer").then_some(text.trim())
}

#[cfg(test)]
mod tests {
    use http::HeaderValue;

    use super::*;

    fn of(headers: &[(HeaderName, &'static str)]) -> Result<Option<String>, Refusal> {
        let headers: HeaderMap = headers
            .iter()
            .map(|(name, value)| (name.clone(), HeaderValue::from_static(value)))
            .fold(HeaderMap::new(), |mut map, (name, value)| {
                map.append(name, value);
                map
            });
        presented(&headers).map(|found| {
            found.map(|found| match found {
                Presented::Header(text) => format!("header {text}"),
                Presented::Session(text) => format!("session {text}"),
            })
        })
    }

    #[test]
    fn a_credential_is_found_wherever_clients_put_it() {
        let found = |text: &str| Ok(Some(text.to_owned()));
        assert_eq!(of(&[(AUTHORIZATION, "Bearer a")]), found("header a"));
        assert_eq!(of(&[(AUTHORIZATION, "bearer  a ")]), found("header a"));
        assert_eq!(of(&[(X_API_KEY, "a")]), found("header a"));
        assert_eq!(of(&[(X_API_KEY, "a"), (AUTHORIZATION, "Bearer a")]), found("header a"));
        assert_eq!(of(&[(COOKIE, "x=y; llmr_session=a")]), found("session a"));
        assert_eq!(of(&[(COOKIE, "llmr_session=a"), (X_API_KEY, "b")]), found("header b"));
        assert_eq!(of(&[]), Ok(None));
    }

    #[test]
    fn the_placeholder_is_no_credential() {
        assert_eq!(of(&[(AUTHORIZATION, "Bearer any")]), Ok(None));
        assert_eq!(of(&[(X_API_KEY, "any"), (AUTHORIZATION, "Bearer a")]), Ok(Some("header a".into())));
    }

    #[test]
    fn what_is_unclear_is_refused() {
        assert_eq!(of(&[(AUTHORIZATION, "Basic YTpi")]), Err(Refusal::Invalid));
        assert_eq!(of(&[(AUTHORIZATION, "")]), Err(Refusal::Invalid));
        assert_eq!(of(&[(X_API_KEY, "a"), (AUTHORIZATION, "Bearer b")]), Err(Refusal::Several));
        assert_eq!(of(&[(AUTHORIZATION, "Bearer a"), (AUTHORIZATION, "Bearer b")]), Err(Refusal::Several));
        assert_eq!(of(&[(COOKIE, "llmr_session=a; llmr_session=b")]), Err(Refusal::Several));
    }
}
