//! Overrides of the configuration in SQLite.

use async_trait::async_trait;
use diesel::prelude::*;

use super::SqliteStore;
use super::failure::Operation;
use super::revision::raise_revision;
use super::schema::overrides;
use crate::columns::Row;
use crate::error::StoreError;
use crate::overrides::{Override, OverrideStore};

const WHAT: &str = "configuration override";

#[derive(Debug, Queryable, Selectable, Insertable, AsChangeset)]
#[diesel(table_name = overrides)]
struct OverrideRow {
    path: String,
    value: String,
    actor: String,
    at_us: i64,
}

impl OverrideRow {
    fn from_override(change: &Override) -> Result<Self, StoreError> {
        let row = Row { what: WHAT, id: &change.path };
        Ok(Self {
            path: change.path.clone(),
            value: row.to_json("value", &change.value)?,
            actor: change.actor.clone(),
            at_us: change.at.as_microsecond(),
        })
    }

    fn into_override(self) -> Result<Override, StoreError> {
        let row = Row { what: WHAT, id: &self.path };
        let (value, at) = (row.json("value", &self.value)?, row.time("at_us", self.at_us)?);
        Ok(Override { path: self.path, value, actor: self.actor, at })
    }
}

#[async_trait]
impl OverrideStore for SqliteStore {
    async fn set(&self, change: &Override) -> Result<(), StoreError> {
        let row = OverrideRow::from_override(change)?;
        let operation = Operation { action: "set an override", what: WHAT };
        let write = move |connection: &mut SqliteConnection| {
            let insert = diesel::insert_into(overrides::table).values(&row);
            insert.on_conflict(overrides::path).do_update().set(&row).execute(connection)?;
            raise_revision(connection)
        };
        self.write(operation, write).await
    }

    async fn unset(&self, path: &str) -> Result<bool, StoreError> {
        let path = path.to_owned();
        let operation = Operation { action: "take an override away", what: WHAT };
        let take = move |connection: &mut SqliteConnection| {
            let taken = diesel::delete(overrides::table.find(path)).execute(connection)?;
            if taken > 0 {
                raise_revision(connection)?;
            }
            Ok(taken > 0)
        };
        self.write(operation, take).await
    }

    async fn overrides(&self) -> Result<Vec<Override>, StoreError> {
        let operation = Operation { action: "list overrides", what: WHAT };
        let load = move |connection: &mut SqliteConnection| {
            let ordered = overrides::table.order(overrides::path).select(OverrideRow::as_select());
            let rows = ordered.load(connection).map_err(|error| operation.failed(&error))?;
            rows.into_iter().map(OverrideRow::into_override).collect()
        };
        self.read(operation, load).await
    }
}
