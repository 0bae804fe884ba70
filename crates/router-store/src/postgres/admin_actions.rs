//! What administrators did, in PostgreSQL.

use async_trait::async_trait;
use diesel::prelude::*;
use diesel_async::RunQueryDsl;

use super::text::storable;
use super::{PostgresStore, task};
use crate::audit::{AdminAction, AuditLog};
use crate::error::StoreError;
use crate::page::{Page, PageRequest};
use crate::tables::admin_actions::{ActionRow, WHAT};
use crate::tables::operation::Operation;
use crate::tables::schema::admin_actions;
use crate::tables::sql_types::Id;

#[async_trait]
impl AuditLog for PostgresStore {
    async fn note(&self, action: &AdminAction) -> Result<(), StoreError> {
        let mut row = ActionRow::from_action(action)?;
        storable(&mut row.subject);
        let operation = Operation { action: "write an admin action down", what: WHAT };
        let write = task::<(), _>(move |connection| {
            Box::pin(async move {
                let insert = diesel::insert_into(admin_actions::table).values(&row);
                insert.on_conflict(admin_actions::id).do_nothing().execute(connection).await.map(drop)
            })
        });
        self.write(operation, write).await
    }

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
