//! The store's ledger, as whoever counts budgets wants to read it.

use std::sync::Arc;

use async_trait::async_trait;
use jiff::civil::Date;
use router_cache::ledger::{Ledger, LedgerDown};
use router_cache::quota::Purse;
use router_core::grants::BudgetPeriod;
use router_core::usd::Usd;
use router_store::spending::SpendingLedger;

/// What was spent, by purse.
pub struct Spent(pub Arc<dyn SpendingLedger>);

#[async_trait]
impl Ledger for Spent {
    async fn spent(&self, today: Date) -> Result<Vec<(Purse, Usd)>, LedgerDown> {
        let spending = self.0.spending(today).await.map_err(|error| LedgerDown { reason: error.to_string() })?;
        let purses = spending.into_iter().flat_map(|spending| {
            [
                (BudgetPeriod::Day, spending.day),
                (BudgetPeriod::Month, spending.month),
                (BudgetPeriod::Total, spending.total),
            ]
            .map(|(period, spent)| (Purse::on(spending.account.clone(), period, today), spent))
        });
        Ok(purses.filter(|(_, spent)| *spent > Usd::ZERO).collect())
    }
}
