//! Answers that replicas share, behind those that this process remembers by itself.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use async_trait::async_trait;
use bytes::Bytes;
use fred::interfaces::KeysInterface;
use fred::types::Expiration;
use tokio::sync::mpsc;

use super::connection::RedisConnection;
use crate::envelope::{open, seal};
use crate::memory_response::MemoryResponseCache;
use crate::response::{CacheKey, ResponseCache};

/// So many answers wait on their way to Redis at most.
const QUEUE: usize = 256;

/// No longer answer is shared: it would take up the connection that limits are checked on.
const LONGEST: usize = 1 << 20;

/// Answers in memory, and behind them on Redis. When Redis does not answer in time, it is a miss.
#[derive(Debug)]
pub struct RedisResponses {
    near: MemoryResponseCache,
    redis: RedisConnection,
    ttl: Duration,
    queue: mpsc::Sender<(CacheKey, Bytes)>,
    dropped: Arc<AtomicU64>,
    unreadable: AtomicU64,
}

impl RedisResponses {
    /// A cache that forgets an answer `ttl` after it was put. Must be called on a runtime, where answers are sent in the
    /// background.
    #[must_use]
    pub fn new(near: MemoryResponseCache, redis: RedisConnection, ttl: Duration) -> Self {
        let (queue, answers) = mpsc::channel(QUEUE);
        let dropped = Arc::new(AtomicU64::new(0));
        tokio::spawn(send(redis.clone(), answers, ttl, Arc::clone(&dropped)));
        Self { near, redis, ttl, queue, dropped, unreadable: AtomicU64::new(0) }
    }

    /// How many answers were not shared: too long, too many at once, or Redis did not take them.
    #[must_use]
    pub fn dropped(&self) -> u64 {
        self.dropped.load(Ordering::Relaxed)
    }

    /// How many entries were damaged or not ours.
    #[must_use]
    pub fn unreadable(&self) -> u64 {
        self.unreadable.load(Ordering::Relaxed)
    }

    /// What this process remembers by itself.
    #[must_use]
    pub fn near_cache(&self) -> &MemoryResponseCache {
        &self.near
    }
}

#[async_trait]
impl ResponseCache for RedisResponses {
    async fn get(&self, key: CacheKey) -> Option<Bytes> {
        if let Some(answer) = self.near(key).await {
            return Some(answer);
        }
        let name = name(&self.redis, key);
        let sealed = self.redis.ask(async |client| client.get::<Option<Bytes>, _>(name).await).await.ok()??;
        let Some(answer) = open(&sealed, now_ms()) else {
            self.unreadable.fetch_add(1, Ordering::Relaxed);
            return None;
        };
        self.near.put(key, sealed).await;
        Some(answer)
    }

    async fn near(&self, key: CacheKey) -> Option<Bytes> {
        // Sealed here too: it may have come from Redis when it was old already.
        self.near.get(key).await.and_then(|sealed| open(&sealed, now_ms()))
    }

    async fn put(&self, key: CacheKey, answer: Bytes) {
        let ttl = u64::try_from(self.ttl.as_millis()).unwrap_or(u64::MAX);
        let sealed = seal(&answer, now_ms().saturating_add(ttl));
        self.near.put(key, sealed.clone()).await;
        if sealed.len() > LONGEST || self.queue.try_send((key, sealed)).is_err() {
            self.dropped.fetch_add(1, Ordering::Relaxed);
        }
    }
}

async fn send(
    redis: RedisConnection,
    mut answers: mpsc::Receiver<(CacheKey, Bytes)>,
    ttl: Duration,
    dropped: Arc<AtomicU64>,
) {
    let millis = i64::try_from(ttl.as_millis()).unwrap_or(i64::MAX).max(1);
    while let Some((key, sealed)) = answers.recv().await {
        let name = name(&redis, key);
        let sent = redis
            .ask(async |client| client.set::<(), _, _>(name, sealed, Some(Expiration::PX(millis)), None, false).await);
        if sent.await.is_err() {
            dropped.fetch_add(1, Ordering::Relaxed);
        }
    }
}

/// `answer:` and the digest in hexadecimal.
fn name(redis: &RedisConnection, key: CacheKey) -> String {
    use std::fmt::Write;
    let mut name = redis.key("answer:");
    for byte in key.0 {
        // Writing to a string does not fail.
        let _ = write!(name, "{byte:02x}");
    }
    name
}

fn now_ms() -> u64 {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    u64::try_from(since.as_millis()).unwrap_or(u64::MAX)
}
