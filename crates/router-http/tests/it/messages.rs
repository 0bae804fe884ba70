//! `/v1/messages`: Anthropic's API, over doubles and over simulated providers.

use http::{HeaderMap, Method};
use router_http::settings::Settings;
use router_sim::{Fault, FaultKind};
use serde_json::{Value, json};

use crate::stage::Stage;
use crate::whole::Whole;

const MESSAGES: &str = "/v1/messages?beta=true";

/// One model on each wire.
const MODELS: [&str; 3] = ["gpt-4o", "claude-haiku-4-5", "deepseek/deepseek-v4-flash"];

async fn ask(stage: &Stage, body: &Value, headers: &[(&'static str, &str)]) -> reqwest::Response {
    let mut request = reqwest::Client::new().request(Method::POST, stage.url(MESSAGES)).json(body);
    for (name, value) in headers {
        request = request.header(*name, *value);
    }
    request.send().await.unwrap()
}

fn message(model: &str, text: &str) -> Value {
    json!({"model": model, "max_tokens": 100, "messages": [{"role": "user", "content": text}]})
}

/// The same with these fields.
fn with(mut body: Value, fields: Value) -> Value {
    body.as_object_mut().unwrap().extend(fields.as_object().unwrap().clone());
    body
}

fn header<'a>(headers: &'a HeaderMap, name: &str) -> &'a str {
    headers.get(name).map(|value| value.to_str().unwrap()).unwrap_or_default()
}

/// The events of a stream, each with the name it should have.
fn events(text: &str) -> Vec<Value> {
    let blocks = text.split("\n\n").filter(|block| block.contains("data: "));
    let event = |block: &str| {
        let name = block.lines().find_map(|line| line.strip_prefix("event: ")).unwrap().to_owned();
        let data = block.lines().find_map(|line| line.strip_prefix("data: ")).unwrap();
        let json: Value = serde_json::from_str(data).unwrap();
        assert_eq!(json["type"], name, "{block}");
        json
    };
    blocks.map(event).collect()
}

fn said(events: &[Value]) -> String {
    events.iter().filter_map(|event| event["delta"]["text"].as_str()).collect()
}

