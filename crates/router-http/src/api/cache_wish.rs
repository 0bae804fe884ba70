//! How a caller wants the response cache to be used: the router's own header, or HTTP's.

use http::HeaderMap;
use http::header::{CACHE_CONTROL, HeaderName};
use router_engine::ask::CacheUse;

use crate::error::ApiError;

const HEADER: HeaderName = HeaderName::from_static("x-router-cache");

/// What the headers say. `Cache-Control` counts where the router's own header is missing, and only takes away: whoever does
/// not ask for remembered answers gets none.
///
/// | `Cache-Control` | meaning here |
/// |---|---|
/// | `no-store` | neither read nor written |
/// | `no-cache`, `max-age=0` | asked afresh, and remembered |
/// | `only-if-cached` | remembered, or an error |
///
/// # Errors
/// The router's own header has a value that it does not have, or is there twice.
pub(super) fn told(headers: &HeaderMap) -> Result<Option<CacheUse>, ApiError> {
    let mut own = headers.get_all(HEADER).iter();
    let Some(value) = own.next() else { return Ok(http_says(headers)) };
    if own.next().is_some() {
        return Err(ApiError::invalid(HEADER.as_str(), "given twice"));
    }
    match value.to_str().map(str::trim).unwrap_or_default() {
        "default" => Ok(Some(CacheUse::Default)),
        "prefer" => Ok(Some(CacheUse::Prefer)),
        "bypass" => Ok(Some(CacheUse::Bypass)),
        "refresh" => Ok(Some(CacheUse::Refresh)),
        "only" => Ok(Some(CacheUse::Only)),
        _ => Err(ApiError::invalid(HEADER.as_str(), "must be default, prefer, bypass, refresh or only")),
    }
}

fn http_says(headers: &HeaderMap) -> Option<CacheUse> {
    let lines = headers.get_all(CACHE_CONTROL).iter().filter_map(|line| line.to_str().ok());
    let directives: Vec<String> =
        lines.flat_map(|line| line.split(',')).map(|directive| directive.trim().to_ascii_lowercase()).collect();
    let says = |directive: &str| directives.iter().any(|given| given == directive);
    if says("no-store") {
        Some(CacheUse::Bypass)
    } else if says("only-if-cached") {
        Some(CacheUse::Only)
    } else if says("no-cache") || says("max-age=0") {
        Some(CacheUse::Refresh)
    } else {
        None
    }
}

/// For callers of somebody else's API, who expect to be asked afresh: remembered answers are for those who ask for them by
/// the router's own header, or by HTTP's `only-if-cached`.
pub(super) fn opted_in(headers: &HeaderMap) -> Result<CacheUse, ApiError> {
    let asked_for = headers.contains_key(HEADER) || matches!(http_says(headers), Some(CacheUse::Only));
    Ok(told(headers)?.filter(|_| asked_for).unwrap_or(CacheUse::Bypass))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn headers(given: &[(&'static str, &'static str)]) -> HeaderMap {
        given.iter().map(|&(name, value)| (HeaderName::from_static(name), value.parse().unwrap())).collect()
    }

    #[test]
    fn the_routers_own_header_comes_before_https() {
        for (given, native, foreign) in [
            (&[][..], None, CacheUse::Bypass),
            (&[("x-router-cache", "default")], Some(CacheUse::Default), CacheUse::Default),
            (&[("x-router-cache", "only")], Some(CacheUse::Only), CacheUse::Only),
            (&[("cache-control", "No-Store")], Some(CacheUse::Bypass), CacheUse::Bypass),
            (&[("cache-control", "max-age=0, no-transform")], Some(CacheUse::Refresh), CacheUse::Bypass),
            (&[("cache-control", "only-if-cached")], Some(CacheUse::Only), CacheUse::Only),
            (&[("cache-control", "max-age=60")], None, CacheUse::Bypass),
            (
                &[("cache-control", "no-store"), ("x-router-cache", "refresh")],
                Some(CacheUse::Refresh),
                CacheUse::Refresh,
            ),
        ] {
            let given = headers(given);
            assert_eq!(told(&given).unwrap(), native, "{given:?}");
            assert_eq!(opted_in(&given).unwrap(), foreign, "{given:?}");
        }
        assert!(told(&headers(&[("x-router-cache", "always")])).is_err());
    }
}
