//! What the caller gets, and how often each model was asked, when providers misbehave.

use std::time::Duration;

use router_core::attempt::AttemptOutcome;
use router_core::error_kind::ErrorKind;
use router_engine::error::RouteError;
use router_engine::health::ProviderStatus;
use router_engine::settings::EngineSettings;
use router_sim::{Fault, FaultKind};
use router_store::record::RequestStatus;

use crate::rig::{Rig, asked};

#[tokio::test(flavor = "multi_thread")]
async fn without_a_fault_the_first_choice_answers() {
    let rig = Rig::start().await;
    let routed = rig.route("hello").await.unwrap();
    assert_eq!(routed.reply.model_id.as_str(), "alpha");
    assert_eq!(asked(&routed.attempts), ["alpha"]);
    assert!(routed.reply.text().starts_with("[simulated]"), "{}", routed.reply.text());
    assert!(routed.cost.usd().is_some_and(|usd| usd.nanos() > 0), "{:?}", routed.cost);
}

#[tokio::test(flavor = "multi_thread")]
async fn one_rate_limit_with_a_short_wait_is_waited_out_at_the_same_model() {
    let rig = Rig::start().await;
    let wait = Duration::from_millis(60);
    rig.fault("gpt-4o", Fault::once(FaultKind::RateLimited { retry_after: Some(wait) }));
    let routed = rig.route("hello").await.unwrap();
    assert_eq!(asked(&routed.attempts), ["alpha", "alpha"]);
    let pause = routed.attempts[1].started - (routed.attempts[0].started + routed.attempts[0].duration);
    assert!(pause >= wait, "waited {pause:?} of {wait:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_rate_limit_with_a_long_wait_goes_to_the_next_model_at_once() {
    let rig = Rig::start().await;
    rig.fault("gpt-4o", Fault::always(FaultKind::RateLimited { retry_after: Some(Duration::from_secs(90)) }));
    let routed = rig.route("hello").await.unwrap();
    assert_eq!(asked(&routed.attempts), ["alpha", "beta"]);
    assert!(routed.latency < Duration::from_secs(5), "{:?}", routed.latency);
}

#[tokio::test(flavor = "multi_thread")]
async fn an_outage_costs_one_repeat_and_then_the_next_model_answers() {
    for fault in [FaultKind::ServerError, FaultKind::Unavailable, FaultKind::Overloaded, FaultKind::Reset] {
        let rig = Rig::start().await;
        rig.fault("gpt-4o", Fault::always(fault));
        let routed = rig.route("hello").await.unwrap();
        assert_eq!(asked(&routed.attempts), ["alpha", "alpha", "beta"], "{fault:?}");
        assert_eq!(routed.reply.model_id.as_str(), "beta", "{fault:?}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_not_an_answer_is_never_taken_for_one() {
    for fault in [FaultKind::CutBody, FaultKind::Garbage, FaultKind::Html, FaultKind::ErrorIn200] {
        let rig = Rig::start().await;
        rig.fault("gpt-4o", Fault::always(fault));
        let routed = rig.route("hello").await.unwrap();
        assert_eq!(routed.reply.model_id.as_str(), "beta", "{fault:?}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_silent_provider_is_left_at_its_deadline_and_not_asked_again() {
    let rig = Rig::with(|settings| settings.deadlines.total = Duration::from_millis(200)).await;
    rig.fault("gpt-4o", Fault::always(FaultKind::Silent));
    let routed = rig.route("hello").await.unwrap();
    assert_eq!(asked(&routed.attempts), ["alpha", "beta"]);
    assert!(routed.attempts[0].duration >= Duration::from_millis(200));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_rejected_key_of_ours_keeps_the_provider_out_of_later_plans() {
    let rig = Rig::start().await;
    rig.fault("gpt-4o", Fault::always(FaultKind::BadKey));
    let first = rig.route("one").await.unwrap();
    assert_eq!(asked(&first.attempts), ["alpha", "beta"]);
    let second = rig.route("two").await.unwrap();
    assert_eq!(asked(&second.attempts), ["beta"], "the provider waits for an operator");
    let health = rig.engine.provider_health();
    let openai = health.iter().find(|health| health.id.as_str() == "openai").unwrap();
    assert_eq!((openai.status, openai.last_error), (ProviderStatus::Down, Some(ErrorKind::Auth)));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_prompt_too_long_for_one_model_is_only_shown_to_larger_ones() {
    let rig = Rig::start().await;
    rig.fault("gpt-4o", Fault::always(FaultKind::ContextTooLong));
    let routed = rig.route("hello").await.unwrap();
    assert_eq!(asked(&routed.attempts), ["alpha", "gamma"], "beta's window is no larger than alpha's");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_content_policy_refusal_is_the_callers_answer_and_is_not_shopped_around() {
    let rig = Rig::start().await;
    rig.fault("gpt-4o", Fault::always(FaultKind::ContentPolicy));
    let error = rig.route("hello").await.unwrap_err();
    let RouteError::Failed { kind, message, attempts, .. } = error else { panic!("{error:?}") };
    assert_eq!(kind, ErrorKind::ContentPolicy);
    assert_eq!(asked(&attempts), ["alpha"]);
    assert!(!message.is_empty(), "the caller is told the provider's reason");
}

#[tokio::test(flavor = "multi_thread")]
async fn when_everyone_fails_the_attempts_are_bounded_and_recorded() {
    let rig = Rig::start().await;
    for model in ["gpt-4o", "claude-haiku-4-5", "openai/gpt-4o-mini"] {
        rig.fault(model, Fault::always(FaultKind::Unavailable));
    }
    let error = rig.route("hello").await.unwrap_err();
    let RouteError::Failed { kind, message, attempts, .. } = error else { panic!("{error:?}") };
    assert_eq!(kind, ErrorKind::Overloaded);
    assert_eq!(attempts.len(), 4, "one attempt and three extra: {:?}", asked(&attempts));
    assert_eq!(message, "", "a provider's words about itself are not the caller's business");
    let records = rig.records().await;
    assert_eq!(records.len(), 1);
    assert_eq!((records[0].status, records[0].error_kind), (RequestStatus::Failed, Some(ErrorKind::Overloaded)));
    assert_eq!(asked(&records[0].attempts), asked(&attempts));
    assert!(attempts.iter().all(|attempt| matches!(attempt.outcome, AttemptOutcome::Failed { .. })));
}

#[tokio::test(flavor = "multi_thread")]
async fn with_failover_switched_off_the_first_choice_is_asked_once() {
    for fault in [FaultKind::Garbage, FaultKind::ServerError, FaultKind::RateLimited { retry_after: None }] {
        let rig = Rig::with(|settings| settings.failover.enabled = false).await;
        rig.fault("gpt-4o", Fault::always(fault));
        let error = rig.route("hello").await.unwrap_err();
        let RouteError::Failed { attempts, .. } = error else { panic!("{error:?}") };
        assert_eq!(asked(&attempts), ["alpha"], "{fault:?}");
    }
}

#[test]
fn by_default_a_silent_model_leaves_time_to_ask_another() {
    let settings = EngineSettings::default();
    let longest = settings.deadlines.total.max(settings.reasoning_deadlines.total);
    assert!(longest * 2 <= settings.failover.request_deadline, "{longest:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_reload_asks_providers_again_that_waited_for_an_operator() {
    let rig = Rig::start().await;
    rig.fault("gpt-4o", Fault::once(FaultKind::BadKey));
    assert_eq!(asked(&rig.route("one").await.unwrap().attempts), ["alpha", "beta"]);
    rig.reload(|_| ());
    assert_eq!(asked(&rig.route("two").await.unwrap().attempts), ["alpha"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn nobody_below_the_callers_quality_floor_answers_even_in_an_outage() {
    let rig = Rig::start().await;
    for model in ["gpt-4o", "claude-haiku-4-5"] {
        rig.fault(model, Fault::always(FaultKind::Unavailable));
    }
    let error = rig.route_with("hello", |ask| ask.preferences.min_quality = Some(0.5)).await.unwrap_err();
    let RouteError::Failed { attempts, .. } = error else { panic!("{error:?}") };
    assert!(!asked(&attempts).contains(&"gamma"), "{:?}", asked(&attempts));
}

#[tokio::test(flavor = "multi_thread")]
async fn the_deadline_of_the_request_ends_attempts_and_pauses() {
    let rig = Rig::with(|settings| settings.failover.request_deadline = Duration::from_millis(300)).await;
    for model in ["gpt-4o", "claude-haiku-4-5", "openai/gpt-4o-mini"] {
        rig.fault(model, Fault::always(FaultKind::Silent));
    }
    let began = std::time::Instant::now();
    let error = rig.route("hello").await.unwrap_err();
    let RouteError::Failed { kind, .. } = error else { panic!("{error:?}") };
    assert!(matches!(kind, ErrorKind::Timeout(_)), "{kind}");
    assert!(began.elapsed() < Duration::from_secs(3), "{:?}", began.elapsed());
}
