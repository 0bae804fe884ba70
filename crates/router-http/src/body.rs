//! The request body: announced as JSON, read whole, within a size and a time.

use std::sync::Arc;
use std::time::Duration;

use bytes::{Bytes, BytesMut};
use http::HeaderMap;
use http::header::{CONTENT_ENCODING, CONTENT_TYPE};
use http_body_util::{BodyExt, LengthLimitError, Limited};
use hyper::body::{Body, Incoming};
use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tokio::time::timeout;

use crate::error::ApiError;

/// Checks that the body is announced as JSON in UTF-8, uncompressed.
///
/// That it must be said keeps web pages out: a form or a "simple" cross-origin request cannot say it.
pub(crate) fn expect_json(headers: &HeaderMap) -> Result<(), ApiError> {
    let refuse = |problem: String| Err(ApiError::MediaType { problem });
    if let Some(encoding) = headers.get(CONTENT_ENCODING).filter(|encoding| *encoding != "identity") {
        return refuse(format!("compressed bodies ({encoding:?}) are not taken"));
    }
    let mut types = headers.get_all(CONTENT_TYPE).iter();
    let (Some(announced), None) = (types.next(), types.next()) else {
        return refuse("the request has no content type, or several".into());
    };
    let Ok(announced) = announced.to_str() else {
        return refuse("the content type is not text".into());
    };
    let mut parts = announced.split(';').map(str::trim);
    if !parts.next().is_some_and(|essence| essence.eq_ignore_ascii_case("application/json")) {
        return refuse(format!("the content type is `{announced}`"));
    }
    for (name, value) in parts.filter_map(|parameter| parameter.split_once('=')) {
        let value = value.trim_matches('"');
        if name.eq_ignore_ascii_case("charset") && !value.eq_ignore_ascii_case("utf-8") {
            return refuse(format!("the charset is `{value}`, and JSON is UTF-8"));
        }
    }
    Ok(())
}

/// A whole body, and the memory it takes of what all bodies together may.
pub(crate) struct Whole {
    pub(crate) bytes: Bytes,
    /// Given back when the request ends.
    pub(crate) _room: Option<OwnedSemaphorePermit>,
}

/// Reads the whole body. Each byte takes a permit of `room` as it arrives: what was announced and is not sent takes
/// nothing from others.
///
/// Whole, because hyper notices that a caller has gone only while nothing of the body is left unread: then it drops
/// the handler, and with it the work upstream.
pub(crate) async fn read(
    body: Incoming,
    limit: usize,
    time: Duration,
    room: &Arc<Semaphore>,
) -> Result<Whole, ApiError> {
    // Refused before it is sent, where the length is announced and the client waits for `100 Continue`.
    if body.size_hint().lower() > limit as u64 {
        return Err(ApiError::BodyTooLarge { limit });
    }
    let whole = timeout(time, collect(body, limit, room)).await;
    whole.unwrap_or(Err(ApiError::BodySlow { limit: time }))
}

async fn collect(body: Incoming, limit: usize, room: &Arc<Semaphore>) -> Result<Whole, ApiError> {
    let mut body = Limited::new(body, limit);
    let (mut bytes, mut taken) = (BytesMut::new(), None::<OwnedSemaphorePermit>);
    while let Some(frame) = body.frame().await {
        let Ok(data) = frame
            .map_err(|error| match error.is::<LengthLimitError>() {
                true => ApiError::BodyTooLarge { limit },
                false => ApiError::BodyCut,
            })?
            .into_data()
        else {
            continue;
        };
        let permits = u32::try_from(data.len()).unwrap_or(u32::MAX);
        let more = room.clone().try_acquire_many_owned(permits).map_err(|_| ApiError::BodyMemory)?;
        match &mut taken {
            Some(taken) => taken.merge(more),
            None => taken = Some(more),
        }
        bytes.extend_from_slice(&data);
    }
    Ok(Whole { bytes: bytes.freeze(), _room: taken })
}

#[cfg(test)]
mod tests {
    use http::HeaderValue;

    use super::*;

    fn announced(content_type: &'static str) -> Result<(), ApiError> {
        let mut headers = HeaderMap::new();
        headers.insert(CONTENT_TYPE, HeaderValue::from_static(content_type));
        expect_json(&headers)
    }

    #[test]
    fn json_in_utf_8_is_taken_however_it_is_spelt() {
        for spelling in
            ["application/json", "Application/JSON ; charset=\"UTF-8\"", "application/json;charset=utf-8;v=1"]
        {
            announced(spelling).unwrap();
        }
    }

    #[test]
    fn everything_a_form_can_send_is_refused() {
        for spelling in ["text/plain", "application/x-www-form-urlencoded", "multipart/form-data", "text/json", ""] {
            announced(spelling).unwrap_err();
        }
        assert!(announced("application/json; charset=latin1").unwrap_err().to_string().contains("latin1"));
        expect_json(&HeaderMap::new()).unwrap_err();
    }
}
