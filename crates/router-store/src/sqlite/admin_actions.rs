//! What administrators did, in SQLite.

use async_trait::async_trait;
use diesel::prelude::*;
use router_core::id::RequestId;

use super::SqliteStore;
use crate::audit::{AdminAction, AuditLog};
use crate::error::StoreError;
use crate::page::{Page, PageRequest};
use crate::tables::admin_actions::{ActionRow, WHAT};
use crate::tables::operation::Operation;
use crate::tables::schema::admin_actions;
use crate::tables::sql_types::Id;

/// Writes an action down, in the transaction of what was done.
pub(super) fn note(connection: &mut SqliteConnection, action: &ActionRow) -> QueryResult<()> {
    diesel::insert_into(admin_actions::table).values(action).execute(connection).map(drop)
}

#[async_trait]
impl AuditLog for SqliteStore {
    async fn actions(&self, page: PageRequest) -> Result<Page<AdminAction>, StoreError> {
        let operation = Operation { action: "list admin actions", what: WHAT };
        let limit = page.clamped_limit();
        let load = move |connection: &mut SqliteConnection| {
            let mut actions = admin_actions::table.select(ActionRow::as_select()).into_boxed();
            if let Some(RequestId(before)) = page.before {
                actions = actions.filter(admin_actions::id.lt(Id(before)));
            }
            let newest = actions.order(admin_actions::id.desc()).limit(limit as i64 + 1);
            let rows = newest.load::<ActionRow>(connection).map_err(|error| operation.failed(&error))?;
            let actions = rows.into_iter().map(ActionRow::into_action).collect::<Result<_, _>>()?;
            Ok(Page::with_one_more(actions, limit, |action: &AdminAction| action.id))
        };
        self.read(operation, load).await
    }
}
