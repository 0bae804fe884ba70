//! The ledger that budgets are counted from, in SQLite.

use async_trait::async_trait;
use diesel::prelude::*;
use diesel::sql_types::Text;
use jiff::civil::Date;
use router_core::grants::Account;

use super::SqliteStore;
use crate::error::StoreError;
use crate::spending::{DaySpending, Spending, SpendingLedger};
use crate::tables::operation::Operation;
use crate::tables::schema::spending;
use crate::tables::spending::{LedgerLines, SpentRow, WHAT, line};
use crate::tables::sql_types::Day;

const SPENT: &str = "SELECT account_kind, account_id, \
    sum(CASE WHEN day = ?1 THEN spent_nanos ELSE 0 END) AS of_day, \
    sum(CASE WHEN day >= ?2 THEN spent_nanos ELSE 0 END) AS of_month, \
    sum(spent_nanos) AS of_all, \
    sum(CASE WHEN day >= ?2 THEN unpriced ELSE 0 END) AS unpriced \
    FROM spending WHERE day <= ?1 GROUP BY account_kind, account_id ORDER BY account_kind, account_id";

/// Writes what a batch of records changes, in its transaction.
pub(super) fn write(ledger: LedgerLines<'_>, connection: &mut SqliteConnection) -> QueryResult<()> {
    for ((kind, id, day), change) in ledger.into_lines() {
        diesel::insert_into(spending::table)
            .values((
                spending::account_kind.eq(kind),
                spending::account_id.eq(id),
                spending::day.eq(day),
                spending::spent_nanos.eq(change.nanos),
                spending::priced.eq(change.priced),
                spending::unpriced.eq(change.unpriced),
            ))
            .on_conflict((spending::account_kind, spending::account_id, spending::day))
            .do_update()
            .set((
                spending::spent_nanos.eq(spending::spent_nanos + change.nanos),
                spending::priced.eq(spending::priced + change.priced),
                spending::unpriced.eq(spending::unpriced + change.unpriced),
            ))
            .execute(connection)?;
    }
    Ok(())
}

#[async_trait]
impl SpendingLedger for SqliteStore {
    async fn spending(&self, today: Date) -> Result<Vec<Spending>, StoreError> {
        let operation = Operation { action: "tell what was spent", what: WHAT };
        let load = move |connection: &mut SqliteConnection| {
            let spent = diesel::sql_query(SPENT)
                .bind::<Text, _>(today.to_string())
                .bind::<Text, _>(today.first_of_month().to_string());
            let rows = spent.load::<SpentRow>(connection).map_err(|error| operation.failed(&error))?;
            rows.into_iter().map(SpentRow::into_spending).collect()
        };
        self.read(operation, load).await
    }

    async fn days(&self, account: &Account, from: Date, to: Date) -> Result<Vec<DaySpending>, StoreError> {
        let operation = Operation { action: "tell what was spent by day", what: WHAT };
        let (kind, id) = (account.kind(), account.id().to_owned());
        let load = move |connection: &mut SqliteConnection| {
            let days = spending::table
                .filter(spending::account_kind.eq(kind))
                .filter(spending::account_id.eq(id))
                .filter(spending::day.between(Day(from), Day(to)))
                .order(spending::day)
                .select((spending::day, spending::spent_nanos, spending::priced, spending::unpriced));
            let rows = days.load(connection).map_err(|error| operation.failed(&error))?;
            rows.into_iter().map(line).collect()
        };
        self.read(operation, load).await
    }
}
