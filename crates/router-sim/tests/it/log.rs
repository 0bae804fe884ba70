//! What the simulator remembers.

use std::time::Duration;

use router_sim::{FaultKind, Outcome, Wire};
use serde_json::json;

use crate::client::{body, model, post, simulator, try_post};

#[tokio::test]
async fn an_attempt_keeps_its_body_its_headers_and_its_times() {
    let simulator = simulator().await;
    let name = "claude-haiku-4-5+fault:slow-20ms";
    post(&simulator, Wire::Anthropic, &body(Wire::Anthropic, name)).await;
    let [attempt] = simulator.attempts().try_into().unwrap();
    assert_eq!((attempt.wire, attempt.model.as_str(), attempt.outcome), (Wire::Anthropic, name, Outcome::Answered));
    assert_eq!(attempt.json()["max_tokens"], json!(100));
    assert_eq!(attempt.header("anthropic-version"), Some("2023-06-01"));
    assert_eq!(attempt.header("authorization"), Some("Bearer sk-test"));
    assert!(!format!("{attempt:?}").contains("sk-test"));
    assert!(attempt.ended.unwrap() - attempt.arrived >= Duration::from_millis(20));
}

#[tokio::test]
async fn outcomes_tell_who_ended_it() {
    let simulator = simulator().await;
    for (wire, name) in
        [(Wire::OpenAi, "gpt-4o+fault:500"), (Wire::OpenAi, "gpt-4o+fault:reset"), (Wire::OpenRouter, "x")]
    {
        let _ = try_post(&simulator, wire, &body(wire, name)).await;
    }
    let outcomes: Vec<_> = simulator.attempts().iter().map(|attempt| attempt.outcome).collect();
    let expected =
        [Outcome::Played(FaultKind::ServerError), Outcome::Played(FaultKind::Reset), Outcome::Refused { status: 404 }];
    assert_eq!(outcomes, expected);
}

#[tokio::test]
async fn a_caller_that_leaves_is_noticed() {
    let simulator = simulator().await;
    for (fault, expected) in [("silent", Outcome::Played(FaultKind::Silent)), ("slow-60s", Outcome::CallerLeft)] {
        simulator.reset();
        let body = body(Wire::OpenAi, &format!("{}+fault:{fault}", model(Wire::OpenAi)));
        let waiting = tokio::time::timeout(Duration::from_millis(100), try_post(&simulator, Wire::OpenAi, &body));
        assert!(waiting.await.is_err());
        let left = async {
            while simulator.attempts()[0].ended.is_none() {
                tokio::time::sleep(Duration::from_millis(1)).await;
            }
        };
        tokio::time::timeout(Duration::from_secs(5), left).await.unwrap();
        assert_eq!(simulator.attempts()[0].outcome, expected);
    }
}

#[tokio::test]
async fn dropping_the_simulator_closes_its_connections() {
    let simulator = simulator().await;
    let client = reqwest::Client::new();
    let url = simulator.base_url(Wire::OpenRouter) + "/models";
    assert_eq!(client.get(&url).send().await.unwrap().status(), 200);
    drop(simulator);
    let refused = async {
        while client.get(&url).send().await.is_ok() {
            tokio::task::yield_now().await;
        }
    };
    tokio::time::timeout(Duration::from_secs(5), refused).await.unwrap();
}
