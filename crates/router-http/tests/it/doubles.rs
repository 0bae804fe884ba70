//! Parts that behave as a test tells them to.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use async_trait::async_trait;
use jiff::civil::Date;
use router_core::conversation::Part;
use router_core::error_kind::{ErrorKind, Phase};
use router_core::finish::FinishReason;
use router_core::grants::Account;
use router_core::id::{RequestId, TenantId};
use router_core::usage::{Tokens, Usage, UsageSource};
use router_providers::answer::{Answer, CallError};
use router_providers::call::Call;
use router_providers::provider::Provider;
use router_store::error::StoreError;
use router_store::feedback::{Feedback, FeedbackFilter, FeedbackStore};
use router_store::health::StoreHealth;
use router_store::page::{Page, PageRequest};
use router_store::record::{RequestFilter, RequestLog, RequestRecord};
use router_store::run::{EvalRun, RunStore};
use router_store::score::{EvalScore, ScoreFilter, ScoreStore};
use router_store::spending::{DaySpending, Spending, SpendingLedger};
use router_store::statistics::{MOST_STATISTICS, Statistic, StatisticsFilter, StatisticsStore, Tally};
use tokio::sync::Notify;

/// How long `slowly` takes.
pub(crate) const SLOWLY: Duration = Duration::from_millis(400);

/// More bytes than the buffers of a connection hold.
pub(crate) const FLOOD: usize = 6 << 20;

/// A provider that answers at once, fails, or is silent until it is dropped: as the last user turn says
/// (`fail: NAME OF AN ERROR KIND`, the same after a while with `slowly `, `silence`), or answers more than a connection holds (`flood`).
#[derive(Debug, Default)]
pub(crate) struct Obedient {
    /// Calls that are being waited for.
    pub(crate) waiting: AtomicUsize,
    /// Something about `waiting` has changed.
    pub(crate) changed: Notify,
}

#[async_trait]
impl Provider for Obedient {
    async fn complete(&self, call: Call<'_>) -> Result<Answer, CallError> {
        let told: String = call.conversation.last_user_text().collect();
        if told == "silence" {
            let _waiting = Waiting::enter(self);
            std::future::pending::<()>().await;
        }
        if told.starts_with("slowly ") {
            tokio::time::sleep(SLOWLY).await;
        }
        if let Some(name) = told.trim_start_matches("slowly ").strip_prefix("fail: ") {
            let kind = [
                ErrorKind::Auth,
                ErrorKind::InvalidRequest,
                ErrorKind::RateLimited,
                ErrorKind::ContentPolicy,
                ErrorKind::ServerError,
                ErrorKind::Overloaded,
                ErrorKind::Quota,
                ErrorKind::ContextTooLong,
                ErrorKind::Timeout(Phase::Idle),
            ]
            .into_iter()
            .find(|kind| kind.name() == name)
            .expect("a kind this double knows");
            let retry_after = (kind == ErrorKind::RateLimited).then_some(Duration::from_secs(30));
            return Err(CallError { retry_after, ..CallError::new(kind, "in the provider's words") });
        }
        let answer = if told == "flood" { "x".repeat(FLOOD) } else { format!("answer to: {told}") };
        Ok(Answer {
            parts: vec![Part::text(answer)],
            finish: FinishReason::Stop,
            usage: Some(Usage {
                input: Tokens(7),
                output: Tokens(5),
                source: UsageSource::Reported,
                ..Usage::default()
            }),
            upstream_id: None,
            upstream_model: None,
            dropped: Vec::new(),
            changed: Vec::new(),
            original: None,
        })
    }
}

struct Waiting<'a>(&'a Obedient);

impl<'a> Waiting<'a> {
    fn enter(provider: &'a Obedient) -> Self {
        provider.waiting.fetch_add(1, Ordering::SeqCst);
        provider.changed.notify_waiters();
        Self(provider)
    }
}

impl Drop for Waiting<'_> {
    fn drop(&mut self) {
        self.0.waiting.fetch_sub(1, Ordering::SeqCst);
        self.0.changed.notify_waiters();
    }
}

impl Obedient {
    /// Returns when that many calls are being waited for.
    pub(crate) async fn until_waiting(&self, calls: usize) {
        let wait = async {
            loop {
                let mut changed = std::pin::pin!(self.changed.notified());
                changed.as_mut().enable();
                if self.waiting.load(Ordering::SeqCst) == calls {
                    return;
                }
                changed.await;
            }
        };
        tokio::time::timeout(Duration::from_secs(10), wait).await.expect("the provider is called, or given up");
    }
}

