//! Who may speak to this listener at all: the names it answers to, and the pages that may call it.
//!
//! A server on localhost is reachable from every page in its user's browser. A page can point its own host name at
//! 127.0.0.1 (DNS rebinding), so names are checked; and it can send requests across origins, so origins are.

use std::net::{IpAddr, SocketAddr};

use http::header::{HOST, ORIGIN};
use http::request::Parts;
use http::uri::Authority;
use http::{HeaderMap, HeaderValue, Uri};

use crate::error::ApiError;
use crate::settings::Settings;

/// The names and origins that are let in.
#[derive(Debug)]
pub(crate) struct Guard {
    hosts: Vec<String>,
    /// Any IP literal: the server listens on all addresses, and an IP address cannot be rebound.
    any_address: bool,
    address: IpAddr,
    origins: Vec<String>,
}

impl Guard {
    pub(crate) fn new(settings: &Settings, address: SocketAddr) -> Self {
        let mut hosts: Vec<String> = settings.allowed_hosts.iter().map(|host| plain_host(host)).collect();
        let mut origins: Vec<String> =
            settings.allowed_origins.iter().map(|origin| origin.trim_end_matches('/').to_ascii_lowercase()).collect();
        if let Some(url) = &settings.app_url {
            hosts.extend(url.host().map(plain_host));
            origins.extend(
                url.scheme_str()
                    .zip(url.authority())
                    .map(|(scheme, authority)| format!("{scheme}://{authority}").to_ascii_lowercase()),
            );
        }
        Self { hosts, any_address: address.ip().is_unspecified(), address: address.ip(), origins }
    }

    /// Checks the request's host, then where it comes from.
    pub(crate) fn check(&self, request: &Parts) -> Result<(), ApiError> {
        let host = requested_host(&request.uri, &request.headers)?;
        if !self.answers_to(host.host()) {
            return Err(ApiError::HostNotAllowed { host: host.host().chars().take(100).collect() });
        }
        self.check_origin(&request.headers, &host)
    }

    /// The configured origin of the page that asks, if it is one of those.
    pub(crate) fn page_from(&self, headers: &HeaderMap) -> Option<HeaderValue> {
        let origin = headers.get(ORIGIN)?;
        let known = origin.to_str().is_ok_and(|text| self.origins.contains(&text.to_ascii_lowercase()));
        known.then(|| origin.clone())
    }

    fn answers_to(&self, host: &str) -> bool {
        let host = plain_host(host);
        if let Ok(address) = host.parse::<IpAddr>() {
            let address = address.to_canonical();
            return address.is_loopback()
                || self.any_address
                || address == self.address.to_canonical()
                || self.hosts.contains(&host);
        }
        host == "localhost" || host.ends_with(".localhost") || self.hosts.contains(&host)
    }

    fn check_origin(&self, headers: &HeaderMap, host: &Authority) -> Result<(), ApiError> {
        let text =
            |name: &str| headers.get(name).map(|value| String::from_utf8_lossy(value.as_bytes()).to_ascii_lowercase());
        let refuse = |origin: &str| Err(ApiError::OriginNotAllowed { origin: origin.chars().take(100).collect() });
        if headers.get_all(ORIGIN).iter().count() > 1 {
            return refuse("several origins");
        }
        if let Some(origin) = text(ORIGIN.as_str()) {
            let allowed = self.origins.contains(&origin) || is_own(&origin, host);
            return if allowed { Ok(()) } else { refuse(&origin) };
        }
        // An image or a script of another page is fetched without an `Origin`; browsers say so here.
        // A link that a person follows is let through.
        let elsewhere = matches!(text("sec-fetch-site").as_deref(), Some("cross-site" | "same-site"));
        if elsewhere && text("sec-fetch-mode").as_deref() != Some("navigate") {
            return refuse("another site");
        }
        Ok(())
    }
}

/// Lower case, without brackets and the root's dot.
fn plain_host(host: &str) -> String {
    host.trim_start_matches('[').trim_end_matches(']').trim_end_matches('.').to_ascii_lowercase()
}

/// The one name the request is for: HTTP/2's `:authority`, or the `Host` header.
fn requested_host(uri: &Uri, headers: &HeaderMap) -> Result<Authority, ApiError> {
    let mut named = headers.get_all(HOST).iter();
    let host = match (named.next(), named.next()) {
        (Some(host), None) => {
            Some(host.to_str().ok().and_then(|host| host.parse::<Authority>().ok()).ok_or(ApiError::NoHost)?)
        }
        (None, _) => None,
        (Some(_), Some(_)) => return Err(ApiError::NoHost),
    };
    // Where both are given they must agree, or which of them was checked would be a matter of luck.
    match (uri.authority(), host) {
        (Some(target), Some(host)) if *target != host => Err(ApiError::NoHost),
        (Some(target), _) => Ok(target.clone()),
        (None, Some(host)) => Ok(host),
        (None, None) => Err(ApiError::NoHost),
    }
    .and_then(|authority| {
        let usable = !authority.host().is_empty() && !authority.as_str().contains('@');
        if usable { Ok(authority) } else { Err(ApiError::NoHost) }
    })
}

