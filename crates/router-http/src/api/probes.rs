//! `GET /livez`, `GET /readyz`: for whoever restarts the process, and whoever sends it traffic.

use http::{HeaderValue, StatusCode};

use crate::error::ApiError;
use crate::response::{Reply, text};
use crate::route::{Answer, Asked, Content, Operation};

const PLAIN: &str = "text/plain; charset=utf-8";

pub(crate) const LIVE: Operation = Operation {
    id: "live",
    summary: "The process runs",
    description: "For whoever restarts the process: depends on nothing outside it.",
    query: &[],
    body: None,
    answer: Answer { status: 200, description: "`ok`", content: Content::Text(PLAIN) },
    errors: &[],
};

pub(crate) const READY: Operation = Operation {
    id: "ready",
    summary: "The process takes requests",
    description: "For whoever sends traffic here. A dead database does not make a router unready: it answers without.",
    query: &[],
    body: None,
    answer: Answer { status: 200, description: "`ok`", content: Content::Text(PLAIN) },
    errors: &[503],
};

pub(crate) async fn live(_: Asked) -> Result<Reply, ApiError> {
    Ok(text(StatusCode::OK, HeaderValue::from_static(PLAIN), "ok\n"))
}

pub(crate) async fn ready(asked: Asked) -> Result<Reply, ApiError> {
    let snapshot = asked.app.parts.engine.snapshot();
    if snapshot.registry.models().is_empty() {
        return Ok(text(
            StatusCode::SERVICE_UNAVAILABLE,
            HeaderValue::from_static(PLAIN),
            "the registry has no models\n",
        ));
    }
    Ok(text(StatusCode::OK, HeaderValue::from_static(PLAIN), "ok\n"))
}
