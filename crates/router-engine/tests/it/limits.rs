//! Who is let in, and what a reload changes.

use std::sync::Arc;

use router_core::exclusion::Exclusion;
use router_core::grants::{Grants, Rate};
use router_core::id::{ModelId, TenantId};
use router_core::principal::Principal;
use router_engine::error::RouteError;

use crate::rig::Rig;

#[tokio::test(flavor = "multi_thread")]
async fn executions_and_reads_have_allowances_of_their_own() {
    let rig = Rig::with(|settings| {
        settings.caller_limits.requests = Some(Rate { per_minute: 1, burst: 2 });
        settings.read_rate = Some(Rate { per_minute: 1, burst: 3 });
    })
    .await;
    rig.route("one").await.unwrap();
    rig.route("two").await.unwrap();
    let error = rig.route("three").await.unwrap_err();
    let RouteError::RateLimited { allowance, retry_after, .. } = error else { panic!("{error:?}") };
    assert_eq!((allowance.limit, allowance.remaining), (2, 0));
    assert!(retry_after.is_some_and(|wait| !wait.is_zero() && wait.as_secs() <= 60), "{retry_after:?}");

    for _ in 0..3 {
        rig.engine.admit_read(Rig::id(), &Rig::principal()).await.unwrap();
    }
    assert!(rig.engine.admit_read(Rig::id(), &Rig::principal()).await.is_err());

    let other = Principal { tenant: TenantId::from("other"), ..Rig::principal() };
    rig.engine.route(rig.ask("four"), &other).await.unwrap();
    assert_eq!(rig.records().await.len(), 3, "a request that was not admitted has no record");
}

fn allowing(models: Vec<ModelId>) -> Arc<Grants> {
    Arc::new(Grants { allowed_models: Some(models), ..Grants::default() })
}

#[tokio::test(flavor = "multi_thread")]
async fn a_caller_only_gets_models_they_may_use() {
    let rig = Rig::start().await;
    let limited = Principal { grants: allowing(vec!["beta".into()]), ..Rig::principal() };
    let routed = rig.engine.route(rig.ask("hello"), &limited).await.unwrap();
    assert_eq!(routed.reply.model_id.as_str(), "beta");
    let nobody = Principal { grants: allowing(Vec::new()), ..Rig::principal() };
    let error = rig.engine.route(rig.ask("hello"), &nobody).await.unwrap_err();
    assert!(matches!(error, RouteError::NoCandidate { transient: false, .. }), "{error:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn an_unknown_model_is_named_in_the_error() {
    let rig = Rig::start().await;
    let unknown = |ask: &mut router_engine::ask::Ask| ask.preferences.model = Some("gpt-99".into());
    let error = rig.route_with("hello", unknown).await.unwrap_err();
    assert!(matches!(&error, RouteError::UnknownModel { model } if model.as_str() == "gpt-99"), "{error:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn without_providers_dry_runs_work_and_executions_name_the_variables() {
    let rig = Rig::without_providers().await;
    let ask = rig.ask("hello");
    let decision = rig.engine.decide(&ask.conversation, &ask.preferences, &Rig::principal()).unwrap();
    assert_eq!(decision.choice().unwrap().model.id.as_str(), "alpha");
    let error = rig.route("hello").await.unwrap_err();
    assert!(error.to_string().contains("OPENAI_API_KEY"), "{error}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_dry_run_says_what_a_run_would_do() {
    let rig = Rig::start().await;
    rig.reload(|snapshot| {
        snapshot.providers.remove("openai");
    });
    let ask = rig.ask("hello");
    let decision = rig.engine.decide(&ask.conversation, &ask.preferences, &Rig::principal()).unwrap();
    assert_eq!(decision.choice().unwrap().model.id.as_str(), "beta");
    assert_eq!(decision.exclusion(&"alpha".into()), Some(&Exclusion::ProviderNotConfigured));
    assert_eq!(rig.route("hello").await.unwrap().reply.model_id.as_str(), "beta");

    let pinned = |ask: &mut router_engine::ask::Ask| {
        ask.preferences.model = Some("alpha".into());
        ask.preferences.fallbacks = false;
    };
    let error = rig.route_with("hello", pinned).await.unwrap_err();
    assert!(matches!(error, RouteError::NoProvider { .. }), "{error:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_reload_takes_effect_and_keeps_what_was_measured() {
    let rig = Rig::start().await;
    rig.route("hello").await.unwrap();
    let before = rig.engine.live(&"alpha".into()).unwrap();
    rig.reload(|snapshot| snapshot.settings.caller_limits.requests = Some(Rate { per_minute: 0, burst: 1 }));
    let after = rig.engine.live(&"alpha".into()).unwrap();
    assert_eq!(after.attempts, before.attempts);
    assert!(rig.route("again").await.is_err());
}
