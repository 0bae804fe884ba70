//! A first choice that is down for a while: how often it is asked meanwhile, and how soon it is used again.

use std::sync::Arc;
use std::time::{Duration, Instant};

use router_engine::breaker::BreakerSettings;
use router_sim::{SeenAttempt, Wire};
use tokio::task::JoinSet;

use super::caller::{End, Surface};
use super::rig::{ALONE, Providers, Rig, Upstream, plain_name, settings};

const PROBE_INTERVAL: Duration = Duration::from_millis(400);

/// How long the first choice is down, from the first request on.
const DOWN: Duration = Duration::from_millis(3_000);

/// How long there is something to see.
const WATCHED: Duration = Duration::from_millis(7_000);

/// Callers who ask at the same time, each again and again.
const CALLERS: usize = 3;

/// What a busy machine adds to any wait.
const SLACK: Duration = Duration::from_millis(800);

/// Callers who ask all the time, while the first choice is down and after it; everyone gets the whole answer.
async fn live_through(fault: &str, wire: Wire, surface: Surface, number: usize) -> [Vec<SeenAttempt>; 2] {
    let providers = Arc::new(Providers::start().await);
    let mut settings = settings();
    settings.breaker = BreakerSettings { failures: 3, probe_interval: PROBE_INTERVAL };
    let other = if wire == Wire::Anthropic { Wire::OpenRouter } else { Wire::Anthropic };
    let name = |wire, suffix: &str| format!("{}+tokens:60{suffix}", plain_name(wire, number));
    let down = format!("+fault:{fault}-for-{}ms", DOWN.as_millis());
    let primary = Upstream { wire, name: name(wire, &down), prefill: false };
    let fallback = Upstream { wire: other, name: name(other, ""), prefill: true };
    let rig = Arc::new(Rig::start(&providers, settings, primary, fallback).await);
    let began = Instant::now();
    let mut callers = JoinSet::new();
    for _ in 0..CALLERS {
        let rig = Arc::clone(&rig);
        callers.spawn(async move {
            while began.elapsed() < WATCHED {
                let got = rig.ask(surface).await;
                assert!(got.end == End::Finished("stop".to_owned()) && got.is_whole(), "{got:?}");
                tokio::time::sleep(Duration::from_millis(30)).await;
            }
        });
    }
    callers.join_all().await;
    let (primary, fallback) = rig.seen(&providers);
    [primary, fallback]
}

fn check(at: &str, primary: &[SeenAttempt], fallback: &[SeenAttempt]) {
    let down = primary[0].arrived;
    let well = down + DOWN;
    let arrived = |attempts: &[SeenAttempt], from: Duration, until: Duration| {
        attempts.iter().filter(|attempt| (from..until).contains(&attempt.arrived)).count()
    };
    // The breaker has opened by then: what comes after it are probes.
    let opened = down + SLACK;
    let probes = arrived(primary, opened, well);
    let most = (DOWN - SLACK).as_millis().div_ceil(PROBE_INTERVAL.as_millis()) as usize;
    assert!((2..=most).contains(&probes), "{at}: {probes} probes of at most {most}");
    assert!(arrived(fallback, opened, well) > probes, "{at}: the other model answers meanwhile");
    let first_good = primary.iter().find(|attempt| attempt.arrived >= well).unwrap();
    let waited = first_good.arrived - well;
    assert!(waited <= PROBE_INTERVAL + SLACK, "{at}: the first choice is tried {waited:?} after it is back");
    // While the probe runs, others are still answered elsewhere.
    let back = first_good.ended.unwrap() + SLACK;
    assert_eq!(arrived(fallback, back, Duration::MAX), 0, "{at}: the first choice is used again by then");
    assert!(arrived(primary, back, Duration::MAX) > CALLERS, "{at}: it is asked by everyone again");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_dead_model_is_probed_and_used_again_when_it_is_back() {
    let _alone = ALONE.lock().await;
    let mut outages = JoinSet::new();
    let cases = [
        ("503", Surface::Native),
        ("reset", Surface::Native),
        ("500", Surface::NativeStream),
        ("error-first", Surface::NativeStream),
    ];
    for (number, (fault, surface)) in cases.into_iter().enumerate() {
        let wire = Wire::ALL[number % Wire::ALL.len()];
        outages.spawn(async move {
            let [primary, fallback] = live_through(fault, wire, surface, number).await;
            check(&format!("{fault} on the {wire} wire, {}", surface.name()), &primary, &fallback);
        });
    }
    outages.join_all().await;
}
