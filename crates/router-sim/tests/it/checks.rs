//! What a bad request gets: the wire's own error, naming the field.

use reqwest::Client;
use router_sim::{Outcome, Refuses, Simulator, SimulatorConfig, Wire};
use serde_json::{Value, json};

use crate::client::{body, model, post, simulator};

/// The smallest good body with one field set, or taken away where it is null.
fn with(wire: Wire, model: &str, field: &str, value: Value) -> Value {
    let mut body = body(wire, model);
    if value.is_null() {
        body.as_object_mut().unwrap().remove(field);
    } else {
        body[field] = value;
    }
    body
}

fn user(content: Value) -> Value {
    json!({"role": "user", "content": content})
}

#[tokio::test]
async fn openai_names_the_parameter_and_the_code() {
    let simulator = simulator().await;
    let call = json!({"id": "call_1", "type": "function", "function": {"name": "f", "arguments": "{}"}});
    let calls = json!({"role": "assistant", "content": null, "tool_calls": [call]});
    let result = |id: &str| json!({"role": "tool", "tool_call_id": id, "content": "x"});
    let tool = |name: &str| json!({"type": "function", "function": {"name": name, "parameters": {"type": "object"}}});
    let loose = json!({"type": "object", "properties": {"a": {"type": "string"}}});
    let cases = [
        ("gpt-4o", "messages", Value::Null, "messages", "missing_required_parameter"),
        ("gpt-4o", "messages", json!([]), "messages", "invalid_value"),
        ("gpt-4o", "messages", json!("hello"), "messages", "invalid_type"),
        ("gpt-4o", "messages", json!([{"content": "x"}]), "messages[0].role", "missing_required_parameter"),
        ("gpt-4o", "messages", json!([{"role": "human", "content": "x"}]), "messages[0].role", "invalid_value"),
        ("gpt-4o", "messages", json!([user(json!(7))]), "messages[0].content", "invalid_type"),
        ("gpt-4o", "messages", json!([user(json!([{"type": "txt"}]))]), "messages[0].content[0].type", "invalid_value"),
        ("gpt-4o", "messages", json!([user(json!("x")), result("call_1")]), "messages[1].role", "invalid_value"),
        ("gpt-4o", "messages", json!([user(json!("x")), calls]), "messages", "invalid_value"),
        ("gpt-4o", "messages", json!([user(json!("x")), calls, user(json!("y"))]), "messages", "invalid_value"),
        (
            "gpt-4o",
            "messages",
            json!([user(json!("x")), calls, result("call_2")]),
            "messages[2].tool_call_id",
            "invalid_value",
        ),
        ("gpt-4o", "temperature", json!(2.1), "temperature", "invalid_value"),
        ("gpt-4o", "temperature", json!("hot"), "temperature", "invalid_type"),
        ("gpt-4o", "max_tokens", json!(0), "max_tokens", "invalid_value"),
        ("gpt-4o", "top_k", json!(5), "top_k", "unknown_parameter"),
        ("gpt-4o", "stop", json!(["1", "2", "3", "4", "5"]), "stop", "invalid_value"),
        ("gpt-4o", "tools", json!([tool("a b")]), "tools[0].function.name", "invalid_value"),
        ("gpt-4o", "tools", json!([tool("a"), tool("a")]), "tools", "invalid_value"),
        ("gpt-4o", "tool_choice", json!("auto"), "tool_choice", "invalid_value"),
        ("gpt-4o", "stream_options", json!({"include_usage": true}), "stream_options", "invalid_value"),
        ("gpt-4o", "stream", json!("yes"), "stream", "invalid_type"),
        ("gpt-4o", "response_format", json!({"type": "json_object"}), "messages", "invalid_value"),
        (
            "gpt-4o",
            "response_format",
            json!({"type": "json_schema", "json_schema": {"name": "n", "strict": true, "schema": loose}}),
            "response_format.json_schema.schema",
            "invalid_value",
        ),
        ("gpt-5-mini", "max_tokens", json!(5), "max_tokens", "unsupported_parameter"),
        ("gpt-6.1-sol", "max_tokens", json!(5), "max_tokens", "unsupported_parameter"),
        ("o3", "max_tokens", json!(5), "max_tokens", "unsupported_parameter"),
        ("o3", "stop", json!("x"), "stop", "unsupported_parameter"),
        ("gpt-5-mini", "temperature", json!(0.2), "temperature", "unsupported_value"),
        ("gpt-6-sol", "reasoning_effort", json!("minimal"), "reasoning_effort", "unsupported_value"),
    ];
    for (model, field, value, param, code) in cases {
        let (status, error) = post(&simulator, Wire::OpenAi, &with(Wire::OpenAi, model, field, value)).await;
        assert_eq!(status, 400, "{error}");
        assert_eq!((&error["error"]["param"], &error["error"]["code"]), (&json!(param), &json!(code)), "{error}");
        assert_eq!(error["error"]["type"], "invalid_request_error");
    }
}

