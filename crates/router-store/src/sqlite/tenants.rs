//! Tenants in SQLite.

use async_trait::async_trait;
use diesel::prelude::*;
use jiff::Timestamp;

use super::SqliteStore;
use super::failure::Operation;
use super::revision::raise_revision;
use super::schema::tenants;
use crate::columns::Row;
use crate::error::StoreError;
use crate::tenants::{Tenant, TenantStore};

const WHAT: &str = "tenant";

#[derive(Debug, Queryable, Selectable, Insertable, AsChangeset)]
#[diesel(table_name = tenants, treat_none_as_null = true, treat_none_as_default_value = false)]
struct TenantRow {
    id: String,
    name: String,
    limits: String,
    budgets: String,
    keep_text: Option<String>,
    created_at_us: i64,
    disabled_at_us: Option<i64>,
}

impl TenantRow {
    fn from_tenant(tenant: &Tenant) -> Result<Self, StoreError> {
        let row = Row { what: WHAT, id: &tenant.id };
        Ok(Self {
            id: tenant.id.to_string(),
            name: tenant.name.clone(),
            limits: row.to_json("limits", &tenant.limits)?,
            budgets: row.to_json("budgets", &tenant.budgets)?,
            keep_text: tenant.keep_text.map(|keep| keep.name().to_owned()),
            created_at_us: tenant.created_at.as_microsecond(),
            disabled_at_us: tenant.disabled_at.map(Timestamp::as_microsecond),
        })
    }

    fn into_tenant(self) -> Result<Tenant, StoreError> {
        let row = Row { what: WHAT, id: &self.id };
        Ok(Tenant {
            name: self.name,
            limits: row.json("limits", &self.limits)?,
            budgets: row.json("budgets", &self.budgets)?,
            keep_text: self.keep_text.map(|name| row.named("keep_text", &name)).transpose()?,
            created_at: row.time("created_at_us", self.created_at_us)?,
            disabled_at: self.disabled_at_us.map(|micros| row.time("disabled_at_us", micros)).transpose()?,
            id: self.id.as_str().into(),
        })
    }
}

#[async_trait]
impl TenantStore for SqliteStore {
    async fn put_tenant(&self, tenant: &Tenant) -> Result<(), StoreError> {
        let row = TenantRow::from_tenant(tenant)?;
        let operation = Operation { action: "write a tenant", what: WHAT };
        let write = move |connection: &mut SqliteConnection| {
            let insert = diesel::insert_into(tenants::table).values(&row);
            insert.on_conflict(tenants::id).do_update().set(&row).execute(connection)?;
            raise_revision(connection)
        };
        self.write(operation, write).await
    }

    async fn tenants(&self) -> Result<Vec<Tenant>, StoreError> {
        let operation = Operation { action: "list tenants", what: WHAT };
        let load = move |connection: &mut SqliteConnection| {
            let ordered = tenants::table.order((tenants::created_at_us, tenants::id)).select(TenantRow::as_select());
            let rows = ordered.load(connection).map_err(|error| operation.failed(&error))?;
            rows.into_iter().map(TenantRow::into_tenant).collect()
        };
        self.read(operation, load).await
    }
}