#[tokio::test]
async fn an_answer_in_another_dialect_is_written_in_anthropics() {
    let stage = Stage::start(Settings::default()).await;
    let response = ask(&stage, &message("gpt-4o", "hello"), &[("x-api-key", "any")]).await;
    assert_eq!(response.status(), 200);
    let headers = response.headers().clone();
    assert_eq!(header(&headers, "x-router-model"), "gpt-4o");
    assert_eq!(header(&headers, "request-id"), header(&headers, "x-request-id"));
    assert!(header(&headers, "anthropic-ratelimit-requests-reset").ends_with('Z'), "{headers:?}");
    assert_eq!(header(&headers, "x-ratelimit-limit-requests"), "");
    let answer: Value = response.json().await.unwrap();
    let id = header(&headers, "request-id").replace('-', "");
    assert_eq!(
        answer,
        json!({
            "id": format!("msg_{id}"), "type": "message", "role": "assistant", "model": "gpt-4o",
            "content": [{"type": "text", "text": "answer to: hello"}],
            "stop_reason": "end_turn", "stop_sequence": null, "stop_details": null,
            "usage": {
                "input_tokens": 7, "cache_creation_input_tokens": 0, "cache_read_input_tokens": 0,
                "cache_creation": {"ephemeral_5m_input_tokens": 0, "ephemeral_1h_input_tokens": 0},
                "output_tokens": 5, "output_tokens_details": {"thinking_tokens": 0},
            },
        })
    );
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn every_wire_answers_whole_and_streamed_alike() {
    let Whole { stage, simulator: _simulator } = Whole::start().await;
    for model in MODELS {
        let whole: Value = ask(&stage, &message(model, "Good morning"), &[]).await.json().await.unwrap();
        let content = whole["content"][0]["text"].as_str().unwrap_or_else(|| panic!("{whole}"));
        assert!(content.starts_with("[simulated]") && content.contains("Good morning"), "{whole}");

        let streamed = with(message(model, "Good morning"), json!({"stream": true}));
        let response = ask(&stage, &streamed, &[("anthropic-version", "2026-10-21")]).await;
        assert_eq!(header(response.headers(), "x-router-model"), model);
        let text = response.text().await.unwrap();
        let events = events(&text);
        assert_eq!(said(&events), content, "{model}");
        let kinds: Vec<&str> = events.iter().map(|event| event["type"].as_str().unwrap()).collect();
        assert_eq!(kinds.iter().filter(|kind| **kind == "message_start").count(), 1, "{text}");
        assert!(kinds.starts_with(&["message_start", "content_block_start"]), "{text}");
        assert!(kinds.ends_with(&["content_block_stop", "message_delta", "message_stop"]), "{text}");
        let end = &events[events.len() - 2];
        assert_eq!(end["delta"]["stop_reason"], "end_turn", "{text}");
        assert_eq!(end["usage"]["output_tokens"], whole["usage"]["output_tokens"], "{model}");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn tools_are_called_on_every_wire() {
    let Whole { stage, simulator: _simulator } = Whole::start().await;
    let schema = json!({"type": "object", "properties": {"city": {"type": "string"}}, "required": ["city"]});
    let tools = json!({"tools": [{"name": "get_weather", "input_schema": schema}]});
    for model in MODELS {
        let body = with(message(model, "use tool get_weather"), tools.clone());
        let whole: Value = ask(&stage, &body, &[]).await.json().await.unwrap();
        let call = whole["content"].as_array().unwrap().iter().find(|block| block["type"] == "tool_use").unwrap();
        assert_eq!((&whole["stop_reason"], &call["name"]), (&json!("tool_use"), &json!("get_weather")), "{whole}");
        assert!(call["input"]["city"].is_string(), "{whole}");

        let text = ask(&stage, &with(body, json!({"stream": true})), &[]).await.text().await.unwrap();
        let events = events(&text);
        let arguments: String = events.iter().filter_map(|event| event["delta"]["partial_json"].as_str()).collect();
        assert_eq!(serde_json::from_str::<Value>(&arguments).unwrap(), call["input"], "{text}");

        // The results go back in the next turn, beside what else the caller says.
        let result = json!({"type": "tool_result", "tool_use_id": call["id"], "content": "21 °C"});
        let turns = json!([
            {"role": "user", "content": "use tool get_weather"},
            {"role": "assistant", "content": whole["content"]},
            {"role": "user", "content": [result, {"type": "text", "text": "Well?"}]},
        ]);
        let answer = ask(&stage, &with(message(model, ""), json!({"messages": turns})), &[]).await;
        assert_eq!(answer.status(), 200, "{model}: {}", answer.text().await.unwrap());
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_goes_to_anthropic_is_what_was_written_but_for_what_is_named() {
    // The simulator refuses what Anthropic refuses: unknown fields, budgets of models that have none, sampling parameters.
    let Whole { stage, simulator: _simulator } = Whole::start().await;
    let body = with(
        message("claude-sonnet-5", "hi"),
        json!({
            "router": {"promptType": "analysis"},
            "thinking": {"type": "enabled", "budget_tokens": 2_048}, "max_tokens": 4_096, "temperature": 1,
            "metadata": {"user_id": "u-1"}, "fallbacks": [{"model": "claude-opus-5"}],
        }),
    );
    for version in ["2026-10-21", "2023-06-01"] {
        let response = ask(&stage, &body, &[("anthropic-version", version)]).await;
        let changed = header(response.headers(), "x-router-changed").to_owned();
        assert_eq!(response.status(), 200, "{}", response.text().await.unwrap());
        assert_eq!(changed, "router, fallbacks, thinking, output_config.effort, temperature", "{version}");
    }
    // What the older models take they get, whatever version the caller speaks.
    let older = with(message("claude-haiku-4-5", "hi"), json!({"temperature": 0.5}));
    let response = ask(&stage, &older, &[("anthropic-version", "2026-10-21")]).await;
    assert_eq!(header(response.headers(), "x-router-changed"), "");
    assert_eq!(response.status(), 200, "{}", response.text().await.unwrap());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_only_anthropic_has_is_refused_elsewhere_or_named() {
    let Whole { stage, simulator: _simulator } = Whole::start().await;
    let search = json!({"tools": [{"type": "web_search_20250305", "name": "web_search"}]});
    let search = with(message("gpt-4o", "hi"), with(search, json!({"router": {"fallbacks": false}})));
    let refused = ask(&stage, &search, &[]).await;
    assert_eq!(refused.status(), 400);
    let error: Value = refused.json().await.unwrap();
    assert_eq!(
        (&error["type"], &error["error"]["type"]),
        (&json!("error"), &json!("invalid_request_error")),
        "{error}"
    );

    let named =
        with(message("gpt-4o", "hi"), json!({"thinking": {"type": "enabled", "budget_tokens": 1_024}, "new": 1}));
    let response = ask(&stage, &named, &[("anthropic-beta", "context-1m-2025-08-07")]).await;
    assert_eq!(response.status(), 200);
    let dropped = header(response.headers(), "x-router-dropped");
    for name in ["new", "thinking.budget_tokens", "anthropic-beta"] {
        assert!(dropped.contains(name), "{name}: {dropped}");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn signatures_go_to_the_model_they_are_bound_to_and_to_no_other() {
    let Whole { stage, simulator } = Whole::start().await;
    let turns = json!([
        {"role": "user", "content": "One?"},
        {"role": "assistant", "content": [
            {"type": "thinking", "thinking": "Hm.", "signature": "c2lnbmVk"},
            {"type": "text", "text": "One."},
        ]},
        {"role": "user", "content": "Two?"},
    ]);
    let body = with(message("claude-sonnet-5", ""), json!({"messages": turns}));
    let response = ask(&stage, &body, &[]).await;
    assert_eq!(response.status(), 200);
    assert_eq!(header(response.headers(), "x-router-dropped"), "");

    // The same weights elsewhere can read them, too.
    simulator.set_fault("claude-sonnet-5", Some(Fault::always(FaultKind::Overloaded)));
    let response = ask(&stage, &body, &[]).await;
    assert_eq!(header(response.headers(), "x-router-model"), "anthropic/claude-sonnet-5");
    assert_eq!(header(response.headers(), "x-router-dropped"), "");
    simulator.set_fault("anthropic/claude-sonnet-5", Some(Fault::always(FaultKind::Overloaded)));
    let response = ask(&stage, &body, &[]).await;
    let (model, dropped) =
        (header(response.headers(), "x-router-model"), header(response.headers(), "x-router-dropped"));
    assert!(!model.ends_with("claude-sonnet-5"), "{model}");
    assert!(dropped.contains("reasoning"), "{model}: {dropped:?}");
    assert_eq!(response.status(), 200);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn errors_are_anthropics() {
    let Whole { stage, simulator } = Whole::start().await;
    let error = async |body: &Value, headers: &[(&'static str, &str)]| {
        let response = ask(&stage, body, headers).await;
        let (status, id) = (response.status().as_u16(), header(response.headers(), "request-id").to_owned());
        let json: Value = response.json().await.unwrap();
        assert_eq!((&json["type"], &json["request_id"]), (&json!("error"), &json!(id)), "{json}");
        (
            status,
            json["error"]["type"].as_str().unwrap().to_owned(),
            json["error"]["message"].as_str().unwrap().to_owned(),
        )
    };
    let no_limit = json!({"model": "gpt-4o", "messages": [{"role": "user", "content": "hi"}]});
    let wrong_text =
        json!({"model": "gpt-4o", "max_tokens": 9, "messages": [{"role": "user", "content": [{"type": "text"}]}]});
    let too_long = message("gpt-4o", &"word ".repeat(400_000));
    let too_long = with(too_long, json!({"router": {"fallbacks": false}}));
    for (body, headers, status, kind, words) in [
        (&no_limit, &[][..], 400, "invalid_request_error", "max_tokens: Field required"),
        (&wrong_text, &[], 400, "invalid_request_error", "messages.0.content.0.text: Field required"),
        (&message("nobody", "hi"), &[], 404, "not_found_error", "`nobody` does not exist"),
        (&message("gpt-4o", "hi"), &[("anthropic-version", "1")], 400, "invalid_request_error", "anthropic-version"),
        (&too_long, &[], 400, "invalid_request_error", "prompt is too long: "),
    ] {
        let (got, class, message) = error(body, headers).await;
        assert_eq!((got, class.as_str()), (status, kind), "{message}");
        assert!(message.contains(words), "{words:?} is not in {message:?}");
    }
    let (_, _, message_) = error(&too_long, &[]).await;
    assert!(message_.ends_with(" maximum") && message_.contains(" tokens > "), "{message_}");
    for (kind, status, class) in
        [(FaultKind::Overloaded, 529, "overloaded_error"), (FaultKind::BadKey, 503, "api_error")]
    {
        simulator.set_fault("gpt-4o", Some(Fault::always(kind)));
        let alone = with(message("gpt-4o", "hi"), json!({"router": {"fallbacks": false}}));
        let (got, said, message) = error(&alone, &[]).await;
        assert_eq!((got, said.as_str()), (status, class), "{message}");
    }
}

#[tokio::test]
async fn models_are_listed_as_anthropic_lists_them() {
    let stage = Stage::start(Settings::default()).await;
    let list = async |query: &str| -> Value {
        let request = reqwest::Client::new().get(stage.url(&format!("/v1/models{query}")));
        request.header("anthropic-version", "2023-06-01").send().await.unwrap().json().await.unwrap()
    };
    let all = list("").await;
    let ids: Vec<&str> = all["data"].as_array().unwrap().iter().map(|model| model["id"].as_str().unwrap()).collect();
    assert_eq!(ids[0], "auto");
    assert_eq!((&all["has_more"], &all["last_id"]), (&json!(false), &json!(ids[ids.len() - 1])));
    let page = list(&format!("?limit=2&after_id={}", ids[1])).await;
    assert_eq!((&page["first_id"], &page["last_id"]), (&json!(ids[2]), &json!(ids[3])));
    assert_eq!(page["has_more"], ids.len() > 4);
    let before = list(&format!("?limit=1&before_id={}", ids[1])).await;
    assert_eq!((&before["first_id"], &before["has_more"]), (&json!(ids[0]), &json!(false)));
    assert_eq!(list("?limit=0").await["error"]["type"], "invalid_request_error");
    assert_eq!(list("/gpt-4o").await["type"], "model");
    assert_eq!(list("/nobody").await["error"]["type"], "not_found_error");
}

#[tokio::test]
async fn tokens_are_counted_without_a_provider() {
    let stage = Stage::start(Settings::default()).await;
    let count = async |system: &str| {
        let body = json!({"model": "auto", "system": system, "messages": [{"role": "user", "content": "hello"}]});
        let (status, counted) = stage.post("/v1/messages/count_tokens", &body).await;
        assert_eq!(status, 200, "{counted}");
        counted["input_tokens"].as_u64().unwrap()
    };
    assert!(count("").await < count("Be brief and kind.").await);
}
