//! Hourly sums in PostgreSQL.

use std::sync::LazyLock;

use async_trait::async_trait;
use diesel::prelude::*;
use diesel::sql_types::{Array, BigInt, Nullable, Text};
use diesel_async::{AsyncPgConnection, RunQueryDsl};

use super::{PostgresStore, task};
use crate::error::StoreError;
use crate::statistics::{MOST_STATISTICS, Statistic, StatisticsFilter, StatisticsStore};
use crate::tables::operation::Operation;
use crate::tables::statistics::{Asked, COLUMNS, StatisticLines, StatisticRow, WHAT, change_statement, sum_statement};

static CHANGE: LazyLock<String> = LazyLock::new(|| {
    // The key has three columns.
    let arrays: Vec<String> = (1..=3 + COLUMNS).map(|number| format!("${number}")).collect();
    change_statement(&format!("SELECT * FROM unnest({})", arrays.join(", ")))
});

static SUMS: LazyLock<String> = LazyLock::new(|| sum_statement('$', "::bigint"));

/// Writes what a batch of records changes, in its transaction; in the same order in every replica.
pub(super) async fn write(connection: &mut AsyncPgConnection, statistics: StatisticLines<'_>) -> QueryResult<()> {
    let (mut tenants, mut hours, mut models) = (Vec::new(), Vec::new(), Vec::new());
    let mut columns = [const { Vec::new() }; COLUMNS];
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
    let keys = diesel::sql_query(CHANGE.as_str())
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
            let sums = diesel::sql_query(SUMS.as_str())
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
