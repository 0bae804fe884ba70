//! How the digest that an answer is remembered under is made.

use sha2::{Digest, Sha256};

use crate::response::CacheKey;

/// Builds a [`CacheKey`] from labelled parts.
///
/// The digest is taken over each part's label and value, both prefixed with their length, in the order given.
/// That encoding can be read back in one way only, so two different lists of parts never meet, whatever bytes a
/// caller puts into a value. A part that is left out differs from one that is empty.
#[derive(Debug, Clone, Default)]
pub struct KeyBuilder {
    digest: Sha256,
}

impl KeyBuilder {
    /// Adds a part. A list is added as one part per member, all with the same label.
    #[must_use]
    pub fn part(mut self, label: &str, value: &[u8]) -> Self {
        for bytes in [label.as_bytes(), value] {
            // Always 8 bytes and little-endian: replicas of different architectures share one cache.
            self.digest.update((bytes.len() as u64).to_le_bytes());
            self.digest.update(bytes);
        }
        self
    }

    /// The key.
    #[must_use]
    pub fn finish(self) -> CacheKey {
        CacheKey(self.digest.finalize().into())
    }
}
