//! Streams without faults: the order and the shape of their events, and that they say what the whole answer says.

use router_sim::{Simulator, SimulatorConfig, Wire};
use serde_json::{Value, json};

use crate::client::{body, model, post, simulator, try_post};
use crate::stream_client::{hear, streamed, with_call};

#[tokio::test]
async fn a_stream_says_what_the_answer_says() {
    let simulator = simulator().await;
    for wire in Wire::ALL {
        for suffixes in ["", "+cached+written+reasoning", "+fault:refusal", "+tokens:60"] {
            let heard = hear(&simulator, wire, &streamed(wire, suffixes)).await;
            let (_, answer) = post(&simulator, wire, &body(wire, &format!("{}{suffixes}", model(wire)))).await;
            assert!(heard.broken.is_none() && heard.terminated(), "{wire} {suffixes}: {}", heard.raw);
            let text = if wire == Wire::Anthropic { answer["content"].as_array().unwrap().last() } else { None }
                .map_or(&answer["choices"][0]["message"]["content"], |block| &block["text"]);
            assert_eq!(heard.text(), text.as_str().unwrap_or_default(), "{wire} {suffixes}");
            let finish =
                if wire == Wire::Anthropic { &answer["stop_reason"] } else { &answer["choices"][0]["finish_reason"] };
            assert_eq!(heard.finishes().last().unwrap(), finish.as_str().unwrap());
            let (told, whole) = (heard.usage().unwrap(), &answer["usage"]);
            for (name, value) in told.as_object().unwrap() {
                assert_eq!(value, &whole[name], "{wire} {suffixes}: {name}");
            }
        }
    }
}

#[tokio::test]
async fn openais_chunks() {
    let simulator = simulator().await;
    let heard = hear(&simulator, Wire::OpenAi, &streamed(Wire::OpenAi, "")).await;
    let chunks = heard.json();
    assert!(heard.events.iter().all(|(name, _)| name.is_empty()));
    assert_eq!(chunks[0]["choices"][0]["delta"], json!({"role": "assistant", "content": "", "refusal": null}));
    let [.., last_delta, finish, usage] = chunks.as_slice() else { panic!("{chunks:?}") };
    assert_eq!(last_delta["choices"][0]["delta"], json!({"content": " you"}));
    assert_eq!((&finish["choices"][0]["delta"], &finish["choices"][0]["finish_reason"]), (&json!({}), &json!("stop")));
    assert_eq!(usage["choices"], json!([]));
    assert_eq!(usage["usage"]["total_tokens"], 8 + 11);
    for chunk in &chunks {
        assert_eq!((&chunk["object"], &chunk["id"]), (&json!("chat.completion.chunk"), &chunks[0]["id"]));
        assert!(chunk.get("usage").is_some() && chunk["obfuscation"].is_string(), "{chunk}");
    }

    let mut plain = streamed(Wire::OpenAi, "");
    plain["stream_options"] = json!({"include_obfuscation": false});
    let heard = hear(&simulator, Wire::OpenAi, &plain).await;
    assert!(heard.terminated() && !heard.raw.contains("usage") && !heard.raw.contains("obfuscation"));

    let mut wrong = streamed(Wire::OpenAi, "");
    wrong["stream_options"] = json!({"include_usage": "yes"});
    let (status, error) = post(&simulator, Wire::OpenAi, &wrong).await;
    assert_eq!((status, &error["error"]["param"]), (400, &json!("stream_options.include_usage")));
}

#[tokio::test]
async fn choices_advance_together() {
    let simulator = simulator().await;
    let mut two = streamed(Wire::OpenAi, "");
    two["n"] = json!(2);
    let chunks = hear(&simulator, Wire::OpenAi, &two).await.json();
    let text = |choice: u64| -> String {
        let of_choice = chunks.iter().filter(|chunk| chunk["choices"][0]["index"] == choice);
        of_choice.filter_map(|chunk| chunk["choices"][0]["delta"]["content"].as_str()).collect()
    };
    assert_eq!(text(0), text(1));
    assert!(text(1).starts_with("[simulated]"));
}

#[tokio::test]
async fn anthropics_events() {
    let simulator = simulator().await;
    let heard = hear(&simulator, Wire::Anthropic, &streamed(Wire::Anthropic, "+reasoning")).await;
    let mut kinds: Vec<String> = heard.strings("/type");
    let names: Vec<_> = heard.events.iter().map(|(name, _)| name.clone()).collect();
    assert_eq!(kinds, names);
    kinds.dedup();
    let block = ["content_block_start", "content_block_delta", "content_block_stop"];
    let expected: Vec<&str> = ["message_start", "content_block_start", "ping"]
        .into_iter()
        .chain(block.into_iter().skip(1))
        .chain(block)
        .chain(["message_delta", "message_stop"])
        .collect();
    assert_eq!(kinds, expected);
    let events = heard.json();
    let message = &events[0]["message"];
    assert_eq!((&message["content"], &message["stop_reason"]), (&json!([]), &Value::Null));
    assert_eq!((&message["usage"]["input_tokens"], &message["usage"]["output_tokens"]), (&json!(8), &json!(1)));
    let thought = heard.strings("/delta/thinking");
    assert_eq!((thought.len(), thought.concat().starts_with("[simulated] thought 3 4")), (64, true));
    assert_eq!(heard.strings("/delta/signature").len(), 1);
    assert_eq!(heard.usage().unwrap()["output_tokens"], 64 + 11);
    assert!(heard.events.iter().any(|(_, data)| data.ends_with("  }")), "no padding");
}

