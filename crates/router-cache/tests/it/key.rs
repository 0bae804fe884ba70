//! Different lists of parts have different keys.

use proptest::prelude::*;
use router_cache::key::KeyBuilder;
use router_cache::response::CacheKey;

type Parts = Vec<(String, Vec<u8>)>;

fn key(parts: &Parts) -> CacheKey {
    parts.iter().fold(KeyBuilder::default(), |key, (label, value)| key.part(label, value)).finish()
}

/// Few letters and short parts (the bytes of a length prefix among them), so that lists which differ only in where
/// one part ends and the next begins are common.
fn parts() -> impl Strategy<Value = Parts> {
    let label = "[ab\u{0}\u{1}]{0,3}";
    let value = prop::collection::vec(prop::sample::select(vec![0_u8, 1, 2, b'a', b'b']), 0..12);
    prop::collection::vec((label, value), 0..4)
}

/// The same bytes in the same order, cut elsewhere.
fn recut(parts: &Parts, cuts: &[usize]) -> Parts {
    let bytes: Vec<u8> = parts.iter().flat_map(|(label, value)| [label.as_bytes(), value].concat()).collect();
    let mut rest = &bytes[..];
    let mut pieces = cuts.iter().map(|&cut| {
        let (piece, after) = rest.split_at(cut.min(rest.len()));
        rest = after;
        piece.to_vec()
    });
    let mut recut = Parts::new();
    while let (Some(label), Some(value)) = (pieces.next(), pieces.next()) {
        recut.push((String::from_utf8(label).unwrap(), value));
    }
    recut
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(2_000))]

    #[test]
    fn keys_are_equal_exactly_if_the_parts_are(one in parts(), other in parts()) {
        prop_assert_eq!(key(&one) == key(&other), one == other);
    }

    #[test]
    fn where_a_part_ends_counts(one in parts(), cuts in prop::collection::vec(0_usize..4, 0..8)) {
        let other = recut(&one, &cuts);
        prop_assert_eq!(key(&one) == key(&other), one == other);
    }
}

#[test]
fn a_part_left_out_is_not_an_empty_one() {
    assert_ne!(KeyBuilder::default().finish(), KeyBuilder::default().part("", b"").finish());
}

#[test]
fn a_length_prefix_cannot_be_forged() {
    let honest = KeyBuilder::default().part("a", b"x").part("b", b"y");
    let forged = [b"x".as_slice(), &1_u64.to_le_bytes(), b"b", &1_u64.to_le_bytes(), b"y"].concat();
    assert_ne!(honest.finish(), KeyBuilder::default().part("a", &forged).finish());
}

#[test]
fn keys_are_the_same_in_every_process_and_release() {
    let key = KeyBuilder::default().part("tenant", b"acme").part("body", b"{}").finish();
    let hex: String = key.0.iter().map(|byte| format!("{byte:02x}")).collect();
    // sha256 of 6,0,0,0,0,0,0,0,"tenant",4,0,…,"acme",4,0,…,"body",2,0,…,"{}", computed with coreutils' sha256sum.
    assert_eq!(hex, "2671addc97de2d565f38e5e68845e80d468f2c08c7b584d2a4a786b9380a83e0");
}
