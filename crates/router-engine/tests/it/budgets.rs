//! Who pays: reservations, what is charged in the end, and who is not asked because they are too dear.

use std::sync::Arc;
use std::time::Duration;

use jiff::Timestamp;
use jiff::tz::Offset;
use router_cache::quota::Purse;
use router_core::grants::{Account, AccountLimits, Budget, BudgetPeriod, Grants, KeepText, Limits, Rate};
use router_core::id::KeyId;
use router_core::price::Cost;
use router_core::principal::Principal;
use router_core::usage::Tokens;
use router_core::usd::Usd;
use router_engine::ask::CacheUse;
use router_engine::error::RouteError;
use router_engine::settings::Unpriced;
use router_sim::fault::{Fault, FaultKind};

use crate::rig::{Rig, asked};

fn key(limits: Limits, budgets: Vec<Budget>) -> Principal {
    let account = AccountLimits::new(Account::Key("k".into()), limits, budgets);
    let grants = Grants { accounts: vec![account], ..Grants::default() };
    Principal { key: Some(KeyId::from("k")), grants: Arc::new(grants), ..Rig::principal() }
}

fn with_budget(dollars: f64, strict: bool) -> Principal {
    let budget = Budget { period: BudgetPeriod::Day, limit: Usd::from_dollars(dollars), strict };
    key(Limits::default(), vec![budget])
}

/// What the key has spent today, and what is reserved.
fn balance(rig: &Rig) -> (Usd, Usd) {
    let today = Offset::UTC.to_datetime(Timestamp::now()).date();
    rig.quotas.balance(&Purse::on(Account::Key("k".into()), BudgetPeriod::Day, today))
}

