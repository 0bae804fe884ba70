//! `/v1`: OpenAI's API, over doubles and over simulated providers.

use std::time::Duration;

use http::{HeaderMap, Method};
use router_http::settings::Settings;
use router_sim::{Fault, FaultKind};
use serde_json::{Value, json};

use crate::stage::Stage;
use crate::whole::Whole;

const CHAT: &str = "/v1/chat/completions";

async fn ask(stage: &Stage, body: &Value, headers: &[(&'static str, &str)]) -> reqwest::Response {
    let mut request = reqwest::Client::new().request(Method::POST, stage.url(CHAT)).json(body);
    for (name, value) in headers {
        request = request.header(*name, *value);
    }
    request.send().await.unwrap()
}

fn chat(model: &str, text: &str) -> Value {
    json!({"model": model, "messages": [{"role": "user", "content": text}]})
}

fn streamed(model: &str, text: &str) -> Value {
    let mut body = chat(model, text);
    body["stream"] = true.into();
    body["stream_options"] = json!({"include_usage": true});
    body
}

fn header<'a>(headers: &'a HeaderMap, name: &str) -> &'a str {
    headers.get(name).map(|value| value.to_str().unwrap()).unwrap_or_default()
}

/// The chunks of a stream, and whether it ended with `[DONE]`.
fn chunks(text: &str) -> (Vec<Value>, bool) {
    let data: Vec<&str> = text.lines().filter_map(|line| line.strip_prefix("data: ")).collect();
    let done = data.last() == Some(&"[DONE]");
    (data.into_iter().filter(|data| *data != "[DONE]").map(|data| serde_json::from_str(data).unwrap()).collect(), done)
}

fn said(chunks: &[Value]) -> String {
    chunks.iter().filter_map(|chunk| chunk["choices"][0]["delta"]["content"].as_str()).collect()
}

#[tokio::test]
async fn an_answer_in_another_dialect_is_written_in_openais() {
    let stage = Stage::start(Settings::default()).await;
    let response = ask(&stage, &chat("gpt-4o", "hello"), &[("authorization", "Bearer any")]).await;
    assert_eq!(response.status(), 200);
    let headers = response.headers().clone();
    for (name, value) in [
        ("content-type", "application/json"),
        ("x-router-model", "gpt-4o"),
        ("x-router-provider", "openai"),
        ("x-router-attempts", "1"),
        ("x-router-cost-usd", "0.0000675"),
    ] {
        assert_eq!(header(&headers, name), value, "{name}");
    }
    for name in ["x-ratelimit-remaining-requests", "openai-processing-ms", "x-request-id"] {
        assert!(!header(&headers, name).is_empty(), "{name}");
    }
    let answer: Value = response.json().await.unwrap();
    assert_eq!((&answer["object"], &answer["model"]), (&json!("chat.completion"), &json!("gpt-4o")));
    assert_eq!(answer["id"], format!("chatcmpl-{}", header(&headers, "x-request-id")));
    assert!(answer["created"].as_u64().unwrap() > 1_700_000_000);
    assert_eq!(answer["choices"][0]["message"]["content"], "answer to: hello");
    assert_eq!(answer["choices"][0]["finish_reason"], "stop");
    assert_eq!(answer["usage"]["total_tokens"], 12);
}

