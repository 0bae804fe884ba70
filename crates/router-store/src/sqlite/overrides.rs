//! Overrides of the configuration in SQLite.

use async_trait::async_trait;
use diesel::prelude::*;

use super::SqliteStore;
use super::revision::raise_revision;
use crate::error::StoreError;
use crate::overrides::{Override, OverrideStore};
use crate::tables::operation::Operation;
use crate::tables::overrides::{OverrideRow, WHAT};
use crate::tables::schema::overrides;

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
