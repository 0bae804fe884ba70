//! One entry of the journal as bytes.
//!
//! | offset | bytes | what |
//! |---|---|---|
//! | 0 | 4 | marker `FF 4C 52 31` |
//! | 4 | 4 | CRC-32 of everything after it, little-endian like all numbers here |
//! | 8 | 4 | length of the payload |
//! | 12 | 1 | kind: 1 intent, 2 outcome |
//! | 13 | 8 | when it was written, milliseconds since 1970 |
//! | 21 | 16 | the request's id |
//! | 37 | … | payload: JSON |
//!
//! The marker begins with a byte that UTF-8 never contains, so that after a damaged entry the next whole one is found.

use std::time::{SystemTime, UNIX_EPOCH};

use router_core::id::RequestId;
use serde::Serialize;
use uuid::Uuid;

use crate::error::JournalError;

/// Its last byte is the version of the format.
pub(super) const MARKER: [u8; 4] = *b"\xFFLR1";
const HEADER: usize = 37;

/// The longest payload. Bodies of requests and answers are bounded well below; this keeps a damaged length field from
/// being believed.
pub(super) const MAX_PAYLOAD: usize = 64 << 20;

/// What an entry says.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Kind {
    /// A request is about to be dispatched: [`Intent`](crate::record::Intent).
    Intent = 1,
    /// A request ended: [`RequestRecord`](crate::record::RequestRecord).
    Outcome = 2,
}

/// One entry.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Entry {
    pub(crate) kind: Kind,
    /// Milliseconds since 1970.
    pub(crate) written_at: u64,
    pub(crate) id: RequestId,
    /// JSON.
    pub(crate) payload: Vec<u8>,
}

/// Why there is no entry at the beginning of some bytes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum NoEntry {
    /// There may be one, but more bytes are needed to tell.
    Part,
    /// There is none.
    Damaged,
}

/// Milliseconds since 1970.
pub(crate) fn now() -> u64 {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    u64::try_from(since.as_millis()).unwrap_or(u64::MAX)
}

/// An entry's bytes, checksum included.
pub(super) fn encode(
    kind: Kind,
    written_at: u64,
    id: RequestId,
    payload: &impl Serialize,
) -> Result<Vec<u8>, JournalError> {
    let mut bytes = begin(kind, written_at, id);
    serde_json::to_writer(&mut bytes, payload)?;
    let length = bytes.len() - HEADER;
    if length > MAX_PAYLOAD {
        return Err(JournalError::TooLarge { bytes: length as u64, limit: MAX_PAYLOAD as u64 });
    }
    seal(&mut bytes);
    Ok(bytes)
}

impl Entry {
    /// The bytes it was read from.
    pub(super) fn encoded(&self) -> Vec<u8> {
        let mut bytes = begin(self.kind, self.written_at, self.id);
        bytes.extend_from_slice(&self.payload);
        seal(&mut bytes);
        bytes
    }
}

/// A header; its checksum and length are not known yet.
fn begin(kind: Kind, written_at: u64, id: RequestId) -> Vec<u8> {
    // What most entries take: an outcome explains the decision.
    let usual = match kind {
        Kind::Intent => 512,
        Kind::Outcome => 4096,
    };
    let mut bytes = Vec::with_capacity(usual);
    bytes.extend_from_slice(&MARKER);
    bytes.extend_from_slice(&[0; 8]);
    bytes.push(kind as u8);
    bytes.extend_from_slice(&written_at.to_le_bytes());
    bytes.extend_from_slice(id.0.as_bytes());
    bytes
}

/// Fills in checksum and length of a header and its payload, which is not longer than [`MAX_PAYLOAD`].
fn seal(bytes: &mut [u8]) {
    let length = (bytes.len() - HEADER) as u32;
    bytes[8..12].copy_from_slice(&length.to_le_bytes());
    let checksum = crc32fast::hash(&bytes[8..]);
    bytes[4..8].copy_from_slice(&checksum.to_le_bytes());
}

/// The entry at the beginning of `bytes`, and its size.
pub(super) fn decode(bytes: &[u8]) -> Result<(Entry, usize), NoEntry> {
    let known = bytes.len().min(MARKER.len());
    if bytes[..known] != MARKER[..known] {
        return Err(NoEntry::Damaged);
    }
    let header = bytes.get(..HEADER).ok_or(NoEntry::Part)?;
    let kind = match header[12] {
        1 => Kind::Intent,
        2 => Kind::Outcome,
        _ => return Err(NoEntry::Damaged),
    };
    let length = u32::from_le_bytes(field(header, 8)) as usize;
    if length > MAX_PAYLOAD {
        return Err(NoEntry::Damaged);
    }
    let size = HEADER + length;
    let whole = bytes.get(..size).ok_or(NoEntry::Part)?;
    if crc32fast::hash(&whole[8..]) != u32::from_le_bytes(field(header, 4)) {
        return Err(NoEntry::Damaged);
    }
    let entry = Entry {
        kind,
        written_at: u64::from_le_bytes(field(header, 13)),
        id: RequestId(Uuid::from_bytes(field(header, 21))),
        payload: whole[HEADER..].to_vec(),
    };
    Ok((entry, size))
}

/// `N` bytes of a whole header.
fn field<const N: usize>(header: &[u8], at: usize) -> [u8; N] {
    let mut bytes = [0; N];
    bytes.copy_from_slice(&header[at..at + N]);
    bytes
}

#[cfg(test)]
mod tests {
    use super::*;

    fn id() -> RequestId {
        RequestId(Uuid::now_v7())
    }

    #[test]
    fn an_entry_survives_its_bytes() {
        let id = id();
        let bytes = encode(Kind::Outcome, 42, id, &"grüße\u{0}").unwrap();
        let (entry, size) = decode(&[&bytes[..], b"more"].concat()).unwrap();
        assert_eq!(size, bytes.len());
        assert_eq!((entry.kind, entry.written_at, entry.id), (Kind::Outcome, 42, id));
        assert_eq!(serde_json::from_slice::<String>(&entry.payload).unwrap(), "grüße\u{0}");
        assert_eq!(entry.encoded(), bytes);
    }

    #[test]
    fn any_beginning_of_an_entry_is_a_part_of_one() {
        let bytes = encode(Kind::Intent, 42, id(), &"text").unwrap();
        for cut in 0..bytes.len() {
            assert_eq!(decode(&bytes[..cut]), Err(NoEntry::Part), "{cut} bytes");
        }
    }

    #[test]
    fn any_flipped_bit_is_noticed() {
        let bytes = encode(Kind::Intent, 42, id(), &"text").unwrap();
        for bit in 0..bytes.len() * 8 {
            let mut flipped = bytes.clone();
            flipped[bit / 8] ^= 1 << (bit % 8);
            assert!(decode(&flipped).is_err(), "bit {bit}");
        }
    }

    #[test]
    fn a_payload_beyond_the_bound_is_refused() {
        let long = "x".repeat(MAX_PAYLOAD);
        assert!(matches!(encode(Kind::Outcome, 0, id(), &long), Err(JournalError::TooLarge { .. })));
    }
}
