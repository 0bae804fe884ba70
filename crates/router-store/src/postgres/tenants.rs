//! Tenants in PostgreSQL.

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
use crate::tables::schema::tenants;
use crate::tables::tenants::{TenantRow, WHAT};
use crate::tenants::{Tenant, TenantStore};

#[async_trait]
impl TenantStore for PostgresStore {
    async fn put_tenant(&self, tenant: &Tenant, action: &AdminAction) -> Result<(), StoreError> {
        let mut row = TenantRow::from_tenant(tenant)?;
        storable(&mut row.name);
        let action = action_row(action)?;
        let operation = Operation { action: "write a tenant", what: WHAT };
        let write = task::<(), _>(move |connection| {
            Box::pin(async move {
                let insert = diesel::insert_into(tenants::table).values(&row);
                insert.on_conflict(tenants::id).do_update().set(&row).execute(connection).await?;
                note(connection, &action).await?;
                raise_revision(connection).await
            })
        });
        self.write(operation, write).await
    }

    async fn tenants(&self) -> Result<Vec<Tenant>, StoreError> {
        let operation = Operation { action: "list tenants", what: WHAT };
        let load = task::<Vec<TenantRow>, _>(|connection| {
            Box::pin(async move {
                let ordered = tenants::table.order((tenants::created_at_us, tenants::id));
                ordered.select(TenantRow::as_select()).load(connection).await
            })
        });
        self.read(operation, load).await?.into_iter().map(TenantRow::into_tenant).collect()
    }
}
