//! Exactly one record for each admitted request, whatever happened.

use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use router_core::attempt::AttemptOutcome;
use router_core::error_kind::ErrorKind;
use router_core::finish::FinishReason;
use router_core::grants::KeepText;
use router_core::id::ModelId;
use router_core::price::Cost;
use router_core::usage::UsageSource;
use router_engine::ask::CacheUse;
use router_engine::error::RouteError;
use router_engine::settings::OnRecordLoss;
use router_providers::dialect::Dialect;
use router_providers::original::{Original, Uncarried};
use router_sim::{Fault, FaultKind};
use router_store::record::RequestStatus;
use router_store::recorder::NoRecorder;

use crate::rig::{Full, Rig};

#[tokio::test(flavor = "multi_thread")]
async fn a_success_is_recorded_with_what_it_cost() {
    let rig = Rig::start().await;
    let routed = rig.route("hello").await.unwrap();
    let records = rig.records().await;
    assert_eq!(records.len(), 1);
    let record = &records[0];
    assert_eq!((record.id, record.status), (routed.id, RequestStatus::Succeeded));
    let usage = record.usage.unwrap();
    assert_eq!(usage.source, UsageSource::Reported);
    // alpha: $2 per million input, $10 per million output: 2,000 and 10,000 nano-dollars a token.
    let nanos = i64::try_from(usage.input.0 * 2_000 + usage.cache_read.0 * 1_000 + usage.output.0 * 10_000).unwrap();
    assert_eq!(record.cost.usd().map(|usd| usd.nanos()), Some(nanos));
    assert_eq!(record.cost, routed.cost);
    let whole = rig.record(routed.id).await;
    assert_eq!((whole.prompt, whole.response), (None, None), "texts are not kept unless the operator says so");
    let decision: serde_json::Value = record.decision.parse().unwrap();
    assert_eq!(decision["candidates"].as_array().unwrap().len(), 3);
}

#[tokio::test(flavor = "multi_thread")]
async fn texts_are_kept_when_the_operator_says_so() {
    let rig = Rig::with(|settings| settings.keep_text = KeepText::Whole).await;
    let routed = rig.route("grüß 你好 🦀").await.unwrap();
    let record = rig.record(routed.id).await;
    assert_eq!(record.prompt.as_deref(), Some("grüß 你好 🦀"));
    assert_eq!(record.response, Some(routed.reply.text()));
}

