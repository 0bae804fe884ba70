//! What the simulator remembers of streams.

use std::time::Duration;

use router_sim::{FaultKind, Outcome, SeenAttempt, Simulator, Wire};

use crate::client::{simulator, try_post};
use crate::stream_client::{hear, listen, streamed};

/// The first attempt, once it has ended.
async fn ended(simulator: &Simulator) -> SeenAttempt {
    let ended = async {
        loop {
            match simulator.attempts().into_iter().next() {
                Some(attempt) if attempt.ended.is_some() => return attempt,
                _ => tokio::time::sleep(Duration::from_millis(1)).await,
            }
        }
    };
    tokio::time::timeout(Duration::from_secs(5), ended).await.unwrap()
}

/// Waits until the first attempt has got so many tokens.
async fn sent(simulator: &Simulator, tokens: u64) {
    let sent = async {
        while simulator.attempts()[0].tokens < tokens {
            tokio::task::yield_now().await;
        }
    };
    tokio::time::timeout(Duration::from_secs(5), sent).await.unwrap();
}

#[tokio::test]
async fn a_pace_is_kept_and_its_times_are_remembered() {
    let simulator = simulator().await;
    hear(&simulator, Wire::OpenAi, &streamed(Wire::OpenAi, "+tokens:20+pace:5ms")).await;
    let attempt = ended(&simulator).await;
    assert_eq!((attempt.outcome, attempt.tokens), (Outcome::Answered, 20));
    let (first, last) = (attempt.first_byte.unwrap(), attempt.ended.unwrap());
    assert!(attempt.arrived <= first);
    assert!(last - first >= Duration::from_millis(5 * 19), "{:?}", last - first);
}

#[tokio::test]
async fn a_caller_that_leaves_a_stream_is_noticed_at_once() {
    let simulator = simulator().await;
    for wire in Wire::ALL {
        simulator.reset();
        // The next token is far away: only the closed connection can tell.
        let body = streamed(wire, "+tokens:60+pace:60s");
        let mut response = try_post(&simulator, wire, &body).await.unwrap();
        while !response.chunk().await.unwrap().unwrap().windows(11).any(|text| text == b"[simulated]") {}
        drop(response);
        let attempt = ended(&simulator).await;
        assert_eq!((attempt.outcome, attempt.tokens), (Outcome::CallerLeft, 1));
        assert!(attempt.first_byte.is_some());
    }
}

#[tokio::test]
async fn a_stalled_stream_ends_when_its_caller_leaves() {
    let simulator = simulator().await;
    for wire in Wire::ALL {
        simulator.reset();
        let body = streamed(wire, "+tokens:60+fault:stall-after-40");
        let response = try_post(&simulator, wire, &body).await.unwrap();
        sent(&simulator, 40).await;
        assert!(tokio::time::timeout(Duration::from_millis(50), listen(response)).await.is_err());
        let attempt = ended(&simulator).await;
        assert_eq!((attempt.outcome, attempt.tokens), (Outcome::Played(FaultKind::StallAfter(40)), 40));
    }
}

#[tokio::test]
async fn tokens_are_counted_while_they_go() {
    let simulator = simulator().await;
    let body = streamed(Wire::Anthropic, "+fault:stall-after-3");
    let _response = try_post(&simulator, Wire::Anthropic, &body).await.unwrap();
    sent(&simulator, 3).await;
    assert_eq!(simulator.attempts()[0].outcome, Outcome::Running);
}
