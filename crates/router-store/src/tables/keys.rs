//! Rows of API keys.

use diesel::prelude::*;
use jiff::Timestamp;

use super::columns::{self, Row};
use super::schema::api_keys;
use crate::error::StoreError;
use crate::keys::ApiKey;

pub(crate) const WHAT: &str = "key";

#[derive(Queryable, Selectable, Insertable, AsChangeset)]
#[diesel(table_name = api_keys, treat_none_as_null = true, treat_none_as_default_value = false)]
pub(crate) struct KeyRow {
    pub(crate) id: String,
    pub(crate) digest: Vec<u8>,
    pub(crate) tenant: String,
    pub(crate) user_id: Option<String>,
    pub(crate) name: String,
    pub(crate) role: String,
    pub(crate) allowed_models: Option<String>,
    pub(crate) allowed_providers: Option<String>,
    pub(crate) limits: String,
    pub(crate) budgets: String,
    pub(crate) keep_text: Option<String>,
    pub(crate) tags: String,
    pub(crate) created_at_us: i64,
    pub(crate) expires_at_us: Option<i64>,
    pub(crate) revoked_at_us: Option<i64>,
}

impl KeyRow {
    pub(crate) fn from_key(key: &ApiKey) -> Result<Self, StoreError> {
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

    pub(crate) fn into_key(self) -> Result<ApiKey, StoreError> {
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
