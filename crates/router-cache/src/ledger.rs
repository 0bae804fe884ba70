//! Where the counters of budgets come from: they are only copies, and the ledger is what is true.

use async_trait::async_trait;
use jiff::civil::Date;
use router_core::usd::Usd;

use crate::quota::Purse;

/// Knows what was really spent.
#[async_trait]
pub trait Ledger: Send + Sync {
    /// What every account has spent on `today` (UTC), in its month, and since ever. Purses without spending are left out.
    ///
    /// # Errors
    /// It does not answer: with the reason, for the log.
    async fn spent(&self, today: Date) -> Result<Vec<(Purse, Usd)>, LedgerDown>;
}

/// The ledger does not answer. The operator can act; whoever counts goes on with what it has.
#[derive(Debug, Clone, thiserror::Error)]
#[error("what was spent is not known, because the ledger does not answer: {reason}")]
pub struct LedgerDown {
    /// The store's words.
    pub reason: String,
}
