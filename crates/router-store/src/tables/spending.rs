//! Rows of the ledger that budgets are counted from.

use std::collections::BTreeMap;

use diesel::QueryableByName;
use diesel::sql_types::{BigInt, Text};
use router_core::grants::Account;
use router_core::usd::Usd;

use super::columns::Row;
use super::requests::RequestRow;
use super::sql_types::Day;
use crate::error::StoreError;
use crate::spending::{DaySpending, Spending};

pub(crate) const WHAT: &str = "ledger line";

/// A line's account (its kind and its id) and day.
type LedgerAccount<'a> = (&'static str, &'a str, Day);

/// What one batch of records changes in the ledger.
#[derive(Debug, Default)]
pub(crate) struct LedgerLines<'a>(BTreeMap<LedgerAccount<'a>, Change>);

/// By how much a line changes.
#[derive(Debug, Default)]
pub(crate) struct Change {
    pub(crate) nanos: i64,
    pub(crate) priced: i64,
    pub(crate) unpriced: i64,
}

impl<'a> LedgerLines<'a> {
    /// A record that is new.
    pub(crate) fn add(&mut self, row: &'a RequestRow) {
        self.change(row, row.asked.charged_nanos, row.cost_nanos.is_some(), 1);
    }

    /// A record in whose place another is put: what it was charged with.
    pub(crate) fn take_back(&mut self, row: &'a RequestRow, charged: i64, priced: bool) {
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
            let change = self.0.entry((kind, id, row.day)).or_default();
            change.nanos = change.nanos.saturating_add(nanos);
            *if priced { &mut change.priced } else { &mut change.unpriced } += count;
        }
    }

    /// What is to be written, in an order that is the same for everybody who writes.
    pub(crate) fn into_lines(self) -> impl Iterator<Item = (LedgerAccount<'a>, Change)> {
        self.0.into_iter()
    }
}

/// What an account has spent, as the databases add it up.
#[derive(Debug, QueryableByName)]
pub(crate) struct SpentRow {
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
    pub(crate) fn into_spending(self) -> Result<Spending, StoreError> {
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

/// One line from its columns.
pub(crate) fn line((Day(day), spent, priced, unpriced): (Day, i64, i64, i64)) -> Result<DaySpending, StoreError> {
    let row = Row { what: WHAT, id: &day };
    let (requests, unpriced) = (row.uncount("priced", priced)?, row.uncount("unpriced", unpriced)?);
    Ok(DaySpending { day, spent: Usd::from_nanos(spent), requests, unpriced })
}
