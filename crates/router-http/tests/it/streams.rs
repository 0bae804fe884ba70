//! `POST /api/route` with `stream: true`.

use router_http::settings::Settings;
use serde_json::{Value, json};

use crate::stage::Stage;

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
