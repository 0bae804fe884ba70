//! A stream that breaks off after 40 of 60 tokens: whether another model goes on, and what the caller gets if none does.

use std::sync::Arc;

use router_engine::settings::Resume;
use router_sim::Wire;
use tokio::task::JoinSet;

use super::caller::{End, Got, Surface};
use super::rig::{ALONE, Providers, Rig, Upstream, plain_name, settings};

/// The model that is asked to go on.
#[derive(Debug, Clone, Copy, PartialEq)]
enum Fallback {
    /// It continues what was begun.
    Continues,
    /// It would, by the catalogue, and answers with a 400.
    Refuses,
    /// It does not, by the catalogue; its answer begins with what was begun.
    SaysTheSame,
    /// It does not, and answers otherwise.
    SaysOtherwise,
}

struct Case {
    resume: Resume,
    fallback: Fallback,
    whole: bool,
    /// How often the fallback is asked.
    asked: usize,
}

const fn case(resume: Resume, fallback: Fallback, whole: bool, asked: usize) -> Case {
    Case { resume, fallback, whole, asked }
}

const CASES: &[Case] = &[
    case(Resume::Prefill, Fallback::Continues, true, 1),
    case(Resume::Prefill, Fallback::Refuses, false, 1),
    case(Resume::Prefill, Fallback::SaysTheSame, false, 0),
    case(Resume::Splice, Fallback::Continues, true, 1),
    case(Resume::Splice, Fallback::SaysTheSame, true, 1),
    case(Resume::Splice, Fallback::SaysOtherwise, false, 1),
    case(Resume::Off, Fallback::Continues, false, 0),
];

async fn play(providers: &Providers, case: &Case, wire: Wire, surface: Surface, number: usize) {
    let other = if wire == Wire::Anthropic { Wire::OpenRouter } else { Wire::Anthropic };
    let plain = plain_name(wire, number);
    let prefill = matches!(case.fallback, Fallback::Continues | Fallback::Refuses);
    let (wire_of_fallback, name) = match case.fallback {
        // A simulated model says who it is and on which wire.
        Fallback::SaysTheSame => (wire, format!("{plain}+tokens:60")),
        Fallback::Refuses => (other, format!("{}+tokens:60+refuses:prefill", plain_name(other, number))),
        Fallback::Continues | Fallback::SaysOtherwise => (other, format!("{}+tokens:60", plain_name(other, number))),
    };
    let primary = Upstream { wire, name: format!("{plain}+tokens:60+fault:cut-after-40"), prefill: false };
    let fallback = Upstream { wire: wire_of_fallback, name, prefill };
    let mut settings = settings();
    settings.failover.resume = case.resume;
    let rig = Rig::start(providers, settings, primary, fallback).await;
    let got = rig.ask(surface).await;
    let (asked, spared) = rig.seen(providers);
    let at = format!("{:?}, {:?}, on the {wire} wire, {}: {got:?}", case.resume, case.fallback, surface.name());
    assert_eq!((asked.len(), spared.len()), (1, case.asked), "{at}");
    if case.whole {
        assert!(got.end == End::Finished("stop".to_owned()) && got.is_whole(), "{at}");
    } else {
        assert!(matches!(got.end, End::Broken(_)), "{at}");
        assert!(got.text.ends_with(" 40"), "what was sent stays, and nothing is added: {at}");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_broken_stream_is_continued_or_ends_with_an_error() {
    let _alone = ALONE.lock().await;
    let providers = Arc::new(Providers::start().await);
    let mut played = 0;
    for (row, case) in CASES.iter().enumerate() {
        let mut playing = JoinSet::new();
        for wire in Wire::ALL {
            for surface in Surface::ALL.into_iter().filter(|surface| surface.streams()) {
                let number = (row * Wire::ALL.len() + wire as usize) * Surface::ALL.len() + surface as usize;
                let providers = Arc::clone(&providers);
                playing.spawn(async move { play(&providers, case, wire, surface, number).await });
            }
        }
        played += playing.join_all().await.len();
    }
    let streams = Surface::ALL.into_iter().filter(|surface| surface.streams()).count();
    assert_eq!(played, CASES.len() * Wire::ALL.len() * streams);
}

/// What came of a tool call that was cut in the middle, with a model that could have gone on, and one that says the same.
async fn cut_call(providers: &Providers, resume: Resume, wire: Wire, number: usize) -> (Got, usize) {
    let plain = plain_name(wire, number);
    let primary = Upstream { wire, name: format!("{plain}+fault:tool-cut"), prefill: false };
    let fallback = Upstream { wire, name: plain, prefill: resume == Resume::Prefill };
    let mut settings = settings();
    settings.failover.resume = resume;
    let rig = Rig::start(providers, settings, primary, fallback).await;
    let got = rig.ask_for_call(Surface::ChatStream).await;
    (got, rig.seen(providers).1.len())
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_call_is_never_handed_over_in_the_middle() {
    let _alone = ALONE.lock().await;
    let providers = Providers::start().await;
    for (place, resume) in [Resume::Prefill, Resume::Splice].into_iter().enumerate() {
        for wire in Wire::ALL {
            let (got, fallback) = cut_call(&providers, resume, wire, 1_000 + place * 10 + wire as usize).await;
            assert!(matches!(got.end, End::Broken(_)) && fallback == 0, "{resume:?}, {wire}: {got:?}");
        }
    }
}
