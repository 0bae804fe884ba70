//! `/v1/responses`: OpenAI's newer API, over doubles and over simulated providers.

use router_http::settings::Settings;
use router_sim::{Fault, FaultKind};
use serde_json::{Value, json};

use crate::stage::Stage;
use crate::whole::Whole;

const RESPONSES: &str = "/v1/responses";

/// The events of a stream.
fn events(text: &str) -> Vec<Value> {
    text.lines()
        .filter_map(|line| line.strip_prefix("data: "))
        .map(|data| serde_json::from_str(data).unwrap())
        .collect()
}

async fn streamed(stage: &Stage, body: &Value) -> Vec<Value> {
    let response = reqwest::Client::new().post(stage.url(RESPONSES)).json(body).send().await.unwrap();
    assert_eq!(response.headers()["content-type"], "text/event-stream; charset=utf-8");
    events(&response.text().await.unwrap())
}

#[tokio::test]
async fn a_response_repeats_what_was_asked_and_says_who_answered() {
    let stage = Stage::start(Settings::default()).await;
    let body = json!({"model": "gpt-4o", "input": "hello", "metadata": {"team": "search"}, "temperature": 0.5});
    let response = reqwest::Client::new().post(stage.url(RESPONSES)).json(&body).send().await.unwrap();
    let headers = response.headers().clone();
    assert_eq!((response.status().as_u16(), &headers["x-router-model"]), (200, &"gpt-4o".parse().unwrap()));
    assert!(headers.contains_key("x-ratelimit-remaining-requests"));
    let answer: Value = response.json().await.unwrap();
    let id = headers["x-request-id"].to_str().unwrap().replace('-', "");
    assert_eq!((&answer["id"], &answer["status"]), (&json!(format!("resp_{id}")), &json!("completed")));
    assert_eq!(answer["output"][0]["content"][0]["text"], "answer to: hello");
    assert_eq!((&answer["metadata"]["team"], &answer["temperature"]), (&json!("search"), &json!(0.5)));
    assert_eq!(answer["usage"]["total_tokens"], 12);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn every_wire_answers_whole_and_streamed_alike() {
    let Whole { stage, simulator: _simulator } = Whole::start().await;
    for model in ["gpt-4o", "claude-haiku-4-5", "deepseek/deepseek-v4-flash"] {
        let mut body = json!({"model": model, "instructions": "Be brief.", "input": [{"role": "user", "content": "Good morning"}]});
        let (status, whole) = stage.post(RESPONSES, &body).await;
        assert_eq!(status, 200, "{whole}");
        let text = whole["output"][0]["content"][0]["text"].as_str().unwrap();
        assert!(text.starts_with("[simulated]") && text.contains("Good morning"), "{whole}");
        body["stream"] = true.into();
        let events = streamed(&stage, &body).await;
        let said: String = events
            .iter()
            .filter(|event| event["type"] == "response.output_text.delta")
            .filter_map(|event| event["delta"].as_str())
            .collect();
        assert_eq!(said, text, "{model}");
        let last = events.last().unwrap();
        assert_eq!(last["type"], "response.completed");
        assert_eq!(last["response"]["output"][0]["content"], whole["output"][0]["content"], "{model}");
        assert_eq!(last["response"]["usage"], whole["usage"], "{model}");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_openai_keeps_or_runs_is_refused_by_its_name() {
    let Whole { stage, simulator: _simulator } = Whole::start().await;
    for (fields, field) in [
        (json!({"previous_response_id": "resp_1"}), "previous_response_id"),
        (json!({"conversation": "conv_1"}), "conversation"),
        (json!({"background": true}), "background"),
        (json!({"tools": [{"type": "web_search"}]}), "tools.type"),
        (json!({"input": [{"type": "item_reference", "id": "x"}]}), "input.type"),
        (json!({"input": [{"role": "user", "content": [{"type": "input_text"}]}]}), "input[0].content[0].text"),
    ] {
        let mut body = json!({"model": "gpt-4o", "input": "hi"});
        body.as_object_mut().unwrap().extend(fields.as_object().unwrap().clone());
        let (status, refused) = stage.post(RESPONSES, &body).await;
        assert_eq!((status, &refused["error"]["param"]), (400, &json!(field)), "{refused}");
        assert_eq!(refused["error"]["type"], "invalid_request_error");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_answer_that_nobody_finishes_fails_and_says_so_twice() {
    let Whole { stage, simulator } = Whole::start().await;
    simulator.set_fault("gpt-4o", Some(Fault::always(FaultKind::CutAfter(3))));
    let body = json!({"model": "gpt-4o", "input": "Good morning", "stream": true, "router": {"fallbacks": false}});
    let events = streamed(&stage, &body).await;
    let [.., error, failed] = &events[..] else { panic!("{events:?}") };
    assert_eq!((&error["type"], &failed["type"]), (&json!("error"), &json!("response.failed")));
    assert!(error["error"]["message"].is_string(), "clients raise what stands there: {error}");
    assert_eq!(failed["response"]["status"], "failed");
}
