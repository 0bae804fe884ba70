//! Users in SQLite.

use async_trait::async_trait;
use diesel::prelude::*;

use super::SqliteStore;
use super::admin_actions::note;
use super::revision::raise_revision;
use crate::audit::AdminAction;
use crate::error::StoreError;
use crate::tables::admin_actions::ActionRow;
use crate::tables::operation::Operation;
use crate::tables::schema::users;
use crate::tables::users::{UserRow, WHAT};
use crate::users::{User, UserStore};

#[async_trait]
impl UserStore for SqliteStore {
    async fn put_user(&self, user: &User, action: &AdminAction) -> Result<(), StoreError> {
        let row = UserRow::from_user(user)?;
        let action = ActionRow::from_action(action)?;
        let operation = Operation { action: "write a user", what: WHAT };
        let write = move |connection: &mut SqliteConnection| {
            let insert = diesel::insert_into(users::table).values(&row);
            insert.on_conflict(users::id).do_update().set(&row).execute(connection)?;
            note(connection, &action)?;
            raise_revision(connection)
        };
        self.write(operation, write).await
    }

    async fn users(&self) -> Result<Vec<User>, StoreError> {
        let operation = Operation { action: "list users", what: WHAT };
        let load = move |connection: &mut SqliteConnection| {
            let ordered = users::table.order((users::created_at_us, users::id)).select(UserRow::as_select());
            let rows = ordered.load(connection).map_err(|error| operation.failed(&error))?;
            rows.into_iter().map(UserRow::into_user).collect()
        };
        self.read(operation, load).await
    }
}
