//! The response cache's contract.

use async_trait::async_trait;
use bytes::Bytes;

/// What an answer is remembered under: a digest of the tenant and of everything that changes the answer.
/// 256 bits, so that two different requests never meet.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct CacheKey(pub [u8; 32]);

/// Remembers complete, successful answers for a while. A miss is never an error: a cache that is down remembers nothing.
#[async_trait]
pub trait ResponseCache: Send + Sync {
    /// What was remembered under `key`, if it has not expired.
    async fn get(&self, key: CacheKey) -> Option<Bytes>;

    /// The same, as far as this process knows by itself: never slower than memory.
    async fn near(&self, key: CacheKey) -> Option<Bytes> {
        self.get(key).await
    }

    /// Remembers `answer` for the cache's configured time.
    async fn put(&self, key: CacheKey, answer: Bytes);
}
