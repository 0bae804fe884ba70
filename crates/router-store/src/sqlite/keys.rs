//! API keys in SQLite.

use async_trait::async_trait;
use diesel::prelude::*;

use super::SqliteStore;
use super::admin_actions::note;
use super::revision::raise_revision;
use crate::audit::AdminAction;
use crate::error::StoreError;
use crate::keys::{ApiKey, KeyStore};
use crate::tables::admin_actions::ActionRow;
use crate::tables::keys::{KeyRow, WHAT};
use crate::tables::operation::Operation;
use crate::tables::schema::api_keys;

#[async_trait]
impl KeyStore for SqliteStore {
    async fn put_key(&self, key: &ApiKey, action: &AdminAction) -> Result<(), StoreError> {
        let row = KeyRow::from_key(key)?;
        let action = ActionRow::from_action(action)?;
        let operation = Operation { action: "write a key", what: WHAT };
        let write = move |connection: &mut SqliteConnection| {
            let insert = diesel::insert_into(api_keys::table).values(&row);
            insert.on_conflict(api_keys::id).do_update().set(&row).execute(connection)?;
            note(connection, &action)?;
            raise_revision(connection)
        };
        self.write(operation, write).await
    }

    async fn keys(&self) -> Result<Vec<ApiKey>, StoreError> {
        let operation = Operation { action: "list keys", what: WHAT };
        let load = move |connection: &mut SqliteConnection| {
            let ordered = api_keys::table.order((api_keys::created_at_us, api_keys::id)).select(KeyRow::as_select());
            let rows = ordered.load(connection).map_err(|error| operation.failed(&error))?;
            rows.into_iter().map(KeyRow::into_key).collect()
        };
        self.read(operation, load).await
    }
}
