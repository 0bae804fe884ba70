//! What the targets share.

use bytes::Bytes;

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
