//! Rows of hourly sums.

use std::borrow::Cow;
use std::collections::BTreeMap;
use std::time::Duration;

use diesel::QueryableByName;
use diesel::sql_types::{BigInt, Text};
use jiff::Timestamp;
use router_core::usd::Usd;
use serde::Deserialize;

use super::columns::Row;
use super::requests::RequestRow;
use crate::error::StoreError;
use crate::record::RequestStatus;
use crate::statistics::{LATENCY_BOUNDS, Statistic, StatisticsFilter, Tally};

pub(crate) const WHAT: &str = "hourly sum";

const HOUR: i64 = 3600;

/// A line's hour, tenant and model.
type LineKey<'a> = (&'a str, i64, Cow<'a, str>);

/// By how much a line changes, in the order of [`NUMBERS`].
pub(crate) type Change = [i64; COLUMNS];

/// How many numbers a line has.
pub(crate) const COLUMNS: usize = NUMBERS.len();

/// How many of them are not of latencies.
const PLAIN: usize = COLUMNS - LATENCY_BOUNDS.len();

/// The columns that are added up, and the row that a sum is read as.
macro_rules! numbers {
    ($($name:ident)*) => {
        /// The columns that are added up: numbers all of them, those of latencies last.
        pub(crate) const NUMBERS: &[&str] = &[$(stringify!($name)),*];

        /// A line as the databases add it up.
        #[derive(Debug, QueryableByName)]
        pub(crate) struct StatisticRow {
            #[diesel(sql_type = BigInt)]
            start: i64,
            #[diesel(sql_type = Text)]
            model_id: String,
            $(#[diesel(sql_type = BigInt)] $name: i64,)*
        }

        impl StatisticRow {
            fn numbers(&self) -> Change {
                [$(self.$name),*]
            }
        }
    };
}

numbers! {
    requests succeeded failed cancelled outcome_unknown cached input_tokens output_tokens cost_nanos unpriced latency_us failed_over
    within_100ms within_250ms within_500ms within_1000ms within_2000ms within_4000ms within_8000ms within_16000ms within_32000ms
    within_64000ms
}

/// The statement that adds to a line, or makes it: `values` is how the database takes key and numbers.
pub(crate) fn change_statement(values: &str) -> String {
    let names = NUMBERS.join(", ");
    let adds: Vec<String> = NUMBERS.iter().map(|name| format!("{name} = old.{name} + excluded.{name}")).collect();
    format!(
        "INSERT INTO statistics AS old (tenant, hour, model_id, {names}) {values} \
         ON CONFLICT (tenant, hour, model_id) DO UPDATE SET {}",
        adds.join(", ")
    )
}

/// The statement that adds lines up: `parameter` is how the database names them, `whole` how a sum becomes a whole number.
pub(crate) fn sum_statement(parameter: char, whole: &str) -> String {
    let sums: Vec<String> = NUMBERS.iter().map(|name| format!("sum({name}){whole} AS {name}")).collect();
    let text = format!(
        "SELECT hour / $5 * $5 AS start, model_id, {} FROM statistics WHERE ($1 IS NULL OR tenant = $1) \
         AND ($2 IS NULL OR model_id = $2) AND hour BETWEEN $3 AND $4 GROUP BY 1, 2 ORDER BY 1, 2 LIMIT $6",
        sums.join(", ")
    );
    if parameter == '$' { text } else { text.replace('$', &parameter.to_string()) }
}

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
        self.change(row, Cow::Owned(model.unwrap_or_default()), of_unknown(), -1);
    }

    fn change(&mut self, row: &'a RequestRow, model: Cow<'a, str>, change: Change, sign: i64) {
        // An id without a time is refused before it comes here.
        let seconds = row.id.0.get_timestamp().map_or(0, |time| time.to_unix().0);
        let hour = i64::try_from(seconds).unwrap_or_default() / HOUR;
        let line = self.0.entry((row.tenant.as_str(), hour, model)).or_insert([0; COLUMNS]);
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
fn of_unknown() -> Change {
    let mut change = [0; COLUMNS];
    for (sum, name) in change.iter_mut().zip(NUMBERS) {
        *sum = i64::from(["requests", "outcome_unknown", "unpriced"].contains(name));
    }
    change
}

fn of_row(row: &RequestRow) -> Change {
    let is = |status: RequestStatus| i64::from(row.status == status.name());
    let unknown = is(RequestStatus::OutcomeUnknown);
    let usage = &row.usage;
    let input = [usage.input_tokens, usage.cache_read_tokens, usage.cache_write_5m_tokens, usage.cache_write_1h_tokens];
    let plain: [i64; PLAIN] = [
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
        i64::from(failed_over(&row.attempts)),
    ];
    let mut change = [0; COLUMNS];
    let (first, latencies) = change.split_at_mut(PLAIN);
    first.copy_from_slice(&plain);
    let latency = Duration::from_micros(row.latency_us.unsigned_abs());
    let bound = LATENCY_BOUNDS.iter().position(|bound| latency <= *bound).filter(|_| unknown == 0);
    if let Some(count) = bound.and_then(|bound| latencies.get_mut(bound)) {
        *count = 1;
    }
    change
}

/// Whether the attempts of a row, which are JSON, are of more than one model.
fn failed_over(attempts: &str) -> bool {
    #[derive(Deserialize)]
    #[serde(rename_all = "camelCase")]
    struct Tried<'a> {
        #[serde(borrow)]
        model_id: Cow<'a, str>,
    }
    // Most have one, and need no reading.
    if attempts.matches("\"modelId\"").count() < 2 {
        return false;
    }
    let tried: Vec<Tried<'_>> = serde_json::from_str(attempts).unwrap_or_default();
    tried.windows(2).any(|pair| matches!(pair, [one, next] if one.model_id != next.model_id))
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

impl StatisticRow {
    pub(crate) fn into_statistic(self) -> Result<Statistic, StoreError> {
        let row = Row { what: WHAT, id: &self.start };
        // Below zero is what was recorded before there were sums, and corrected after.
        let count = |count: i64| u64::try_from(count).unwrap_or_default();
        let numbers = self.numbers();
        let within = std::array::from_fn(|bound| numbers.get(PLAIN + bound).copied().map_or(0, count));
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
                failed_over: count(self.failed_over),
                within,
            },
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_answer_of_another_model_is_a_failover_and_a_repetition_is_none() {
        let of = |models: &[&str]| {
            let attempts: Vec<_> = models.iter().map(|model| serde_json::json!({"modelId": model, "x": 1})).collect();
            failed_over(&serde_json::to_string(&attempts).unwrap())
        };
        assert!(!of(&[]) && !of(&["a"]) && !of(&["a", "a"]));
        assert!(of(&["a", "b"]) && of(&["a", "a", "b"]));
    }

    #[test]
    fn every_bound_has_a_column() {
        for (name, bound) in NUMBERS[PLAIN..].iter().zip(LATENCY_BOUNDS) {
            assert_eq!(*name, format!("within_{}ms", bound.as_millis()));
        }
    }
}
