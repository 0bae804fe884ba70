//! `GET /api/admin/actions`: who changed what.

use jiff::Timestamp;
use router_core::id::RequestId;
use router_store::audit::AdminAction;
use schemars::JsonSchema;
use serde::Serialize;

use crate::api::page::{BEFORE, LIMIT, PageView};
use crate::error::ApiError;
use crate::response::{Reply, ok};
use crate::route::{Answer, Asked, Content, Operation, schema};
use crate::store_deadline::within_deadline;

/// One change.
#[derive(Debug, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
struct ActionView {
    id: RequestId,
    #[schemars(with = "String", extend("format" = "date-time"))]
    at: Timestamp,
    /// `user:ID`, `key:ID`, `local` (the user of an unprotected machine) or `cli`.
    actor: String,
    /// `key.create`, `user.change`, `config.change`, …
    action: String,
    /// `key:ID`, `user:ID`, `tenant:ID`, `config:PATH`.
    subject: String,
    /// How it was; null for something new.
    before: Option<serde_json::Value>,
    /// How it is; null for something that is gone.
    after: Option<serde_json::Value>,
}

pub(crate) const LIST: Operation = Operation {
    id: "listActions",
    summary: "What was changed by whom, newest first",
    description: "",
    query: &[LIMIT, BEFORE],
    body: None,
    answer: Answer {
        status: 200,
        description: "A page of changes.",
        content: Content::Json(schema::<PageView<ActionView>>),
    },
    errors: &[404],
};

pub(crate) async fn list(asked: Asked) -> Result<Reply, ApiError> {
    let stores = asked.app.parts.auth.directory()?.stores();
    let page = within_deadline("list changes", stores.audit.actions(asked.query.page()?)).await?;
    ok(&PageView::of(page, |action: AdminAction| {
        let AdminAction { id, at, actor, action, subject, before, after } = action;
        ActionView { id, at, actor, action, subject, before, after }
    }))
}
