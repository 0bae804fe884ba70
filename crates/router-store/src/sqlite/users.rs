//! Users in SQLite.

use async_trait::async_trait;
use diesel::prelude::*;
use jiff::Timestamp;

use super::SqliteStore;
use super::failure::Operation;
use super::revision::raise_revision;
use super::schema::users;
use crate::columns::{self, Row};
use crate::error::StoreError;
use crate::users::{User, UserStore};

const WHAT: &str = "user";

#[derive(Queryable, Selectable, Insertable, AsChangeset)]
#[diesel(table_name = users, treat_none_as_null = true, treat_none_as_default_value = false)]
struct UserRow {
    id: String,
    tenant: String,
    email: String,
    password_hash: Option<String>,
    role: String,
    limits: String,
    budgets: String,
    created_at_us: i64,
    disabled_at_us: Option<i64>,
    sessions_valid_from_us: i64,
}

impl UserRow {
    fn from_user(user: &User) -> Result<Self, StoreError> {
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

    fn into_user(self) -> Result<User, StoreError> {
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

#[async_trait]
impl UserStore for SqliteStore {
    async fn put_user(&self, user: &User) -> Result<(), StoreError> {
        let row = UserRow::from_user(user)?;
        let operation = Operation { action: "write a user", what: WHAT };
        let write = move |connection: &mut SqliteConnection| {
            let insert = diesel::insert_into(users::table).values(&row);
            insert.on_conflict(users::id).do_update().set(&row).execute(connection)?;
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
