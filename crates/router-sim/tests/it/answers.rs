//! What a good request gets.

use router_sim::Wire;
use serde_json::{Value, json};

use crate::client::{body, model, post, simulator, try_post};

fn weather_tool(wire: Wire) -> Value {
    let schema = json!({"type": "object", "properties": {"city": {"type": "string"}}, "required": ["city"]});
    if wire == Wire::Anthropic {
        json!({"name": "get_weather", "description": "Weather", "input_schema": schema})
    } else {
        json!({"type": "function", "function": {"name": "get_weather", "parameters": schema}})
    }
}

#[tokio::test]
async fn text_on_each_wire() {
    let simulator = simulator().await;
    for (wire, text) in [
        (Wire::OpenAi, "/choices/0/message/content"),
        (Wire::Anthropic, "/content/0/text"),
        (Wire::OpenRouter, "/choices/0/message/content"),
    ] {
        let (status, answer) = post(&simulator, wire, &body(wire, model(wire))).await;
        let expected = format!("[simulated] {} on the {wire} wire answers: Good morning to you", model(wire));
        assert_eq!((status, answer.pointer(text).unwrap()), (200, &json!(expected)));
    }
}

#[tokio::test]
async fn usage_in_each_wires_convention() {
    let simulator = simulator().await;
    let words: Vec<_> = (0..96).map(|n| n.to_string()).collect();
    for wire in Wire::ALL {
        // 96 words and 4 for the message: 100 tokens, of which 80 are read from the cache and 10 written to it.
        let mut body = body(wire, &format!("{}+cached+written+reasoning", model(wire)));
        body["messages"][0]["content"] = json!(words.join(" "));
        let (_, answer) = post(&simulator, wire, &body).await;
        let usage = &answer["usage"];
        if wire == Wire::Anthropic {
            assert_eq!(usage["input_tokens"], 10);
            assert_eq!(usage["cache_read_input_tokens"], 80);
            assert_eq!(usage["cache_creation"]["ephemeral_5m_input_tokens"], 10);
            assert_eq!(usage["output_tokens_details"]["thinking_tokens"], 64);
            // The thought, and the answer's 7 words, 12 echoed ones and an ellipsis.
            assert_eq!(usage["output_tokens"], 64 + 20);
        } else {
            assert_eq!(usage["prompt_tokens"], 100);
            assert_eq!(usage["prompt_tokens_details"]["cached_tokens"], 80);
            assert_eq!(usage["prompt_tokens_details"]["cache_write_tokens"], 10);
            assert_eq!(usage["completion_tokens_details"]["reasoning_tokens"], 64);
            assert_eq!(usage["completion_tokens"], 64 + 20);
            assert_eq!(usage["total_tokens"], 184);
        }
        let cost = usage.get("cost").and_then(Value::as_f64);
        assert_eq!(cost.map(|cost| (cost * 1e6).round()), (wire == Wire::OpenRouter).then_some(100.0 + 84.0 * 4.0));
    }
}

#[tokio::test]
async fn a_limit_of_tokens_and_a_stop_sequence_end_the_text() {
    let simulator = simulator().await;
    for wire in Wire::ALL {
        let mut short = body(wire, model(wire));
        short["max_tokens"] = json!(3);
        let (_, answer) = post(&simulator, wire, &short).await;
        let mut stopped = body(wire, model(wire));
        let field = if wire == Wire::Anthropic { "stop_sequences" } else { "stop" };
        stopped[field] = json!([" to you", " morning"]);
        let (_, stopped) = post(&simulator, wire, &stopped).await;
        if wire == Wire::Anthropic {
            assert_eq!(answer["stop_reason"], "max_tokens");
            assert_eq!(answer["usage"]["output_tokens"], 3);
            assert_eq!(
                (&stopped["stop_reason"], &stopped["stop_sequence"]),
                (&json!("stop_sequence"), &json!(" morning"))
            );
        } else {
            assert_eq!(answer["choices"][0]["finish_reason"], "length");
            assert_eq!(answer["usage"]["completion_tokens"], 3);
            assert_eq!(stopped["choices"][0]["finish_reason"], "stop");
            assert!(stopped["choices"][0]["message"]["content"].as_str().unwrap().ends_with("answers: Good"));
        }
    }
}

