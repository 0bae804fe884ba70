//! Everything that is added up from records, in the transaction that writes them: so it is exact, whatever is written twice.

use super::requests::RequestRow;
use super::spending::LedgerLines;
use super::statistics::StatisticLines;

/// What one batch of records changes.
#[derive(Debug, Default)]
pub(crate) struct Sums<'a> {
    pub(crate) ledger: LedgerLines<'a>,
    pub(crate) statistics: StatisticLines<'a>,
}

/// What is known of an unknown outcome that is about to be replaced: charged, cost, model.
pub(crate) type Replaced = (i64, Option<i64>, Option<String>);

impl<'a> Sums<'a> {
    /// A record that is new.
    pub(crate) fn add(&mut self, row: &'a RequestRow) {
        self.ledger.add(row);
        self.statistics.add(row);
    }

    /// A known outcome in the place of an unknown one.
    pub(crate) fn replace(&mut self, row: &'a RequestRow, (charged, cost, model): Replaced) {
        self.ledger.take_back(row, charged, cost.is_some());
        self.statistics.take_back_unknown(row, model);
        self.add(row);
    }
}
