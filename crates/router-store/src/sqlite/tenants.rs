//! Tenants in SQLite.

use async_trait::async_trait;
use diesel::prelude::*;

use super::SqliteStore;
use super::admin_actions::note;
use super::revision::raise_revision;
use crate::audit::AdminAction;
use crate::error::StoreError;
use crate::tables::admin_actions::ActionRow;
use crate::tables::operation::Operation;
use crate::tables::schema::tenants;
use crate::tables::tenants::{TenantRow, WHAT};
use crate::tenants::{Tenant, TenantStore};

#[async_trait]
impl TenantStore for SqliteStore {
    async fn put_tenant(&self, tenant: &Tenant, action: &AdminAction) -> Result<(), StoreError> {
        let row = TenantRow::from_tenant(tenant)?;
        let action = ActionRow::from_action(action)?;
        let operation = Operation { action: "write a tenant", what: WHAT };
        let write = move |connection: &mut SqliteConnection| {
            let insert = diesel::insert_into(tenants::table).values(&row);
            insert.on_conflict(tenants::id).do_update().set(&row).execute(connection)?;
            note(connection, &action)?;
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
