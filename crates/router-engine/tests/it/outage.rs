//! A model that is down is left alone but for probes, and used again as soon as one succeeds.

use std::time::{Duration, Instant};

use futures_util::StreamExt;
use router_engine::error::RouteError;
use router_engine::routed::StreamEvent;
use router_sim::{Fault, FaultKind};

use crate::rig::{Rig, asked};

const PROBE_INTERVAL: Duration = Duration::from_millis(300);

async fn rig() -> Rig {
    Rig::with(|settings| {
        settings.breaker.probe_interval = PROBE_INTERVAL;
        settings.cache_enabled = false;
    })
    .await
}

/// How often the model was asked.
fn asks(rig: &Rig, model: &str) -> usize {
    rig.sim.attempts().iter().filter(|attempt| attempt.model == model).count()
}

#[tokio::test(flavor = "multi_thread")]
async fn during_an_outage_only_probes_reach_the_model_and_after_it_the_first_choice_is_back() {
    let rig = rig().await;
    rig.fault("gpt-4o", Fault::always(FaultKind::Unavailable));
    while asks(&rig, "gpt-4o") < 5 {
        assert_eq!(rig.route("hello").await.unwrap().reply.model_id.as_str(), "beta");
    }
    let begun = Instant::now();
    let mut served = 0;
    while begun.elapsed() < PROBE_INTERVAL * 5 {
        assert_eq!(rig.route("hello").await.unwrap().reply.model_id.as_str(), "beta");
        served += 1;
    }
    let probes = asks(&rig, "gpt-4o") - 5;
    assert!(served > 50, "the others answer as ever: {served}");
    assert!((2..=5).contains(&probes), "{probes} probes in five intervals");

    rig.sim.set_fault("gpt-4o", None);
    let well = Instant::now();
    while rig.route("hello").await.unwrap().reply.model_id.as_str() != "alpha" {
        assert!(well.elapsed() < PROBE_INTERVAL + Duration::from_millis(200), "the first choice is not used again");
    }
    assert_eq!(asked(&rig.route("hello").await.unwrap().attempts), ["alpha"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn many_at_once_send_one_probe() {
    let rig = rig().await;
    rig.fault("gpt-4o", Fault::always(FaultKind::Unavailable));
    while asks(&rig, "gpt-4o") < 5 {
        rig.route("hello").await.unwrap();
    }
    tokio::time::sleep(PROBE_INTERVAL).await;
    let before = asks(&rig, "gpt-4o");
    let together = (0..40).map(|_| rig.route("hello"));
    assert!(futures_util::future::join_all(together).await.into_iter().all(|routed| routed.is_ok()));
    assert_eq!(asks(&rig, "gpt-4o") - before, 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn when_everyone_is_down_the_caller_is_told_at_once_and_nobody_is_asked() {
    let rig = rig().await;
    for model in ["gpt-4o", "claude-haiku-4-5", "openai/gpt-4o-mini"] {
        rig.fault(model, Fault::always(FaultKind::Unavailable));
    }
    let error = loop {
        match rig.route("hello").await.unwrap_err() {
            RouteError::Failed { .. } => {}
            other => break other,
        }
    };
    assert!(matches!(error, RouteError::NoCandidate { transient: true, .. }), "{error:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn repeats_are_a_share_of_the_traffic() {
    let rig = Rig::with(|settings| {
        settings.breaker.failures = 0;
        settings.cache_enabled = false;
        settings.failover.retry_delay = Duration::from_millis(1);
    })
    .await;
    rig.fault("gpt-4o", Fault::always(FaultKind::ServerError));
    for _ in 0..100 {
        let routed = rig.route_with("hello", |ask| ask.preferences.model = Some("alpha".into())).await.unwrap();
        assert_eq!(routed.reply.model_id.as_str(), "beta");
    }
    // 100 first tries, ten repeats that are always allowed, one for every five first tries, one a second.
    let asks = asks(&rig, "gpt-4o");
    assert!((125..=150).contains(&asks), "{asks}");
}

#[tokio::test(flavor = "multi_thread")]
async fn callers_in_a_hurry_keep_nobody_else_from_a_model() {
    let rig = rig().await;
    rig.fault("gpt-4o", Fault::always(FaultKind::Slow(Duration::from_millis(100))));
    for _ in 0..8 {
        let hurried = rig.route_with("hello", |ask| ask.patience = Some(Duration::from_millis(20))).await;
        assert!(matches!(hurried, Err(RouteError::Failed { .. })), "{hurried:?}");
    }
    assert_eq!(rig.route("hello").await.unwrap().reply.model_id.as_str(), "alpha");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_probe_that_is_still_speaking_does_not_keep_the_next_one_waiting() {
    let rig = rig().await;
    rig.fault("gpt-4o", Fault::always(FaultKind::Unavailable));
    while asks(&rig, "gpt-4o") < 5 {
        rig.route("hello").await.unwrap();
    }
    rig.sim.set_fault("gpt-4o", None);
    tokio::time::sleep(PROBE_INTERVAL).await;

    let mut probe = rig.engine.stream(rig.ask("hello"), &Rig::principal()).await.unwrap();
    while !matches!(probe.events.next().await.unwrap().unwrap(), StreamEvent::Said(_)) {}
    // Its caller does not read on.
    assert_eq!(rig.route("hello").await.unwrap().reply.model_id.as_str(), "beta");
    tokio::time::sleep(PROBE_INTERVAL).await;
    assert_eq!(rig.route("hello").await.unwrap().reply.model_id.as_str(), "alpha");
}
