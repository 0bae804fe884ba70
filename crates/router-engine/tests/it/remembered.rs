//! What the response cache gives back, to whom, and what it does not.

use std::sync::Arc;
use std::time::Duration;

use router_core::id::TenantId;
use router_core::price::Cost;
use router_core::principal::Principal;
use router_engine::ask::CacheUse;
use router_engine::error::RouteError;
use router_sim::fault::{Fault, FaultKind};
use router_store::record::RequestStatus;

use crate::rig::Rig;

#[tokio::test(flavor = "multi_thread")]
async fn the_same_question_is_answered_from_the_cache_and_costs_nothing() {
    let rig = Rig::start().await;
    let first = rig.route("hello").await.unwrap();
    let second = rig.route("hello").await.unwrap();
    assert!(!first.cached && second.cached);
    assert_eq!(second.reply, first.reply);
    assert_eq!((second.cost, second.attempts.len()), (Cost::ZERO, 0));
    assert_eq!(rig.sim.attempts().len(), 1);
    let records = rig.records().await;
    assert_eq!(records.iter().filter(|record| record.cached).count(), 1);
    assert!(records.iter().all(|record| record.status == RequestStatus::Succeeded));
}

#[tokio::test(flavor = "multi_thread")]
async fn another_tenant_never_sees_it() {
    let rig = Rig::start().await;
    rig.route("hello").await.unwrap();
    let other = Principal { tenant: TenantId::from("other"), ..Rig::principal() };
    assert!(!rig.engine.route(rig.ask("hello"), &other).await.unwrap().cached);
}

#[tokio::test(flavor = "multi_thread")]
async fn any_field_that_changes_the_answer_misses() {
    let rig = Rig::start().await;
    rig.route("hello").await.unwrap();
    let changes: [fn(&mut router_engine::ask::Ask); 6] = [
        |ask| ask.conversation.max_output = Some(router_core::usage::Tokens(7)),
        |ask| ask.conversation.stop = vec!["x".into()],
        |ask| ask.conversation.sampling.top_p = Some(0.5),
        |ask| ask.preferences.min_quality = Some(0.1),
        |ask| ask.preferences.weights.cost = 9.0,
        |ask| ask.conversation.user = Some("someone".into()),
    ];
    for (number, change) in changes.into_iter().enumerate() {
        assert!(!rig.route_with("hello", change).await.unwrap().cached, "change {number}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_temperature_asks_for_variety_unless_the_caller_prefers_the_cache() {
    let rig = Rig::start().await;
    let warm = |ask: &mut router_engine::ask::Ask| ask.conversation.sampling.temperature = Some(0.7);
    rig.route_with("hello", warm).await.unwrap();
    assert!(!rig.route_with("hello", warm).await.unwrap().cached);
    let prefer = |ask: &mut router_engine::ask::Ask| {
        warm(ask);
        ask.cache = CacheUse::Prefer;
    };
    rig.route_with("hello", prefer).await.unwrap();
    assert!(rig.route_with("hello", prefer).await.unwrap().cached);
}

#[tokio::test(flavor = "multi_thread")]
async fn bypass_refresh_and_only_do_what_they_say() {
    let rig = Rig::start().await;
    let with = |cache: CacheUse| move |ask: &mut router_engine::ask::Ask| ask.cache = cache;
    let error = rig.route_with("hello", with(CacheUse::Only)).await.unwrap_err();
    assert!(matches!(error, RouteError::NotCached), "{error:?}");
    rig.route_with("hello", with(CacheUse::Bypass)).await.unwrap();
    assert!(rig.route_with("hello", with(CacheUse::Only)).await.is_err(), "bypass does not write");
    assert!(!rig.route_with("hello", with(CacheUse::Refresh)).await.unwrap().cached);
    assert!(rig.route_with("hello", with(CacheUse::Only)).await.unwrap().cached, "refresh writes");
    assert!(!rig.route_with("hello", with(CacheUse::Refresh)).await.unwrap().cached, "refresh does not read");
}

#[tokio::test(flavor = "multi_thread")]
async fn an_answer_that_was_cut_short_is_not_remembered() {
    let rig = Rig::start().await;
    let short = |ask: &mut router_engine::ask::Ask| ask.conversation.max_output = Some(router_core::usage::Tokens(2));
    rig.route_with("tell me a long story", short).await.unwrap();
    assert!(!rig.route_with("tell me a long story", short).await.unwrap().cached);
}

#[tokio::test(flavor = "multi_thread")]
async fn of_many_who_ask_the_same_at_once_one_asks() {
    let rig = Rig::start().await;
    rig.fault("gpt-4o", Fault::once(FaultKind::Slow(Duration::from_millis(300))));
    let asked: Vec<_> = (0..50)
        .map(|_| {
            let (engine, ask) = (Arc::clone(&rig.engine), rig.ask("hello"));
            tokio::spawn(async move { engine.route(ask, &Rig::principal()).await.unwrap() })
        })
        .collect();
    let mut cached = 0;
    for asked in asked {
        cached += usize::from(asked.await.unwrap().cached);
    }
    assert_eq!((cached, rig.sim.attempts().len()), (49, 1));
}

#[tokio::test(flavor = "multi_thread")]
async fn who_follows_one_that_leaves_asks_again_and_gets_the_answer() {
    let rig = Rig::start().await;
    rig.fault("gpt-4o", Fault::once(FaultKind::Silent));
    let spawn = || {
        let (engine, ask) = (Arc::clone(&rig.engine), rig.ask("hello"));
        tokio::spawn(async move { engine.route(ask, &Rig::principal()).await.unwrap() })
    };
    let leader = spawn();
    rig.until_asked(1).await;
    let followers = [spawn(), spawn(), spawn()];
    tokio::time::sleep(Duration::from_millis(50)).await;
    assert_eq!(rig.sim.attempts().len(), 1, "they wait");
    leader.abort();
    let mut cached = 0;
    for follower in followers {
        cached += usize::from(follower.await.unwrap().cached);
    }
    assert_eq!((cached, rig.sim.attempts().len()), (2, 2), "one of them asked anew, for all of them");
}

#[tokio::test(flavor = "multi_thread")]
async fn who_waits_too_long_for_another_asks_for_themselves() {
    let rig = Rig::with(|settings| settings.flight_patience = Duration::from_millis(20)).await;
    rig.fault("gpt-4o", Fault::once(FaultKind::Slow(Duration::from_secs(3))));
    let (engine, ask) = (Arc::clone(&rig.engine), rig.ask("hello"));
    let leader = tokio::spawn(async move { engine.route(ask, &Rig::principal()).await.unwrap() });
    rig.until_asked(1).await;
    assert!(!rig.route("hello").await.unwrap().cached);
    leader.await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_stream_is_remembered_whole_and_replayed_to_both_kinds_of_callers() {
    let rig = Rig::start().await;
    let streamed = rig.stream("hello").await;
    let again = rig.stream("hello").await;
    let whole = rig.route("hello").await.unwrap();
    assert!(!streamed.whole().cached && again.whole().cached && whole.cached);
    assert_eq!((&again.text, whole.reply.text()), (&streamed.text, streamed.text.clone()));
    assert_eq!(rig.sim.attempts().len(), 1);
}
