//! What administrators did, in SQLite.

use async_trait::async_trait;
use diesel::prelude::*;
use router_core::id::RequestId;

use super::SqliteStore;
use super::failure::Operation;
use super::schema::admin_actions;
use crate::audit::{AdminAction, AuditLog};
use crate::columns::Row;
use crate::error::StoreError;
use crate::page::{Page, PageRequest};

const WHAT: &str = "admin action";

#[derive(Debug, Queryable, Selectable, Insertable)]
#[diesel(table_name = admin_actions, treat_none_as_default_value = false)]
struct ActionRow {
    id: Vec<u8>,
    at_us: i64,
    actor: String,
    action: String,
    subject: String,
    value_before: Option<String>,
    value_after: Option<String>,
}

impl ActionRow {
    fn from_action(action: &AdminAction) -> Result<Self, StoreError> {
        let row = Row { what: WHAT, id: &action.id };
        let (before, after) = (action.before.as_ref(), action.after.as_ref());
        Ok(Self {
            id: action.id.0.as_bytes().to_vec(),
            at_us: action.at.as_microsecond(),
            actor: action.actor.clone(),
            action: action.action.clone(),
            subject: action.subject.clone(),
            value_before: before.map(|value| row.to_json("value_before", value)).transpose()?,
            value_after: after.map(|value| row.to_json("value_after", value)).transpose()?,
        })
    }

    fn into_action(self) -> Result<AdminAction, StoreError> {
        let id = Row { what: WHAT, id: &self.id }.id("id", &self.id)?;
        let row = Row { what: WHAT, id: &id };
        Ok(AdminAction {
            id,
            at: row.time("at_us", self.at_us)?,
            actor: self.actor,
            action: self.action,
            subject: self.subject,
            before: self.value_before.map(|text| row.json("value_before", &text)).transpose()?,
            after: self.value_after.map(|text| row.json("value_after", &text)).transpose()?,
        })
    }
}

#[async_trait]
impl AuditLog for SqliteStore {
    async fn note(&self, action: &AdminAction) -> Result<(), StoreError> {
        let row = ActionRow::from_action(action)?;
        let operation = Operation { action: "write an admin action down", what: WHAT };
        let write = move |connection: &mut SqliteConnection| {
            let insert = diesel::insert_into(admin_actions::table).values(&row);
            insert.on_conflict(admin_actions::id).do_nothing().execute(connection).map(drop)
        };
        self.write(operation, write).await
    }

    async fn actions(&self, page: PageRequest) -> Result<Page<AdminAction>, StoreError> {
        let operation = Operation { action: "list admin actions", what: WHAT };
        let limit = page.clamped_limit();
        let load = move |connection: &mut SqliteConnection| {
            let mut actions = admin_actions::table.select(ActionRow::as_select()).into_boxed();
            if let Some(RequestId(before)) = page.before {
                actions = actions.filter(admin_actions::id.lt(before.as_bytes().to_vec()));
            }
            let newest = actions.order(admin_actions::id.desc()).limit(limit as i64 + 1);
            let rows = newest.load::<ActionRow>(connection).map_err(|error| operation.failed(&error))?;
            let actions = rows.into_iter().map(ActionRow::into_action).collect::<Result<_, _>>()?;
            Ok(Page::with_one_more(actions, limit, |action: &AdminAction| action.id))
        };
        self.read(operation, load).await
    }
}
