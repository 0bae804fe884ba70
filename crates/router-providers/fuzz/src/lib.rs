//! What the targets share.

use bytes::Bytes;
use router_providers::answer::{AnswerEvent, Events};
use router_providers::decoder::{Decoder, Progress};
use router_providers::sse::Parser;

/// Cuts `bytes` into pieces of lengths that follow from `seed`: the same in every run.
pub fn pieces(seed: u8, bytes: &[u8]) -> Vec<Bytes> {
    let mut state = u32::from(seed) | 1;
    let mut rest = bytes;
    let mut pieces = Vec::new();
    while !rest.is_empty() {
        state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
        let (piece, left) = rest.split_at(rest.len().min((state >> 24) as usize % 48 + 1));
        pieces.push(Bytes::copy_from_slice(piece));
        rest = left;
    }
    pieces
}

/// What a decoder makes of a stream that comes in these pieces: its events, and whether it takes them for a whole answer.
pub fn decoded(mut decoder: impl Decoder, pieces: impl IntoIterator<Item = Bytes>) -> (Events, bool) {
    let mut parser = Parser::default();
    let mut events = Events::new();
    for piece in pieces {
        parser.feed(piece);
        while let Some(event) = parser.next().expect("smaller than the largest event") {
            match decoder.event(&event, &mut events) {
                Ok(Progress::Ended) => return (events, true),
                Ok(_) => {}
                Err(_) => return (events, false),
            }
        }
    }
    let whole = decoder.end(&mut events).is_ok();
    (events, whole)
}

/// The invariants of every decoder: the pieces in which bytes come make no difference, a whole answer says why it ended,
/// and calls are begun before they have arguments.
pub fn check<D: Decoder>(decoder: impl Fn() -> D, input: &[u8]) {
    let Some((seed, bytes)) = input.split_first() else { return };
    let (events, whole) = decoded(decoder(), [Bytes::copy_from_slice(bytes)]);
    assert_eq!(decoded(decoder(), pieces(*seed, bytes)), (events.clone(), whole));
    let finishes = events.iter().filter(|event| matches!(event, AnswerEvent::Finish(_))).count();
    assert!(finishes <= 1, "it ends once");
    assert!(!whole || finishes == 1, "a whole answer says why it ended");
    let mut calls = Vec::new();
    for event in &events {
        match event {
            AnswerEvent::ToolCall { index, .. } => {
                assert!(!calls.contains(index), "a call begins once");
                calls.push(*index);
            }
            AnswerEvent::Arguments { index, .. } => assert!(calls.contains(index), "arguments of a call that is not"),
            _ => {}
        }
    }
}
