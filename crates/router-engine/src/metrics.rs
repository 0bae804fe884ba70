//! All metrics of the router: names, labels, units and buckets, once. Labels take their values from configuration and from
//! closed lists in the code, never from a request, so the number of series is bounded.

use std::time::Duration;

use metrics::{SharedString, Unit, counter, describe_counter, describe_gauge, describe_histogram, gauge, histogram};
use router_core::error_kind::ErrorKind;
use router_core::id::{ModelId, ProviderId};
use router_core::price::Cost;
use router_core::usage::Usage;
use router_store::record::RequestRecord;

/// What a metric counts in.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Kind {
    /// Only grows.
    Counter,
    /// Goes up and down.
    Gauge,
    /// A distribution, in seconds, over these bucket bounds.
    Histogram(&'static [f64]),
}

/// One metric: all there is to know about it.
#[derive(Debug, Clone, Copy)]
pub struct Metric {
    /// Its name in Prometheus.
    pub name: &'static str,
    /// What it counts in.
    pub kind: Kind,
    /// Its labels.
    pub labels: &'static [&'static str],
    /// What it means, in a sentence.
    pub help: &'static str,
}

macro_rules! metrics {
    ($($constant:ident = $name:literal, $kind:expr, [$($label:literal),*], $help:literal;)*) => {
        $(#[doc = $help] pub const $constant: &str = $name;)*

        /// All metrics.
        pub const METRICS: &[Metric] = &[
            $(Metric { name: $name, kind: $kind, labels: &[$($label),*], help: $help },)*
        ];
    };
}

/// Bucket bounds for answers of models, in seconds: from a cache hit to a long reasoning run.
const ANSWER: Kind =
    Kind::Histogram(&[0.001, 0.005, 0.025, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 20.0, 40.0, 80.0, 160.0, 320.0, 640.0]);
/// Bucket bounds for the router's own work, in seconds: from 10 µs to 100 ms.
const OWN_WORK: Kind = Kind::Histogram(&[
    0.000_01, 0.000_025, 0.000_05, 0.000_1, 0.000_25, 0.000_5, 0.001, 0.002_5, 0.005, 0.01, 0.025, 0.1,
]);

metrics! {
    REQUESTS = "llm_requests_total", Kind::Counter, ["model", "provider", "prompt_type", "status", "cached"],
        "Requests that got a record, by how they ended.";
    REQUEST_SECONDS = "llm_requests_duration_seconds", ANSWER, ["model", "provider", "status"],
        "Seconds from admission to the answer.";
    IN_FLIGHT = "llm_requests_in_flight", Kind::Gauge, [],
        "Requests being answered now.";
    ATTEMPTS = "llm_attempts_total", Kind::Counter, ["model", "provider", "outcome"],
        "Tries at models, by outcome: success, or the kind of error.";
    MODEL_SUCCESS_RATE = "llm_model_success_rate", Kind::Gauge, ["model"],
        "Share of a model's attempts that succeeded lately, in [0, 1]; NaN for models that were not asked lately.";
    FAILOVERS = "llm_failover_events_total", Kind::Counter, ["from_model", "to_model", "reason"],
        "Times a request went on to another model, and which kind of error was the reason.";
    REPEATS_REFUSED = "llm_repeats_refused_total", Kind::Counter, ["provider"],
        "Repeats at the same model that were not made, because the provider's retry budget was spent.";
    BREAKER_OPENED = "llm_breaker_opened_total", Kind::Counter, ["scope", "target"],
        "Times a breaker opened, by scope (model or provider) and target: from then on one probe at a time.";
    FIRST_TOKEN_SECONDS = "llm_first_token_seconds", ANSWER, ["model", "provider"],
        "Seconds from asking a model for a stream to its first delta, reasoning included.";
    RESUMED = "llm_streams_resumed_total", Kind::Counter, ["from_model", "to_model"],
        "Streams that another model went on with after part of the answer was sent.";
    CACHE_HITS = "llm_cache_hits_total", Kind::Counter, [],
        "Answers from the cache.";
    CACHE_MISSES = "llm_cache_misses_total", Kind::Counter, [],
        "Look-ups in the cache that found nothing.";
    TOKENS = "llm_tokens_total", Kind::Counter, ["model", "provider", "kind"],
        "Tokens by kind (input, cache_read, cache_write_5m, cache_write_1h, output); the kinds are disjoint.";
    COST = "llm_cost_nano_usd_total", Kind::Counter, ["model", "provider"],
        "Billionths of a US dollar spent, where the price is known: whole numbers, so that the sum is exact.";
    UNPRICED = "llm_unpriced_attempts_total", Kind::Counter, ["model", "provider"],
        "Attempts whose cost is not known: what the cost metric leaves out.";
    RATE_LIMITED = "llm_rate_limited_total", Kind::Counter, ["limit"],
        "Requests refused, by limit: executions, reads, tokens, concurrent, budget; unavailable where shared counters did not answer.";
    OVERHEAD_SECONDS = "llm_router_overhead_seconds", OWN_WORK, [],
        "Seconds the router itself took, from arrival to the first attempt.";
    RECORDS_LOST = "llm_records_lost_total", Kind::Counter, ["part"],
        "Records that could not be journaled, by part (intent or outcome).";
    JOURNAL_ENTRIES = "llm_journal_entries", Kind::Gauge, [],
        "Journal entries that are not in the database yet.";
    JOURNAL_BYTES = "llm_journal_bytes", Kind::Gauge, [],
        "Bytes of journal on disk.";
    RECORDS_REJECTED = "llm_records_rejected", Kind::Gauge, [],
        "Records that the database refused for good since the start; they are in the journal's file of rejects.";
    JOURNAL_WAITING = "llm_journal_waiting_outcomes", Kind::Gauge, [],
        "Outcomes that the disk refuses and that are in memory until it takes them.";
    JOURNAL_REFUSED = "llm_journal_refused_total", Kind::Counter, [],
        "Journal entries refused because the journal was full.";
    JOURNAL_CORRUPT = "llm_journal_corrupt_total", Kind::Counter, [],
        "Damaged places in the journal that were skipped.";
    RATE_LIMIT_CROWDED = "llm_rate_limit_crowded_total", Kind::Counter, [],
        "Requests refused because the rate limiter had no room for another caller.";
    CACHE_OVERSIZED = "llm_cache_oversized_total", Kind::Counter, [],
        "Answers not cached because they were too large.";
    AUTH_REFUSED = "llm_auth_refused_total", Kind::Counter, ["reason"],
        "Requests refused for their credentials, by reason (missing, several, invalid, expired or revoked).";
    ANSWERS_UNSHARED = "llm_cache_unshared_total", Kind::Counter, [],
        "Answers that other replicas do not get: too large, too many at once, or Redis did not take them.";
    ANSWERS_UNREADABLE = "llm_cache_unreadable_total", Kind::Counter, [],
        "Entries of the shared cache that were damaged or somebody else's.";
    REDIS_FAILURES = "llm_redis_failures_total", Kind::Counter, [],
        "Questions to Redis that it did not answer in time.";
    LIMITS_DECIDED_ALONE = "llm_limits_decided_alone_total", Kind::Counter, [],
        "Requests whose limits this replica decided by itself, because Redis did not answer.";
    SETTLEMENTS_LOST = "llm_settlements_lost_total", Kind::Counter, [],
        "Settlements of limits and budgets that did not reach Redis; the ledger puts right what they would have.";
    HTTP_REQUESTS = "llm_http_requests_total", Kind::Counter, ["route", "method", "status"],
        "HTTP requests, by route pattern and status.";
    HTTP_SECONDS = "llm_http_request_duration_seconds", ANSWER, ["route"],
        "Seconds from an HTTP request's head to the last byte of its answer.";
}

/// Tells the installed recorder what each metric means.
pub fn describe() {
    for metric in METRICS {
        match metric.kind {
            Kind::Counter => describe_counter!(metric.name, metric.help),
            Kind::Gauge => describe_gauge!(metric.name, metric.help),
            Kind::Histogram(_) => describe_histogram!(metric.name, Unit::Seconds, metric.help),
        }
    }
}

pub(crate) fn request(record: &RequestRecord) {
    let none = SharedString::const_str("none");
    let model = record.model_id.as_ref().map_or_else(|| none.clone(), |model| model.shared().into());
    let provider = record.provider.as_ref().map_or(none, |provider| provider.shared().into());
    let status = record.status.name();
    counter!(
        REQUESTS,
        "model" => model.clone(),
        "provider" => provider.clone(),
        "prompt_type" => record.prompt_type.name(),
        "status" => status,
        "cached" => if record.cached { "true" } else { "false" }
    )
    .increment(1);
    histogram!(REQUEST_SECONDS, "model" => model, "provider" => provider, "status" => status).record(record.latency);
}

pub(crate) fn attempt(provider: &ProviderId, model: &ModelId, error: Option<ErrorKind>) {
    let outcome = error.map_or("success", ErrorKind::name);
    counter!(ATTEMPTS, "model" => model.shared(), "provider" => provider.shared(), "outcome" => outcome).increment(1);
}

pub(crate) fn failover(from: &ModelId, to: &ModelId, reason: &'static str) {
    counter!(FAILOVERS, "from_model" => from.shared(), "to_model" => to.shared(), "reason" => reason).increment(1);
}

pub(crate) fn repeat_refused(provider: &ProviderId) {
    counter!(REPEATS_REFUSED, "provider" => provider.shared()).increment(1);
}

pub(crate) fn breaker_opened(scope: &'static str, target: &str) {
    counter!(BREAKER_OPENED, "scope" => scope, "target" => target.to_owned()).increment(1);
}

pub(crate) fn first_token(provider: &ProviderId, model: &ModelId, after: Duration) {
    histogram!(FIRST_TOKEN_SECONDS, "model" => model.shared(), "provider" => provider.shared()).record(after);
}

pub(crate) fn resumed(from: &ModelId, to: &ModelId) {
    counter!(RESUMED, "from_model" => from.shared(), "to_model" => to.shared()).increment(1);
}

pub(crate) fn cache_lookup(hit: bool) {
    counter!(if hit { CACHE_HITS } else { CACHE_MISSES }).increment(1);
}

pub(crate) fn consumed(provider: &ProviderId, model: &ModelId, usage: &Usage) {
    let kinds = [
        ("input", usage.input),
        ("cache_read", usage.cache_read),
        ("cache_write_5m", usage.cache_write_5m),
        ("cache_write_1h", usage.cache_write_1h),
        ("output", usage.output),
    ];
    for (kind, tokens) in kinds.into_iter().filter(|(_, tokens)| tokens.0 > 0) {
        counter!(TOKENS, "model" => model.shared(), "provider" => provider.shared(), "kind" => kind)
            .increment(tokens.0);
    }
}

pub(crate) fn spent(provider: &ProviderId, model: &ModelId, cost: Cost) {
    match cost {
        Cost::Priced { usd } => {
            counter!(COST, "model" => model.shared(), "provider" => provider.shared())
                .increment(u64::try_from(usd.nanos()).unwrap_or(0));
        }
        Cost::Unpriced => {
            counter!(UNPRICED, "model" => model.shared(), "provider" => provider.shared()).increment(1);
        }
    }
}

pub(crate) fn rate_limited(limit: &'static str) {
    counter!(RATE_LIMITED, "limit" => limit).increment(1);
}

pub(crate) fn overhead(duration: Duration) {
    histogram!(OVERHEAD_SECONDS).record(duration);
}

pub(crate) fn record_lost(part: &'static str) {
    counter!(RECORDS_LOST, "part" => part).increment(1);
}

/// Counts a request as in flight for as long as it lives.
pub(crate) struct InFlight(());

impl InFlight {
    pub(crate) fn enter() -> Self {
        gauge!(IN_FLIGHT).increment(1);
        Self(())
    }
}

impl Drop for InFlight {
    fn drop(&mut self) {
        gauge!(IN_FLIGHT).decrement(1);
    }
}
