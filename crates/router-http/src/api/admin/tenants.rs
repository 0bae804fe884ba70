//! `/api/admin/tenants`: who is billed.

use http::StatusCode;
use jiff::Timestamp;
use router_core::grants::{Budget, KeepText, Limits};
use router_core::id::TenantId;
use router_store::tenants::Tenant;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::json;

use super::{All, BudgetView, actor, given, path_id, refused};
use crate::auth::key_ring::{check_grants, is_name};
use crate::auth::stores::action_of;
use crate::error::ApiError;
use crate::json as body;
use crate::response::{Reply, json as answer_json, ok};
use crate::route::{Answer, Asked, Content, Operation, RequestBody, schema};
use crate::store_deadline::within_deadline;
use crate::wall_clock;

/// A tenant to be made.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct NewTenant {
    /// Letters, digits, `-` and `_`.
    id: TenantId,
    /// Its id unless given.
    name: Option<String>,
    #[serde(default)]
    limits: Limits,
    #[serde(default)]
    budgets: Vec<Budget>,
    keep_text: Option<KeepText>,
}

/// What is to be changed of a tenant; what is not given stays.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct TenantChange {
    name: Option<String>,
    limits: Option<Limits>,
    budgets: Option<Vec<Budget>>,
    /// Null leaves it to the server's configuration.
    #[serde(default, deserialize_with = "given")]
    #[schemars(with = "Option<KeepText>")]
    keep_text: Option<Option<KeepText>>,
    /// `true` refuses all its users and keys from now on.
    disabled: Option<bool>,
}

/// A tenant.
#[derive(Debug, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
struct TenantView {
    id: TenantId,
    name: String,
    limits: Limits,
    budgets: Vec<BudgetView>,
    keep_text: Option<KeepText>,
    #[schemars(with = "String", extend("format" = "date-time"))]
    created_at: Timestamp,
    #[schemars(with = "Option<String>", extend("format" = "date-time"))]
    disabled_at: Option<Timestamp>,
}

pub(crate) const LIST: Operation = Operation {
    id: "listTenants",
    summary: "All tenants, oldest first",
    description: "",
    query: &[],
    body: None,
    answer: Answer { status: 200, description: "The tenants.", content: Content::Json(schema::<All<TenantView>>) },
    errors: &[404],
};

pub(crate) const CREATE: Operation = Operation {
    id: "createTenant",
    summary: "Make a tenant",
    description: "",
    query: &[],
    body: Some(RequestBody {
        schema: schema::<NewTenant>,
        examples: &[("acme", r#"{"id": "acme", "name": "Acme Ltd"}"#)],
    }),
    answer: Answer { status: 201, description: "The tenant.", content: Content::Json(schema::<TenantView>) },
    errors: &[404],
};

pub(crate) const CHANGE: Operation = Operation {
    id: "changeTenant",
    summary: "Change what a tenant is granted, or disable it",
    description: "",
    query: &[],
    body: Some(RequestBody { schema: schema::<TenantChange>, examples: &[("disable", r#"{"disabled": true}"#)] }),
    answer: Answer { status: 200, description: "The tenant.", content: Content::Json(schema::<TenantView>) },
    errors: &[404],
};

pub(crate) async fn list(asked: Asked) -> Result<Reply, ApiError> {
    ok(&All { items: tenants(&asked).await?.into_iter().map(TenantView::from).collect() })
}

pub(crate) async fn create(asked: Asked) -> Result<Reply, ApiError> {
    let NewTenant { id, name, limits, budgets, keep_text } = body::read(&asked.body)?;
    let plain = |c: char| c.is_ascii_alphanumeric() || c == '-' || c == '_';
    if !is_name(id.as_str()) || !id.as_str().chars().all(plain) {
        return Err(ApiError::invalid("id", "must be 1 to 100 letters, digits, `-` and `_`"));
    }
    if tenants(&asked).await?.iter().any(|tenant| tenant.id == id) {
        return Err(ApiError::invalid("id", "there is a tenant of that id already"));
    }
    let name = name.unwrap_or_else(|| id.to_string());
    let tenant = Tenant { id, name, limits, budgets, keep_text, created_at: wall_clock::now(), disabled_at: None };
    put(&asked, None, &tenant).await?;
    answer_json(StatusCode::CREATED, &TenantView::from(tenant))
}

pub(crate) async fn change(asked: Asked) -> Result<Reply, ApiError> {
    let change: TenantChange = body::read(&asked.body)?;
    let id = path_id(&asked);
    let old = tenants(&asked).await?.into_iter().find(|tenant| tenant.id.as_str() == id);
    let old = old.ok_or_else(|| ApiError::NotFound { what: "tenant", id: id.to_owned(), field: None })?;
    let before = old.clone();
    let new = Tenant {
        name: change.name.unwrap_or(old.name),
        limits: change.limits.unwrap_or(old.limits),
        budgets: change.budgets.unwrap_or(old.budgets),
        keep_text: change.keep_text.unwrap_or(old.keep_text),
        disabled_at: match change.disabled {
            Some(true) => old.disabled_at.or_else(|| Some(wall_clock::now())),
            Some(false) => None,
            None => old.disabled_at,
        },
        ..old
    };
    put(&asked, Some(before), &new).await?;
    ok(&TenantView::from(new))
}

async fn tenants(asked: &Asked) -> Result<Vec<Tenant>, ApiError> {
    let stores = asked.app.parts.auth.directory()?.stores();
    Ok(within_deadline("list tenants", stores.tenants.tenants()).await?)
}

async fn put(asked: &Asked, before: Option<Tenant>, tenant: &Tenant) -> Result<(), ApiError> {
    if !is_name(&tenant.name) {
        return Err(ApiError::invalid("name", "must be 1 to 100 characters"));
    }
    check_grants(tenant.limits, &tenant.budgets)?;
    let directory = asked.app.parts.auth.directory()?;
    let stores = directory.stores();
    let action = if before.is_some() { "tenant.change" } else { "tenant.create" };
    let shown = |tenant: Tenant| json!(TenantView::from(tenant));
    let (actor, subject) = (actor(&asked.principal), format!("tenant:{}", tenant.id));
    let action = action_of(&actor, action, subject, before.map(shown), Some(shown(tenant.clone())));
    within_deadline("write a tenant", stores.tenants.put_tenant(tenant, &action)).await.map_err(refused)?;
    Ok(directory.refresh().await?)
}

impl From<Tenant> for TenantView {
    fn from(tenant: Tenant) -> Self {
        let Tenant { id, name, limits, budgets, keep_text, created_at, disabled_at } = tenant;
        let budgets = BudgetView::all(budgets);
        Self { id, name, limits, budgets, keep_text, created_at, disabled_at }
    }
}
