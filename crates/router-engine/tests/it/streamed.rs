//! What the caller of a stream gets, and how often each model was asked, when providers misbehave.

use std::time::Duration;

use router_core::attempt::AttemptOutcome;
use router_core::error_kind::{ErrorKind, Phase};
use router_core::usage::UsageSource;
use router_engine::error::RouteError;
use router_engine::routed::StreamEvent;
use router_engine::settings::Resume;
use router_sim::{Fault, FaultKind, Outcome};
use router_store::record::RequestStatus;

use futures_util::StreamExt;

use crate::rig::{Heard, Rig, asked};

const ALPHA: &str = "gpt-4o+tokens:60";
const BETA: &str = "claude-haiku-4-5+tokens:60";
const GAMMA: &str = "openai/gpt-4o-mini+tokens:60";

/// Alpha alone answers in 60 tokens, and nobody else can continue an answer.
const NOBODY_PREFILLS: &str = r#"
[[models]]
id = "alpha"
upstreamName = "gpt-4o+tokens:60"
"#;

/// Beta has alpha's weights, so to say: it gives the same answer, but for its length. It cannot continue one.
const TWINS: &str = r#"
[[models]]
id = "alpha"
upstreamName = "gpt-4o+tokens:60"

[[models]]
id = "beta"
provider = "openai"
upstreamName = "gpt-4o+tokens:60+NAME"

[[models]]
id = "gamma"
isActive = false
"#;

/// Alpha's answer, undisturbed.
async fn undisturbed() -> String {
    let rig = Rig::streaming(|_| ()).await;
    let heard = rig.stream("hello").await;
    heard.whole();
    heard.text
}

