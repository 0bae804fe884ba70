//! `POST /api/route` with `stream: true`.

use std::time::Duration;

use router_http::settings::Settings;
use router_sim::Outcome;
use serde_json::{Value, json};
use tokio::time::Instant;

use crate::stage::Stage;
use crate::whole::Whole;

/// The events of a stream: name and data.
fn events(text: &str) -> Vec<(&str, Value)> {
    let blocks = text.split("\n\n").filter(|block| !block.is_empty() && !block.starts_with(':'));
    blocks
        .map(|block| {
            let (name, data) = block.split_once('\n').unwrap();
            let data = serde_json::from_str(data.strip_prefix("data: ").unwrap()).unwrap();
            (name.strip_prefix("event: ").unwrap(), data)
        })
        .collect()
}

async fn ask(stage: &Stage, body: &Value) -> reqwest::Response {
    reqwest::Client::new().post(stage.url("/api/route")).json(body).send().await.unwrap()
}

#[tokio::test]
async fn an_answer_comes_as_events_that_add_up_to_it() {
    let stage = Stage::start(Settings::default()).await;
    let response = ask(&stage, &json!({"prompt": "hello\nthere", "modelId": "gpt-4o", "stream": true})).await;
    assert_eq!(response.status(), 200);
    for (name, value) in [
        ("content-type", "text/event-stream; charset=utf-8"),
        ("cache-control", "no-store"),
        ("x-accel-buffering", "no"),
        ("x-router-model", "gpt-4o"),
        ("x-router-provider", "openai"),
    ] {
        assert_eq!(response.headers()[name], value);
    }
    assert!(response.headers().contains_key("x-ratelimit-remaining-requests"));
    let id = response.headers()["x-request-id"].to_str().unwrap().to_owned();
    let text = response.text().await.unwrap();
    let events = events(&text);
    let names: Vec<&str> = events.iter().map(|(name, _)| *name).collect();
    assert_eq!(names, ["decision", "model", "delta", "done"], "{text}");
    assert_eq!((&events[0].1["requestId"], &events[0].1["modelId"]), (&json!(id), &json!("gpt-4o")));
    assert!(events[0].1["decision"]["candidates"].is_array(), "{text}");
    assert_eq!(events[2].1, json!({"text": "answer to: hello\nthere"}));
    let done = &events[3].1;
    assert_eq!((&done["requestId"], &done["models"]), (&json!(id), &json!(["gpt-4o"])));
    assert_eq!((&done["finishReason"], &done["usage"]["output"]), (&json!("stop"), &json!(5)));
    assert_eq!(done["attempts"].as_array().unwrap().len(), 1);
}

#[tokio::test]
async fn an_error_before_the_first_word_has_its_status() {
    let stage = Stage::start(Settings::default()).await;
    let response = ask(&stage, &json!({"prompt": "fail: rate_limited", "stream": true})).await;
    assert_eq!((response.status().as_u16(), &response.headers()["x-should-retry"]), (429, &"true".parse().unwrap()));
    assert_eq!(response.headers()["content-type"], "application/json");
    let error: Value = response.json().await.unwrap();
    assert_eq!(error["error"]["code"], "upstream_rate_limited");
}

#[tokio::test]
async fn a_slow_model_gets_its_200_and_comments_and_its_error_within() {
    let early = Duration::from_millis(100);
    let stage = Stage::start(Settings { early_response_after: early, keep_alive: early, ..Settings::default() }).await;
    let body = json!({"prompt": "slowly fail: server_error", "modelId": "gpt-4o", "fallbacks": false, "stream": true});
    let response = ask(&stage, &body).await;
    assert_eq!((response.status().as_u16(), &response.headers()["x-router-model"]), (200, &"gpt-4o".parse().unwrap()));
    let text = response.text().await.unwrap();
    assert!(text.matches(": waiting\n\n").count() >= 2, "{text}");
    let events = events(&text);
    let (name, last) = events.last().unwrap();
    assert_eq!((*name, &last["error"]["code"]), ("error", &json!("upstream_failed")), "{text}");
    assert_eq!(events.first().unwrap().0, "decision");
    assert!(
        events.iter().any(|(name, data)| *name == "attempt" && data["outcome"]["kind"] == "server_error"),
        "{text}"
    );
    assert!(!text.contains("event: done"), "{text}");
}

