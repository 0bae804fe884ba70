//! Frames of server-sent events.

use bytes::{BufMut, BytesMut};

/// One event with this name, if it has one. JSON has no need of line breaks, but some write them: each line gets its own field.
pub(crate) fn frame(name: Option<&str>, json: &[u8], into: &mut BytesMut) {
    into.reserve(json.len() + 8);
    if let Some(name) = name {
        into.put_slice(b"event: ");
        into.put_slice(name.as_bytes());
        into.put_slice(b"\n");
    }
    let mut from = 0;
    for end in memchr::memchr_iter(b'\n', json).chain([json.len()]) {
        into.put_slice(b"data: ");
        into.put_slice(&json[from..end]);
        into.put_slice(b"\n");
        from = end + 1;
    }
    into.put_slice(b"\n");
}