#[tokio::test(flavor = "multi_thread")]
async fn a_budget_is_charged_what_the_answer_cost_and_not_what_was_reserved() {
    let rig = Rig::start().await;
    // Enough for one reservation at a time, and for dozens of such short answers.
    let caller = with_budget(0.2, false);
    let mut spent = Usd::ZERO;
    for number in 0..10 {
        let routed = rig.engine.route(rig.ask(&format!("hello {number}")), &caller).await.unwrap();
        let Cost::Priced { usd } = routed.cost else { panic!("{routed:?}") };
        spent += usd;
    }
    assert!(spent > Usd::ZERO && spent < Usd::from_dollars(0.2), "{spent}");
    assert_eq!(balance(&rig), (spent, Usd::ZERO));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_budget_that_covers_nobody_is_said_to() {
    let rig = Rig::start().await;
    let error = rig.engine.route(rig.ask("hello"), &with_budget(0.000_001, false)).await.unwrap_err();
    let RouteError::OverBudget { budget, left } = &error else { panic!("{error:?}") };
    assert_eq!((*budget, *left), (Some(("key", BudgetPeriod::Day)), Usd::from_dollars(0.000_001)));
    assert_eq!(
        error.to_string(),
        "the budget of your key for this day does not cover this request: $0.000001 of it is left"
    );
    assert!(rig.records().await.is_empty(), "who is not let in has no record");
    assert!(rig.sim.attempts().is_empty());
}

#[tokio::test(flavor = "multi_thread")]
async fn strict_budgets_cap_the_answer() {
    let rig = Rig::start().await;
    rig.engine.route(rig.ask("hello"), &with_budget(5.0, true)).await.unwrap();
    let body = rig.sim.attempts()[0].json();
    assert_eq!(body["max_tokens"], 4_000, "the model's own limit is below the usual cap: {body}");
    let mut short = rig.ask("hello again");
    short.conversation.max_output = Some(Tokens(7));
    rig.engine.route(short, &with_budget(5.0, true)).await.unwrap();
    let body = rig.sim.attempts()[1].json();
    assert_eq!(body["max_tokens"], 7, "the caller's own is kept: {body}");
}

#[tokio::test(flavor = "multi_thread")]
async fn an_attempt_whose_cost_nobody_knows_is_charged_what_was_reserved() {
    let rig = Rig::start().await;
    rig.fault("gpt-4o", Fault::always(FaultKind::CutBody));
    let routed = rig.engine.route(rig.ask("hello"), &with_budget(5.0, false)).await.unwrap();
    assert_eq!(routed.cost, Cost::Unpriced, "alpha may have billed what was cut");
    let (spent, reserved) = balance(&rig);
    // 4,096 tokens of alpha at 10 USD a million, and what beta said.
    assert!(spent > Usd::from_dollars(0.04) && spent < Usd::from_dollars(0.05), "{spent}");
    assert_eq!(reserved, Usd::ZERO);
}

#[tokio::test(flavor = "multi_thread")]
async fn tokens_are_limited_by_what_was_used() {
    let limits = Limits { tokens: Some(Rate { per_minute: 1, burst: 2_000 }), ..Limits::default() };
    let caller = key(limits, Vec::new());
    let rig = Rig::start().await;
    let first = rig.engine.route(rig.ask("hello"), &caller).await.unwrap();
    let used = u32::try_from(first.reply.usage.total().0).unwrap();
    let second = rig.engine.route(rig.ask("hello, you"), &caller).await.unwrap();
    let left = second.allowance.unwrap().tokens.unwrap();
    // The first was settled to what it used; the second is still taken by its estimate.
    assert!(left.remaining <= 2_000 - used && left.remaining > 0, "{left:?} after {used}");
}

#[tokio::test(flavor = "multi_thread")]
async fn only_so_many_requests_are_under_way_at_a_time() {
    let rig = Rig::start().await;
    let caller = key(Limits { concurrent: Some(1), ..Limits::default() }, Vec::new());
    rig.fault("gpt-4o", Fault::always(FaultKind::Silent));
    let (engine, ask, slow) = (Arc::clone(&rig.engine), rig.ask("slow"), caller.clone());
    let first = tokio::spawn(async move { engine.route(ask, &slow).await });
    rig.until_asked(1).await;
    let error = rig.engine.route(rig.ask("second"), &caller).await.unwrap_err();
    assert!(matches!(error, RouteError::TooManyAtOnce { most: 1 }), "{error:?}");
    // Who leaves makes room.
    first.abort();
    assert!(first.await.unwrap_err().is_cancelled());
    rig.sim.set_fault("gpt-4o", None);
    tokio::time::sleep(Duration::from_millis(10)).await;
    rig.engine.route(rig.ask("third"), &caller).await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_model_that_is_asked_as_often_as_it_may_be_makes_way_for_the_next() {
    let limits = Limits { requests: Some(Rate { per_minute: 1, burst: 1 }), ..Limits::default() };
    let rig = Rig::with(|settings| {
        settings.model_limits.insert("alpha".into(), limits);
    })
    .await;
    let first = rig.route("one").await.unwrap();
    assert_eq!(first.reply.model_id.as_str(), "alpha");
    let second = rig.route("two").await.unwrap();
    assert_eq!(second.reply.model_id.as_str(), "beta");
    assert_eq!(asked(&second.attempts), ["beta"], "alpha was not even asked");
    // Who wants that one alone is told to wait.
    let error = rig.route_with("three", |ask| ask.preferences.model = Some("alpha".into())).await;
    assert!(error.is_ok() || matches!(error, Err(RouteError::RateLimited { .. })), "{error:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_model_without_a_price_is_not_for_budgets_or_paid_like_the_dearest() {
    let rig = Rig::start().await;
    let gamma = || {
        let mut ask = rig.ask("hello");
        ask.preferences.model = Some("gamma".into());
        ask.cache = CacheUse::Bypass;
        ask
    };
    let error = rig.engine.route(gamma(), &with_budget(50.0, false)).await;
    let answered = error.map(|routed| routed.reply.model_id.to_string());
    assert_ne!(answered.as_deref().ok(), Some("gamma"), "{answered:?}");

    rig.reload(|snapshot| snapshot.settings.unpriced = Unpriced::Allow);
    let routed = rig.engine.route(gamma(), &with_budget(50.0, false)).await.unwrap();
    assert_eq!((routed.reply.model_id.as_str(), routed.cost), ("gamma", Cost::Unpriced));
    let (spent, _) = balance(&rig);
    assert!(spent > Usd::from_dollars(0.04), "as much as alpha for 4,096 tokens: {spent}");
}

#[tokio::test(flavor = "multi_thread")]
async fn the_tenants_own_policy_says_what_is_kept_of_texts() {
    let rig = Rig::with(|settings| settings.keep_text = KeepText::Whole).await;
    let grants = Grants { keep_text: Some(KeepText::Redacted), ..Grants::default() };
    let private = Principal { grants: Arc::new(grants), ..Rig::principal() };
    let routed = rig.engine.route(rig.ask("mail a.b@example.org"), &private).await.unwrap();
    let record = rig.record(routed.id).await;
    assert_eq!(record.prompt.as_deref(), Some("mail [email]"));
}
