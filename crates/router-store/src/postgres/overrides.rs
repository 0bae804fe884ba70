//! Overrides of the configuration in PostgreSQL.

use async_trait::async_trait;
use diesel::prelude::*;
use diesel_async::RunQueryDsl;

use super::revision::raise_revision;
use super::{PostgresStore, task};
use crate::error::StoreError;
use crate::overrides::{Override, OverrideStore};
use crate::tables::operation::Operation;
use crate::tables::overrides::{OverrideRow, WHAT};
use crate::tables::schema::overrides;

#[async_trait]
impl OverrideStore for PostgresStore {
    async fn set(&self, change: &Override) -> Result<(), StoreError> {
        let row = OverrideRow::from_override(change)?;
        let operation = Operation { action: "set an override", what: WHAT };
        let write = task::<(), _>(move |connection| {
            Box::pin(async move {
                let insert = diesel::insert_into(overrides::table).values(&row);
                insert.on_conflict(overrides::path).do_update().set(&row).execute(connection).await?;
                raise_revision(connection).await
            })
        });
        self.write(operation, write).await
    }

    async fn unset(&self, path: &str) -> Result<bool, StoreError> {
        let path = path.to_owned();
        let operation = Operation { action: "take an override away", what: WHAT };
        let take = task::<bool, _>(move |connection| {
            Box::pin(async move {
                let taken = diesel::delete(overrides::table.find(path)).execute(connection).await?;
                if taken > 0 {
                    raise_revision(connection).await?;
                }
                Ok(taken > 0)
            })
        });
        self.write(operation, take).await
    }

    async fn overrides(&self) -> Result<Vec<Override>, StoreError> {
        let operation = Operation { action: "list overrides", what: WHAT };
        let load = task::<Vec<OverrideRow>, _>(|connection| {
            let ordered = overrides::table.order(overrides::path).select(OverrideRow::as_select());
            Box::pin(async move { ordered.load(connection).await })
        });
        self.read(operation, load).await?.into_iter().map(OverrideRow::into_override).collect()
    }
}
