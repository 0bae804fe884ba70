//! The contract of whatever counts: rates, requests under way, and money, taken in one atomic step.
//!
//! One request makes one [`Claim`] on everything that limits it: nothing is taken unless all of it can be. What it took
//! is put right by one [`Quotas::settle`], which says what it really used. A claim that is never settled, because the
//! process died, gives its slots and its reserved money back when its lease ends.
//!
//! | | taken | settled |
//! |---|---|---|
//! | rate of requests | 1 | stays taken |
//! | rate of tokens | an estimate | the difference is given back, or taken beyond the limit: the next ones wait longer |
//! | requests under way | a slot | given back |
//! | budget | a reservation | replaced by the real cost, also where that is more |

use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use jiff::civil::Date;
use router_core::grants::{Account, BudgetPeriod, Rate};
use router_core::id::RequestId;
use router_core::moment::Moment;
use router_core::usd::Usd;

/// What a rate counts.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Unit {
    /// Requests: what was taken stays taken.
    Requests,
    /// Tokens: an estimate is taken, and put right by what was really used.
    Tokens,
}

/// What a request takes of one rate.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RateClaim {
    /// Whose, and of what: `key:abc:executions`. Two names never share an allowance.
    pub name: Arc<str>,
    /// What it counts.
    pub unit: Unit,
    /// What it allows.
    pub rate: Rate,
    /// What this request takes of it. More than the burst can never be taken.
    pub cost: u32,
}

/// One of a bounded number of requests under way.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SlotClaim {
    /// Whose: `key:abc:concurrent`.
    pub name: Arc<str>,
    /// How many there may be.
    pub most: u32,
}

/// Money that is reserved.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct BudgetClaim {
    /// Whose, and for which time.
    pub purse: Purse,
    /// How much may be spent in that time.
    pub limit: Usd,
    /// How much this request may cost.
    pub reserve: Usd,
    /// The limit is never exceeded: who cannot know what others have reserved does not reserve.
    pub strict: bool,
}

/// What an account has spent in one period: each day, each month has a purse of its own.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Purse {
    /// Whose.
    pub account: Account,
    /// Day, month or all time.
    pub period: BudgetPeriod,
    /// The period's first day in UTC; 1970-01-01 for all time.
    pub from: Date,
}

impl Purse {
    /// The purse of `account` that a request on `day` (UTC) is paid from.
    #[must_use]
    pub fn on(account: Account, period: BudgetPeriod, day: Date) -> Self {
        let from = match period {
            BudgetPeriod::Day => day,
            BudgetPeriod::Month => day.first_of_month(),
            BudgetPeriod::Total => Date::new(1970, 1, 1).unwrap_or(Date::ZERO),
        };
        Self { account, period, from }
    }
}

/// Everything that one request takes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Claim {
    /// Whose slots and reservations they are.
    pub id: RequestId,
    /// Rates.
    pub rates: Vec<RateClaim>,
    /// Requests under way.
    pub slots: Vec<SlotClaim>,
    /// Money.
    pub budgets: Vec<BudgetClaim>,
    /// How long slots and reservations are held at most without being settled.
    pub lease: Duration,
}

/// What a request really used.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Used {
    /// Tokens of prompt and answer, all attempts together; `None` leaves the estimate as it was taken.
    pub tokens: Option<u64>,
    /// What is charged to its budgets. Of a request whose price nobody knows, whatever was reserved for it.
    pub cost: Usd,
}

/// What is left of a rate: what rate-limit headers say.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Allowance {
    /// The most that can be taken at once.
    pub limit: u32,
    /// What can be taken now.
    pub remaining: u32,
    /// Until `remaining` is `limit` again.
    pub reset: Duration,
}

/// What is left after everything was taken: of each kind the tightest; none where nothing is limited.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Left {
    /// Of the rates of requests.
    pub requests: Option<Allowance>,
    /// Of the rates of tokens.
    pub tokens: Option<Allowance>,
}

/// Why nothing was taken.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Refused {
    /// A rate does not allow it; of several, the one with the longest wait.
    Rate {
        /// Which, as an index into the claim's rates.
        index: usize,
        /// What is left of it.
        allowance: Allowance,
        /// When it is worth asking again; `None` where it never is (the cost is above the burst).
        retry_after: Option<Duration>,
    },
    /// As many requests are under way as may be.
    Slots {
        /// Which, as an index into the claim's slots.
        index: usize,
    },
    /// What is left of a budget is less than what the request may cost.
    Budget {
        /// Which, as an index into the claim's budgets.
        index: usize,
        /// What is left, after what others have reserved.
        left: Usd,
    },
    /// Nobody can say, because the shared counters do not answer, and the operator wants no guess.
    Unavailable,
}

/// Counts what callers use, and refuses what is more than they may.
#[async_trait]
pub trait Quotas: Send + Sync {
    /// Takes everything that is claimed, or nothing. Never waits longer than 50 ms. Counters with a clock of their own (a
    /// shared server's) ignore `now`.
    ///
    /// # Errors
    /// Nothing was taken: see [`Refused`].
    async fn take(&self, claim: &Claim, now: Moment) -> Result<Left, Refused>;

    /// Reserves `extra` more from each budget of a claim that was taken: somebody dearer is going to be asked. The caller
    /// adds it to the claim's reservations, so that the settlement gives all of it back.
    ///
    /// # Errors
    /// Nothing more was reserved: [`Refused::Budget`] or [`Refused::Unavailable`].
    async fn top_up(&self, claim: &Claim, extra: Usd, now: Moment) -> Result<(), Refused>;

    /// Replaces what was claimed by what was used. Called once for each claim that was taken. Returns at once, so that it can
    /// be called from `Drop`: shared counters are told in the background, in order.
    fn settle(&self, claim: Claim, used: Used, now: Moment);
}
