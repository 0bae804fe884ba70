//! How long a claim holds a request up: one rate and three, a slot, names that are known, and a new name each time.

use std::hint::black_box;
use std::sync::Arc;
use std::time::{Duration, Instant};

use criterion::{Criterion, criterion_group, criterion_main};
use futures_util::FutureExt;
use router_cache::memory_quotas::MemoryQuotas;
use router_cache::quota::{Claim, Quotas, RateClaim, SlotClaim, Unit, Used};
use router_core::grants::Rate;
use router_core::id::RequestId;
use router_core::moment::Moment;
use uuid::Uuid;

const RATE: Rate = Rate { per_minute: 60_000, burst: 1_000 };

fn claim(names: &[&Arc<str>]) -> Claim {
    let rate = |name: &&Arc<str>| RateClaim { name: Arc::clone(name), unit: Unit::Requests, rate: RATE, cost: 1 };
    Claim {
        id: RequestId(Uuid::nil()),
        rates: names.iter().map(rate).collect(),
        slots: Vec::new(),
        budgets: Vec::new(),
        lease: Duration::from_secs(60),
    }
}

fn check(criterion: &mut Criterion) {
    let mut group = criterion.benchmark_group("quotas");
    let quotas = MemoryQuotas::new(200_000);
    let start = Instant::now();
    // A hundred thousand callers, so that the map does not fit the nearest cache.
    let names: Vec<Arc<str>> = (0..100_000).map(|number| format!("key:{number:08}:requests").into()).collect();
    let (tenant, all): (Arc<str>, Arc<str>) = ("tenant:acme:requests".into(), "all:requests".into());
    for name in &names {
        let mut whole = claim(&[name]);
        whole.rates[0].cost = 1_000;
        black_box(quotas.take(&whole, Moment(Duration::from_secs(3600))).now_or_never()).map(Result::ok);
    }
    let mut at = 0;
    let mut next = || {
        at = (at + 7_919) % names.len();
        &names[at]
    };
    let now = || Moment(Duration::from_secs(3601) + start.elapsed());
    group.bench_function("one_rate", |bencher| {
        bencher.iter(|| black_box(quotas.take(&claim(&[next()]), now()).now_or_never()));
    });
    group.bench_function("two_rates_and_a_slot_taken_and_settled", |bencher| {
        let slot: Arc<str> = "key:concurrent".into();
        bencher.iter(|| {
            let mut claim = claim(&[next(), &tenant]);
            claim.slots.push(SlotClaim { name: Arc::clone(&slot), most: 10 });
            let taken = black_box(quotas.take(&claim, now()).now_or_never());
            quotas.settle(claim, Used::default(), now());
            taken
        });
    });
    group.bench_function("three_rates", |bencher| {
        bencher.iter(|| black_box(quotas.take(&claim(&[next(), &tenant, &all]), now()).now_or_never()));
    });
    let mut number = 0_u64;
    group.bench_function("new_name", |bencher| {
        bencher.iter(|| {
            number += 1;
            // Each is whole again after a millisecond of this clock, which moves on by a microsecond a call.
            let now = Moment(Duration::from_secs(7200) + Duration::from_micros(number));
            let name: Arc<str> = format!("address:{number}").into();
            black_box(quotas.take(&claim(&[&name]), now).now_or_never())
        });
    });
    group.finish();
}

criterion_group!(benches, check);
criterion_main!(benches);
