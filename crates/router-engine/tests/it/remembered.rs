//! What the response cache gives back, to whom, and what it does not.

use router_core::id::TenantId;
use router_core::price::Cost;
use router_core::principal::Principal;
use router_engine::ask::CacheUse;
use router_engine::error::RouteError;
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
