//! The dashboard's session: a token in a cookie that scripts cannot read and other sites' pages cannot send.

use std::time::Duration;

use http::HeaderValue;

/// The cookie's name over plain HTTP on this machine.
const PLAIN: &str = "llmr_session";

/// The cookie's name elsewhere: browsers take a `__Host-` cookie over HTTPS only, and from this very host only.
const SECURE: &str = "__Host-llmr_session";

/// How long a session lasts, used or not: a working day.
pub(crate) const LASTS: Duration = Duration::from_secs(12 * 60 * 60);

/// The tokens of sessions in a `Cookie` header.
pub(crate) fn in_cookie(header: &str) -> impl Iterator<Item = &str> {
    header.split(';').filter_map(|pair| {
        let (name, value) = pair.trim().split_once('=')?;
        [PLAIN, SECURE].contains(&name).then_some(value)
    })
}

/// The `Set-Cookie` that begins a session, or with an empty `token` ends it.
///
/// `loopback` is whether people call the server by a loopback name: then there is no HTTPS to insist on.
pub(crate) fn set_cookie(token: &str, loopback: bool) -> Option<HeaderValue> {
    let (name, secure) = if loopback { (PLAIN, "") } else { (SECURE, "; Secure") };
    let seconds = if token.is_empty() { 0 } else { LASTS.as_secs() };
    let text = format!("{name}={token}; Path=/; Max-Age={seconds}; HttpOnly; SameSite=Strict{secure}");
    let mut value = HeaderValue::from_str(&text).ok()?;
    value.set_sensitive(true);
    Some(value)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_set_is_found_again() {
        for (loopback, secure) in [(true, false), (false, true)] {
            let cookie = set_cookie("abc.def", loopback).unwrap();
            let text = cookie.to_str().unwrap();
            assert_eq!(text.contains("; Secure"), secure);
            assert!(text.contains("HttpOnly") && text.contains("SameSite=Strict"), "{text}");
            let sent = text.split(';').next().unwrap();
            assert_eq!(in_cookie(&format!("other=1; {sent}")).collect::<Vec<_>>(), ["abc.def"]);
        }
        assert!(set_cookie("", true).unwrap().to_str().unwrap().contains("Max-Age=0"));
    }
}
