//! The recorder behind `/api/metrics`.

use std::time::Duration;

use anyhow::Context;
use metrics_exporter_prometheus::{Matcher, PrometheusBuilder, PrometheusHandle};
use router_engine::metrics::{Kind, METRICS, describe};

/// Histograms keep their raw samples until they are drained: without this, memory grows with traffic.
const UPKEEP: Duration = Duration::from_secs(5);

/// Starts measuring. Call inside the runtime.
///
/// # Errors
/// Something else in this process measures already.
pub fn start() -> anyhow::Result<PrometheusHandle> {
    let mut builder = PrometheusBuilder::new();
    for metric in METRICS {
        if let Kind::Histogram(buckets) = metric.kind {
            builder = builder.set_buckets_for_metric(Matcher::Full(metric.name.to_owned()), buckets)?;
        }
    }
    let handle = builder.install_recorder().context("metrics cannot be recorded")?;
    describe();
    let upkeep = handle.clone();
    tokio::spawn(async move {
        let mut ticks = tokio::time::interval(UPKEEP);
        loop {
            ticks.tick().await;
            upkeep.run_upkeep();
        }
    });
    Ok(handle)
}
