//! Overrides of the configuration in PostgreSQL.

use async_trait::async_trait;
use diesel::prelude::*;
use diesel_async::RunQueryDsl;

use super::admin_actions::{action_row, note};
use super::revision::raise_revision;
use super::{PostgresStore, task};
use crate::audit::AdminAction;
use crate::error::StoreError;
use crate::overrides::{Override, OverrideStore};
use crate::tables::operation::Operation;
use crate::tables::overrides::{OverrideRow, WHAT};
use crate::tables::schema::overrides;

#[async_trait]
impl OverrideStore for PostgresStore {
    async fn change(&self, set: &[Override], unset: &[String], actions: &[AdminAction]) -> Result<(), StoreError> {
        let set = set.iter().map(OverrideRow::from_override).collect::<Result<Vec<_>, _>>()?;
        let actions = actions.iter().map(action_row).collect::<Result<Vec<_>, _>>()?;
        let unset = unset.to_vec();
        let operation = Operation { action: "change overrides", what: WHAT };
        let write = task::<(), _>(move |connection| {
            Box::pin(async move {
                for row in &set {
                    let insert = diesel::insert_into(overrides::table).values(row);
                    insert.on_conflict(overrides::path).do_update().set(row).execute(connection).await?;
                }
                diesel::delete(overrides::table.filter(overrides::path.eq_any(&unset))).execute(connection).await?;
                for action in &actions {
                    note(connection, action).await?;
                }
                raise_revision(connection).await
            })
        });
        self.write(operation, write).await
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
