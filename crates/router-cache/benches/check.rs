//! How long a check holds a request up: one limit and three, names that are known, and a new name each time.

use std::hint::black_box;
use std::time::{Duration, Instant};

use criterion::{Criterion, criterion_group, criterion_main};
use futures_util::FutureExt;
use router_cache::memory_rate_limit::MemoryRateLimiter;
use router_cache::rate_limit::{Limit, RateLimiter};
use router_core::grants::Rate;
use router_core::moment::Moment;

const RATE: Rate = Rate { per_minute: 60_000, burst: 1_000 };

fn check(criterion: &mut Criterion) {
    let mut group = criterion.benchmark_group("rate_limit");
    let limiter = MemoryRateLimiter::new(200_000);
    let start = Instant::now();
    // A hundred thousand callers, so that the map does not fit the nearest cache.
    let names: Vec<String> = (0..100_000).map(|number| format!("key:{number:08}:requests")).collect();
    let poll = |limits: &[Limit<'_>], now| {
        black_box(limiter.check(limits, now).now_or_never());
    };
    let limit = |name| Limit { name, rate: RATE, cost: 1 };
    for name in &names {
        poll(&[Limit { cost: 1_000, ..limit(name) }], Moment(Duration::from_secs(3600)));
    }
    let mut at = 0;
    let mut next = || {
        at = (at + 7_919) % names.len();
        names[at].as_str()
    };
    group.bench_function("one_limit", |bencher| {
        bencher.iter(|| poll(&[limit(next())], Moment(Duration::from_secs(3601) + start.elapsed())));
    });
    group.bench_function("three_limits", |bencher| {
        bencher.iter(|| {
            let limits = [limit(next()), limit("tenant:acme:requests"), limit("all:requests")];
            poll(&limits, Moment(Duration::from_secs(3601) + start.elapsed()));
        });
    });
    let mut number = 0_u64;
    group.bench_function("new_name", |bencher| {
        bencher.iter(|| {
            number += 1;
            // Each is whole again after a millisecond of this clock, which moves on by a microsecond a call.
            let now = Moment(Duration::from_secs(7200) + Duration::from_micros(number));
            let name = format!("address:{number}");
            poll(&[Limit { name: &name, rate: RATE, cost: 1 }], now);
        });
    });
    group.finish();
}

criterion_group!(benches, check);
criterion_main!(benches);
