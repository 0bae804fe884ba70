//! `GET /`: where things are.

use schemars::JsonSchema;
use serde::Serialize;

use crate::error::ApiError;
use crate::response::{Reply, ok};
use crate::route::{Answer, Asked, Content, Operation, schema};
use crate::routes::ROUTES;

/// What the server is and which endpoints it has.
#[derive(Debug, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
struct Index {
    /// The product.
    name: &'static str,
    /// Its version.
    version: &'static str,
    /// Every answer is simulated: the server was started for a demonstration.
    simulated: bool,
    /// Dashboards of this server's metrics, where the operator has any.
    #[serde(skip_serializing_if = "Option::is_none")]
    grafana_url: Option<String>,
    /// What can be asked.
    endpoints: Vec<Endpoint>,
}

/// One endpoint.
#[derive(Debug, Serialize, JsonSchema)]
struct Endpoint {
    method: &'static str,
    path: &'static str,
    summary: &'static str,
}

pub(crate) const INDEX: Operation = Operation {
    id: "index",
    summary: "What this server is, and its endpoints",
    description: "",
    query: &[],
    body: None,
    answer: Answer { status: 200, description: "The endpoints.", content: Content::Json(schema::<Index>) },
    errors: &[],
};

pub(crate) async fn index(asked: Asked) -> Result<Reply, ApiError> {
    let endpoints = ROUTES.iter().map(|route| Endpoint {
        method: route.method.as_str(),
        path: route.path,
        summary: route.operation.summary,
    });
    ok(&Index {
        name: "LLM Router",
        version: env!("CARGO_PKG_VERSION"),
        simulated: asked.app.parts.engine.snapshot().simulated,
        grafana_url: asked.app.parts.grafana_url.clone(),
        endpoints: endpoints.collect(),
    })
}
