//! API keys in PostgreSQL.

use async_trait::async_trait;
use diesel::prelude::*;
use diesel_async::RunQueryDsl;

use super::admin_actions::{action_row, note};
use super::revision::raise_revision;
use super::text::storable;
use super::{PostgresStore, task};
use crate::audit::AdminAction;
use crate::error::StoreError;
use crate::keys::{ApiKey, KeyStore};
use crate::tables::keys::{KeyRow, WHAT};
use crate::tables::operation::Operation;
use crate::tables::schema::api_keys;

#[async_trait]
impl KeyStore for PostgresStore {
    async fn put_key(&self, key: &ApiKey, action: &AdminAction) -> Result<(), StoreError> {
        let mut row = KeyRow::from_key(key)?;
        storable(&mut row.name);
        let action = action_row(action)?;
        let operation = Operation { action: "write a key", what: WHAT };
        let write = task::<(), _>(move |connection| {
            Box::pin(async move {
                let insert = diesel::insert_into(api_keys::table).values(&row);
                insert.on_conflict(api_keys::id).do_update().set(&row).execute(connection).await?;
                note(connection, &action).await?;
                raise_revision(connection).await
            })
        });
        self.write(operation, write).await
    }

    async fn keys(&self) -> Result<Vec<ApiKey>, StoreError> {
        let operation = Operation { action: "list keys", what: WHAT };
        let load = task::<Vec<KeyRow>, _>(|connection| {
            Box::pin(async move {
                let ordered = api_keys::table.order((api_keys::created_at_us, api_keys::id));
                ordered.select(KeyRow::as_select()).load(connection).await
            })
        });
        self.read(operation, load).await?.into_iter().map(KeyRow::into_key).collect()
    }
}