/// A database that is down.
#[derive(Debug)]
pub(crate) struct DeadStore;

fn down<T>() -> Result<T, StoreError> {
    Err(StoreError::Corrupt { what: "secret-internal-detail", message: "no such host db.internal".into() })
}

#[async_trait]
impl StoreHealth for DeadStore {
    async fn ping(&self) -> Result<Duration, StoreError> {
        down()
    }
}

#[async_trait]
impl RequestLog for DeadStore {
    async fn append(&self, _: &[RequestRecord]) -> Result<(), StoreError> {
        down()
    }
    async fn get(&self, _: Option<&TenantId>, _: RequestId) -> Result<Option<RequestRecord>, StoreError> {
        down()
    }
    async fn list(&self, _: &RequestFilter, _: PageRequest) -> Result<Page<RequestRecord>, StoreError> {
        down()
    }
}

#[async_trait]
impl FeedbackStore for DeadStore {
    async fn add(&self, _: &Feedback) -> Result<(), StoreError> {
        down()
    }
    async fn list(&self, _: &FeedbackFilter, _: PageRequest) -> Result<Page<Feedback>, StoreError> {
        down()
    }
}

#[async_trait]
impl ScoreStore for DeadStore {
    async fn add(&self, _: &EvalScore) -> Result<(), StoreError> {
        down()
    }
    async fn list(&self, _: &ScoreFilter, _: PageRequest) -> Result<Page<EvalScore>, StoreError> {
        down()
    }
}

#[async_trait]
impl StatisticsStore for DeadStore {
    async fn statistics(&self, _: &StatisticsFilter) -> Result<Vec<Statistic>, StoreError> {
        down()
    }
}

#[async_trait]
impl RunStore for DeadStore {
    async fn put_run(&self, _: &EvalRun) -> Result<(), StoreError> {
        down()
    }
    async fn run(&self, _: Option<&TenantId>, _: RequestId) -> Result<Option<EvalRun>, StoreError> {
        down()
    }
    async fn runs(&self, _: Option<&TenantId>, _: PageRequest) -> Result<Page<EvalRun>, StoreError> {
        down()
    }
}

#[async_trait]
impl SpendingLedger for DeadStore {
    async fn spending(&self, _: Date) -> Result<Vec<Spending>, StoreError> {
        down()
    }
    async fn days(&self, _: &Account, _: Date, _: Date) -> Result<Vec<DaySpending>, StoreError> {
        down()
    }
}

/// A database with more sums than anybody may read at once.
#[derive(Debug)]
pub(crate) struct ManySums;

#[async_trait]
impl StatisticsStore for ManySums {
    async fn statistics(&self, filter: &StatisticsFilter) -> Result<Vec<Statistic>, StoreError> {
        let one = Statistic { start: filter.from, model_id: None, tally: Tally::default() };
        Ok(vec![one; MOST_STATISTICS + 1])
    }
}

#[async_trait]
impl StatisticsStore for MuteStore {
    async fn statistics(&self, _: &StatisticsFilter) -> Result<Vec<Statistic>, StoreError> {
        std::future::pending().await
    }
}

/// A database that never answers.
#[derive(Debug)]
pub(crate) struct MuteStore;

#[async_trait]
impl RequestLog for MuteStore {
    async fn append(&self, _: &[RequestRecord]) -> Result<(), StoreError> {
        std::future::pending().await
    }
    async fn get(&self, _: Option<&TenantId>, _: RequestId) -> Result<Option<RequestRecord>, StoreError> {
        std::future::pending().await
    }
    async fn list(&self, _: &RequestFilter, _: PageRequest) -> Result<Page<RequestRecord>, StoreError> {
        std::future::pending().await
    }
}

#[async_trait]
impl FeedbackStore for MuteStore {
    async fn add(&self, _: &Feedback) -> Result<(), StoreError> {
        std::future::pending().await
    }
    async fn list(&self, _: &FeedbackFilter, _: PageRequest) -> Result<Page<Feedback>, StoreError> {
        std::future::pending().await
    }
}

#[async_trait]
impl ScoreStore for MuteStore {
    async fn add(&self, _: &EvalScore) -> Result<(), StoreError> {
        std::future::pending().await
    }
    async fn list(&self, _: &ScoreFilter, _: PageRequest) -> Result<Page<EvalScore>, StoreError> {
        std::future::pending().await
    }
}
