//! Rows of hourly sums.

use std::borrow::Cow;
use std::collections::BTreeMap;
use std::time::Duration;

use diesel::QueryableByName;
use diesel::sql_types::{BigInt, Text};
use jiff::Timestamp;
use router_core::usd::Usd;

use super::columns::Row;
use super::requests::RequestRow;
use crate::error::StoreError;
use crate::record::RequestStatus;
use crate::statistics::{Statistic, StatisticsFilter, Tally};

pub(crate) const WHAT: &str = "hourly sum";

const HOUR: i64 = 3600;

/// A line's hour, tenant and model.
type LineKey<'a> = (&'a str, i64, Cow<'a, str>);

/// By how much a line changes, in the order of its columns.
pub(crate) type Change = [i64; COLUMNS];

/// How many numbers a line has.
pub(crate) const COLUMNS: usize = 11;

/// What one batch of records changes in the sums.
#[derive(Debug, Default)]
pub(crate) struct StatisticLines<'a>(BTreeMap<LineKey<'a>, Change>);

impl<'a> StatisticLines<'a> {
    /// A record that is new.
    pub(crate) fn add(&mut self, row: &'a RequestRow) {
        let model = Cow::Borrowed(row.model_id.as_deref().unwrap_or_default());
        self.change(row, model, of_row(row), 1);
    }

    /// An unknown outcome in whose place `row` is put; `model` is its model.
    pub(crate) fn take_back_unknown(&mut self, row: &'a RequestRow, model: Option<String>) {
        self.change(row, Cow::Owned(model.unwrap_or_default()), UNKNOWN, -1);
    }

    fn change(&mut self, row: &'a RequestRow, model: Cow<'a, str>, change: Change, sign: i64) {
        // An id without a time is refused before it comes here.
        let seconds = row.id.0.get_timestamp().map_or(0, |time| time.to_unix().0);
        let hour = i64::try_from(seconds).unwrap_or_default() / HOUR;
        let line = self.0.entry((row.tenant.as_str(), hour, model)).or_default();
        for (sum, add) in line.iter_mut().zip(change) {
            *sum = sum.saturating_add(add.saturating_mul(sign));
        }
    }

    /// What is to be written, in an order that is the same for everybody who writes.
    pub(crate) fn into_lines(self) -> impl Iterator<Item = (LineKey<'a>, Change)> {
        self.0.into_iter()
    }
}

/// What an unknown outcome counts as: a request, and one that nobody knows the price of.
const UNKNOWN: Change = [1, 0, 0, 0, 1, 0, 0, 0, 0, 1, 0];

fn of_row(row: &RequestRow) -> Change {
    let is = |status: RequestStatus| i64::from(row.status == status.name());
    let unknown = is(RequestStatus::OutcomeUnknown);
    let usage = &row.usage;
    let input = [usage.input_tokens, usage.cache_read_tokens, usage.cache_write_5m_tokens, usage.cache_write_1h_tokens];
    [
        1,
        is(RequestStatus::Succeeded),
        is(RequestStatus::Failed),
        is(RequestStatus::Cancelled),
        unknown,
        i64::from(row.cached),
        input.into_iter().flatten().fold(0, i64::saturating_add),
        usage.output_tokens.unwrap_or_default(),
        row.cost_nanos.unwrap_or_default(),
        i64::from(row.cost_nanos.is_none()),
        if unknown == 1 { 0 } else { row.latency_us },
    ]
}

/// What is asked of the database, in hours.
pub(crate) struct Asked {
    pub(crate) tenant: Option<String>,
    pub(crate) model: Option<String>,
    pub(crate) from: i64,
    pub(crate) to: i64,
    pub(crate) step: i64,
}

impl From<&StatisticsFilter> for Asked {
    fn from(filter: &StatisticsFilter) -> Self {
        Self {
            tenant: filter.tenant.as_ref().map(ToString::to_string),
            model: filter.model_id.as_ref().map(ToString::to_string),
            from: filter.from.as_second().div_euclid(HOUR),
            to: filter.to.as_second().div_euclid(HOUR),
            step: filter.step_hours.max(1).into(),
        }
    }
}

/// A line as the databases add it up.
#[derive(Debug, QueryableByName)]
pub(crate) struct StatisticRow {
    #[diesel(sql_type = BigInt)]
    start: i64,
    #[diesel(sql_type = Text)]
    model_id: String,
    #[diesel(sql_type = BigInt)]
    requests: i64,
    #[diesel(sql_type = BigInt)]
    succeeded: i64,
    #[diesel(sql_type = BigInt)]
    failed: i64,
    #[diesel(sql_type = BigInt)]
    cancelled: i64,
    #[diesel(sql_type = BigInt)]
    outcome_unknown: i64,
    #[diesel(sql_type = BigInt)]
    cached: i64,
    #[diesel(sql_type = BigInt)]
    input_tokens: i64,
    #[diesel(sql_type = BigInt)]
    output_tokens: i64,
    #[diesel(sql_type = BigInt)]
    cost_nanos: i64,
    #[diesel(sql_type = BigInt)]
    unpriced: i64,
    #[diesel(sql_type = BigInt)]
    latency_us: i64,
}

impl StatisticRow {
    pub(crate) fn into_statistic(self) -> Result<Statistic, StoreError> {
        let row = Row { what: WHAT, id: &self.start };
        // Below zero is what was recorded before there were sums, and corrected after.
        let count = |count: i64| u64::try_from(count).unwrap_or_default();
        Ok(Statistic {
            start: Timestamp::from_second(self.start.saturating_mul(HOUR)).map_err(row.corrupt("hour"))?,
            model_id: (!self.model_id.is_empty()).then(|| self.model_id.into()),
            tally: Tally {
                requests: count(self.requests),
                succeeded: count(self.succeeded),
                failed: count(self.failed),
                cancelled: count(self.cancelled),
                outcome_unknown: count(self.outcome_unknown),
                cached: count(self.cached),
                input_tokens: count(self.input_tokens),
                output_tokens: count(self.output_tokens),
                cost: Usd::from_nanos(self.cost_nanos),
                unpriced: count(self.unpriced),
                latency: Duration::from_micros(count(self.latency_us)),
            },
        })
    }
}
