//! What all lists look like.

use router_core::id::{RequestId, TenantId};
use router_core::principal::{Principal, Role};
use router_store::page::Page;
use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::Serialize;

use crate::route::Parameter;

/// A part of a list, newest first.
#[derive(Debug, Serialize, JsonSchema)]
#[schemars(rename = "PageOf{T}")]
pub(crate) struct PageView<T> {
    /// The items.
    items: Vec<T>,
    /// What to pass as `before` for the next part; null at the end.
    next: Option<RequestId>,
}

impl<T> PageView<T> {
    /// The page with each item as the API shows it.
    pub(crate) fn of<S>(page: Page<S>, show: impl Fn(S) -> T) -> Self {
        Self { items: page.items.into_iter().map(show).collect(), next: page.next }
    }
}

/// `limit`, of every list.
pub(crate) const LIMIT: Parameter = Parameter {
    name: "limit",
    schema: |_: &mut SchemaGenerator| -> Schema {
        json_schema!({"type": "integer", "minimum": 1, "maximum": 500, "default": 50})
    },
    description: "How many items at most.",
};

/// `before`, of every list.
pub(crate) const BEFORE: Parameter = Parameter {
    name: "before",
    schema: crate::route::schema::<RequestId>,
    description: "Only items older than this one: the `next` of the previous page.",
};

/// Whose records someone may see: everyone's for an administrator (`None`), else their own tenant's.
pub(crate) fn visible_tenant(principal: &Principal) -> Option<TenantId> {
    (principal.role != Role::Admin).then(|| principal.tenant.clone())
}