#[tokio::test]
async fn anthropic_names_the_path() {
    let simulator = simulator().await;
    let messages = |content: Value| json!([user(content)]);
    let call = json!({"role": "assistant", "content": [{"type": "tool_use", "id": "t1", "name": "f", "input": {}}]});
    let result = json!({"type": "tool_result", "tool_use_id": "t1", "content": "x"});
    let text = json!({"type": "text", "text": "x"});
    let haiku = "claude-haiku-4-5";
    let cases = [
        (haiku, "max_tokens", Value::Null, "max_tokens: Field required"),
        (haiku, "max_tokens", json!("many"), "max_tokens: Input should be an integer"),
        (haiku, "messages", Value::Null, "messages: Field required"),
        (haiku, "messages", json!([]), "messages: at least one message is required"),
        (haiku, "messages", json!([{"role": "tool", "content": "x"}]), "messages.0.role: 'tool' is not one of"),
        (haiku, "messages", messages(json!("")), "messages.0.content: messages must have non-empty content"),
        (
            haiku,
            "messages",
            messages(json!([{"type": "text", "text": ""}])),
            "messages.0.content.0.text: text content blocks must be non-empty",
        ),
        (
            haiku,
            "messages",
            messages(json!([{"type": "text", "text": " \n"}])),
            "messages.0.content.0.text: text content blocks must contain non-whitespace",
        ),
        (
            haiku,
            "messages",
            messages(json!([{"type": "image_url", "image_url": {"url": "x"}}])),
            "messages.0.content.0.type: 'image_url' is not one of",
        ),
        (haiku, "messages", messages(json!([result])), "messages.0.content: unexpected `tool_use_id`"),
        (haiku, "messages", json!([user(json!("x")), call]), "messages: `tool_use` ids were found without"),
        (
            haiku,
            "messages",
            json!([user(json!("x")), call, user(json!("y"))]),
            "messages.2.content: `tool_use` ids were found without",
        ),
        (
            haiku,
            "messages",
            json!([user(json!("x")), call, user(json!([text, result]))]),
            "messages.2.content.1: `tool_result` blocks must come before",
        ),
        (
            haiku,
            "messages",
            json!([user(json!("x")), {"role": "assistant", "content": "so "}]),
            "messages.1.content: final assistant content cannot end",
        ),
        (haiku, "n", json!(1), "n: Extra inputs are not permitted"),
        (haiku, "temperature", json!(1.5), "temperature: expected a value between 0 and 1"),
        (haiku, "stop_sequences", json!([" "]), "stop_sequences.0: each stop sequence must contain non-whitespace"),
        (
            haiku,
            "system",
            json!([{"type": "text", "text": ""}]),
            "system.0.text: text content blocks must be non-empty",
        ),
        (haiku, "tools", json!([{"name": "f"}]), "tools.0.input_schema: Field required"),
        (haiku, "tool_choice", json!({"type": "auto"}), "tool_choice: may only be specified while providing `tools`"),
        (
            haiku,
            "thinking",
            json!({"type": "enabled", "budget_tokens": 500}),
            "thinking.budget_tokens: expected a value >= 1024",
        ),
        (haiku, "stream", json!("yes"), "stream: Input should be a boolean"),
        ("claude-opus-4-7", "temperature", json!(1), "temperature: Extra inputs are not permitted"),
        (
            "claude-opus-4-7",
            "thinking",
            json!({"type": "enabled", "budget_tokens": 2000}),
            "thinking.type: \"enabled\" is not supported",
        ),
        (
            "claude-sonnet-5",
            "messages",
            json!([user(json!("x")), {"role": "assistant", "content": "so"}]),
            "messages.1: This model does not support assistant message prefill",
        ),
    ];
    for (model, field, value, message) in cases {
        let (status, error) = post(&simulator, Wire::Anthropic, &with(Wire::Anthropic, model, field, value)).await;
        assert_eq!((status, &error["error"]["type"]), (400, &json!("invalid_request_error")), "{error}");
        assert!(error["error"]["message"].as_str().unwrap().starts_with(message), "{error}");
        assert!(error["request_id"].is_string());
    }
}