/// Whether a page of `origin` came from the very name and port that it now calls.
fn is_own(origin: &str, host: &Authority) -> bool {
    let Ok(origin) = origin.parse::<Uri>() else { return false };
    let (Some(scheme), Some(page)) = (origin.scheme_str(), origin.authority()) else { return false };
    let default_port = match scheme {
        "http" => 80,
        "https" => 443,
        _ => return false,
    };
    // A proxy that ends TLS passes the host on without the scheme: the page's own default port counts for both.
    let port = |authority: &Authority| authority.port_u16().unwrap_or(default_port);
    page.host().eq_ignore_ascii_case(host.host()) && port(page) == port(host)
}

#[cfg(test)]
mod tests {
    use http::Request;

    use super::*;

    fn guard(listen: &str) -> Guard {
        let settings = Settings {
            allowed_hosts: vec!["Router.Internal".into()],
            allowed_origins: vec!["https://console.example/".into()],
            app_url: Some(Uri::from_static("https://llm.example.org")),
            ..Settings::default()
        };
        Guard::new(&settings, listen.parse().unwrap())
    }

    fn code(listen: &str, headers: &[(&str, &str)]) -> &'static str {
        let mut request = Request::get("/api/models");
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        let (parts, ()) = request.body(()).unwrap().into_parts();
        guard(listen).check(&parts).map_or_else(|error| error.verdict().2, |()| "ok")
    }

    #[test]
    fn a_loopback_listener_answers_to_loopback_and_configured_names() {
        for host in [
            "localhost:3000",
            "LOCALHOST",
            "127.0.0.1:3000",
            "[::1]:3000",
            "app.localhost",
            "localhost.",
            "router.internal",
            "llm.example.org:8443",
        ] {
            assert_eq!(code("127.0.0.1:3000", &[("host", host)]), "ok", "{host}");
        }
        for host in
            ["evil.example", "127.0.0.1.evil.example", "localhost.evil.example", "10.0.0.1", "[::ffff:10.0.0.1]"]
        {
            assert_eq!(code("127.0.0.1:3000", &[("host", host)]), "host_not_allowed", "{host}");
        }
        for headers in [
            &[][..],
            &[("host", "")],
            &[("host", "a b")],
            &[("host", "u@localhost")],
            &[("host", "localhost"), ("host", "localhost")],
        ] {
            assert_eq!(code("127.0.0.1:3000", headers), "host_missing", "{headers:?}");
        }
    }

    #[test]
    fn a_listener_on_all_addresses_answers_to_any_address_but_not_to_any_name() {
        assert_eq!(code("0.0.0.0:3000", &[("host", "192.168.1.7:3000")]), "ok");
        assert_eq!(code("0.0.0.0:3000", &[("host", "rebound.example")]), "host_not_allowed");
    }

    #[test]
    fn only_its_own_and_configured_pages_may_call() {
        let host = ("host", "localhost:3000");
        for origin in ["http://localhost:3000", "https://llm.example.org", "https://console.example"] {
            assert_eq!(code("127.0.0.1:3000", &[host, ("origin", origin)]), "ok", "{origin}");
        }
        for origin in ["http://localhost:8080", "http://evil.example", "null", "", "http://127.0.0.1:3000", "file://"] {
            assert_eq!(code("127.0.0.1:3000", &[host, ("origin", origin)]), "origin_not_allowed", "{origin}");
        }
        assert_eq!(code("127.0.0.1:3000", &[("host", "llm.example.org"), ("origin", "https://llm.example.org")]), "ok");
    }

    #[test]
    fn an_image_of_another_page_is_refused_and_a_followed_link_is_not() {
        let host = ("host", "localhost:3000");
        let from = |site, mode| code("127.0.0.1:3000", &[host, ("sec-fetch-site", site), ("sec-fetch-mode", mode)]);
        assert_eq!(from("cross-site", "no-cors"), "origin_not_allowed");
        assert_eq!(from("same-site", "no-cors"), "origin_not_allowed");
        assert_eq!(from("cross-site", "navigate"), "ok");
        assert_eq!(from("same-origin", "cors"), "ok");
        assert_eq!(from("none", "navigate"), "ok");
    }
}
