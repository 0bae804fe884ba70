//! Hourly sums in PostgreSQL.

use async_trait::async_trait;
use diesel::prelude::*;
use diesel::sql_types::{Array, BigInt, Nullable, Text};
use diesel_async::{AsyncPgConnection, RunQueryDsl};

use super::{PostgresStore, task};
use crate::error::StoreError;
use crate::statistics::{MOST_STATISTICS, Statistic, StatisticsFilter, StatisticsStore};
use crate::tables::operation::Operation;
use crate::tables::statistics::{Asked, COLUMNS, StatisticLines, StatisticRow, WHAT};

const CHANGE: &str = "INSERT INTO statistics AS old (tenant, hour, model_id, requests, succeeded, failed, cancelled, \
    outcome_unknown, cached, input_tokens, output_tokens, cost_nanos, unpriced, latency_us) \
    SELECT * FROM unnest($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14) \
    ON CONFLICT (tenant, hour, model_id) DO UPDATE SET \
    requests = old.requests + excluded.requests, succeeded = old.succeeded + excluded.succeeded, \
    failed = old.failed + excluded.failed, cancelled = old.cancelled + excluded.cancelled, \
    outcome_unknown = old.outcome_unknown + excluded.outcome_unknown, cached = old.cached + excluded.cached, \
    input_tokens = old.input_tokens + excluded.input_tokens, output_tokens = old.output_tokens + excluded.output_tokens, \
    cost_nanos = old.cost_nanos + excluded.cost_nanos, unpriced = old.unpriced + excluded.unpriced, \
    latency_us = old.latency_us + excluded.latency_us";

const SUMS: &str = "SELECT hour / $5 * $5 AS start, model_id, sum(requests)::bigint AS requests, \
    sum(succeeded)::bigint AS succeeded, sum(failed)::bigint AS failed, sum(cancelled)::bigint AS cancelled, \
    sum(outcome_unknown)::bigint AS outcome_unknown, sum(cached)::bigint AS cached, \
    sum(input_tokens)::bigint AS input_tokens, sum(output_tokens)::bigint AS output_tokens, \
    sum(cost_nanos)::bigint AS cost_nanos, sum(unpriced)::bigint AS unpriced, sum(latency_us)::bigint AS latency_us \
    FROM statistics WHERE ($1 IS NULL OR tenant = $1) AND ($2 IS NULL OR model_id = $2) AND hour BETWEEN $3 AND $4 \
    GROUP BY 1, 2 ORDER BY 1, 2 LIMIT $6";

/// Writes what a batch of records changes, in its transaction; in the same order in every replica.
pub(super) async fn write(connection: &mut AsyncPgConnection, statistics: StatisticLines<'_>) -> QueryResult<()> {
    let (mut tenants, mut hours, mut models) = (Vec::new(), Vec::new(), Vec::new());
    let mut columns: [Vec<i64>; COLUMNS] = Default::default();
    for ((tenant, hour, model), change) in statistics.into_lines() {
        tenants.push(tenant.to_owned());
        hours.push(hour);
        models.push(model.into_owned());
        for (column, add) in columns.iter_mut().zip(change) {
            column.push(add);
        }
    }
    if tenants.is_empty() {
        return Ok(());
    }
    let keys = diesel::sql_query(CHANGE)
        .into_boxed()
        .bind::<Array<Text>, _>(tenants)
        .bind::<Array<BigInt>, _>(hours)
        .bind::<Array<Text>, _>(models);
    let change = columns.into_iter().fold(keys, |line, column| line.bind::<Array<BigInt>, _>(column));
    change.execute(connection).await.map(drop)
}

#[async_trait]
impl StatisticsStore for PostgresStore {
    async fn statistics(&self, filter: &StatisticsFilter) -> Result<Vec<Statistic>, StoreError> {
        let operation = Operation { action: "add up what was asked", what: WHAT };
        let Asked { tenant, model, from, to, step } = filter.into();
        let load = task::<Vec<StatisticRow>, _>(move |connection| {
            let sums = diesel::sql_query(SUMS)
                .bind::<Nullable<Text>, _>(tenant)
                .bind::<Nullable<Text>, _>(model)
                .bind::<BigInt, _>(from)
                .bind::<BigInt, _>(to)
                .bind::<BigInt, _>(step)
                .bind::<BigInt, _>(MOST_STATISTICS as i64 + 1);
            Box::pin(async move { sums.load(connection).await })
        });
        self.read(operation, load).await?.into_iter().map(StatisticRow::into_statistic).collect()
    }
}
