//! A stream of events: any bytes, in whatever pieces, give the same events.
#![no_main]

use bytes::Bytes;
use libfuzzer_sys::fuzz_target;
use router_providers::sse::{Event, Parser};
use router_providers_fuzz::pieces;

fuzz_target!(|input: &[u8]| {
    let Some((seed, bytes)) = input.split_first() else { return };
    let whole = read([Bytes::copy_from_slice(bytes)]);
    assert_eq!(read(pieces(*seed, bytes)), whole);
    assert_eq!(read(bytes.chunks(1).map(Bytes::copy_from_slice)), whole, "byte by byte");
});

/// All events, and what the end left.
fn read(pieces: impl IntoIterator<Item = Bytes>) -> (Vec<Event>, Option<Event>) {
    let mut parser = Parser::default();
    let mut events = Vec::new();
    for piece in pieces {
        parser.feed(piece);
        while let Some(event) = parser.next().expect("smaller than the largest event") {
            events.push(event);
        }
    }
    (events, parser.end())
}
