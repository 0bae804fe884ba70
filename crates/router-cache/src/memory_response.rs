//! The response cache of one process.

use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use async_trait::async_trait;
use bytes::Bytes;
use moka::future::Cache;

use crate::response::{CacheKey, ResponseCache};

/// No answer may take more than this part of the cache: one huge answer is not worth sixteen ordinary ones.
const LARGEST_SHARE: u64 = 16;

/// What an entry takes beside its answer: measured with moka 0.12 as 446 bytes of resident memory for each of 300,000
/// answers of 16 bytes. Counting it bounds real memory also when the answers are tiny.
const ENTRY_OVERHEAD: u64 = 430;

/// Answers in memory, bounded in bytes and in time. When it is full, the answers asked for least often go first.
#[derive(Debug)]
pub struct MemoryResponseCache {
    entries: Cache<CacheKey, Bytes>,
    largest_bytes: u64,
    oversized: AtomicU64,
}

impl MemoryResponseCache {
    /// A cache of at most `max_bytes` (book-keeping included) that forgets an answer `ttl` after it was put.
    /// An answer larger than a sixteenth of `max_bytes` is not kept.
    #[must_use]
    pub fn new(max_bytes: u64, ttl: Duration) -> Self {
        let entries = Cache::builder()
            .max_capacity(max_bytes)
            .weigher(|_, answer: &Bytes| u32::try_from(weight(answer)).unwrap_or(u32::MAX))
            .time_to_live(ttl)
            .build();
        Self { entries, largest_bytes: max_bytes / LARGEST_SHARE, oversized: AtomicU64::new(0) }
    }

    /// How many bytes are in use, book-keeping included. Lags behind by what is still being tidied up.
    #[must_use]
    pub fn bytes(&self) -> u64 {
        self.entries.weighted_size()
    }

    /// How many answers were not kept because they were too large.
    #[must_use]
    pub fn oversized(&self) -> u64 {
        self.oversized.load(Ordering::Relaxed)
    }
}

fn weight(answer: &Bytes) -> u64 {
    answer.len() as u64 + ENTRY_OVERHEAD
}

#[async_trait]
impl ResponseCache for MemoryResponseCache {
    async fn get(&self, key: CacheKey) -> Option<Bytes> {
        self.entries.get(&key).await
    }

    async fn put(&self, key: CacheKey, answer: Bytes) {
        // Above u32::MAX the weigher could not tell the truth any more.
        if weight(&answer) > self.largest_bytes.min(u64::from(u32::MAX)) {
            self.oversized.fetch_add(1, Ordering::Relaxed);
            // What was there before is not the newest answer any more.
            self.entries.invalidate(&key).await;
            return;
        }
        // Copied, because a slice keeps alive the whole buffer it was cut from, which nobody weighs.
        self.entries.insert(key, Bytes::copy_from_slice(&answer)).await;
    }
}