#[tokio::test]
async fn a_tool_is_called_on_demand_and_its_result_answered() {
    let simulator = simulator().await;
    for wire in Wire::ALL {
        let mut body = body(wire, model(wire));
        body["tools"] = json!([weather_tool(wire)]);
        body["messages"][0]["content"] = json!("Please use tool get_weather, then use tool get_weather.");
        let (_, answer) = post(&simulator, wire, &body).await;
        let (turn, results) = if wire == Wire::Anthropic {
            assert_eq!(answer["stop_reason"], "tool_use");
            assert_eq!(answer["content"][0]["input"], json!({"city": "[simulated]"}));
            let result = |call: &Value| json!({"type": "tool_result", "tool_use_id": call["id"], "content": "Sunny"});
            let results: Vec<_> = answer["content"].as_array().unwrap().iter().map(result).collect();
            assert_eq!(results.len(), 2);
            let turn = json!({"role": "assistant", "content": answer["content"]});
            (turn, vec![json!({"role": "user", "content": results})])
        } else {
            let message = answer["choices"][0]["message"].clone();
            assert_eq!(answer["choices"][0]["finish_reason"], "tool_calls");
            let calls = message["tool_calls"].as_array().unwrap();
            assert_eq!(calls[0]["function"]["arguments"], "{\"city\":\"[simulated]\"}");
            assert_ne!(calls[0]["id"], calls[1]["id"]);
            let result = |call: &Value| json!({"role": "tool", "tool_call_id": call["id"], "content": "Sunny"});
            let results = calls.iter().map(result).collect();
            (json!({"role": "assistant", "content": null, "tool_calls": calls}), results)
        };
        let messages = body["messages"].as_array_mut().unwrap();
        messages.push(turn);
        messages.extend(results);
        let (status, answer) = post(&simulator, wire, &body).await;
        assert_eq!(status, 200, "{answer}");
        let text = answer.pointer("/content/0/text").or_else(|| answer.pointer("/choices/0/message/content"));
        assert!(text.unwrap().as_str().unwrap().starts_with("[simulated]"), "{answer}");
    }
}

#[tokio::test]
async fn tools_are_forced_forbidden_and_limited_to_one() {
    let simulator = simulator().await;
    for wire in Wire::ALL {
        let (forced, forbidden) = match wire {
            Wire::Anthropic => (json!({"type": "any"}), json!({"type": "none"})),
            _ => (json!("required"), json!("none")),
        };
        let calls = async |choice: Value, prompt: &str, one: bool| {
            let mut body = body(wire, model(wire));
            body["messages"][0]["content"] = json!(prompt);
            body["tools"] = json!([weather_tool(wire)]);
            body["tool_choice"] = choice;
            if one && wire == Wire::Anthropic {
                body["tool_choice"]["disable_parallel_tool_use"] = json!(true);
            } else if one {
                body["parallel_tool_calls"] = json!(false);
            }
            let (status, answer) = post(&simulator, wire, &body).await;
            assert_eq!(status, 200, "{answer}");
            answer.to_string().matches("\"get_weather\"").count()
        };
        assert_eq!(calls(forced.clone(), "Good morning", false).await, 1);
        assert_eq!(calls(forbidden, "use tool get_weather", false).await, 0);
        assert_eq!(calls(forced.clone(), "use tool get_weather use tool get_weather", false).await, 2);
        assert_eq!(calls(forced, "use tool get_weather use tool get_weather", true).await, 1);
    }
}

#[tokio::test]
async fn a_schema_is_satisfied() {
    let simulator = simulator().await;
    let schema = json!({
        "type": "object", "properties": {"name": {"type": "string"}, "age": {"type": "integer"}},
        "required": ["name", "age"], "additionalProperties": false
    });
    for wire in Wire::ALL {
        let mut body = body(wire, model(wire));
        if wire == Wire::Anthropic {
            body["output_config"] = json!({"format": {"type": "json_schema", "schema": schema}});
        } else {
            let named = json!({"name": "person", "strict": true, "schema": schema});
            body["response_format"] = json!({"type": "json_schema", "json_schema": named});
        }
        let (_, answer) = post(&simulator, wire, &body).await;
        let text = answer.pointer("/content/0/text").or_else(|| answer.pointer("/choices/0/message/content")).unwrap();
        let value: Value = serde_json::from_str(text.as_str().unwrap()).unwrap();
        assert_eq!(value, json!({"name": "[simulated]", "age": 0}));
    }
}

#[tokio::test]
async fn headers_are_those_of_the_wire() {
    let simulator = simulator().await;
    for (wire, expected) in [
        (Wire::OpenAi, ["x-request-id", "openai-version", "x-ratelimit-remaining-requests"].as_slice()),
        (Wire::Anthropic, &["request-id", "anthropic-ratelimit-requests-reset"]),
        (Wire::OpenRouter, &["x-generation-id"]),
    ] {
        let response = try_post(&simulator, wire, &body(wire, model(wire))).await.unwrap();
        for name in expected {
            assert!(response.headers().contains_key(*name), "{wire}: {name}");
        }
        let generation = response.headers().get("x-generation-id").cloned();
        let answer: Value = response.json().await.unwrap();
        assert!(generation.is_none_or(|id| answer["id"] == id.to_str().unwrap()));
    }
}

#[tokio::test]
async fn models_are_listed() {
    let simulator = simulator().await;
    for wire in Wire::ALL {
        let path = if wire == Wire::Anthropic { "/v1/models" } else { "/models" };
        let url = simulator.base_url(wire) + path;
        let without_key = reqwest::get(&url).await.unwrap().status();
        assert_eq!(without_key.as_u16(), if wire == Wire::OpenRouter { 200 } else { 401 });
        let response = reqwest::Client::new().get(&url).bearer_auth("sk-test").send().await.unwrap();
        let list: Value = response.json().await.unwrap();
        assert_eq!(list["data"][0]["id"], model(wire));
    }
}
