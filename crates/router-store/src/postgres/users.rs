//! Users in PostgreSQL.

use async_trait::async_trait;
use diesel::prelude::*;
use diesel_async::RunQueryDsl;

use super::admin_actions::{action_row, note};
use super::revision::raise_revision;
use super::text::storable;
use super::{PostgresStore, task};
use crate::audit::AdminAction;
use crate::error::StoreError;
use crate::tables::operation::Operation;
use crate::tables::schema::users;
use crate::tables::users::{UserRow, WHAT};
use crate::users::{User, UserStore};

#[async_trait]
impl UserStore for PostgresStore {
    async fn put_user(&self, user: &User, action: &AdminAction) -> Result<(), StoreError> {
        let mut row = UserRow::from_user(user)?;
        storable(&mut row.email);
        let action = action_row(action)?;
        let operation = Operation { action: "write a user", what: WHAT };
        let write = task::<(), _>(move |connection| {
            Box::pin(async move {
                let insert = diesel::insert_into(users::table).values(&row);
                insert.on_conflict(users::id).do_update().set(&row).execute(connection).await?;
                note(connection, &action).await?;
                raise_revision(connection).await
            })
        });
        self.write(operation, write).await
    }

    async fn users(&self) -> Result<Vec<User>, StoreError> {
        let operation = Operation { action: "list users", what: WHAT };
        let load = task::<Vec<UserRow>, _>(|connection| {
            Box::pin(async move {
                let ordered = users::table.order((users::created_at_us, users::id));
                ordered.select(UserRow::as_select()).load(connection).await
            })
        });
        self.read(operation, load).await?.into_iter().map(UserRow::into_user).collect()
    }
}
