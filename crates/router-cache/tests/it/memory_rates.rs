//! The rate limiter admits exactly what it says: over time, over several limits, over threads, in bounded memory.

use std::sync::atomic::{AtomicU32, Ordering};
use std::time::{Duration, Instant};

use futures_util::FutureExt;
use proptest::prelude::*;
use router_cache::memory_quotas::MemoryQuotas;
use router_cache::quota::{Allowance, Claim, Quotas, RateClaim, Refused, Unit};
use router_core::grants::Rate;
use router_core::id::RequestId;
use router_core::moment::Moment;
use uuid::Uuid;

/// One rate of a claim.
#[derive(Clone, Copy)]
struct Limit<'a> {
    name: &'a str,
    rate: Rate,
    cost: u32,
}

/// The answer to a claim of rates alone.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Verdict {
    Admitted(Allowance),
    Refused { limit: usize, allowance: Allowance, retry_after: Option<Duration> },
}

fn limit(name: &str, per_minute: u32, burst: u32, cost: u32) -> Limit<'_> {
    Limit { name, rate: Rate { per_minute, burst }, cost }
}

fn at(millis: u64) -> Moment {
    Moment(Duration::from_millis(millis))
}

/// A check on this thread: quotas in memory never wait.
fn check(limiter: &MemoryQuotas, limits: &[Limit<'_>], now: Moment) -> Verdict {
    let rates = limits
        .iter()
        .map(|limit| RateClaim { name: limit.name.into(), unit: Unit::Requests, rate: limit.rate, cost: limit.cost })
        .collect();
    let id = RequestId(Uuid::nil());
    let claim = Claim { id, rates, slots: Vec::new(), budgets: Vec::new(), lease: Duration::ZERO };
    let unlimited = Allowance { limit: u32::MAX, remaining: u32::MAX, reset: Duration::ZERO };
    match limiter.take(&claim, now).now_or_never().unwrap() {
        Ok(left) => Verdict::Admitted(left.requests.unwrap_or(unlimited)),
        Err(refused) => {
            let Refused::Rate { index, allowance, retry_after } = refused else { unreachable!("{refused:?}") };
            Verdict::Refused { limit: index, allowance, retry_after }
        }
    }
}

fn admitted(limiter: &MemoryQuotas, limits: &[Limit<'_>], now: Moment) -> bool {
    matches!(check(limiter, limits, now), Verdict::Admitted(_))
}

#[test]
fn the_figures_of_one_limit() {
    let limiter = MemoryQuotas::new(10);
    let one = [limit("key", 60, 3, 1)];
    let left = |remaining, reset| Allowance { limit: 3, remaining, reset: Duration::from_millis(reset) };
    // The burst at once.
    assert_eq!(check(&limiter, &one, at(0)), Verdict::Admitted(left(2, 1000)));
    assert_eq!(check(&limiter, &one, at(0)), Verdict::Admitted(left(1, 2000)));
    assert_eq!(check(&limiter, &one, at(0)), Verdict::Admitted(left(0, 3000)));
    let refused =
        |allowance, millis| Verdict::Refused { limit: 0, allowance, retry_after: Some(Duration::from_millis(millis)) };
    assert_eq!(check(&limiter, &one, at(0)), refused(left(0, 3000), 1000));
    // A refusal costs nothing: exactly one second after the burst, exactly one more.
    assert_eq!(check(&limiter, &one, at(999)), refused(left(0, 2001), 1));
    assert_eq!(check(&limiter, &one, at(1000)), Verdict::Admitted(left(0, 3000)));
    // After a pause the burst is there again, and no more than that.
    assert_eq!(check(&limiter, &one, at(60_000)), Verdict::Admitted(left(2, 1000)));
}

#[test]
fn a_cost_above_the_burst_is_never_admitted_and_says_so() {
    let limiter = MemoryQuotas::new(10);
    let verdict = check(&limiter, &[limit("key", 60, 3, 4)], at(0));
    assert!(matches!(verdict, Verdict::Refused { limit: 0, retry_after: None, .. }), "{verdict:?}");
    assert!(admitted(&limiter, &[limit("key", 60, 3, 3)], at(0)), "the refusal was charged");
}

#[test]
fn a_rate_of_nothing_admits_nothing() {
    let limiter = MemoryQuotas::new(10);
    for cost in [0, 1] {
        let verdict = check(&limiter, &[limit("key", 0, 3, cost)], at(0));
        assert!(matches!(verdict, Verdict::Refused { retry_after: None, .. }), "{verdict:?}");
    }
}

#[test]
fn no_limits_is_no_limit() {
    assert!(admitted(&MemoryQuotas::new(10), &[], at(0)));
}

#[test]
fn all_or_nothing() {
    let limiter = MemoryQuotas::new(10);
    let (key, tenant) = (limit("key", 60, 5, 1), limit("tenant", 60, 2, 1));
    for _ in 0..2 {
        assert!(admitted(&limiter, &[key, tenant], at(0)));
    }
    for _ in 0..10 {
        let verdict = check(&limiter, &[key, tenant], at(0));
        assert!(matches!(verdict, Verdict::Refused { limit: 1, .. }), "{verdict:?}");
    }
    let verdict = check(&limiter, &[key], at(0));
    let Verdict::Admitted(left) = verdict else { unreachable!("{verdict:?}") };
    assert_eq!(
        left.remaining, 2,
        "5, less 2 admitted, less this one: refusals by the tenant's limit cost the key nothing"
    );
}

#[test]
fn the_longest_wait_is_named_and_the_tightest_allowance_shown() {
    let limiter = MemoryQuotas::new(10);
    let limits = [limit("requests", 60, 10, 1), limit("tokens", 6_000, 1_000, 900)];
    let verdict = check(&limiter, &limits, at(0));
    let Verdict::Admitted(left) = verdict else { unreachable!("{verdict:?}") };
    assert_eq!(
        (left.limit, left.remaining),
        (1_000, 100),
        "a tenth of the tokens is less than nine tenths of the requests"
    );
    let limits = [limit("requests", 60, 10, 10), limit("tokens", 6_000, 1_000, 900)];
    let verdict = check(&limiter, &limits, at(0));
    let Verdict::Refused { limit, retry_after, .. } = verdict else { unreachable!("{verdict:?}") };
    assert_eq!((limit, retry_after), (1, Some(Duration::from_secs(8))));
    assert!(admitted(&limiter, &limits, at(8_000)), "whoever waits as long as told is admitted");
}

#[test]
fn a_name_that_occurs_twice_is_charged_twice() {
    let limiter = MemoryQuotas::new(10);
    let twice = [limit("key", 60, 3, 1), limit("key", 60, 3, 1)];
    assert!(admitted(&limiter, &twice, at(0)));
    assert!(!admitted(&limiter, &twice, at(0)));
    assert!(admitted(&limiter, &twice[..1], at(0)));
}

#[test]
fn names_whose_allowance_is_whole_are_forgotten() {
    let limiter = MemoryQuotas::new(100_000);
    let mut most = 0;
    // A new name every 10 ms, each in use for one second: 100 in use at any time.
    for number in 0..50_000_u64 {
        let name = format!("key:{number}");
        assert!(admitted(&limiter, &[limit(&name, 60, 1, 1)], at(number * 10)));
        most = most.max(limiter.names());
    }
    assert!(most <= 200, "{most} names kept at a time, of which 100 were in use");
}

#[test]
fn when_every_name_is_in_use_new_ones_are_refused_until_one_is_not() {
    let limiter = MemoryQuotas::new(50);
    for number in 0..50 {
        assert!(admitted(&limiter, &[limit(&format!("key:{number}"), 60, 2, 1)], at(0)));
    }
    let newcomer = [limit("newcomer", 60, 2, 1)];
    let verdict = check(&limiter, &newcomer, at(250));
    let Verdict::Refused { limit: 0, retry_after: Some(wait), .. } = verdict else { unreachable!("{verdict:?}") };
    assert_eq!(wait, Duration::from_millis(750));
    assert_eq!((limiter.crowded(), limiter.names()), (1, 50));
    assert!(admitted(&limiter, &[limit("key:7", 60, 2, 1)], at(250)), "those already known are not affected");
    assert!(admitted(&limiter, &newcomer, at(1_000)));
    assert!(limiter.names() <= 50);
}

#[test]
fn two_hundred_threads_get_what_one_would() {
    const THREADS: u32 = 200;
    let limiter = MemoryQuotas::new(10);
    let limits = [limit("key", 6_000, 50, 1), limit("tenant", 1, 5_000, 1)];
    let admitted_requests = AtomicU32::new(0);
    let start = Instant::now();
    std::thread::scope(|scope| {
        for _ in 0..THREADS {
            scope.spawn(|| {
                for _ in 0..500 {
                    // The clock is read outside the lock, so the limiter sees times out of order.
                    let now = Moment(start.elapsed());
                    admitted_requests.fetch_add(u32::from(admitted(&limiter, &limits, now)), Ordering::Relaxed);
                }
            });
        }
    });
    let bound = 50 + (start.elapsed().as_secs_f64() * 100.0).floor() as u32;
    let admitted_requests = admitted_requests.into_inner();
    assert!((50..=bound).contains(&admitted_requests), "{admitted_requests} admitted, at most {bound} allowed");
    let verdict = check(&limiter, &[limit("tenant", 1, 5_000, 0)], Moment(start.elapsed()));
    let Verdict::Admitted(left) = verdict else { unreachable!("{verdict:?}") };
    assert_eq!(left.remaining, 5_000 - admitted_requests, "the second limit was charged for exactly the admitted");
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(500))]

    /// In every window, and also when the arrivals are seen out of order.
    #[test]
    fn admitted_in_any_window_is_at_most_rate_times_window_plus_burst(
        per_minute in prop_oneof![1_u32..200, 1_000_u32..100_000, Just(u32::MAX)],
        burst in 1_u32..20,
        arrivals in prop::collection::vec((0_u64..40_000, -2_000_i64..2_000, 0_u32..4), 1..120),
    ) {
        let limiter = MemoryQuotas::new(10);
        let interval_micros = 60_000_000.0 / f64::from(per_minute);
        let mut clock = 10_000_i64;
        let mut taken: Vec<(Duration, u32)> = Vec::new();
        for (pause, jitter, cost) in arrivals {
            // Pauses around the interval at this rate, so that both verdicts occur.
            clock += (interval_micros * pause as f64 / 20_000.0) as i64;
            let now = Moment(Duration::from_micros((clock + jitter).max(0) as u64));
            if admitted(&limiter, &[limit("key", per_minute, burst, cost)], now) {
                taken.push((now.0, cost));
            }
        }
        taken.sort();
        for (start, &(opened, _)) in taken.iter().enumerate() {
            let mut sum = 0_u64;
            for &(closed, cost) in &taken[start..] {
                sum += u64::from(cost);
                // Exact, in integers: sum ≤ rate × window + burst, times a minute in nanoseconds.
                let window = (closed - opened).as_nanos();
                let bound = u128::from(per_minute) * window + u128::from(burst) * 60_000_000_000;
                prop_assert!(u128::from(sum) * 60_000_000_000 <= bound, "{sum} admitted in {window} ns");
            }
        }
    }

    /// The other side of the bound: whoever waits as long as told is admitted, not a nanosecond earlier.
    #[test]
    fn the_wait_is_exact(
        per_minute in 1_u32..1_000_000, burst in 1_u32..100, cost in 1_u32..100, pause in 0_u64..1_000_000_000,
    ) {
        let cost = cost.min(burst);
        let limiter = MemoryQuotas::new(10);
        let mut now = Moment(Duration::from_nanos(pause));
        for _ in 0..200 {
            match check(&limiter, &[limit("key", per_minute, burst, cost)], now) {
                Verdict::Admitted(_) => {}
                Verdict::Refused { retry_after, .. } => {
                    let due = now.after(retry_after.unwrap());
                    let early = Moment(due.0 - Duration::from_nanos(1));
                    prop_assert!(!admitted(&limiter, &[limit("key", per_minute, burst, cost)], early));
                    now = due;
                    prop_assert!(admitted(&limiter, &[limit("key", per_minute, burst, cost)], now));
                }
            }
        }
    }
}