#[tokio::test]
async fn a_stream_in_another_dialect_is_written_in_openais() {
    let stage = Stage::start(Settings::default()).await;
    let response = ask(&stage, &streamed("gpt-4o", "hello"), &[]).await;
    assert_eq!(header(response.headers(), "content-type"), "text/event-stream; charset=utf-8");
    assert_eq!(header(response.headers(), "x-router-model"), "gpt-4o");
    let text = response.text().await.unwrap();
    let (chunks, done) = chunks(&text);
    assert!(done, "{text}");
    assert_eq!(said(&chunks), "answer to: hello");
    let [.., finish, usage] = &chunks[..] else { panic!("{text}") };
    assert_eq!(finish["choices"][0]["finish_reason"], "stop");
    assert_eq!((&usage["choices"], &usage["usage"]["completion_tokens"]), (&json!([]), &json!(5)));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_the_provider_writes_in_this_dialect_is_passed_on_as_it_is() {
    let Whole { stage, simulator: _simulator } = Whole::start().await;
    for model in ["gpt-4o", "claude-haiku-4-5", "deepseek/deepseek-v4-flash"] {
        let response = ask(&stage, &chat(model, "Good morning"), &[]).await;
        let headers = response.headers().clone();
        let whole: Value = response.json().await.unwrap();
        let content = whole["choices"][0]["message"]["content"].as_str().unwrap_or_else(|| panic!("{whole}"));
        assert!(content.starts_with("[simulated]") && content.contains("Good morning"), "{whole}");
        assert_eq!(header(&headers, "x-router-model"), model, "{whole}");

        let text = ask(&stage, &streamed(model, "Good morning"), &[]).await.text().await.unwrap();
        let (chunks, done) = chunks(&text);
        assert!(done, "{model}: {text}");
        assert_eq!(said(&chunks), content, "{model}");
        let usages: Vec<&Value> =
            chunks.iter().map(|chunk| &chunk["usage"]).filter(|usage| usage.is_object()).collect();
        assert_eq!(usages.len(), 1, "{model}: {text}");
        assert_eq!(usages[0]["total_tokens"], whole["usage"]["total_tokens"], "{model}");
        // The router's own need to know what was consumed is not the caller's.
        let mut quiet = streamed(model, "Good morning");
        quiet.as_object_mut().unwrap().remove("stream_options");
        let text = ask(&stage, &quiet, &[]).await.text().await.unwrap();
        assert!(!text.contains("prompt_tokens") && text.ends_with("data: [DONE]\n\n"), "{model}: {text}");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn preferences_go_into_the_body_or_headers_and_are_not_passed_on() {
    // The simulator refuses fields that OpenAI's API does not know.
    let Whole { stage, simulator } = Whole::start().await;
    let model_of = async |body: &Value, headers: &[(&'static str, &str)]| {
        let response = ask(&stage, body, headers).await;
        let model = header(response.headers(), "x-router-model").to_owned();
        assert_eq!(response.status(), 200, "{}", response.text().await.unwrap());
        model
    };
    let mut body = chat("gpt-4o", "hi");
    body["router"] = json!({"promptType": "analysis", "metadata": {"team": "search"}, "fallbacks": false});
    let response = ask(&stage, &body, &[]).await;
    assert_eq!((response.status().as_u16(), simulator.attempts().len()), (200, 1));
    let id = header(response.headers(), "x-request-id").to_owned();
    let (_, record) = stage.get(&format!("/api/requests/{id}")).await;
    assert_eq!(
        (&record["promptType"], &record["metadata"]["team"]),
        (&json!("analysis"), &json!("search")),
        "{record}"
    );

    let cheapest = model_of(&chat("auto", "hi"), &[("x-router-target", "cheapest")]).await;
    let best = model_of(&chat("auto", "hi"), &[("x-router-target", "best")]).await;
    assert_ne!(cheapest, best);
    // The body counts before headers.
    let mut body = chat("auto", "hi");
    body["router"] = json!({"preferences": {"target": "cheapest"}});
    assert_eq!(model_of(&body, &[("x-router-target", "best")]).await, cheapest);
    assert_ne!(model_of(&chat("auto:cost", "hi"), &[]).await, model_of(&chat("auto:quality", "hi"), &[]).await);
    model_of(&chat("auto:fast", "hi"), &[]).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn failover_is_invisible_but_for_the_name() {
    let Whole { stage, simulator } = Whole::start().await;
    simulator.set_fault("gpt-4o", Some(Fault::always(FaultKind::ServerError)));
    for body in [chat("gpt-4o", "hi"), streamed("gpt-4o", "hi")] {
        let response = ask(&stage, &body, &[]).await;
        assert_eq!(response.status(), 200);
        let model = header(response.headers(), "x-router-model").to_owned();
        let text = response.text().await.unwrap();
        assert!(!model.is_empty() && model != "gpt-4o" && text.contains("[simulated]"), "{model}: {text}");
        assert!(body["stream"] != true || text.ends_with("data: [DONE]\n\n"), "{text}");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_stream_that_breaks_ends_with_an_error_and_without_done() {
    let Whole { stage, simulator } = Whole::start().await;
    simulator.set_fault("gpt-4o", Some("cut-after-2".parse().unwrap()));
    let alone = [("x-router-fallbacks", "false")];
    let text = ask(&stage, &streamed("gpt-4o", "hi"), &alone).await.text().await.unwrap();
    let (chunks, done) = chunks(&text);
    assert!(!done && !said(&chunks).is_empty(), "{text}");
    let error = &chunks.last().unwrap()["error"];
    assert!(error["message"].is_string() && error["type"] == "server_error" && error["code"].is_string(), "{text}");
}

#[tokio::test]
async fn a_slow_model_gets_comments_that_clients_ignore() {
    let early = Duration::from_millis(50);
    let stage = Stage::start(Settings { early_response_after: early, keep_alive: early, ..Settings::default() }).await;
    let alone = [("x-router-fallbacks", "false")];
    let text = ask(&stage, &streamed("gpt-4o", "slowly hello"), &alone).await.text().await.unwrap();
    assert!(text.starts_with(": waiting\n\n") && text.ends_with("data: [DONE]\n\n"), "{text}");
    assert_eq!(said(&chunks(&text).0), "answer to: slowly hello");
    let text = ask(&stage, &streamed("gpt-4o", "slowly fail: overloaded"), &alone).await.text().await.unwrap();
    let (chunks, done) = chunks(&text);
    assert_eq!((&chunks[0]["error"]["code"], done), (&json!("server_is_overloaded"), false), "{text}");
}

#[tokio::test]
async fn failures_are_said_as_openais_sdks_expect() {
    let stage = Stage::start(Settings::default()).await;
    let alone = [("x-router-fallbacks", "false")];
    for (kind, status, class, code, again) in [
        ("rate_limited", 429, "rate_limit_error", "rate_limit_exceeded", "true"),
        ("overloaded", 503, "service_unavailable_error", "server_is_overloaded", "false"),
        ("server_error", 502, "server_error", "upstream_failed", "false"),
        ("timeout_idle", 504, "server_error", "upstream_timeout", "false"),
        ("context_too_long", 400, "invalid_request_error", "context_length_exceeded", "false"),
        ("content_policy", 400, "invalid_request_error", "content_policy_violation", "false"),
        ("invalid_request", 400, "invalid_request_error", "refused_by_provider", "false"),
        // Never the caller's 401, or 429 for an account that is not theirs.
        ("auth", 503, "service_unavailable_error", "upstream_misconfigured", "false"),
        ("quota", 503, "service_unavailable_error", "upstream_misconfigured", "false"),
    ] {
        for body in [chat, streamed].map(|body| body("gpt-4o", &format!("fail: {kind}"))) {
            // Each at a stage of its own: what fails is not asked again for a while.
            let stage = Stage::start(Settings::default()).await;
            let response = ask(&stage, &body, &alone).await;
            let (said, headers) = (response.status().as_u16(), response.headers().clone());
            let answer: Value = response.json().await.unwrap();
            assert_eq!(said, status, "{kind}: {answer}");
            let error = &answer["error"];
            assert_eq!((&error["type"], &error["code"]), (&json!(class), &json!(code)), "{kind}: {answer}");
            assert!(error["message"].is_string() && error["param"].is_null(), "{answer}");
            assert_eq!(header(&headers, "x-should-retry"), again, "{kind}: {headers:?}");
            assert_eq!(header(&headers, "retry-after").is_empty(), again == "false", "{kind}");
            assert_eq!(header(&headers, "retry-after-ms").is_empty(), again == "false", "{kind}");
        }
    }
    let unknown = ask(&stage, &chat("gpt-4oo", "hi"), &[]).await;
    assert_eq!(unknown.status(), 404);
    let unknown: Value = unknown.json().await.unwrap();
    assert_eq!((&unknown["error"]["code"], &unknown["error"]["param"]), (&json!("model_not_found"), &json!("model")));
    assert!(unknown["error"]["message"].as_str().unwrap().contains("`gpt-4o`"), "{unknown}");
}

#[tokio::test]
async fn the_list_of_models_is_what_can_be_asked() {
    let stage = Stage::start(Settings::default()).await;
    let (status, list) = stage.get("/v1/models").await;
    assert_eq!((status, &list["object"]), (200, &json!("list")));
    let ids: Vec<&str> = list["data"].as_array().unwrap().iter().map(|model| model["id"].as_str().unwrap()).collect();
    assert_eq!(ids[..4], ["auto", "auto:cost", "auto:quality", "auto:fast"]);
    assert!(ids.contains(&"gpt-4o") && !ids.contains(&"gpt-3.5-turbo"), "{ids:?}");
    for id in ids {
        let (status, model) = stage.get(&format!("/v1/models/{id}")).await;
        assert_eq!((status, &model["id"], &model["object"]), (200, &json!(id), &json!("model")));
        assert!(model["created"].is_u64() && model["owned_by"].is_string(), "{model}");
    }
    let (status, missing) = stage.get("/v1/models/gpt-3.5-turbo").await;
    assert_eq!((status, &missing["error"]["code"]), (404, &json!("model_not_found")), "{missing}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn remembered_answers_are_for_those_who_ask_for_them() {
    let Whole { stage, simulator: _simulator } = Whole::start().await;
    let opted_in = [("x-router-cache", "default")];
    let body = chat("gpt-4o", "hello cache");
    let first = ask(&stage, &body, &opted_in).await;
    assert_eq!((first.status().as_u16(), header(first.headers(), "x-router-cache")), (200, ""));
    let first = first.bytes().await.unwrap();

    let second = ask(&stage, &body, &opted_in).await;
    assert_eq!(header(second.headers(), "x-router-cache"), "hit");
    assert_eq!(
        (header(second.headers(), "x-router-attempts"), header(second.headers(), "x-router-cost-usd")),
        ("0", "0.00")
    );
    assert_eq!(second.bytes().await.unwrap(), first, "the provider's own bytes");

    // The order of members does not change the answer, nor does how it is sent.
    let reordered = r#"{"messages":[{"role":"user","content":"hello cache"}],"model":"gpt-4o"}"#;
    let request = reqwest::Client::new().post(stage.url(CHAT)).header("content-type", "application/json");
    let third = request.header("x-router-cache", "only").body(reordered).send().await.unwrap();
    assert_eq!((third.status().as_u16(), header(third.headers(), "x-router-cache")), (200, "hit"));
    let replayed = ask(&stage, &streamed("gpt-4o", "hello cache"), &opted_in).await.text().await.unwrap();
    let (chunks, done) = chunks(&replayed);
    let first: Value = serde_json::from_slice(&first).unwrap();
    assert_eq!((json!(said(&chunks)), done), (first["choices"][0]["message"]["content"].clone(), true));

    // Who does not ask for them is answered afresh.
    let plain = ask(&stage, &body, &[]).await;
    assert_eq!(header(plain.headers(), "x-router-cache"), "");
    for (name, value) in [("cache-control", "only-if-cached"), ("x-router-cache", "only")] {
        let unknown = ask(&stage, &chat("gpt-4o", "never asked"), &[(name, value)]).await;
        assert_eq!(unknown.status(), 404, "{name}");
    }
    let wrong = ask(&stage, &body, &[("x-router-cache", "always")]).await;
    assert_eq!(wrong.status(), 400);
    assert_eq!(wrong.json::<Value>().await.unwrap()["error"]["param"], "x-router-cache");
}
