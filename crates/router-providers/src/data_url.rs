//! `data:` URLs, which carry the bytes they name.

use std::borrow::Cow;

use router_core::conversation::Source;

/// Where the bytes of a [`Source`] are, after looking into `data:` URLs.
pub(crate) enum Bytes<'a> {
    /// At an address.
    At(&'a str),
    /// Here.
    Base64 {
        /// `image/png`.
        media_type: &'a str,
        /// Base64.
        data: &'a str,
    },
}

/// Looks into a source; `None` for a `data:` URL that is not base64.
pub(crate) fn look_into(source: &Source) -> Option<Bytes<'_>> {
    match source {
        Source::Base64 { media_type, data } => Some(Bytes::Base64 { media_type, data }),
        Source::Url(url) => match url.split_once(':') {
            Some((scheme, rest)) if scheme.eq_ignore_ascii_case("data") => {
                let (head, data) = rest.split_once(',')?;
                let described = head.strip_suffix(";base64")?;
                let media_type = described.split(';').next().unwrap_or(described);
                Some(Bytes::Base64 { media_type, data })
            }
            _ => Some(Bytes::At(url)),
        },
    }
}

/// Whether somebody has to fetch the source.
pub(crate) fn is_address(source: &Source) -> bool {
    matches!(look_into(source), Some(Bytes::At(_)))
}

/// The source as one URL.
pub(crate) fn url_of(source: &Source) -> Cow<'_, str> {
    match source {
        Source::Url(url) => Cow::Borrowed(url),
        Source::Base64 { media_type, data } => Cow::Owned(format!("data:{media_type};base64,{data}")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn split(url: &str) -> Option<(String, String)> {
        match look_into(&Source::Url(url.into()))? {
            Bytes::At(url) => Some(("at".into(), url.into())),
            Bytes::Base64 { media_type, data } => Some((media_type.into(), data.into())),
        }
    }

    #[test]
    fn splits_data_urls_and_leaves_others() {
        assert_eq!(split("data:image/png;base64,AAAA"), Some(("image/png".into(), "AAAA".into())));
        assert_eq!(split("DATA:image/png;charset=x;base64,AA"), Some(("image/png".into(), "AA".into())));
        assert_eq!(split("https://example.com/a,b"), Some(("at".into(), "https://example.com/a,b".into())));
        assert_eq!(split("data:text/plain,hello"), None);
        assert_eq!(split("data:"), None);
    }
}
