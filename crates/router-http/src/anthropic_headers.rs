//! What callers of Anthropic's API say in headers that belongs to the body.

use http::HeaderMap;
use router_providers::anthropic_messages::{BETA_HEADER, VERSION_HEADER, VERSION_WITH_SAMPLING, VERSIONS};

use crate::error::ApiError;

/// The most betas that are passed on.
const MOST_BETAS: usize = 32;

/// The longest name of one.
const LONGEST_BETA: usize = 64;

/// Betas that go with the caller's own credentials at Anthropic, which are not those that the request is sent with.
const BOUND_TO_CREDENTIALS: &str = "oauth-";

/// The version that the body is written for, and the betas it uses. Without a word it is the older version, which takes more.
pub(crate) fn of_body(headers: &HeaderMap) -> Result<Vec<(&'static str, String)>, ApiError> {
    let mut versions = headers.get_all(VERSION_HEADER).iter();
    let version = match (versions.next(), versions.next()) {
        (None, _) => VERSION_WITH_SAMPLING,
        (Some(given), None) => VERSIONS
            .into_iter()
            .find(|known| given.as_bytes() == known.as_bytes())
            .ok_or_else(|| ApiError::invalid(VERSION_HEADER, format!("must be one of {}", VERSIONS.join(", "))))?,
        (Some(_), Some(_)) => return Err(ApiError::invalid(VERSION_HEADER, "given twice")),
    };
    let mut betas: Vec<String> = Vec::new();
    for list in headers.get_all(BETA_HEADER) {
        let list = list.to_str().map_err(|_| ApiError::invalid(BETA_HEADER, "must be visible ASCII"))?;
        for beta in list.split(',').map(str::trim).filter(|beta| !beta.is_empty()) {
            if beta.len() > LONGEST_BETA || !beta.bytes().all(is_plain) {
                return Err(ApiError::invalid(BETA_HEADER, "must be names of betas, separated by commas"));
            }
            if !beta.starts_with(BOUND_TO_CREDENTIALS) && !betas.iter().any(|known| known == beta) {
                betas.push(beta.to_owned());
            }
        }
    }
    if betas.len() > MOST_BETAS {
        return Err(ApiError::invalid(BETA_HEADER, format!("must be at most {MOST_BETAS} names")));
    }
    let betas = (!betas.is_empty()).then(|| (BETA_HEADER, betas.join(",")));
    Ok(std::iter::once((VERSION_HEADER, version.to_owned())).chain(betas).collect())
}

const fn is_plain(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_' | b'.')
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(given: &[(&'static str, &str)]) -> Result<Vec<(&'static str, String)>, ApiError> {
        let mut headers = HeaderMap::new();
        for (name, value) in given {
            headers.append(*name, value.parse().unwrap());
        }
        of_body(&headers)
    }

    #[test]
    fn the_version_and_the_betas_go_with_the_body() {
        assert_eq!(read(&[]).unwrap(), [(VERSION_HEADER, "2023-06-01".to_owned())]);
        let read = read(&[
            ("anthropic-version", "2026-10-21"),
            ("anthropic-beta", "context-1m-2025-08-07, oauth-2025-04-20,"),
            ("anthropic-beta", "compact-2026-01-12,context-1m-2025-08-07"),
        ]);
        let betas = "context-1m-2025-08-07,compact-2026-01-12".to_owned();
        assert_eq!(read.unwrap(), [(VERSION_HEADER, "2026-10-21".to_owned()), (BETA_HEADER, betas)]);
    }

    #[test]
    fn what_makes_no_sense_is_refused_by_the_header() {
        let many = (0..40).map(|n| format!("beta-{n}")).collect::<Vec<_>>().join(",");
        for (given, header) in [
            (&[("anthropic-version", "2019-01-01")][..], VERSION_HEADER),
            (&[("anthropic-version", "2023-06-01"), ("anthropic-version", "2023-06-01")], VERSION_HEADER),
            (&[("anthropic-beta", "a b")], BETA_HEADER),
            (&[("anthropic-beta", many.as_str())], BETA_HEADER),
        ] {
            let Err(ApiError::Invalid { field, .. }) = read(given) else { panic!("{given:?} was taken") };
            assert_eq!(field, header);
        }
    }
}
