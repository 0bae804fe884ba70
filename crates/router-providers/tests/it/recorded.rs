//! Recorded exchanges, where they are at hand, against a table written by hand from their bodies and the definitions of
//! the counts; and bodies of our own, which always run.

use router_core::conversation::Content;
use router_core::error_kind::ErrorKind;
use router_core::finish::FinishReason;
use router_core::usage::Usage;
use router_providers::answer::{Answer, CallError};
use router_providers::{anthropic_messages, openai_chat};
use serde_json::{Value, json};

use crate::given::{recordings, reported, text, tool_call};

const S: FinishReason = FinishReason::Stop;
const T: FinishReason = FinishReason::ToolCalls;

/// File, why it stopped, tool calls, usage: input, cache read, written for 5 minutes and an hour, output, reasoning.
type Row = (&'static str, FinishReason, &'static [&'static str], u64, u64, [u64; 2], u64, u64);

#[rustfmt::skip]
const CHAT: [Row; 14] = [
    ("local-llamacpp/chat", S, &[], 36, 0, [0, 0], 8, 0),
    ("local-llamacpp/chat-stop", S, &[], 12, 24, [0, 0], 7, 0),
    ("local-llamacpp/chat-json-schema", S, &[], 10, 24, [0, 0], 22, 0),
    ("local-llamacpp/chat-n2-logprobs", FinishReason::Length, &[], 1, 35, [0, 0], 3, 0),
    ("openai/nonstream/chat-audio-input", S, &[], 64, 0, [0, 0], 9, 0),
    ("openai/nonstream/chat-cache-read-gpt-5.6", S, &[], 8, 4012, [0, 0], 4, 0),
    ("openai/nonstream/chat-tool-choice-none", S, &[], 132, 0, [0, 0], 589, 384),
    ("openai/nonstream/chat-tool-choice-required", T, &["get_weather"], 130, 0, [0, 0], 87, 64),
    ("openai/nonstream/chat-tool-result-followup", S, &[], 167, 0, [0, 0], 171, 128),
    ("openrouter/nonstream/cache-read", S, &[], 3, 3211, [115, 0], 53, 0),
    ("openrouter/nonstream/json-schema", S, &[], 181, 0, [0, 0], 12, 0),
    ("openrouter/nonstream/models-fallback-provider-prefs", S, &[], 5, 682, [0, 0], 240, 165),
    ("openrouter/nonstream/text-usage-cost", S, &[], 16, 0, [0, 0], 13, 0),
    ("openai/nonstream/chat-moderation-block-policy", S, &[], 12, 0, [0, 0], 1880, 1536),
];

#[rustfmt::skip]
const MESSAGES: [Row; 12] = [
    ("anthropic/nonstream/cache-read", S, &[], 10, 7351, [0, 0], 4, 0),
    ("anthropic/nonstream/cache-write", S, &[], 10, 0, [7351, 0], 4, 0),
    ("anthropic/nonstream/image-url", S, &[], 296, 0, [0, 0], 91, 0),
    ("anthropic/nonstream/parallel-tool-results", S, &[], 771, 0, [0, 0], 77, 0),
    ("anthropic/nonstream/thinking-adaptive-opus-5", S, &[], 13, 0, [0, 0], 44, 33),
    ("anthropic/nonstream/thinking-redacted", S, &[], 92, 0, [0, 0], 196, 0),
    ("anthropic/nonstream/thinking-summarized-sonnet-5", S, &[], 44, 0, [0, 0], 626, 170),
    ("anthropic/nonstream/thinking-tool-use", T, &["get_user_country"], 398, 0, [0, 0], 155, 0),
    ("anthropic/nonstream/tool-choice-specific", T, &["weather"], 716, 0, [0, 0], 56, 0),
    ("anthropic/nonstream/tool-result-followup", S, &[], 748, 0, [0, 0], 55, 0),
    ("anthropic/nonstream/tool-use", T, &["weather"], 633, 0, [0, 0], 75, 0),
    ("local-llamacpp/messages", S, &[], 1, 35, [0, 0], 8, 0),
];

fn response(root: &std::path::Path, name: &str) -> Value {
    let recorded: Value = serde_json::from_slice(&std::fs::read(root.join(format!("{name}.json"))).unwrap()).unwrap();
    recorded["response"]["body"].clone()
}

fn names_of_calls(answer: &Answer) -> Vec<&str> {
    let calls = answer.parts.iter().filter_map(|part| match &part.content {
        Content::ToolCall(call) => Some(call.name.as_str()),
        _ => None,
    });
    calls.collect()
}

fn check(rows: &[Row], decode: fn(&[u8]) -> Result<Answer, CallError>) {
    let Some(root) = recordings() else { return };
    for &(name, finish, calls, input, cache_read, written, output, reasoning) in rows {
        let body = response(&root, name);
        let answer = decode(body.to_string().as_bytes());
        assert!(answer.is_ok(), "{name}: {answer:?}");
        let answer = answer.unwrap();
        assert_eq!(answer.finish, finish, "{name}");
        assert_eq!(names_of_calls(&answer), calls, "{name}");
        assert_eq!(answer.usage, Some(reported(input, cache_read, written, output, reasoning)), "{name}");
        assert!(!answer.parts.is_empty() && answer.upstream_id.is_some() && answer.upstream_model.is_some(), "{name}");
    }
}

#[test]
fn recorded_chat_completions() {
    check(&CHAT, openai_chat::decode);
}

#[test]
fn recorded_messages() {
    check(&MESSAGES, anthropic_messages::decode);
}

#[test]
fn recorded_reasoning_keeps_its_signature() {
    let Some(root) = recordings() else { return };
    let body = response(&root, "anthropic/nonstream/thinking-tool-use");
    let answer = anthropic_messages::decode(body.to_string().as_bytes()).unwrap();
    let Content::Reasoning { text, signature } = &answer.parts[0].content else { panic!("{:?}", answer.parts) };
    assert_eq!(json!(text), body["content"][0]["thinking"]);
    assert_eq!(json!(signature), body["content"][0]["signature"]);
    let body = response(&root, "anthropic/nonstream/thinking-redacted");
    let answer = anthropic_messages::decode(body.to_string().as_bytes()).unwrap();
    assert_eq!(json!(answer.parts[0].content), json!({"redacted_reasoning": body["content"][0]["data"]}));
}

fn chat(choice: &Value, usage: &Value) -> Result<Answer, CallError> {
    let body = json!({"id": "c1", "model": "m", "choices": [choice], "usage": usage});
    openai_chat::decode(body.to_string().as_bytes())
}

fn chat_usage(usage: &Value) -> Option<Usage> {
    chat(&json!({"finish_reason": "stop", "message": {"content": "hi"}}), usage).unwrap().usage
}

#[test]
fn chat_usage_becomes_disjoint() {
    let details = json!({"prompt_tokens": 100, "completion_tokens": 30, "total_tokens": 130,
        "prompt_tokens_details": {"cached_tokens": 60, "cache_write_tokens": 25},
        "completion_tokens_details": {"reasoning_tokens": 20}});
    assert_eq!(chat_usage(&details), Some(reported(15, 60, [25, 0], 30, 20)));
    // xAI counts reasoning in the total alone.
    let beside = json!({"prompt_tokens": 10, "completion_tokens": 5, "total_tokens": 40,
        "completion_tokens_details": {"reasoning_tokens": 25}});
    assert_eq!(chat_usage(&beside), Some(reported(10, 0, [0, 0], 30, 25)));
    let deepseek = json!({"prompt_tokens": 10, "completion_tokens": 5, "prompt_cache_hit_tokens": 4});
    assert_eq!(chat_usage(&deepseek), Some(reported(6, 4, [0, 0], 5, 0)));
    // What contradicts itself counts no token twice, and wraps nothing.
    let wrong = json!({"prompt_tokens": 5, "completion_tokens": 1, "prompt_tokens_details": {"cached_tokens": 9}});
    assert_eq!(chat_usage(&wrong), Some(reported(0, 9, [0, 0], 1, 0)));
    for nothing in [json!(null), json!({}), json!({"prompt_tokens": 3})] {
        assert_eq!(chat_usage(&nothing), None);
    }
}

#[test]
fn anthropic_usage_sums_iterations_and_splits_writes() {
    let usage = |usage: Value| {
        let body = json!({"content": [{"type": "text", "text": "x"}], "stop_reason": "end_turn", "usage": usage});
        anthropic_messages::decode(body.to_string().as_bytes()).unwrap().usage
    };
    let split = json!({"input_tokens": 5, "output_tokens": 7, "cache_read_input_tokens": 3, "cache_creation_input_tokens": 30,
        "cache_creation": {"ephemeral_5m_input_tokens": 20, "ephemeral_1h_input_tokens": 10},
        "output_tokens_details": {"thinking_tokens": 4}});
    assert_eq!(usage(split), Some(reported(5, 3, [20, 10], 7, 4)));
    let iterations = json!({"input_tokens": 181, "output_tokens": 8, "iterations": [
        {"input_tokens": 100, "output_tokens": 83, "cache_read_input_tokens": 55_096},
        {"input_tokens": 181, "output_tokens": 8}]});
    assert_eq!(usage(iterations), Some(reported(281, 55_096, [0, 0], 91, 0)));
    assert_eq!(usage(json!({"input_tokens": 1})), None);
}

#[test]
fn chat_answers_in_all_their_spellings() {
    let parts = |message: Value, finish: &str| {
        let answer = chat(&json!({"finish_reason": finish, "message": message}), &Value::Null).unwrap();
        (answer.parts.into_iter().map(|part| part.content).collect::<Vec<_>>(), answer.finish)
    };
    let thought = |text: &str| Content::Reasoning { text: text.into(), signature: None };
    for name in ["reasoning_content", "reasoning"] {
        let (said, _) = parts(json!({"content": "4", name: "2+2"}), "stop");
        assert_eq!(said, [thought("2+2"), text("4")]);
    }
    let details = json!([{"type": "reasoning.text", "text": "a", "signature": "s"}, {"type": "reasoning.summary", "summary": "b"},
        {"type": "reasoning.encrypted", "data": "c"}]);
    let (said, _) =
        parts(json!({"content": null, "reasoning": "ab", "reasoning_details": details, "refusal": "no"}), "stop");
    let signed = Content::Reasoning { text: "a".into(), signature: Some("s".into()) };
    assert_eq!(said, [signed, thought("b"), Content::RedactedReasoning("c".into()), Content::Refusal("no".into())]);
    let blocks =
        json!([{"type": "thinking", "thinking": [{"type": "text", "text": "t"}]}, {"type": "text", "text": "x"}]);
    assert_eq!(parts(json!({"content": blocks}), "stop").0, [thought("t"), text("x")]);

    // A forced call ends with `stop`; arguments may be missing, or JSON instead of text; ids may be missing.
    let calls = json!([{"id": "a", "function": {"name": "f", "arguments": "{\"b\":1, \"a\":2}"}},
        {"function": {"name": "g", "arguments": {"x": 1}}}, {"id": "", "function": {"name": "h"}}]);
    let (said, finish) = parts(json!({"content": "", "tool_calls": calls}), "stop");
    assert_eq!(finish, FinishReason::ToolCalls);
    assert_eq!(
        said,
        [
            tool_call("a", "f", "{\"b\":1, \"a\":2}"),
            tool_call("call_c1_1", "g", "{\"x\":1}"),
            tool_call("call_c1_2", "h", "{}")
        ]
    );
}

#[test]
fn anthropic_input_is_kept_as_it_was_written() {
    let body = br#"{"content":[{"type":"tool_use","id":"t","name":"f","input":{"b": 1,  "a":2.50}}],"stop_reason":"tool_use"}"#;
    let answer = anthropic_messages::decode(body).unwrap();
    assert_eq!(answer.parts[0].content, tool_call("t", "f", "{\"b\": 1,  \"a\":2.50}"));
}

#[test]
fn a_refusal_says_why() {
    let body =
        json!({"content": [], "stop_reason": "refusal", "stop_details": {"type": "refusal", "explanation": "harm"}});
    let answer = anthropic_messages::decode(body.to_string().as_bytes()).unwrap();
    assert_eq!((answer.finish, answer.text().as_str()), (FinishReason::ContentFilter, "harm"));
}

#[test]
fn what_is_not_a_whole_answer_is_malformed() {
    let chat = [
        "",
        "null",
        "[]",
        "{}",
        "<html>",
        "{\"choices\":[]}",
        "{\"choices\":[{}]}",
        r#"{"choices":[{"message":{"content":"cut"}}]}"#,
        r#"{"choices":[{"message":{"content":"cut"},"finish_reason":null}]}"#,
        r#"{"choices":[{"message":{"content":"cut"},"finish_reason":"error"}]}"#,
        r#"{"choices":[{"message":{"content":null},"finish_reason":"tool_calls"}]}"#,
        r#"{"choices":[{"message":{"content":"cut"},"finish_reason":"st"#,
    ];
    for body in chat {
        assert_eq!(openai_chat::decode(body.as_bytes()).unwrap_err().kind, ErrorKind::Malformed, "{body}");
    }
    let messages = [
        "{}",
        r#"{"content":[{"type":"text","text":"cut"}]}"#,
        r#"{"content":[{"type":"text","text":"cut"}],"stop_reason":null}"#,
        r#"{"content":[{"type":"text","text":"cut"}],"stop_reason":"pause_turn"}"#,
        r#"{"content":[{"type":"text"}],"stop_reason":"end_turn"}"#,
        r#"{"content":[],"stop_reason":"tool_use"}"#,
    ];
    for body in messages {
        assert_eq!(anthropic_messages::decode(body.as_bytes()).unwrap_err().kind, ErrorKind::Malformed, "{body}");
    }
}