#[tokio::test]
async fn a_caller_who_waits_shortly_hears_something_in_time() {
    let stage = Stage::start(Settings::default()).await;
    let client = reqwest::Client::new().post(stage.url("/api/route")).header("x-stainless-timeout", "0.4");
    let asked = Instant::now();
    let response = client.json(&json!({"prompt": "silence", "stream": true})).send().await.unwrap();
    assert_eq!(response.status(), 200);
    assert!((200..400).contains(&asked.elapsed().as_millis()), "{:?}", asked.elapsed());
}

#[tokio::test]
async fn a_caller_that_leaves_a_stream_takes_the_work_upstream_along() {
    let early = Duration::from_millis(50);
    let stage = Stage::start(Settings { early_response_after: early, ..Settings::default() }).await;
    let clients = [reqwest::Client::new(), reqwest::Client::builder().http2_prior_knowledge().build().unwrap()];
    for client in clients {
        let asked = client.post(stage.url("/api/route")).json(&json!({"prompt": "silence", "stream": true}));
        let response = asked.send().await.unwrap();
        stage.provider.until_waiting(1).await;
        drop(response);
        let left = Instant::now();
        stage.provider.until_waiting(0).await;
        assert!(left.elapsed() < Duration::from_millis(100), "took {:?}", left.elapsed());
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_answer_that_was_cut_is_never_done() {
    let Whole { stage, simulator } = Whole::start().await;
    let body = |model: &str| json!({"prompt": "hi", "modelId": model, "stream": true, "fallbacks": false});
    simulator.set_fault("gpt-4o", Some("cut-after-2".parse().unwrap()));
    let cut = ask(&stage, &body("gpt-4o")).await.text().await.unwrap();
    assert!(cut.contains("event: delta") && !cut.contains("event: done"), "{cut}");
    assert_eq!(events(&cut).last().unwrap().0, "error", "{cut}");

    let whole = ask(&stage, &body("claude-haiku-4-5")).await.text().await.unwrap();
    let text: String = events(&whole)
        .iter()
        .filter(|(name, _)| *name == "delta")
        .filter_map(|(_, data)| data["text"].as_str().map(str::to_owned))
        .collect();
    assert!(text.starts_with("[simulated] claude-haiku-4-5"), "{whole}");
    assert_eq!(events(&whole).last().unwrap().0, "done", "{whole}");
    assert!(simulator.attempts().iter().any(|attempt| attempt.outcome == Outcome::Answered));
}

/// Every word of each arrives.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn many_streams_at_once_lose_nothing() {
    let Whole { stage, simulator: _simulator } = Whole::start().await;
    let client = reqwest::Client::new();
    let tasks: Vec<_> = (0..200)
        .map(|number| {
            let body = json!({"prompt": format!("question {number}"), "modelId": "gpt-4o", "stream": true});
            tokio::spawn(client.post(stage.url("/api/route")).json(&body).send())
        })
        .collect();
    for (number, task) in tasks.into_iter().enumerate() {
        let text = task.await.unwrap().unwrap().text().await.unwrap();
        let said: String = events(&text)
            .iter()
            .filter(|(name, _)| *name == "delta")
            .filter_map(|(_, data)| data["text"].as_str().map(str::to_owned))
            .collect();
        assert!(said.ends_with(&format!("answers: question {number}")), "{number}: {text}");
        assert_eq!(events(&text).last().unwrap().0, "done", "{number}: {text}");
    }
}
