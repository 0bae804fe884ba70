//! Rows of users.

use diesel::prelude::*;
use jiff::Timestamp;

use super::columns::{self, Row};
use super::schema::users;
use crate::error::StoreError;
use crate::users::User;

pub(crate) const WHAT: &str = "user";

#[derive(Queryable, Selectable, Insertable, AsChangeset)]
#[diesel(table_name = users, treat_none_as_null = true, treat_none_as_default_value = false)]
pub(crate) struct UserRow {
    pub(crate) id: String,
    pub(crate) tenant: String,
    pub(crate) email: String,
    pub(crate) password_hash: Option<String>,
    pub(crate) role: String,
    pub(crate) limits: String,
    pub(crate) budgets: String,
    pub(crate) created_at_us: i64,
    pub(crate) disabled_at_us: Option<i64>,
    pub(crate) sessions_valid_from_us: i64,
}

impl UserRow {
    pub(crate) fn from_user(user: &User) -> Result<Self, StoreError> {
        let row = Row { what: WHAT, id: &user.id };
        Ok(Self {
            id: user.id.to_string(),
            tenant: user.tenant.to_string(),
            email: user.email.clone(),
            password_hash: user.password_hash.clone(),
            role: columns::role(user.role).to_owned(),
            limits: row.to_json("limits", &user.limits)?,
            budgets: row.to_json("budgets", &user.budgets)?,
            created_at_us: user.created_at.as_microsecond(),
            disabled_at_us: user.disabled_at.map(Timestamp::as_microsecond),
            sessions_valid_from_us: user.sessions_valid_from.as_microsecond(),
        })
    }

    pub(crate) fn into_user(self) -> Result<User, StoreError> {
        let row = Row { what: WHAT, id: &self.id };
        Ok(User {
            tenant: self.tenant.into(),
            email: self.email,
            password_hash: self.password_hash,
            role: row.named("role", &self.role)?,
            limits: row.json("limits", &self.limits)?,
            budgets: row.json("budgets", &self.budgets)?,
            created_at: row.time("created_at_us", self.created_at_us)?,
            disabled_at: self.disabled_at_us.map(|micros| row.time("disabled_at_us", micros)).transpose()?,
            sessions_valid_from: row.time("sessions_valid_from_us", self.sessions_valid_from_us)?,
            id: self.id.as_str().into(),
        })
    }
}