#[tokio::test]
async fn openrouter_takes_what_it_does_not_know_and_codes_errors_as_numbers() {
    let simulator = simulator().await;
    let unknown = with(Wire::OpenRouter, "openai/gpt-5", "transforms", json!(["middle-out"]));
    assert_eq!(post(&simulator, Wire::OpenRouter, &unknown).await.0, 200);
    let (status, error) =
        post(&simulator, Wire::OpenRouter, &with(Wire::OpenRouter, "openai/gpt-5", "messages", Value::Null)).await;
    assert_eq!((status, &error["error"]["code"]), (400, &json!(400)));
}

#[tokio::test]
async fn what_a_model_refuses_can_be_configured() {
    let refuses = [("gpt-4o".to_owned(), vec![Refuses::MaxTokens]), ("gpt-5".to_owned(), Vec::new())];
    let config = SimulatorConfig { refuses: refuses.into(), ..SimulatorConfig::default() };
    let simulator = Simulator::start(config).await.unwrap();
    for (model, expected) in [("gpt-4o", 400), ("gpt-5", 200)] {
        let body = with(Wire::OpenAi, model, "max_tokens", json!(5));
        assert_eq!(post(&simulator, Wire::OpenAi, &body).await.0, expected, "{model}");
    }
}

#[tokio::test]
async fn models_that_cannot_exist_are_not_found() {
    let simulator = simulator().await;
    let cases = [
        (Wire::Anthropic, "gpt-4o"),
        (Wire::OpenRouter, "gpt-4o"),
        (Wire::OpenAi, "gpt-4o+fault:4290"),
        (Wire::Anthropic, "claude-haiku-4-5+chached"),
    ];
    for (wire, model) in cases {
        assert_eq!(post(&simulator, wire, &body(wire, model)).await.0, 404, "{model}");
    }
}

#[tokio::test]
async fn keys_and_versions_are_checked_where_the_wire_wants_them() {
    let simulator = simulator().await;
    let anthropic = [("x-api-key", "k"), ("anthropic-version", "2026-10-21")];
    let both = [("x-api-key", "sk-wrong-1"), ("authorization", "Bearer k"), ("anthropic-version", "2023-06-01")];
    let none: &[(&str, &str)] = &[];
    let cases = [
        (Wire::OpenAi, none, 401),
        (Wire::OpenAi, &[("x-api-key", "k")], 401),
        (Wire::OpenAi, &[("authorization", "Bearer ")], 401),
        (Wire::OpenAi, &[("authorization", "Bearer sk-wrong-1")], 401),
        (Wire::OpenRouter, &[("authorization", "Bearer k")], 200),
        (Wire::Anthropic, &anthropic, 200),
        (Wire::Anthropic, &both, 401),
        (Wire::Anthropic, &anthropic[..1], 400),
        (Wire::Anthropic, &[("x-api-key", "k"), ("anthropic-version", "2024-01-01")], 400),
    ];
    for (wire, headers, expected) in cases {
        let path = if wire == Wire::Anthropic { "/v1/messages" } else { "/chat/completions" };
        let mut request = Client::new().post(simulator.base_url(wire) + path).json(&body(wire, model(wire)));
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        assert_eq!(request.send().await.unwrap().status().as_u16(), expected, "{wire} {headers:?}");
    }
}

#[tokio::test]
async fn the_newest_version_of_messages_has_no_sampling() {
    let simulator = simulator().await;
    let request = Client::new()
        .post(simulator.base_url(Wire::Anthropic) + "/v1/messages")
        .bearer_auth("k")
        .header("anthropic-version", "2026-10-21")
        .json(&with(Wire::Anthropic, "claude-haiku-4-5", "temperature", json!(1)));
    assert_eq!(request.send().await.unwrap().status().as_u16(), 400);
}

#[tokio::test]
async fn what_is_not_json_or_not_here_is_refused() {
    let simulator = simulator().await;
    let url = simulator.base_url(Wire::OpenAi) + "/chat/completions";
    let post = |content_type, body: &'static str| {
        Client::new().post(&url).bearer_auth("k").header("content-type", content_type).body(body).send()
    };
    assert_eq!(post("application/json", "{bad").await.unwrap().status(), 400);
    assert_eq!(post("text/plain", "{}").await.unwrap().status(), 400);
    assert_eq!(post("application/json", "[]").await.unwrap().status(), 400);
    assert_eq!(reqwest::get(&url).await.unwrap().status(), 404);
    let outside = Client::new().post(simulator.base_url(Wire::Anthropic) + "/messages").send().await.unwrap();
    assert_eq!(outside.status(), 404);
    assert!(simulator.attempts().iter().all(|attempt| attempt.outcome == Outcome::Refused { status: 400 }));
}
