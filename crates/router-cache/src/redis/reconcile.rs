//! Purses are copies of the ledger: brought back when Redis has lost them, and held against it from time to time.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use fred::interfaces::KeysInterface;
use jiff::Timestamp;
use jiff::civil::Date;
use jiff::tz::Offset;
use router_core::usd::Usd;
use serde_json::{Value, json};
use tokio::time::{Instant, interval};

use super::connection::RedisError;
use super::quotas::{EPOCH, RedisQuotas, kept, purse_name};
use super::script;
use crate::ledger::Ledger;
use crate::quota::Purse;

/// How often it is looked whether the purses are there.
const LOOK: Duration = Duration::from_millis(500);

/// How often they are held against the ledger.
const EVERY: Duration = Duration::from_secs(60);

/// The epoch is kept for so long without a look at the ledger.
const EPOCH_MILLIS: u64 = 400 * 86_400_000;

/// So many purses go into one script.
const CHUNK: usize = 500;

/// What was spent from each purse when the ledger was read last: what a replica goes by that is alone.
#[derive(Debug, Clone, Default)]
pub struct Known(Arc<Mutex<HashMap<Purse, Usd>>>);

impl Known {
    /// What was spent from `purse`, as far as is known.
    #[must_use]
    pub fn spent(&self, purse: &Purse) -> Usd {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).get(purse).copied().unwrap_or_default()
    }

    fn learn(&self, spent: &[(Purse, Usd)]) {
        *self.0.lock().unwrap_or_else(PoisonError::into_inner) = spent.iter().cloned().collect();
    }
}

impl RedisQuotas {
    /// Brings purses back from `ledger` when Redis has lost them, and holds them against it from time to time, until this is
    /// dropped. Run it in every replica: whoever comes second does the same again, which changes nothing.
    pub async fn reconcile(&self, ledger: &dyn Ledger, known: &Known) {
        let mut ticks = interval(LOOK);
        let mut next = Instant::now();
        loop {
            ticks.tick().await;
            let lost = match self.has_epoch().await {
                Ok(there) => !there,
                Err(_) => continue,
            };
            if !lost && Instant::now() < next {
                continue;
            }
            if lost {
                tracing::warn!("Redis has no purses: budgets are brought back from the ledger");
            }
            match self.reconcile_once(ledger, known, today()).await {
                Ok(()) => next = Instant::now() + EVERY,
                Err(error) => tracing::warn!(%error, "budgets could not be held against the ledger"),
            }
        }
    }

    /// One look at the ledger.
    ///
    /// # Errors
    /// The ledger or Redis does not answer: with the reason.
    pub async fn reconcile_once(&self, ledger: &dyn Ledger, known: &Known, today: Date) -> Result<(), String> {
        let spent = ledger.spent(today).await.map_err(|error| error.to_string())?;
        known.learn(&spent);
        let mut chunks = spent.chunks(CHUNK).peekable();
        if chunks.peek().is_none() {
            return self.write(&[]).await.map_err(|error| error.to_string());
        }
        for chunk in chunks {
            self.write(chunk).await.map_err(|error| error.to_string())?;
        }
        Ok(())
    }

    async fn write(&self, spent: &[(Purse, Usd)]) -> Result<(), RedisError> {
        let mut keys = vec![self.redis.key(EPOCH)];
        keys.extend(spent.iter().map(|(purse, _)| self.redis.key(&purse_name(purse))));
        let list: Vec<Value> =
            spent.iter().map(|(purse, spent)| json!({"s": spent.nanos(), "t": kept(purse.period)})).collect();
        let arguments = vec![Value::Array(list).to_string(), EPOCH_MILLIS.to_string()];
        self.redis.run::<i64>(&script::RECONCILE, keys, arguments).await.map(drop)
    }

    async fn has_epoch(&self) -> Result<bool, RedisError> {
        let key = self.redis.key(EPOCH);
        self.redis.ask(async |client| client.exists::<bool, _>(key).await).await
    }
}

fn today() -> Date {
    Offset::UTC.to_datetime(Timestamp::now()).date()
}
