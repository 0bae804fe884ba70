//! API keys in SQLite.

use async_trait::async_trait;
use diesel::prelude::*;
use jiff::Timestamp;

use super::SqliteStore;
use super::failure::Operation;
use super::revision::raise_revision;
use super::schema::api_keys;
use crate::columns::{self, Row};
use crate::error::StoreError;
use crate::keys::{ApiKey, KeyStore};

const WHAT: &str = "key";

#[derive(Queryable, Selectable, Insertable, AsChangeset)]
#[diesel(table_name = api_keys, treat_none_as_null = true, treat_none_as_default_value = false)]
struct KeyRow {
    id: String,
    digest: Vec<u8>,
    tenant: String,
    user_id: Option<String>,
    name: String,
    role: String,
    allowed_models: Option<String>,
    allowed_providers: Option<String>,
    limits: String,
    budgets: String,
    keep_text: Option<String>,
    tags: String,
    created_at_us: i64,
    expires_at_us: Option<i64>,
    revoked_at_us: Option<i64>,
}

impl KeyRow {
    fn from_key(key: &ApiKey) -> Result<Self, StoreError> {
        let row = Row { what: WHAT, id: &key.id };
        let (models, providers) = (key.allowed_models.as_ref(), key.allowed_providers.as_ref());
        Ok(Self {
            id: key.id.to_string(),
            digest: key.digest.to_vec(),
            tenant: key.tenant.to_string(),
            user_id: key.user.as_ref().map(ToString::to_string),
            name: key.name.clone(),
            role: columns::role(key.role).to_owned(),
            allowed_models: models.map(|models| row.to_json("allowed_models", models)).transpose()?,
            allowed_providers: providers.map(|names| row.to_json("allowed_providers", names)).transpose()?,
            limits: row.to_json("limits", &key.limits)?,
            budgets: row.to_json("budgets", &key.budgets)?,
            keep_text: key.keep_text.map(|keep| keep.name().to_owned()),
            tags: row.to_json("tags", &key.tags)?,
            created_at_us: key.created_at.as_microsecond(),
            expires_at_us: key.expires_at.map(Timestamp::as_microsecond),
            revoked_at_us: key.revoked_at.map(Timestamp::as_microsecond),
        })
    }

    fn into_key(self) -> Result<ApiKey, StoreError> {
        let row = Row { what: WHAT, id: &self.id };
        let wrong_length = |bytes: Vec<u8>| row.corrupt("digest")(format!("{} bytes instead of 32", bytes.len()));
        Ok(ApiKey {
            digest: self.digest.try_into().map_err(wrong_length)?,
            tenant: self.tenant.into(),
            user: self.user_id.map(Into::into),
            name: self.name,
            role: row.named("role", &self.role)?,
            allowed_models: self.allowed_models.map(|list| row.json("allowed_models", &list)).transpose()?,
            allowed_providers: self.allowed_providers.map(|list| row.json("allowed_providers", &list)).transpose()?,
            limits: row.json("limits", &self.limits)?,
            budgets: row.json("budgets", &self.budgets)?,
            keep_text: self.keep_text.map(|name| row.named("keep_text", &name)).transpose()?,
            tags: row.json("tags", &self.tags)?,
            created_at: row.time("created_at_us", self.created_at_us)?,
            expires_at: self.expires_at_us.map(|micros| row.time("expires_at_us", micros)).transpose()?,
            revoked_at: self.revoked_at_us.map(|micros| row.time("revoked_at_us", micros)).transpose()?,
            id: self.id.as_str().into(),
        })
    }
}

#[async_trait]
impl KeyStore for SqliteStore {
    async fn put_key(&self, key: &ApiKey) -> Result<(), StoreError> {
        let row = KeyRow::from_key(key)?;
        let operation = Operation { action: "write a key", what: WHAT };
        let write = move |connection: &mut SqliteConnection| {
            let insert = diesel::insert_into(api_keys::table).values(&row);
            insert.on_conflict(api_keys::id).do_update().set(&row).execute(connection)?;
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