#[tokio::test(flavor = "multi_thread")]
async fn an_answer_of_an_unpriced_model_is_unpriced_not_free() {
    let rig = Rig::start().await;
    let pinned = |ask: &mut router_engine::ask::Ask| ask.preferences.model = Some(ModelId::from("gamma"));
    let routed = rig.route_with("hello", pinned).await.unwrap();
    assert_eq!(routed.cost, Cost::Unpriced);
    assert_eq!(rig.records().await[0].cost, Cost::Unpriced);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_failed_attempt_that_may_have_been_billed_is_not_free() {
    let rig = Rig::with(|settings| settings.deadlines.total = Duration::from_millis(200)).await;
    rig.fault("gpt-4o", Fault::always(FaultKind::Silent));
    let routed = rig.route("hello").await.unwrap();
    assert_eq!(routed.attempts[0].cost, Some(Cost::Unpriced), "it was sent, and nobody said what it cost");
    assert!(routed.attempts[1].cost.is_some_and(|cost| cost.usd().is_some()));
    assert_eq!((routed.cost, rig.records().await[0].cost), (Cost::Unpriced, Cost::Unpriced));

    let refused = Rig::start().await;
    refused.fault("gpt-4o", Fault::always(FaultKind::Unavailable));
    let routed = refused.route("hello").await.unwrap();
    assert_eq!(routed.attempts[0].cost, None, "an error status costs nothing");
    assert!(routed.cost.usd().is_some());
}

#[tokio::test(flavor = "multi_thread")]
async fn an_answer_that_was_cut_says_so_in_its_record() {
    let rig = Rig::start().await;
    let short = |ask: &mut router_engine::ask::Ask| ask.conversation.max_output = Some(router_core::usage::Tokens(2));
    let routed = rig.route_with("tell me a long story", short).await.unwrap();
    let record = rig.record(routed.id).await;
    assert_eq!(record.finish, Some(FinishReason::Length));
    assert_eq!(record.catalogue, rig.engine.snapshot().registry.generation());
    assert!(record.upstream_id.is_some_and(|id| !id.is_empty()));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_caller_who_leaves_is_recorded_with_the_attempt_they_left() {
    let rig = Rig::start().await;
    rig.fault("gpt-4o", Fault::always(FaultKind::Silent));
    let engine = Arc::clone(&rig.engine);
    let ask = rig.ask("hello");
    let caller = tokio::spawn(async move { engine.route(ask, &Rig::principal()).await.map(|_| ()) });
    rig.until_asked(1).await;
    caller.abort();
    assert!(caller.await.unwrap_err().is_cancelled());

    let record = rig.records().await.remove(0);
    assert_eq!(record.status, RequestStatus::Cancelled);
    assert_eq!(record.attempts.len(), 1);
    let cancelled = AttemptOutcome::Failed { kind: ErrorKind::Cancelled, upstream_status: None };
    assert_eq!(record.attempts[0].outcome, cancelled);
    assert_eq!(record.cost, Cost::Unpriced, "the provider may bill what it had done by then");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_request_that_cannot_be_recorded_is_not_run_unless_the_operator_says_so() {
    let refusing = Rig::with_recorder(Arc::new(Full), |_| ()).await;
    let error = refusing.route("hello").await.unwrap_err();
    assert!(matches!(error, RouteError::RecordsUnavailable), "{error:?}");
    assert_eq!(refusing.sim.attempts().len(), 0, "nothing was billed");

    let serving = Rig::with_recorder(Arc::new(Full), |settings| settings.on_record_loss = OnRecordLoss::Serve).await;
    serving.route("hello").await.unwrap();
    assert_eq!(serving.sim.attempts().len(), 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn an_embedder_without_records_needs_no_journal() {
    let rig = Rig::with_recorder(Arc::new(NoRecorder), |_| ()).await;
    assert!(rig.route("hello").await.unwrap().latency > Duration::ZERO);
}

#[tokio::test(flavor = "multi_thread")]
async fn many_at_once_have_one_record_each() {
    let rig = Rig::start().await;
    let mut running = tokio::task::JoinSet::new();
    for number in 0..200 {
        let (engine, ask) = (Arc::clone(&rig.engine), rig.ask(&format!("question {number}")));
        running.spawn(async move { engine.route(ask, &Rig::principal()).await.unwrap().id });
    }
    let mut answered: Vec<_> = running.join_all().await;
    let mut recorded: Vec<_> = rig.records().await.iter().map(|record| record.id).collect();
    answered.sort();
    recorded.sort();
    assert_eq!(recorded, answered);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_billed_by_other_rates_than_the_catalogues_is_unpriced() {
    let rig = Rig::start().await;
    let body = r#"{"model":"auto","messages":[{"role":"user","content":"hello"}],"service_tier":"flex"}"#;
    let asks_for = |field: &str| {
        let uncarried = vec![Uncarried { field: field.to_owned(), essential: false }];
        Original { dialect: Dialect::OpenAiChat, body: Bytes::from(body), ours: &[], headers: Vec::new(), uncarried }
    };
    for (field, unpriced) in [("service_tier", true), ("seed", false)] {
        let routed = rig
            .route_with("hello", |ask| {
                ask.cache = CacheUse::Bypass;
                ask.original = Some(asks_for(field));
            })
            .await
            .unwrap();
        assert_eq!((routed.reply.model_id.as_str(), routed.cost == Cost::Unpriced), ("alpha", unpriced), "{field}");
    }
}
