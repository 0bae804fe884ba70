//! How long a decision takes, whole and by part. `cargo bench -p router-benches --bench decision`.
//!
//! The aim: 40 models and a prompt of 500 characters, whole decision, under 15 µs in the median.

use std::hint::black_box;

use criterion::{BenchmarkId, Criterion, Throughput, criterion_group, criterion_main};
use jiff::civil::date;
use router_core::classify::{Classifier, RuleClassifier};
use router_core::conversation::Conversation;
use router_core::decide;
use router_core::decision::{Decision, Situation};
use router_core::estimate;
use router_core::explain::Explanation;
use router_core::live::LiveFigures;
use router_core::model::{Model, SpeedPrior};
use router_core::preferences::{Preferences, Weights};
use router_core::prompt_type::{PromptType, TypeProbabilities};
use router_core::quality::QualityTable;
use router_core::registry::Registry;
use router_core::score::{self, Demand};
use router_core::usage::Tokens;

#[path = "../crates/router-core/tests/support/models.rs"]
mod models;

use models::{model, price, quality};

/// Models that differ in price, quality and speed, a third of them with a failover order.
fn registry(count: usize) -> Registry {
    Registry::new((0..count).map(|index| {
        let spread = |factor: usize| ((index * factor) % 97) as f32 / 97.0;
        Model {
            price: price(f64::from(0.1 + 10.0 * spread(31)), f64::from(0.4 + 40.0 * spread(31))),
            quality: quality(0.4 + 0.5 * spread(53)),
            speed: SpeedPrior { first_token_seconds: 0.2 + spread(17), tokens_per_second: 30.0 + 200.0 * spread(71) },
            failover_order: if index % 3 == 0 { vec![format!("model-{}", index / 2).into()] } else { Vec::new() },
            ..model(&format!("model-{index}"))
        }
    }))
}

/// A request with material behind it, of exactly that many bytes.
fn prompt(bytes: usize) -> Conversation {
    let ask = "Write a function in Python that reads the log below and returns the ten slowest requests. ";
    let material = "2026-11-23T18:15:00Z GET /v1/models took 12.5 ms for tenant acme; status=200, cached=false.\n";
    let mut text = ask.to_owned();
    while text.len() < bytes {
        text.push_str(material);
    }
    text.truncate(bytes);
    Conversation::prompt(text)
}

fn decide_in(registry: &Registry, quality: &QualityTable, live: &[LiveFigures], prompt: &Conversation) -> Decision {
    let situation = Situation { registry, quality, live, barred: &|_| None, today: date(2026, 11, 23), cached: None };
    decide(&RuleClassifier, black_box(prompt), &Preferences::default(), situation)
}

fn seen(count: usize) -> Vec<LiveFigures> {
    let live = LiveFigures { first_token_seconds: Some(0.4), tokens_per_second: Some(80.0), success: Some(0.98) };
    vec![live; count]
}

fn classify(criterion: &mut Criterion) {
    let mut group = criterion.benchmark_group("classify");
    for bytes in [100, 500, 2_000, 100_000] {
        let conversation = prompt(bytes);
        group.throughput(Throughput::Bytes(bytes as u64));
        group.bench_with_input(BenchmarkId::from_parameter(bytes), &conversation, |bencher, conversation| {
            bencher.iter(|| RuleClassifier.classify(black_box(conversation)));
        });
    }
    group.finish();
}

fn count_tokens(criterion: &mut Criterion) {
    let mut group = criterion.benchmark_group("count tokens");
    for bytes in [2_000, 100_000] {
        let conversation = prompt(bytes);
        group.throughput(Throughput::Bytes(bytes as u64));
        group.bench_with_input(BenchmarkId::from_parameter(bytes), &conversation, |bencher, conversation| {
            bencher.iter(|| estimate::input_tokens(black_box(conversation)));
        });
    }
    group.finish();
}

fn score_all(criterion: &mut Criterion) {
    let mut group = criterion.benchmark_group("score");
    let probabilities = TypeProbabilities::certain(PromptType::CodeGeneration);
    let demand = Demand {
        probabilities: &probabilities,
        prompt_type: PromptType::CodeGeneration,
        input: Tokens(125),
        cached: None,
        visible: Tokens(600),
        thinking: Tokens(0),
        max_output: None,
        weights: Weights::default().normalised(),
    };
    for count in [10, 100, 1_000] {
        let registry = registry(count);
        let quality = QualityTable::from_priors(&registry);
        group.throughput(Throughput::Elements(count as u64));
        group.bench_function(BenchmarkId::from_parameter(count), |bencher| {
            bencher.iter(|| {
                let models = registry.models().iter().enumerate();
                let rows = models.filter_map(|(at, model)| Some((model, quality.row(at)?)));
                rows.map(|(model, row)| score::score(black_box(&demand), model, row, &LiveFigures::default()).utility)
                    .sum::<f64>()
            });
        });
    }
    group.finish();
}

fn whole(criterion: &mut Criterion) {
    let mut group = criterion.benchmark_group("decide");
    let cases = [10, 100, 1_000].into_iter().flat_map(|count| [100, 2_000, 100_000].map(|bytes| (count, bytes)));
    for (count, bytes) in std::iter::once((40, 500)).chain(cases) {
        let (registry, conversation, live) = (registry(count), prompt(bytes), seen(count));
        let quality = QualityTable::from_priors(&registry);
        group.bench_function(format!("{count} models, {bytes} bytes"), |bencher| {
            bencher.iter(|| decide_in(&registry, &quality, &live, &conversation));
        });
    }
    group.finish();
}

fn explain(criterion: &mut Criterion) {
    let registry = registry(40);
    let quality = QualityTable::from_priors(&registry);
    let decision = decide_in(&registry, &quality, &[], &prompt(500));
    criterion.bench_function("explain, 40 models", |bencher| {
        bencher.iter(|| serde_json::to_string(&Explanation::from(black_box(&decision))));
    });
}

criterion_group!(decision, classify, count_tokens, score_all, whole, explain);
criterion_main!(decision);