#[tokio::test]
async fn openrouters_chunks() {
    let simulator = simulator().await;
    let heard = hear(&simulator, Wire::OpenRouter, &streamed(Wire::OpenRouter, "+reasoning")).await;
    assert!(heard.raw.starts_with(": OPENROUTER PROCESSING\n\n"));
    let chunks = heard.json();
    let details = heard.strings("/choices/0/delta/reasoning_details/0/text");
    assert_eq!(heard.strings("/choices/0/delta/reasoning"), details);
    assert_eq!(details.len(), 64);
    assert_eq!(heard.strings("/choices/0/delta/reasoning_details/0/signature").len(), 1);
    let usage = chunks.last().unwrap();
    assert_eq!(usage["choices"][0]["finish_reason"], "stop");
    assert_eq!(usage["choices"][0]["native_finish_reason"], "end_turn");
    assert!(usage["usage"]["cost"].is_number());
    assert_eq!(heard.finishes(), ["stop", "stop"]);
    assert!(chunks.iter().all(|chunk| chunk["choices"][0]["delta"]["role"] == "assistant"));
}

#[tokio::test]
async fn a_call_comes_in_fragments() {
    let simulator = simulator().await;
    for wire in Wire::ALL {
        let mut body = with_call(wire, streamed(wire, ""));
        body["messages"][0]["content"] = json!("use tool get_weather and use tool get_weather");
        let heard = hear(&simulator, wire, &body).await;
        if wire == Wire::Anthropic {
            assert_eq!(heard.finishes(), ["tool_use"]);
            let pieces = heard.strings("/delta/partial_json");
            assert_eq!(pieces[0], "");
            assert_eq!(pieces.concat(), "{\"city\":\"[simulated]\"}".repeat(2));
            assert_eq!(heard.strings("/content_block/name"), ["get_weather"; 2]);
            let indices = heard.json().iter().filter_map(|event| event["index"].as_u64()).max();
            assert_eq!(indices, Some(1));
        } else {
            assert_eq!(heard.finishes()[0], "tool_calls");
            let ids = heard.strings("/choices/0/delta/tool_calls/0/id");
            assert_eq!(heard.strings("/choices/0/delta/tool_calls/0/function/name"), ["get_weather"; 2]);
            assert!(ids.len() == 2 && ids[0] != ids[1], "{ids:?}");
            let pieces = heard.strings("/choices/0/delta/tool_calls/0/function/arguments");
            assert!(pieces.len() > 6, "{pieces:?}");
            assert_eq!(pieces.concat(), "{\"city\":\"[simulated]\"}".repeat(2));
        }
    }
}

#[tokio::test]
async fn a_call_without_arguments() {
    let simulator = simulator().await;
    for wire in Wire::ALL {
        let mut body = with_call(wire, streamed(wire, ""));
        let schema = json!({"type": "object", "properties": {}});
        match wire {
            Wire::Anthropic => body["tools"][0]["input_schema"] = schema,
            _ => body["tools"][0]["function"]["parameters"] = schema,
        }
        let heard = hear(&simulator, wire, &body).await;
        let arguments = match wire {
            Wire::Anthropic => heard.strings("/delta/partial_json"),
            _ => heard.strings("/choices/0/delta/tool_calls/0/function/arguments"),
        };
        let expected: &[&str] = if wire == Wire::Anthropic { &[""] } else { &["", "{}"] };
        assert_eq!(arguments, expected);
    }
}

#[tokio::test]
async fn a_delta_is_a_token() {
    let config = SimulatorConfig { tokens: Some(60), ..SimulatorConfig::default() };
    let configured = Simulator::start(config).await.unwrap();
    let simulator = simulator().await;
    for wire in Wire::ALL {
        for heard in [
            hear(&simulator, wire, &streamed(wire, "+tokens:60")).await,
            hear(&configured, wire, &streamed(wire, "")).await,
        ] {
            assert_eq!(heard.texts().len(), 60);
            assert!(heard.text().ends_with(" 58 59 60"));
        }
        let short = hear(&configured, wire, &streamed(wire, "+tokens:2")).await;
        assert_eq!(short.text().split(' ').count(), 2);
    }
    assert!(simulator.attempts().iter().chain(&configured.attempts()).all(|attempt| [60, 2].contains(&attempt.tokens)));
}

#[tokio::test]
async fn a_prefilled_answer_goes_on_where_it_stopped() {
    let simulator = simulator().await;
    for wire in Wire::ALL {
        let whole = hear(&simulator, wire, &streamed(wire, "+tokens:60")).await.texts();
        let mut body = streamed(wire, "+tokens:60");
        let begun = json!({"role": "assistant", "content": whole[..40].concat()});
        body["messages"].as_array_mut().unwrap().push(begun);
        assert_eq!(hear(&simulator, wire, &body).await.texts(), whole[40..]);
        body["model"] = json!(format!("{}+refuses:prefill", model(wire)));
        assert_eq!(try_post(&simulator, wire, &body).await.unwrap().status(), 400);
    }
}

#[tokio::test]
async fn a_limit_of_tokens_ends_a_stream() {
    let simulator = simulator().await;
    for wire in Wire::ALL {
        let mut body = streamed(wire, "+tokens:60");
        body["max_tokens"] = json!(7);
        let heard = hear(&simulator, wire, &body).await;
        assert_eq!(heard.text().split(' ').count(), 7);
        assert_eq!(heard.finishes()[0], if wire == Wire::Anthropic { "max_tokens" } else { "length" });
    }
}