fn kind(heard: &Heard) -> Option<ErrorKind> {
    match heard.end {
        Err(RouteError::Failed { kind, .. }) => Some(kind),
        _ => None,
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_stream_is_whole_priced_timed_and_recorded() {
    let rig = Rig::streaming(|_| ()).await;
    let heard = rig.stream("hello").await;
    let routed = heard.whole();
    assert_eq!(
        (heard.speakers.as_slice(), asked(&routed.attempts).as_slice()),
        (&["alpha".to_owned()][..], &["alpha"][..])
    );
    assert_eq!(routed.reply.usage.source, UsageSource::Reported);
    assert!(routed.cost.usd().is_some_and(|usd| usd.nanos() > 0));
    let attempt = &routed.attempts[0];
    assert!(attempt.contributed && attempt.first_token.is_some_and(|first| first <= attempt.duration), "{attempt:?}");
    let record = rig.record(heard.id).await;
    assert_eq!(
        (record.status, record.usage, record.cost),
        (RequestStatus::Succeeded, Some(routed.reply.usage), routed.cost)
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn before_the_first_delta_another_model_takes_over_unseen() {
    for (fault, attempts) in [
        (FaultKind::ServerError, vec!["alpha", "alpha", "beta"]),
        (FaultKind::Overloaded, vec!["alpha", "alpha", "beta"]),
        (FaultKind::Reset, vec!["alpha", "alpha", "beta"]),
        (FaultKind::BadKey, vec!["alpha", "beta"]),
        (FaultKind::OutOfQuota, vec!["alpha", "beta"]),
        (FaultKind::ErrorIn200, vec!["alpha", "alpha", "beta"]),
        (FaultKind::ErrorFirst, vec!["alpha", "alpha", "beta"]),
        (FaultKind::CutAfter(0), vec!["alpha", "beta"]),
        (FaultKind::EndAfter(0), vec!["alpha", "beta"]),
        (FaultKind::MalformedAfter(0), vec!["alpha", "beta"]),
        (FaultKind::Garbage, vec!["alpha", "beta"]),
    ] {
        let rig = Rig::streaming(|_| ()).await;
        rig.fault(ALPHA, Fault::always(fault));
        let heard = rig.stream("hello").await;
        let routed = heard.whole();
        assert!(
            heard.text.starts_with("[simulated] claude") && heard.text.ends_with(" 60"),
            "{fault:?}: {}",
            heard.text
        );
        assert_eq!(heard.speakers, ["beta"], "{fault:?}");
        assert_eq!(asked(&routed.attempts), attempts, "{fault:?}: {:?}", routed.attempts);
        assert_eq!(asked(&heard.failed), attempts[..attempts.len() - 1], "{fault:?}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_silent_model_is_left_at_its_first_deadline() {
    for fault in [FaultKind::Silent, FaultKind::SlowFirst(Duration::from_secs(9)), FaultKind::StallAfter(0)] {
        let rig = Rig::streaming(|settings| settings.deadlines.first_event = Duration::from_millis(150)).await;
        rig.fault(ALPHA, Fault::always(fault));
        let heard = rig.stream("hello").await;
        let routed = heard.whole();
        assert_eq!(asked(&routed.attempts), ["alpha", "beta"], "{fault:?}");
        let failed = AttemptOutcome::Failed { kind: ErrorKind::Timeout(Phase::FirstEvent), upstream_status: None };
        assert_eq!(routed.attempts[0].outcome, failed, "{fault:?}");
        assert!(heard.first.is_some_and(|first| first < Duration::from_secs(2)), "{fault:?}: {:?}", heard.first);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_stream_that_stops_in_the_middle_is_continued_by_another_model_to_the_same_whole() {
    let whole = undisturbed().await;
    for fault in [
        FaultKind::CutAfter(40),
        FaultKind::EndAfter(40),
        FaultKind::StallAfter(40),
        FaultKind::MalformedAfter(40),
        FaultKind::ErrorAfter(40),
        FaultKind::CutAfter(12),
        FaultKind::CutAfter(59),
    ] {
        let rig = Rig::streaming(|settings| settings.deadlines.idle = Duration::from_millis(200)).await;
        rig.fault(ALPHA, Fault::always(fault));
        let heard = rig.stream("hello").await;
        let routed = heard.whole();
        assert_eq!(heard.text, whole, "{fault:?}");
        assert_eq!(heard.speakers, ["alpha", "beta"], "{fault:?}");
        assert_eq!(asked(&routed.attempts), ["alpha", "beta"], "{fault:?}");
        let [first, second] = &routed.attempts[..] else { panic!() };
        assert!(first.contributed && second.contributed, "{fault:?}");
        assert!(first.usage.is_some_and(|usage| usage.output.0 > 0), "what was written was billed: {first:?}");
        assert_eq!(routed.cost, first.cost.unwrap() + second.cost.unwrap(), "{fault:?}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_continuation_that_is_cut_is_continued_again() {
    let whole = undisturbed().await;
    let rig = Rig::streaming(|_| ()).await;
    rig.fault(ALPHA, Fault::always(FaultKind::CutAfter(20)));
    rig.fault(BETA, Fault::always(FaultKind::CutAfter(10)));
    let heard = rig.stream("hello").await;
    heard.whole();
    assert_eq!(
        (heard.text.as_str(), heard.speakers.as_slice()),
        (whole.as_str(), &["alpha", "beta", "gamma"].map(String::from)[..])
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn what_nobody_can_continue_ends_in_an_error_never_in_a_clean_end() {
    let cut = Fault::always(FaultKind::CutAfter(40));
    let off = Rig::streaming(|settings| settings.failover.resume = Resume::Off).await;
    off.fault(ALPHA, cut);
    let nobody_prefills = Rig::start().await;
    nobody_prefills.reload_with(NOBODY_PREFILLS, |_| ());
    nobody_prefills.fault(ALPHA, cut);
    for rig in [off, nobody_prefills] {
        let heard = rig.stream("hello").await;
        assert!(!heard.text.is_empty());
        assert_eq!((kind(&heard), rig.sim.attempts().len()), (Some(ErrorKind::Malformed), 1));
        let record = rig.record(heard.id).await;
        assert_eq!((record.status, record.error_kind), (RequestStatus::Failed, Some(ErrorKind::Malformed)));
        assert!(record.attempts[0].contributed && record.cost.usd().is_some_and(|usd| usd.nanos() > 0));
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_fallback_that_refuses_to_continue_is_passed_over() {
    let whole = undisturbed().await;
    let refuses = include_str!("streaming.toml").replace("haiku-4-5+", "haiku-4-5+refuses:prefill+");
    let rig = Rig::start().await;
    rig.reload_with(&refuses, |_| ());
    rig.fault(ALPHA, Fault::always(FaultKind::CutAfter(40)));
    let heard = rig.stream("hello").await;
    assert_eq!((asked(&heard.whole().attempts), &heard.text), (vec!["alpha", "beta", "gamma"], &whole));

    // A twin that was thought to continue answers, and does not, is asked afresh where that may help.
    let twin = TWINS
        .replace("NAME", "refuses:prefill")
        .replace("+refuses:prefill\"", "+refuses:prefill\"\ncapabilities = [\"prefill\"]");
    let rig = Rig::start().await;
    rig.reload_with(&twin, |settings| settings.failover.resume = Resume::Splice);
    rig.fault(ALPHA, Fault::always(FaultKind::CutAfter(40)));
    let heard = rig.stream("hello").await;
    assert_eq!((asked(&heard.whole().attempts), &heard.text), (vec!["alpha", "beta", "beta"], &whole));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_splice_uses_an_answer_only_if_it_begins_with_what_was_sent() {
    let whole = undisturbed().await;
    for (beta, used) in [("pace:0ms", true), ("reasoning", true), ("tokens:10", false)] {
        let rig = Rig::start().await;
        rig.reload_with(&TWINS.replace("NAME", beta), |settings| settings.failover.resume = Resume::Splice);
        rig.fault(ALPHA, Fault::always(FaultKind::CutAfter(40)));
        let heard = rig.stream("hello").await;
        assert_eq!(heard.end.is_ok(), used, "{beta}: {:?}", heard.end);
        assert_eq!(heard.text == whole, used, "{beta}: {}", heard.text);
        assert_eq!(heard.speakers.len(), if used { 2 } else { 1 });
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_caller_who_leaves_ends_the_upstream_stream_and_what_it_cost_is_recorded() {
    let rig = Rig::start().await;
    rig.reload_with("[[models]]\nid = \"alpha\"\nupstreamName = \"gpt-4o+tokens:500+pace:5ms\"", |_| ());
    let mut streamed = rig.engine.stream(rig.ask("hello"), &Rig::principal()).await.unwrap();
    let mut said = 0;
    while said < 10 {
        said += usize::from(matches!(streamed.events.next().await.unwrap().unwrap(), StreamEvent::Said(_)));
    }
    let left = std::time::Instant::now();
    drop(streamed.events);
    while rig.sim.attempts()[0].ended.is_none() {
        assert!(left.elapsed() < Duration::from_millis(100), "the upstream request goes on");
        tokio::time::sleep(Duration::from_millis(1)).await;
    }
    assert_eq!(rig.sim.attempts()[0].outcome, Outcome::CallerLeft);
    let record = rig.record(streamed.id).await;
    assert_eq!((record.status, record.error_kind), (RequestStatus::Cancelled, Some(ErrorKind::Cancelled)));
    let usage = record.attempts[0].usage.unwrap();
    assert!(
        record.attempts[0].contributed && usage.output.0 >= 9 && usage.source == UsageSource::Estimated,
        "{usage:?}"
    );
    assert!(record.cost.usd().is_some_and(|usd| usd.nanos() > 0), "{:?}", record.cost);
}

#[tokio::test(flavor = "multi_thread")]
async fn when_everyone_fails_before_a_word_the_error_is_the_one_of_a_whole_answer() {
    let rig = Rig::streaming(|_| ()).await;
    for model in [ALPHA, BETA, GAMMA] {
        rig.fault(model, Fault::always(FaultKind::Unavailable));
    }
    let heard = rig.stream("hello").await;
    assert_eq!((kind(&heard), heard.text.as_str(), heard.failed.len()), (Some(ErrorKind::Overloaded), "", 4));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_remembered_answer_is_streamed_too() {
    let rig = Rig::streaming(|_| ()).await;
    let first = rig.stream("hello").await;
    let again = rig.stream("hello").await;
    assert_eq!((again.whole().cached, &again.text), (true, &first.text));
    assert_eq!(rig.sim.attempts().len(), 1);
}
