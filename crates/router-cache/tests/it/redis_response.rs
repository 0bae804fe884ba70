//! Answers on a real Redis: shared, forgotten in time, and missed when they are damaged or Redis is away.

use std::time::{Duration, Instant};

use bytes::Bytes;
use router_cache::memory_response::MemoryResponseCache;
use router_cache::redis::{RedisConnection, RedisResponses};
use router_cache::response::{CacheKey, ResponseCache};

use crate::redis_server::RedisServer;

const TTL: Duration = Duration::from_secs(60);

fn responses(redis: RedisConnection, ttl: Duration) -> RedisResponses {
    RedisResponses::new(MemoryResponseCache::new(1 << 20, ttl), redis, ttl)
}

async fn until_shared(cache: &RedisResponses, key: CacheKey) -> Bytes {
    let begun = Instant::now();
    loop {
        if let Some(answer) = cache.get(key).await {
            return answer;
        }
        assert!(begun.elapsed() < Duration::from_secs(10), "it is never shared");
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn what_one_replica_remembers_another_gets_and_keeps_when_redis_is_gone() {
    let mut server = RedisServer::start().await;
    let one = responses(server.connect().await, TTL);
    let other = responses(server.connect().await, TTL);
    let key = CacheKey([1; 32]);
    assert_eq!(other.get(key).await, None);
    one.put(key, Bytes::from_static(b"an answer")).await;
    assert_eq!(one.get(key).await.as_deref(), Some(&b"an answer"[..]), "at once where it was put");
    assert_eq!(until_shared(&other, key).await, "an answer");
    server.kill();
    assert_eq!(other.get(key).await.as_deref(), Some(&b"an answer"[..]));
    let asked = Instant::now();
    assert_eq!(other.get(CacheKey([2; 32])).await, None);
    assert!(asked.elapsed() < Duration::from_millis(150));
}

#[tokio::test(flavor = "multi_thread")]
async fn an_answer_is_as_old_everywhere() {
    let server = RedisServer::start().await;
    let ttl = Duration::from_millis(600);
    let one = responses(server.connect().await, ttl);
    let other = responses(server.connect().await, ttl);
    let key = CacheKey([3; 32]);
    let put = Instant::now();
    one.put(key, Bytes::from_static(b"an answer")).await;
    until_shared(&other, key).await;
    while put.elapsed() <= ttl {
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    assert_eq!((one.get(key).await, other.get(key).await), (None, None), "the copy is not younger than the answer");
}

#[tokio::test(flavor = "multi_thread")]
async fn an_answer_too_long_to_share_is_kept_near() {
    let server = RedisServer::start().await;
    let one = RedisResponses::new(MemoryResponseCache::new(64 << 20, TTL), server.connect().await, TTL);
    let key = CacheKey([4; 32]);
    one.put(key, Bytes::from(vec![7; 2 << 20])).await;
    assert_eq!((one.get(key).await.map(|answer| answer.len()), one.dropped()), (Some(2 << 20), 1));
}
