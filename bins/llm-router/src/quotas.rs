//! Who counts and who remembers: this process by itself, or all replicas on one Redis.

use std::sync::Arc;
use std::time::Duration;

use anyhow::Context;
use jiff::Timestamp;
use jiff::tz::Offset;
use router_cache::ledger::Ledger;
use router_cache::memory_quotas::MemoryQuotas;
use router_cache::memory_response::MemoryResponseCache;
use router_cache::quota::Quotas;
use router_cache::redis::{Known, RedisConnection, RedisQuotas, RedisResponses, RedisSettings};
use router_cache::response::ResponseCache;
use router_cache::shared_quotas::{SharedQuotas, WhenDown};
use router_engine::metrics::{
    ANSWERS_UNREADABLE, ANSWERS_UNSHARED, CACHE_OVERSIZED, LIMITS_DECIDED_ALONE, RATE_LIMIT_CROWDED, REDIS_FAILURES,
    SETTLEMENTS_LOST,
};
use router_http::app::{Count, SharedState};
use secrecy::ExposeSecret;
use tokio::task::JoinHandle;
use tokio::time::sleep;

use crate::config::Config;
use crate::config::redis::{Redis, WhenDown as Chosen};
use crate::wire;

/// How long the start waits for Redis: it may well come later.
const FIRST_CONNECTION: Duration = Duration::from_secs(2);

/// How often budgets are held against the ledger.
const RECONCILED_EVERY: Duration = Duration::from_secs(60);

/// The parts, and what they tell.
pub struct Counting {
    /// Counts what callers use.
    pub quotas: Arc<dyn Quotas>,
    /// Remembers answers.
    pub cache: Arc<dyn ResponseCache>,
    /// What they have counted about themselves.
    pub counts: Vec<(&'static str, Count)>,
    /// How Redis is, where there is one.
    pub shared: Option<SharedState>,
    /// Holds purses against the ledger. Ends with the process.
    pub reconciling: JoinHandle<()>,
}

/// Starts them. `ledger` is what budgets are counted from.
///
/// # Errors
/// The address of Redis cannot be used.
pub async fn start(config: &Config, ledger: Arc<dyn Ledger>) -> anyhow::Result<Counting> {
    let local = MemoryQuotas::new(wire::limiter_names(config));
    let near = MemoryResponseCache::new(config.cache.max_size, config.cache.ttl);
    match &config.redis.url {
        Some(url) => share(config, url.secret().expose_secret(), local, near, ledger).await,
        None => Ok(alone(local, near, ledger).await),
    }
}

async fn alone(quotas: MemoryQuotas, cache: MemoryResponseCache, ledger: Arc<dyn Ledger>) -> Counting {
    let (quotas, cache) = (Arc::new(quotas), Arc::new(cache));
    // Before the first request: budgets do not begin anew with each start.
    reconcile(&quotas, ledger.as_ref()).await;
    let reconciled = Arc::clone(&quotas);
    let reconciling = tokio::spawn(async move {
        loop {
            sleep(RECONCILED_EVERY).await;
            reconcile(&reconciled, ledger.as_ref()).await;
        }
    });
    let (crowded, oversized) = (Arc::clone(&quotas), Arc::clone(&cache));
    Counting {
        quotas,
        cache,
        counts: vec![
            (RATE_LIMIT_CROWDED, Box::new(move || crowded.crowded())),
            (CACHE_OVERSIZED, Box::new(move || oversized.oversized())),
        ],
        shared: None,
        reconciling,
    }
}

async fn reconcile(quotas: &MemoryQuotas, ledger: &dyn Ledger) {
    match ledger.spent(Offset::UTC.to_datetime(Timestamp::now()).date()).await {
        Ok(spent) => quotas.reconcile(&spent),
        Err(error) => tracing::warn!(%error, "budgets could not be held against the ledger"),
    }
}

async fn share(
    config: &Config,
    url: &str,
    local: MemoryQuotas,
    near: MemoryResponseCache,
    ledger: Arc<dyn Ledger>,
) -> anyhow::Result<Counting> {
    let Redis { prefix, timeout, when_down, replicas, url: _ } = &config.redis;
    let settings = RedisSettings { url: url.to_owned(), prefix: prefix.clone(), timeout: *timeout };
    let redis = RedisConnection::start(&settings).context("REDIS_URL")?;
    if !redis.connected_within(FIRST_CONNECTION).await {
        tracing::warn!(?when_down, "Redis does not answer yet; limits are decided without it");
    }
    let known = Known::default();
    let when_down = match when_down {
        Chosen::LocalShare => WhenDown::LocalShare,
        Chosen::Refuse => WhenDown::Refuse,
    };
    let spent = known.clone();
    let spent = Box::new(move |purse: &_| spent.spent(purse));
    let shared = RedisQuotas::new(redis.clone());
    let quotas = Arc::new(SharedQuotas::new(shared, local, when_down, replicas.get(), spent));
    let cache = Arc::new(RedisResponses::new(near, redis.clone(), config.cache.ttl));
    let reconciled = Arc::clone(&quotas);
    let reconciling = tokio::spawn(async move { reconciled.shared().reconcile(ledger.as_ref(), &known).await });
    let (crowded, alone, lost) = (Arc::clone(&quotas), Arc::clone(&quotas), Arc::clone(&quotas));
    let (oversized, unshared, unreadable) = (Arc::clone(&cache), Arc::clone(&cache), Arc::clone(&cache));
    let failures = redis.clone();
    Ok(Counting {
        quotas,
        cache,
        counts: vec![
            (RATE_LIMIT_CROWDED, Box::new(move || crowded.local().crowded())),
            (CACHE_OVERSIZED, Box::new(move || oversized.near_cache().oversized())),
            (LIMITS_DECIDED_ALONE, Box::new(move || alone.decided_alone())),
            (SETTLEMENTS_LOST, Box::new(move || lost.shared().settlements_lost())),
            (ANSWERS_UNSHARED, Box::new(move || unshared.dropped())),
            (ANSWERS_UNREADABLE, Box::new(move || unreadable.unreadable())),
            (REDIS_FAILURES, Box::new(move || failures.seen().failures)),
        ],
        shared: Some(Box::new(move || {
            let seen = redis.seen();
            (seen.up, seen.latency)
        })),
        reconciling,
    })
}
