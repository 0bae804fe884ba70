//! The ledger that budgets are counted from, in PostgreSQL.

use async_trait::async_trait;
use diesel::prelude::*;
use diesel::sql_types::{Array, BigInt, Text};
use diesel_async::{AsyncPgConnection, RunQueryDsl};
use jiff::civil::Date;
use router_core::grants::Account;

use super::{PostgresStore, task};
use crate::error::StoreError;
use crate::spending::{DaySpending, Spending, SpendingLedger};
use crate::tables::operation::Operation;
use crate::tables::schema::spending;
use crate::tables::spending::{LedgerLines, SpentRow, WHAT, line};
use crate::tables::sql_types::{Day, UtcDay};

const SPENT: &str = "SELECT account_kind, account_id, \
    sum(CASE WHEN day = $1 THEN spent_nanos ELSE 0 END)::bigint AS of_day, \
    sum(CASE WHEN day >= $2 THEN spent_nanos ELSE 0 END)::bigint AS of_month, \
    sum(spent_nanos)::bigint AS of_all, \
    sum(CASE WHEN day >= $2 THEN unpriced ELSE 0 END)::bigint AS unpriced \
    FROM spending WHERE day <= $1 GROUP BY account_kind, account_id ORDER BY account_kind, account_id";

const CHANGE: &str = "INSERT INTO spending (account_kind, account_id, day, spent_nanos, priced, unpriced) \
    SELECT * FROM unnest($1, $2, $3, $4, $5, $6) \
    ON CONFLICT (account_kind, account_id, day) DO UPDATE SET \
    spent_nanos = spending.spent_nanos + excluded.spent_nanos, \
    priced = spending.priced + excluded.priced, unpriced = spending.unpriced + excluded.unpriced";

/// Writes what a batch of records changes, in its transaction. Lines come in an order that is the same for every replica, so
/// that no two wait for each other.
pub(super) async fn write(connection: &mut AsyncPgConnection, ledger: LedgerLines<'_>) -> QueryResult<()> {
    let (mut kinds, mut ids, mut days) = (Vec::new(), Vec::new(), Vec::new());
    let (mut nanos, mut priced, mut unpriced) = (Vec::new(), Vec::new(), Vec::new());
    for ((kind, id, day), change) in ledger.into_lines() {
        kinds.push(kind);
        ids.push(id);
        days.push(day);
        nanos.push(change.nanos);
        priced.push(change.priced);
        unpriced.push(change.unpriced);
    }
    if kinds.is_empty() {
        return Ok(());
    }
    let change = diesel::sql_query(CHANGE)
        .bind::<Array<Text>, _>(kinds)
        .bind::<Array<Text>, _>(ids)
        .bind::<Array<UtcDay>, _>(days)
        .bind::<Array<BigInt>, _>(nanos)
        .bind::<Array<BigInt>, _>(priced)
        .bind::<Array<BigInt>, _>(unpriced);
    change.execute(connection).await.map(drop)
}

#[async_trait]
impl SpendingLedger for PostgresStore {
    async fn spending(&self, today: Date) -> Result<Vec<Spending>, StoreError> {
        let operation = Operation { action: "tell what was spent", what: WHAT };
        let load = task::<Vec<SpentRow>, _>(move |connection| {
            let (day, month) = (Day(today), Day(today.first_of_month()));
            let spent = diesel::sql_query(SPENT).bind::<UtcDay, _>(day).bind::<UtcDay, _>(month);
            Box::pin(async move { spent.load(connection).await })
        });
        self.read(operation, load).await?.into_iter().map(SpentRow::into_spending).collect()
    }

    async fn days(&self, account: &Account, from: Date, to: Date) -> Result<Vec<DaySpending>, StoreError> {
        let operation = Operation { action: "tell what was spent by day", what: WHAT };
        let (kind, id) = (account.kind(), account.id().to_owned());
        let load = task::<Vec<(Day, i64, i64, i64)>, _>(move |connection| {
            let days = spending::table
                .filter(spending::account_kind.eq(kind))
                .filter(spending::account_id.eq(id))
                .filter(spending::day.between(Day(from), Day(to)))
                .order(spending::day)
                .select((spending::day, spending::spent_nanos, spending::priced, spending::unpriced));
            Box::pin(async move { days.load(connection).await })
        });
        self.read(operation, load).await?.into_iter().map(line).collect()
    }
}
