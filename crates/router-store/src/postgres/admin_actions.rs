//! What administrators did, in PostgreSQL.

use async_trait::async_trait;
use diesel::prelude::*;
use diesel_async::{AsyncPgConnection, RunQueryDsl};

use super::text::storable;
use super::{PostgresStore, task};
use crate::audit::{AdminAction, AuditLog};
use crate::error::StoreError;
use crate::page::{Page, PageRequest};
use crate::tables::admin_actions::{ActionRow, WHAT};
use crate::tables::operation::Operation;
use crate::tables::schema::admin_actions;
use crate::tables::sql_types::Id;

/// An action as PostgreSQL can hold it.
pub(super) fn action_row(action: &AdminAction) -> Result<ActionRow, StoreError> {
    let mut row = ActionRow::from_action(action)?;
    storable(&mut row.subject);
    Ok(row)
}

/// Writes an action down, in the transaction of what was done.
pub(super) async fn note(connection: &mut AsyncPgConnection, action: &ActionRow) -> QueryResult<()> {
    diesel::insert_into(admin_actions::table).values(action).execute(connection).await.map(drop)
}

#[async_trait]
impl AuditLog for PostgresStore {
    async fn actions(&self, page: PageRequest) -> Result<Page<AdminAction>, StoreError> {
        let operation = Operation { action: "list admin actions", what: WHAT };
        let limit = page.clamped_limit();
        let load = task::<Vec<ActionRow>, _>(move |connection| {
            let mut actions = admin_actions::table.select(ActionRow::as_select()).into_boxed();
            if let Some(before) = page.before {
                actions = actions.filter(admin_actions::id.lt(Id::from(before)));
            }
            let newest = actions.order(admin_actions::id.desc()).limit(limit as i64 + 1);
            Box::pin(async move { newest.load(connection).await })
        });
        let rows = self.read(operation, load).await?;
        let actions = rows.into_iter().map(ActionRow::into_action).collect::<Result<_, _>>()?;
        Ok(Page::with_one_more(actions, limit, |action: &AdminAction| action.id))
    }
}
