//! Overrides of the configuration in SQLite.

use async_trait::async_trait;
use diesel::prelude::*;

use super::SqliteStore;
use super::admin_actions::note;
use super::revision::raise_revision;
use crate::audit::AdminAction;
use crate::error::StoreError;
use crate::overrides::{Override, OverrideStore};
use crate::tables::admin_actions::ActionRow;
use crate::tables::operation::Operation;
use crate::tables::overrides::{OverrideRow, WHAT};
use crate::tables::schema::overrides;

#[async_trait]
impl OverrideStore for SqliteStore {
    async fn change(&self, set: &[Override], unset: &[String], actions: &[AdminAction]) -> Result<(), StoreError> {
        let set = set.iter().map(OverrideRow::from_override).collect::<Result<Vec<_>, _>>()?;
        let actions = actions.iter().map(ActionRow::from_action).collect::<Result<Vec<_>, _>>()?;
        let unset = unset.to_vec();
        let operation = Operation { action: "change overrides", what: WHAT };
        let write = move |connection: &mut SqliteConnection| {
            for row in &set {
                let insert = diesel::insert_into(overrides::table).values(row);
                insert.on_conflict(overrides::path).do_update().set(row).execute(connection)?;
            }
            diesel::delete(overrides::table.filter(overrides::path.eq_any(&unset))).execute(connection)?;
            actions.iter().try_for_each(|action| note(connection, action))?;
            raise_revision(connection)
        };
        self.write(operation, write).await
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
