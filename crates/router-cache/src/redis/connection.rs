//! The connection: never waited for longer than a request may wait, and left alone for a moment when it does not answer.

use std::sync::Arc;
use std::sync::atomic::{AtomicU32, AtomicU64, Ordering};
use std::time::{Duration, Instant};

use fred::clients::Client;
use fred::interfaces::{ClientLike, LuaInterface};
use fred::prelude::{Builder, Config, FromValue, ReconnectPolicy};
use tokio::time::timeout;

use super::script::Script;

/// After so many calls in a row without an answer Redis is left alone for a while.
const FAILURES: u32 = 3;

/// For so long; then one call tries again.
const LEFT_ALONE: Duration = Duration::from_secs(1);

/// Between attempts to connect, at least and at most.
const RECONNECT_MILLIS: (u32, u32) = (100, 2_000);

/// A connection that takes commands and answers none of them is given up after this.
const UNRESPONSIVE: Duration = Duration::from_secs(2);

/// Commands that wait for the connection at most: beyond it they fail at once.
const BUFFER: usize = 10_000;

/// How Redis is reached.
#[derive(Clone)]
pub struct RedisSettings {
    /// `redis://[user[:password]@]host[:port][/database]`.
    pub url: String,
    /// What every key begins with.
    pub prefix: String,
    /// How long a command may take.
    pub timeout: Duration,
}

impl RedisSettings {
    /// Redis at `url`, with the usual prefix and time.
    #[must_use]
    pub fn new(url: impl Into<String>) -> Self {
        Self { url: url.into(), prefix: "{llm-router}:".to_owned(), timeout: Duration::from_millis(50) }
    }
}

impl std::fmt::Debug for RedisSettings {
    /// Without the address, which may hold a password.
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("RedisSettings").field("prefix", &self.prefix).finish_non_exhaustive()
    }
}

/// Why Redis cannot be used. Its address is not repeated, because it may hold a password.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum RedisError {
    /// The address is wrong. The operator can act.
    #[error("the address of Redis cannot be used: {reason}; write redis://[user:password@]host[:port][/database]")]
    Address {
        /// What is wrong with it.
        reason: String,
    },
    /// It was not asked: it is not there, or was silent just now. The operator can act; whoever asked goes on without.
    #[error("Redis was not asked: {reason}")]
    NotAsked {
        /// Why.
        reason: &'static str,
    },
    /// It did not answer in time, or not as expected; what it was asked for it may have done, or do later. The operator can act; whoever asked goes on without.
    #[error("Redis did not answer: {reason}")]
    Silent {
        /// The client's words.
        reason: String,
    },
}

/// How Redis is, as far as its last answers tell.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct RedisSeen {
    /// It is connected and answers.
    pub up: bool,
    /// How long the last answer took.
    pub latency: Option<Duration>,
    /// Calls without an answer since the start.
    pub failures: u64,
}

/// A connection that makes itself again. Cheap to clone.
#[derive(Clone)]
pub struct RedisConnection(Arc<Inner>);

struct Inner {
    client: Client,
    prefix: String,
    timeout: Duration,
    begun: Instant,
    in_a_row: AtomicU32,
    /// Microseconds since `begun`.
    left_alone_until: AtomicU64,
    failures: AtomicU64,
    /// Microseconds; 0 for none yet.
    latency: AtomicU64,
}

impl RedisConnection {
    /// Begins to connect, and goes on trying for as long as this lives: Redis need not be there yet.
    ///
    /// # Errors
    /// [`RedisError::Address`].
    pub fn start(settings: &RedisSettings) -> Result<Self, RedisError> {
        let wrong = |reason: String| RedisError::Address { reason };
        if settings.url.starts_with("rediss://") {
            return Err(wrong("this build does not speak TLS to Redis; use a tunnel or a private network".to_owned()));
        }
        if !settings.url.starts_with("redis://") {
            return Err(wrong("it does not begin with redis://".to_owned()));
        }
        // The client's own words may repeat the address.
        let config = Config::from_url(&settings.url).map_err(|_| wrong("it is not an address".to_owned()))?;
        let client = Builder::from_config(config)
            .with_performance_config(|performance| performance.default_command_timeout = settings.timeout)
            .with_connection_config(|connection| {
                connection.connection_timeout = Duration::from_secs(2);
                connection.internal_command_timeout = Duration::from_secs(2);
                connection.max_command_attempts = 1;
                connection.max_command_buffer_len = BUFFER;
                connection.unresponsive.max_timeout = Some(UNRESPONSIVE);
                connection.unresponsive.interval = Duration::from_millis(500);
            })
            .set_policy(ReconnectPolicy::new_exponential(0, RECONNECT_MILLIS.0, RECONNECT_MILLIS.1, 2))
            .build()
            .map_err(|_| wrong("it cannot be connected to".to_owned()))?;
        // The task ends with the client.
        drop(client.connect());
        Ok(Self(Arc::new(Inner {
            client,
            prefix: settings.prefix.clone(),
            timeout: settings.timeout,
            begun: Instant::now(),
            in_a_row: AtomicU32::new(0),
            left_alone_until: AtomicU64::new(0),
            failures: AtomicU64::new(0),
            latency: AtomicU64::new(0),
        })))
    }

