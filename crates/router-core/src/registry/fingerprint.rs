//! One number for the contents of a registry.

use std::io;
use std::sync::Arc;

use crate::model::Model;

/// Offset basis and prime of 64-bit FNV-1a (<http://www.isthe.com/chongo/tech/comp/fnv/>). The standard library's
/// hasher would do for one process, but promises no stability between releases, and replicas share a cache.
const OFFSET_BASIS: u64 = 0xcbf2_9ce4_8422_2325;
const PRIME: u64 = 0x0000_0100_0000_01b3;

/// The fingerprint of models in this order (which breaks ties, so it is part of the contents). It is taken of their
/// JSON, which has every field of a model, so that a field added later cannot be forgotten here.
pub(super) fn fingerprint(models: &[Arc<Model>]) -> u64 {
    let mut hash = Fnv(OFFSET_BASIS);
    // It cannot fail: a hash takes all that is written, and every map key of a model is a text.
    let _ = serde_json::to_writer(&mut hash, models);
    hash.0
}

struct Fnv(u64);

impl io::Write for Fnv {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        for &byte in bytes {
            self.0 = (self.0 ^ u64::from(byte)).wrapping_mul(PRIME);
        }
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}
