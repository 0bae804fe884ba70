//! What an answer is sent to a shared cache in: whoever reads it can tell that it is whole, one of ours, and not too old.
//!
//! | offset | bytes | what |
//! |---|---|---|
//! | 0 | 4 | marker `FF 4C 52 43` |
//! | 4 | 4 | CRC-32 of everything after it, little-endian like all numbers here |
//! | 8 | 8 | when it expires, milliseconds since 1970 |
//! | 16 | … | the answer |

use bytes::{BufMut, Bytes, BytesMut};

const MARKER: [u8; 4] = *b"\xFFLRC";
const HEADER: usize = 16;

/// Puts `answer` into an envelope.
pub(crate) fn seal(answer: &[u8], expires_ms: u64) -> Bytes {
    let mut sealed = BytesMut::with_capacity(HEADER + answer.len());
    sealed.put_slice(&MARKER);
    sealed.put_u32_le(0);
    sealed.put_u64_le(expires_ms);
    sealed.put_slice(answer);
    let checksum = crc32fast::hash(&sealed[8..]);
    sealed[4..8].copy_from_slice(&checksum.to_le_bytes());
    sealed.freeze()
}

/// The answer in it. `None` if it is damaged, foreign, or expired at `now_ms`.
pub(crate) fn open(sealed: &Bytes, now_ms: u64) -> Option<Bytes> {
    let marker = sealed.get(..4)?;
    let checksum = u32::from_le_bytes(sealed.get(4..8)?.try_into().ok()?);
    let expires = u64::from_le_bytes(sealed.get(8..HEADER)?.try_into().ok()?);
    let whole = marker == MARKER && crc32fast::hash(sealed.get(8..)?) == checksum && now_ms < expires;
    whole.then(|| sealed.slice(HEADER..))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_damaged_foreign_or_old_is_not_opened() {
        let sealed = seal(b"an answer", 1_000);
        assert_eq!(open(&sealed, 999).as_deref(), Some(&b"an answer"[..]));
        assert_eq!(open(&sealed, 1_000), None);
        for place in 0..sealed.len() {
            let mut damaged = sealed.to_vec();
            damaged[place] ^= 1;
            assert_eq!(open(&damaged.into(), 999), None, "byte {place}");
        }
        for length in 0..sealed.len() {
            assert_eq!(open(&sealed.slice(..length), 999), None, "{length} bytes");
        }
        assert_eq!(open(&Bytes::from_static(b"{\"somebody\": \"else's\"}"), 0), None);
    }
}
