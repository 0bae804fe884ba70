//! `GET /api/metrics`: for Prometheus.

use http::{HeaderValue, StatusCode};
use metrics::gauge;
use router_engine::metrics::{JOURNAL_BYTES, JOURNAL_ENTRIES, MODEL_SUCCESS_RATE, RECORDS_REJECTED};

use crate::app::App;
use crate::error::ApiError;
use crate::response::{Reply, text};
use crate::route::{Answer, Asked, Content, Operation};

/// Prometheus' text exposition format.
const EXPOSITION: &str = "text/plain; version=0.0.4; charset=utf-8";

pub(crate) const METRICS: Operation = Operation {
    id: "metrics",
    summary: "Metrics for Prometheus",
    description: "Names, labels and meanings are in docs/METRICS.md.",
    query: &[],
    body: None,
    answer: Answer { status: 200, description: "Prometheus' text format.", content: Content::Text(EXPOSITION) },
    errors: &[404],
};

pub(crate) async fn metrics(asked: Asked) -> Result<Reply, ApiError> {
    let Some(recorder) = &asked.app.parts.metrics else {
        return Err(ApiError::SwitchedOff { what: "the metrics endpoint" });
    };
    refresh(&asked.app);
    Ok(text(StatusCode::OK, HeaderValue::from_static(EXPOSITION), recorder.render()))
}

/// Sets the gauges that nobody updates as things happen: they are read off at the moment of the scrape.
fn refresh(app: &App) {
    let journal = app.parts.journal.status();
    gauge!(JOURNAL_ENTRIES).set(journal.entries as f64);
    gauge!(JOURNAL_BYTES).set(journal.disk_bytes as f64);
    gauge!(RECORDS_REJECTED).set(journal.rejected as f64);
    let engine = &app.parts.engine;
    for model in engine.snapshot().registry.models() {
        if let Some(success) = engine.live(&model.id).and_then(|live| live.success_rate) {
            gauge!(MODEL_SUCCESS_RATE, "model" => model.id.to_string()).set(f64::from(success));
        }
    }
}
