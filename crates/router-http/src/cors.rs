//! Pages of other origins, where the operator allows any: what a browser is told so that it lets them read answers.
//!
//! Cookies are never allowed to them: a page of another origin presents a key of its own.

use http::header::{
    ACCESS_CONTROL_ALLOW_HEADERS, ACCESS_CONTROL_ALLOW_METHODS, ACCESS_CONTROL_ALLOW_ORIGIN,
    ACCESS_CONTROL_EXPOSE_HEADERS, ACCESS_CONTROL_MAX_AGE, ACCESS_CONTROL_REQUEST_METHOD, HeaderValue, VARY,
};
use http::request::Parts;
use http::{Method, Response, StatusCode};

use crate::response::{Reply, ReplyBody};

/// What pages may send: credentials in headers, and what SDKs in browsers add.
const HEADERS: &str = "authorization, x-api-key, content-type, x-request-id, anthropic-version, anthropic-beta, \
                       anthropic-dangerous-direct-browser-access, x-stainless-arch, x-stainless-helper-method, \
                       x-stainless-lang, x-stainless-os, x-stainless-package-version, x-stainless-retry-count, \
                       x-stainless-runtime, x-stainless-runtime-version, x-stainless-timeout";
/// What pages may read of an answer.
const EXPOSED: &str = "x-request-id, request-id, retry-after, retry-after-ms, x-should-retry, x-router-model, x-router-provider, \
                       x-router-cost-usd, x-ratelimit-limit-requests, x-ratelimit-remaining-requests, \
                       x-ratelimit-reset-requests";
/// How long a browser remembers, in seconds: the longest that Chromium does.
const REMEMBERED: &str = "7200";

/// Whether a browser asks if a page may send a request.
pub(crate) fn is_preflight(request: &Parts) -> bool {
    request.method == Method::OPTIONS && request.headers.contains_key(ACCESS_CONTROL_REQUEST_METHOD)
}

/// The answer to that, for a page that may.
pub(crate) fn preflight() -> Reply {
    let mut response = Response::new(ReplyBody::whole(""));
    *response.status_mut() = StatusCode::NO_CONTENT;
    let headers = response.headers_mut();
    headers.insert(ACCESS_CONTROL_ALLOW_METHODS, HeaderValue::from_static("GET, POST, PATCH, DELETE"));
    headers.insert(ACCESS_CONTROL_ALLOW_HEADERS, HeaderValue::from_static(HEADERS));
    headers.insert(ACCESS_CONTROL_MAX_AGE, HeaderValue::from_static(REMEMBERED));
    response
}

/// Lets a page of `origin` read the answer.
pub(crate) fn let_read(response: &mut Reply, origin: HeaderValue) {
    let headers = response.headers_mut();
    headers.insert(ACCESS_CONTROL_ALLOW_ORIGIN, origin);
    headers.insert(ACCESS_CONTROL_EXPOSE_HEADERS, HeaderValue::from_static(EXPOSED));
    headers.append(VARY, HeaderValue::from_static("origin"));
}
