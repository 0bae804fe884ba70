//! What was spent: the ledger that budgets are counted from. Written together with the request records, so it is exact.

use async_trait::async_trait;
use jiff::civil::Date;
use router_core::grants::Account;
use router_core::usd::Usd;

use crate::error::StoreError;

/// What an account has spent.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Spending {
    /// Whose.
    pub account: Account,
    /// On the day that was asked about.
    pub day: Usd,
    /// In its month, up to that day.
    pub month: Usd,
    /// Since the beginning: the ledger outlives the requests it was written from.
    pub total: Usd,
    /// Requests in its month whose price nobody knows. They are not in any sum.
    pub unpriced: u64,
}

/// One line of the ledger, for those who look at it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DaySpending {
    /// The day, in UTC.
    pub day: Date,
    /// Spent on it.
    pub spent: Usd,
    /// Requests that were priced.
    pub requests: u64,
    /// Requests whose price nobody knows.
    pub unpriced: u64,
}

/// Reads the ledger.
#[async_trait]
pub trait SpendingLedger: Send + Sync {
    /// What each account that ever spent anything has spent by `today`.
    ///
    /// # Errors
    /// The database did not answer.
    async fn spending(&self, today: Date) -> Result<Vec<Spending>, StoreError>;

    /// What `account` spent on each day from `from` to `to`, both included; days without requests are left out.
    ///
    /// # Errors
    /// The database did not answer.
    async fn days(&self, account: &Account, from: Date, to: Date) -> Result<Vec<DaySpending>, StoreError>;
}
