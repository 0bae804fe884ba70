//! What administrators do. Every change is written down, and in force on this replica when it is answered, on the others
//! within two seconds.

pub(crate) mod actions;
pub(crate) mod budgets;
pub(crate) mod config;
pub(crate) mod keys;
pub(crate) mod models;
pub(crate) mod tenants;
pub(crate) mod users;

use router_core::grants::{Budget, BudgetPeriod};
use router_core::principal::Principal;
use router_core::usd::Usd;
use schemars::JsonSchema;
use serde::{Deserialize, Deserializer, Serialize};

use crate::auth::key_ring::KeyRingError;
use crate::error::ApiError;
use crate::route::Asked;

/// All of them.
#[derive(Debug, Serialize, JsonSchema)]
#[schemars(rename = "AllOf{T}")]
pub(crate) struct All<T> {
    items: Vec<T>,
}

/// A budget as it is in force.
#[derive(Debug, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
struct BudgetView {
    /// In which time.
    period: BudgetPeriod,
    /// How much, in US dollars.
    #[schemars(with = "f64")]
    limit_usd: Usd,
    /// Whether answers are capped at what was reserved for them.
    strict: bool,
}

impl BudgetView {
    fn all(budgets: Vec<Budget>) -> Vec<Self> {
        let view = |Budget { period, limit, strict }| Self { period, limit_usd: limit, strict };
        budgets.into_iter().map(view).collect()
    }
}

/// Tells a null, which takes something away, from a field that is not there.
fn given<'de, T: Deserialize<'de>, D: Deserializer<'de>>(deserializer: D) -> Result<Option<Option<T>>, D::Error> {
    Option::deserialize(deserializer).map(Some)
}

/// Who acts, as it is written down.
fn actor(principal: &Principal) -> String {
    match (&principal.user, &principal.key) {
        (_, Some(key)) => format!("key:{key}"),
        (Some(user), None) => format!("user:{user}"),
        (None, None) => principal.tenant.to_string(),
    }
}

/// The path's `{id}`.
fn path_id(asked: &Asked) -> &str {
    asked.path_id.as_deref().unwrap_or_default()
}

/// A refusal of the store is about what the caller named: a tenant or user that is not there, an address that is taken.
fn refused(error: router_store::error::StoreError) -> ApiError {
    match error {
        router_store::error::StoreError::Refused { message, .. } => ApiError::invalid("body", message),
        other => other.into(),
    }
}

impl From<KeyRingError> for ApiError {
    fn from(error: KeyRingError) -> Self {
        match error {
            KeyRingError::Unknown(id) => Self::NotFound { what: "key", id: id.to_string(), field: None },
            KeyRingError::Invalid { field, problem } => Self::invalid(field, problem),
            KeyRingError::Store(error) => refused(error),
            error @ (KeyRingError::Revoked(_) | KeyRingError::Random(_)) => Self::invalid("id", error.to_string()),
        }
    }
}
