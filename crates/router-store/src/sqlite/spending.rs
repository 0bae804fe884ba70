//! The ledger that budgets are counted from, in SQLite.

use std::collections::BTreeMap;

use async_trait::async_trait;
use diesel::prelude::*;
use diesel::sql_types::{BigInt, Text};
use jiff::civil::Date;
use router_core::grants::Account;
use router_core::usd::Usd;

use super::SqliteStore;
use super::failure::Operation;
use super::requests::RequestRow;
use super::schema::spending;
use crate::columns::Row;
use crate::error::StoreError;
use crate::spending::{DaySpending, Spending, SpendingLedger};

const WHAT: &str = "ledger line";

const SPENT: &str = "SELECT account_kind, account_id, \
    sum(CASE WHEN day = ?1 THEN spent_nanos ELSE 0 END) AS of_day, \
    sum(CASE WHEN day >= ?2 THEN spent_nanos ELSE 0 END) AS of_month, \
    sum(spent_nanos) AS of_all, \
    sum(CASE WHEN day >= ?2 THEN unpriced ELSE 0 END) AS unpriced \
    FROM spending WHERE day <= ?1 GROUP BY account_kind, account_id ORDER BY account_kind, account_id";

/// What one batch of records changes in the ledger.
#[derive(Debug, Default)]
pub(super) struct LedgerLines<'a>(BTreeMap<(&'static str, &'a str, &'a str), Change>);

#[derive(Debug, Default)]
struct Change {
    nanos: i64,
    priced: i64,
    unpriced: i64,
}

impl<'a> LedgerLines<'a> {
    /// A record that is new.
    pub(super) fn add(&mut self, row: &'a RequestRow) {
        self.change(row, row.asked.charged_nanos, row.cost_nanos.is_some(), 1);
    }

    /// A record in whose place another is put: what it was charged with.
    pub(super) fn take_back(&mut self, row: &'a RequestRow, charged: i64, priced: bool) {
        self.change(row, charged.saturating_neg(), priced, -1);
    }

    fn change(&mut self, row: &'a RequestRow, nanos: i64, priced: bool, count: i64) {
        let accounts = [
            ("tenant", Some(row.tenant.as_str())),
            ("key", row.key_id.as_deref()),
            ("user", row.asked.user_id.as_deref()),
        ];
        for (kind, id) in accounts {
            let Some(id) = id else { continue };
            let change = self.0.entry((kind, id, row.day.as_str())).or_default();
            change.nanos = change.nanos.saturating_add(nanos);
            *if priced { &mut change.priced } else { &mut change.unpriced } += count;
        }
    }

    /// Writes them, in the transaction of the records.
    pub(super) fn write(self, connection: &mut SqliteConnection) -> QueryResult<()> {
        for ((kind, id, day), change) in self.0 {
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
}

#[derive(Debug, QueryableByName)]
struct SpentRow {
    #[diesel(sql_type = Text)]
    account_kind: String,
    #[diesel(sql_type = Text)]
    account_id: String,
    #[diesel(sql_type = BigInt)]
    of_day: i64,
    #[diesel(sql_type = BigInt)]
    of_month: i64,
    #[diesel(sql_type = BigInt)]
    of_all: i64,
    #[diesel(sql_type = BigInt)]
    unpriced: i64,
}

impl SpentRow {
    fn into_spending(self) -> Result<Spending, StoreError> {
        let row = Row { what: WHAT, id: &self.account_id };
        let account = Account::from_parts(&self.account_kind, &self.account_id);
        Ok(Spending {
            account: account.ok_or(&self.account_kind).map_err(row.corrupt("account_kind"))?,
            day: Usd::from_nanos(self.of_day),
            month: Usd::from_nanos(self.of_month),
            total: Usd::from_nanos(self.of_all),
            unpriced: row.uncount("unpriced", self.unpriced)?,
        })
    }
}

fn line((day, spent, priced, unpriced): (String, i64, i64, i64)) -> Result<DaySpending, StoreError> {
    let row = Row { what: WHAT, id: &day };
    let (requests, unpriced) = (row.uncount("priced", priced)?, row.uncount("unpriced", unpriced)?);
    Ok(DaySpending { day: day.parse().map_err(row.corrupt("day"))?, spent: Usd::from_nanos(spent), requests, unpriced })
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
                .filter(spending::day.between(from.to_string(), to.to_string()))
                .order(spending::day)
                .select((spending::day, spending::spent_nanos, spending::priced, spending::unpriced));
            let rows = days.load(connection).map_err(|error| operation.failed(&error))?;
            rows.into_iter().map(line).collect()
        };
        self.read(operation, load).await
    }
}
