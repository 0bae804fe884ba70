//! Rows of tenants.

use diesel::prelude::*;
use jiff::Timestamp;

use super::columns::Row;
use super::schema::tenants;
use crate::error::StoreError;
use crate::tenants::Tenant;

pub(crate) const WHAT: &str = "tenant";

#[derive(Debug, Queryable, Selectable, Insertable, AsChangeset)]
#[diesel(table_name = tenants, treat_none_as_null = true, treat_none_as_default_value = false)]
pub(crate) struct TenantRow {
    pub(crate) id: String,
    pub(crate) name: String,
    pub(crate) limits: String,
    pub(crate) budgets: String,
    pub(crate) keep_text: Option<String>,
    pub(crate) created_at_us: i64,
    pub(crate) disabled_at_us: Option<i64>,
}

impl TenantRow {
    pub(crate) fn from_tenant(tenant: &Tenant) -> Result<Self, StoreError> {
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

    pub(crate) fn into_tenant(self) -> Result<Tenant, StoreError> {
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
