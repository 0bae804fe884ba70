//! `GET /api/metrics`: for Prometheus.

use std::collections::{HashMap, HashSet};
use std::sync::{Mutex, PoisonError};

use http::{HeaderValue, StatusCode};
use metrics::{counter, gauge};
use router_core::id::ModelId;
use router_engine::metrics::{
    JOURNAL_BYTES, JOURNAL_CORRUPT, JOURNAL_ENTRIES, JOURNAL_REFUSED, JOURNAL_WAITING, MODEL_SUCCESS_RATE,
    RECORDS_REJECTED,
};

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
    gauge!(JOURNAL_WAITING).set(journal.waiting_outcomes as f64);
    counter!(JOURNAL_REFUSED).absolute(journal.refused);
    counter!(JOURNAL_CORRUPT).absolute(journal.corrupt);
    for (name, count) in &app.parts.counts {
        counter!(*name).absolute(count());
    }
    let engine = &app.parts.engine;
    let snapshot = engine.snapshot();
    let rates = snapshot.registry.models().iter().filter_map(|model| {
        let rate = engine.live(&model.id)?.success_rate?;
        Some((model.id.clone(), f64::from(rate)))
    });
    app.success_rates.show(rates.collect());
}

/// The models whose success rate is shown. A recorder forgets no gauge: that of a model which was not asked lately, or
/// is not in the registry any more, must be unset.
#[derive(Debug, Default)]
pub(crate) struct SuccessRates(Mutex<HashSet<ModelId>>);

impl SuccessRates {
    fn show(&self, rates: HashMap<ModelId, f64>) {
        let mut shown = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        for gone in shown.iter().filter(|model| !rates.contains_key(*model)) {
            gauge!(MODEL_SUCCESS_RATE, "model" => gone.to_string()).set(f64::NAN);
        }
        for (model, rate) in &rates {
            gauge!(MODEL_SUCCESS_RATE, "model" => model.to_string()).set(*rate);
        }
        *shown = rates.into_keys().collect();
    }
}

#[cfg(test)]
mod tests {
    use metrics_exporter_prometheus::PrometheusBuilder;

    use super::*;

    #[test]
    fn a_model_that_was_not_asked_lately_has_no_success_rate() {
        let recorder = PrometheusBuilder::new().build_recorder();
        let handle = recorder.handle();
        let rates = SuccessRates::default();
        let of = |model: &str, rate| HashMap::from([(ModelId::from(model), rate)]);
        metrics::with_local_recorder(&recorder, || {
            rates.show(of("one", 0.5));
            rates.show(of("two", 1.0));
        });
        let text = handle.render();
        assert!(text.contains(r#"{model="one"} NaN"#) && text.contains(r#"{model="two"} 1"#), "{text}");
    }
}
