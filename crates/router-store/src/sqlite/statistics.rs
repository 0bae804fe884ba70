//! Hourly sums in SQLite.

use std::sync::LazyLock;

use async_trait::async_trait;
use diesel::prelude::*;
use diesel::sql_types::{BigInt, Nullable, Text};

use super::SqliteStore;
use crate::error::StoreError;
use crate::statistics::{MOST_STATISTICS, Statistic, StatisticsFilter, StatisticsStore};
use crate::tables::operation::Operation;
use crate::tables::statistics::{Asked, COLUMNS, StatisticLines, StatisticRow, WHAT, change_statement, sum_statement};

static CHANGE: LazyLock<String> = LazyLock::new(|| {
    // The key has three columns.
    change_statement(&format!("VALUES ({})", vec!["?"; 3 + COLUMNS].join(", ")))
});

static SUMS: LazyLock<String> = LazyLock::new(|| sum_statement('?', ""));

/// Writes what a batch of records changes, in its transaction.
pub(super) fn write(statistics: StatisticLines<'_>, connection: &mut SqliteConnection) -> QueryResult<()> {
    for ((tenant, hour, model), change) in statistics.into_lines() {
        let key = diesel::sql_query(CHANGE.as_str()).into_boxed().bind::<Text, _>(tenant).bind::<BigInt, _>(hour);
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
            let sums = diesel::sql_query(SUMS.as_str())
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
