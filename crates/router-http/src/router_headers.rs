//! Who answers, and what of the request did not reach them: in headers, as far as it is known when they go out.

use std::fmt::Write;

use http::header::{HeaderMap, HeaderName, HeaderValue};
use router_core::id::{ModelId, ProviderId};
use router_core::price::Cost;
use router_engine::routed::Routed;

use crate::response::Reply;

const MODEL: HeaderName = HeaderName::from_static("x-router-model");
const PROVIDER: HeaderName = HeaderName::from_static("x-router-provider");
const DROPPED: HeaderName = HeaderName::from_static("x-router-dropped");
const CHANGED: HeaderName = HeaderName::from_static("x-router-changed");

const ATTEMPTS: HeaderName = HeaderName::from_static("x-router-attempts");
const CACHE: HeaderName = HeaderName::from_static("x-router-cache");
const COST: HeaderName = HeaderName::from_static("x-router-cost-usd");

/// The longest list of names, in bytes: clients bound their headers too.
const LIST_LENGTH: usize = 1024;

/// Room for all headers of an answer, those that every response has included.
const USUAL_HEADERS: usize = 24;

/// Adds headers to a response that has fewer.
pub(crate) fn add(headers: HeaderMap, response: &mut Reply) {
    let own = std::mem::replace(response.headers_mut(), headers);
    response.headers_mut().extend(own);
}

/// What is known of a whole answer.
pub(crate) fn of_answer(routed: &Routed) -> HeaderMap {
    let mut headers = HeaderMap::with_capacity(USUAL_HEADERS);
    insert_model(&mut headers, &routed.reply.model_id, &routed.reply.provider);
    insert_edits(&mut headers, &routed.reply.dropped, &routed.reply.changed);
    if routed.cached {
        headers.insert(CACHE, HeaderValue::from_static("hit"));
    }
    headers.insert(ATTEMPTS, routed.attempts.len().into());
    if let Cost::Priced { usd } = routed.cost {
        insert(&mut headers, COST, [usd.to_string().trim_start_matches('$')]);
    }
    headers
}

/// Adds who answers.
pub(crate) fn insert_model(headers: &mut HeaderMap, model: &ModelId, provider: &ProviderId) {
    insert(headers, MODEL, [model.as_str()]);
    insert(headers, PROVIDER, [provider.as_str()]);
}

/// Adds what was left out of the request, and what was changed in it.
pub(crate) fn insert_edits(headers: &mut HeaderMap, dropped: &[String], changed: &[String]) {
    insert(headers, DROPPED, dropped.iter().map(String::as_str));
    insert(headers, CHANGED, changed.iter().map(String::as_str));
}

/// Names, separated by commas. They may be the caller's inventions: what a header cannot hold is percent-encoded.
fn insert<'a>(headers: &mut HeaderMap, header: HeaderName, names: impl IntoIterator<Item = &'a str>) {
    let mut list = String::with_capacity(64);
    for name in names {
        if list.len() + name.len() > LIST_LENGTH {
            list.push_str(if list.is_empty() { "..." } else { ", ..." });
            break;
        }
        if !list.is_empty() {
            list.push_str(", ");
        }
        for byte in name.bytes() {
            if byte.is_ascii_graphic() && !matches!(byte, b',' | b'%') {
                list.push(char::from(byte));
            } else {
                // Writing to a string does not fail.
                let _ = write!(list, "%{byte:02X}");
            }
        }
    }
    if !list.is_empty() {
        headers.extend(HeaderValue::try_from(list).map(|list| (header, list)));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn list(names: &[&str]) -> Option<String> {
        let mut headers = HeaderMap::new();
        insert_edits(&mut headers, &names.iter().map(|&name| name.to_owned()).collect::<Vec<_>>(), &[]);
        headers.get(DROPPED).map(|list| list.to_str().unwrap().to_owned())
    }

    #[test]
    fn any_name_fits_a_header() {
        assert_eq!(list(&["seed", "messages[0].name"]).as_deref(), Some("seed, messages[0].name"));
        assert_eq!(list(&["a,b", "c\r\nd: e", "é"]).as_deref(), Some("a%2Cb, c%0D%0Ad:%20e, %C3%A9"));
        assert_eq!(list(&[]), None);
    }

    #[test]
    fn a_list_is_bounded_and_says_so() {
        let list = list(&["x".repeat(600).as_str(), "y".repeat(600).as_str(), "z"]).unwrap();
        assert!(list.ends_with("x, ...") && list.len() < LIST_LENGTH, "{list}");
    }
}
