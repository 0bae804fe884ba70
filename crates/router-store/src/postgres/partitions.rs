//! One partition of the audit log for each day.

use std::collections::BTreeSet;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use diesel::QueryResult;
use diesel::dsl::sql;
use diesel::sql_types::{Bool, Text};
use diesel_async::{AsyncPgConnection, RunQueryDsl, SimpleAsyncConnection};
use jiff::civil::Date;
use jiff::tz::Offset;
use jiff::{Timestamp, ToSpan};

use super::migrations::LOCK;
use super::{PostgresStore, task};
use crate::error::StoreError;
use crate::tables::operation::Operation;
use crate::tables::requests::WHAT;

/// So many days from today have one before they begin.
const AHEAD: i64 = 3;

/// The days that are known to have a partition.
#[derive(Debug, Clone, Default)]
pub(super) struct KnownDays(Arc<Mutex<BTreeSet<Date>>>);

impl KnownDays {
    fn lock(&self) -> MutexGuard<'_, BTreeSet<Date>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Somebody has dropped one.
    pub(super) fn forget(&self) {
        self.lock().clear();
    }
}

/// Makes those of the next days.
pub(super) async fn ahead(store: &PostgresStore) -> Result<(), StoreError> {
    let today = Offset::UTC.to_datetime(Timestamp::now()).date();
    ensure(store, (0..AHEAD).map(|days| today.saturating_add(days.days()))).await
}

/// Makes the partitions of `days` that are not there.
pub(super) async fn ensure(store: &PostgresStore, days: impl Iterator<Item = Date>) -> Result<(), StoreError> {
    let unknown: BTreeSet<Date> = {
        let known = store.known_days.lock();
        days.filter(|day| !known.contains(day)).collect()
    };
    for day in unknown {
        let operation = Operation { action: "make a partition for a day", what: WHAT };
        let make = task::<(), _>(move |connection| Box::pin(make(connection, day)));
        store.write(operation, make).await?;
        store.known_days.lock().insert(day);
    }
    Ok(())
}

async fn make(connection: &mut AsyncPgConnection, day: Date) -> QueryResult<()> {
    let name = name(day);
    if exists(connection, &name).await? {
        return Ok(());
    }
    // One at a time, and looked for again: another replica may have been faster.
    connection.batch_execute(&format!("SELECT pg_advisory_xact_lock({LOCK})")).await?;
    if exists(connection, &name).await? {
        return Ok(());
    }
    let next = day.saturating_add(1.day());
    // Attached, not made in its place: that would lock out everybody who reads or writes.
    let statements = format!(
        "CREATE TABLE {name} (LIKE requests INCLUDING DEFAULTS INCLUDING CONSTRAINTS); \
         ALTER TABLE requests ATTACH PARTITION {name} FOR VALUES FROM ('{day}') TO ('{next}')"
    );
    connection.batch_execute(&statements).await
}

/// By a look into the catalogue's tables: functions such as `to_regclass` may answer from a cache that a wait for an advisory
/// lock does not refresh.
async fn exists(connection: &mut AsyncPgConnection, name: &str) -> QueryResult<bool> {
    let there = sql::<Bool>(
        "EXISTS (SELECT FROM pg_inherits JOIN pg_class child ON child.oid = inhrelid WHERE inhparent = \
                             to_regclass('requests') AND child.relname = ",
    );
    diesel::select(there.bind::<Text, _>(name).sql(")")).get_result(connection).await
}

/// `requests_20261124`.
fn name(day: Date) -> String {
    format!("requests_{:04}{:02}{:02}", day.year(), day.month(), day.day())
}

/// The day of a partition, from its name.
fn day_of(name: &str) -> Option<Date> {
    let digits = name.strip_prefix("requests_").filter(|digits| digits.len() == 8)?;
    let (year, month, day) = (digits.get(0..4)?, digits.get(4..6)?, digits.get(6..8)?);
    Date::new(year.parse().ok()?, month.parse().ok()?, day.parse().ok()?).ok()
}

#[derive(diesel::QueryableByName)]
struct Partition {
    #[diesel(sql_type = Text)]
    name: String,
}

/// Drops the oldest partition of a day before `keep_from`. Returns whether there was one.
pub(super) async fn drop_oldest(connection: &mut AsyncPgConnection, keep_from: Date) -> QueryResult<bool> {
    let query = "SELECT child.relname::text AS name FROM pg_inherits JOIN pg_class child ON child.oid = inhrelid \
                 WHERE inhparent = to_regclass('requests') ORDER BY name";
    let partitions: Vec<Partition> = diesel::sql_query(query).load(connection).await?;
    let names = partitions.into_iter().map(|partition| partition.name);
    let oldest = names.filter_map(|name| day_of(&name)).find(|&day| day < keep_from);
    let Some(day) = oldest else { return Ok(false) };
    // Whoever reads just now comes first; it is tried again later.
    let drop = format!("SET LOCAL lock_timeout = '2s'; DROP TABLE {}", name(day));
    connection.batch_execute(&drop).await?;
    Ok(true)
}

#[cfg(test)]
mod tests {
    use jiff::civil::date;

    use super::*;

    #[test]
    fn partitions_are_named_by_their_day() {
        assert_eq!(name(date(2026, 1, 9)), "requests_20260109");
        assert_eq!(day_of("requests_20260109"), Some(date(2026, 1, 9)));
        for other in ["requests", "requests_2026", "requests_20261301", "requests_default", "requests_2026010ß"] {
            assert_eq!(day_of(other), None, "{other}");
        }
    }
}
