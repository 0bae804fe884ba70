//! Hourly sums in SQLite.

use async_trait::async_trait;
use diesel::prelude::*;
use diesel::sql_types::{BigInt, Nullable, Text};

use super::SqliteStore;
use crate::error::StoreError;
use crate::statistics::{MOST_STATISTICS, Statistic, StatisticsFilter, StatisticsStore};
use crate::tables::operation::Operation;
use crate::tables::statistics::{Asked, StatisticLines, StatisticRow, WHAT};

const CHANGE: &str = "INSERT INTO statistics (tenant, hour, model_id, requests, succeeded, failed, cancelled, outcome_unknown, cached, \
    input_tokens, output_tokens, cost_nanos, unpriced, latency_us) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?) \
    ON CONFLICT (tenant, hour, model_id) DO UPDATE SET \
    requests = requests + excluded.requests, succeeded = succeeded + excluded.succeeded, failed = failed + excluded.failed, \
    cancelled = cancelled + excluded.cancelled, outcome_unknown = outcome_unknown + excluded.outcome_unknown, \
    cached = cached + excluded.cached, input_tokens = input_tokens + excluded.input_tokens, \
    output_tokens = output_tokens + excluded.output_tokens, cost_nanos = cost_nanos + excluded.cost_nanos, \
    unpriced = unpriced + excluded.unpriced, latency_us = latency_us + excluded.latency_us";

const SUMS: &str = "SELECT hour / ?5 * ?5 AS start, model_id, sum(requests) AS requests, sum(succeeded) AS succeeded, \
    sum(failed) AS failed, sum(cancelled) AS cancelled, sum(outcome_unknown) AS outcome_unknown, sum(cached) AS cached, \
    sum(input_tokens) AS input_tokens, sum(output_tokens) AS output_tokens, sum(cost_nanos) AS cost_nanos, \
    sum(unpriced) AS unpriced, sum(latency_us) AS latency_us \
    FROM statistics WHERE (?1 IS NULL OR tenant = ?1) AND (?2 IS NULL OR model_id = ?2) AND hour BETWEEN ?3 AND ?4 \
    GROUP BY 1, 2 ORDER BY 1, 2 LIMIT ?6";

/// Writes what a batch of records changes, in its transaction.
pub(super) fn write(statistics: StatisticLines<'_>, connection: &mut SqliteConnection) -> QueryResult<()> {
    for ((tenant, hour, model), change) in statistics.into_lines() {
        let key = diesel::sql_query(CHANGE).into_boxed().bind::<Text, _>(tenant).bind::<BigInt, _>(hour);
        let line = key.bind::<Text, _>(model.as_ref());
        change.into_iter().fold(line, |line, add| line.bind::<BigInt, _>(add)).execute(connection)?;
    }
    Ok(())
}

#[async_trait]
impl StatisticsStore for SqliteStore {
    async fn statistics(&self, filter: &StatisticsFilter) -> Result<Vec<Statistic>, StoreError> {
        let operation = Operation { action: "add up what was asked", what: WHAT };
        let Asked { tenant, model, from, to, step } = filter.into();
        let load = move |connection: &mut SqliteConnection| {
            let sums = diesel::sql_query(SUMS)
                .bind::<Nullable<Text>, _>(tenant)
                .bind::<Nullable<Text>, _>(model)
                .bind::<BigInt, _>(from)
                .bind::<BigInt, _>(to)
                .bind::<BigInt, _>(step)
                .bind::<BigInt, _>(MOST_STATISTICS as i64 + 1);
            let rows = sums.load::<StatisticRow>(connection).map_err(|error| operation.failed(&error))?;
            rows.into_iter().map(StatisticRow::into_statistic).collect()
        };
        self.read(operation, load).await
    }
}