    /// Waits for the first connection, for `patience` at most. Returns whether it is there.
    pub async fn connected_within(&self, patience: Duration) -> bool {
        matches!(timeout(patience, self.0.client.wait_for_connect()).await, Ok(Ok(())))
    }

    /// How it is.
    #[must_use]
    pub fn seen(&self) -> RedisSeen {
        let inner = &self.0;
        let latency = inner.latency.load(Ordering::Relaxed);
        RedisSeen {
            up: inner.client.is_connected() && inner.in_a_row.load(Ordering::Relaxed) < FAILURES,
            latency: (latency > 0).then(|| Duration::from_micros(latency)),
            failures: inner.failures.load(Ordering::Relaxed),
        }
    }

    pub(super) fn key(&self, name: &str) -> String {
        let mut key = String::with_capacity(self.0.prefix.len() + name.len());
        key.push_str(&self.0.prefix);
        key.push_str(name);
        key
    }

    /// Runs a script.
    pub(super) async fn run<T: FromValue>(
        &self,
        script: &Script,
        keys: Vec<String>,
        arguments: Vec<String>,
    ) -> Result<T, RedisError> {
        self.ask(async |client| {
            match client.evalsha(script.hash(), keys.clone(), arguments.clone()).await {
                // A Redis that has restarted does not know it any more; this teaches it.
                Err(error) if error.details().starts_with("NOSCRIPT") => {
                    client.eval(script.text(), keys, arguments).await
                }
                other => other,
            }
        })
        .await
    }

    /// Asks, unless Redis is not there or was silent lately.
    pub(super) async fn ask<T>(
        &self,
        question: impl AsyncFnOnce(&Client) -> Result<T, fred::error::Error>,
    ) -> Result<T, RedisError> {
        let inner = &self.0;
        let silent = |reason: &str| RedisError::Silent { reason: reason.to_owned() };
        if !inner.client.is_connected() {
            return Err(RedisError::NotAsked { reason: "not connected" });
        }
        let asked = Instant::now();
        let since = |moment: Instant| u64::try_from(moment.duration_since(inner.begun).as_micros()).unwrap_or(u64::MAX);
        if since(asked) < inner.left_alone_until.load(Ordering::Relaxed) {
            return Err(RedisError::NotAsked { reason: "it was silent just now" });
        }
        if inner.in_a_row.load(Ordering::Relaxed) >= FAILURES {
            // One tries; the others leave it alone for as long again.
            inner.left_alone_until.store(since(asked + LEFT_ALONE), Ordering::Relaxed);
        }
        // The client's own deadline, and one that does not depend on it.
        let answer = timeout(inner.timeout, question(&inner.client)).await;
        match answer {
            Ok(Ok(answer)) => {
                inner.in_a_row.store(0, Ordering::Relaxed);
                inner.left_alone_until.store(0, Ordering::Relaxed);
                let took = u64::try_from(asked.elapsed().as_micros()).unwrap_or(u64::MAX);
                inner.latency.store(took.max(1), Ordering::Relaxed);
                Ok(answer)
            }
            failed => {
                inner.failures.fetch_add(1, Ordering::Relaxed);
                if inner.in_a_row.fetch_add(1, Ordering::Relaxed) + 1 >= FAILURES {
                    inner.left_alone_until.store(since(Instant::now() + LEFT_ALONE), Ordering::Relaxed);
                }
                match failed {
                    Ok(Err(error)) => Err(silent(error.details())),
                    _ => Err(silent("it took too long")),
                }
            }
        }
    }
}

impl std::fmt::Debug for RedisConnection {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("RedisConnection").field("prefix", &self.0.prefix).field("seen", &self.seen()).finish()
    }
}
