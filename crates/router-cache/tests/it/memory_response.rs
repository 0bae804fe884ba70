//! The response cache is bounded in bytes and in time, and remembers nothing else than what was put.

use std::time::{Duration, Instant};

use bytes::Bytes;
use router_cache::memory_response::MemoryResponseCache;
use router_cache::response::{CacheKey, ResponseCache};

const HOUR: Duration = Duration::from_secs(3600);

fn key(number: u32) -> CacheKey {
    let mut bytes = [0; 32];
    bytes[..4].copy_from_slice(&number.to_le_bytes());
    CacheKey(bytes)
}

/// Waits for a condition that moka reaches by itself.
async fn until(what: &str, mut reached: impl AsyncFnMut() -> bool) {
    let start = Instant::now();
    while !reached().await {
        assert!(start.elapsed() < Duration::from_secs(20), "{what} was not reached");
        tokio::time::sleep(Duration::from_millis(1)).await;
    }
}

#[tokio::test]
async fn remembers_the_latest_answer_of_each_key() {
    let cache = MemoryResponseCache::new(1 << 20, HOUR);
    assert_eq!(cache.get(key(1)).await, None);
    cache.put(key(1), "first".into()).await;
    cache.put(key(2), "other".into()).await;
    cache.put(key(1), "second".into()).await;
    assert_eq!(cache.get(key(1)).await.unwrap(), "second");
    assert_eq!(cache.get(key(2)).await.unwrap(), "other");
}

#[tokio::test]
async fn forgets_after_its_time_and_not_before() {
    let ttl = Duration::from_millis(300);
    let cache = MemoryResponseCache::new(1 << 20, ttl);
    cache.put(key(1), "answer".into()).await;
    let put = Instant::now();
    let mut last_seen = Duration::ZERO;
    until("expiry", async || {
        let asked = put.elapsed();
        let gone = cache.get(key(1)).await.is_none();
        if !gone {
            last_seen = asked;
        }
        gone
    })
    .await;
    assert!(put.elapsed() >= ttl - Duration::from_millis(5), "gone after {:?}", put.elapsed());
    assert!(last_seen <= ttl, "still there after {last_seen:?}");
}

#[tokio::test]
async fn stays_within_its_bytes() {
    const MAX: u64 = 256 * 1024;
    let cache = MemoryResponseCache::new(MAX, HOUR);
    let answer = Bytes::from(vec![b'x'; 4096]);
    for number in 0..1_000 {
        cache.put(key(number), answer.clone()).await;
    }
    until("the bound", async || {
        cache.get(key(0)).await;
        cache.bytes() <= MAX
    })
    .await;
    let mut kept = 0;
    for number in 0..1_000 {
        kept += u64::from(cache.get(key(number)).await.is_some());
    }
    assert!(kept > 0 && kept * 4096 <= MAX, "{kept} answers of 4 KiB in 256 KiB");
}

#[tokio::test]
async fn an_answer_larger_than_its_share_is_not_kept_and_counted() {
    let cache = MemoryResponseCache::new(16 * 1024, HOUR);
    cache.put(key(1), Bytes::from(vec![b'x'; 512])).await;
    assert!(cache.get(key(1)).await.is_some());
    cache.put(key(1), Bytes::from(vec![b'x'; 1024])).await;
    assert_eq!(cache.get(key(1)).await, None, "the older answer is not the newest any more");
    assert_eq!(cache.oversized(), 1);
}

#[tokio::test]
async fn a_slice_does_not_keep_its_buffer() {
    let cache = MemoryResponseCache::new(1 << 20, HOUR);
    let buffer = Bytes::from(vec![b'x'; 1 << 20]);
    cache.put(key(1), buffer.slice(10..20)).await;
    let kept = cache.get(key(1)).await.unwrap();
    let buffer = buffer.as_ptr_range();
    assert!(!buffer.contains(&kept.as_ptr()), "the cache holds a megabyte that weighs ten bytes");
}
