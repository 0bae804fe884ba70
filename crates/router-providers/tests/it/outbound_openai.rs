//! Answers as a caller of chat completions reads them.

use bytes::{Bytes, BytesMut};
use futures_util::StreamExt;
use router_core::conversation::{Content, Part};
use router_core::finish::FinishReason;
use router_providers::answer::AnswerEvent;
use router_providers::dialect::Dialect;
use router_providers::kinds;
use router_providers::openai_chat::{self, ChunkWriter, Head, completion, decode_request};
use router_providers::original::Original;
use router_providers::setup::InstanceConfig;
use router_sim::{Simulator, SimulatorConfig, Wire};
use serde_json::{Value, json};

use crate::given::{call, json_of, model, reported, text, tool_call};

const HEAD: Head<'static> = Head { id: "chatcmpl-1", created: 1_700_000_000, model: "claude" };

fn parts(contents: Vec<Content>) -> Vec<Part> {
    contents.into_iter().map(Part::from).collect()
}

fn thought(text: &str, signature: Option<&str>) -> Content {
    Content::Reasoning { text: text.into(), signature: signature.map(str::to_owned) }
}

/// The payloads of the frames; the stream must consist of whole frames.
fn frames(bytes: &[u8]) -> Vec<String> {
    let text = std::str::from_utf8(bytes).unwrap();
    assert!(text.is_empty() || text.ends_with("\n\n"), "{text}");
    text.split_terminator("\n\n").map(|frame| frame.strip_prefix("data: ").unwrap().to_owned()).collect()
}

fn chunks(bytes: &[u8]) -> Vec<Value> {
    frames(bytes).iter().map(|frame| json_of(frame.as_bytes())).collect()
}

fn original(json: &str) -> AnswerEvent {
    AnswerEvent::Original(Bytes::copy_from_slice(json.as_bytes()))
}

#[test]
fn a_whole_answer() {
    let said = parts(vec![
        thought("2+2", Some("sig")),
        Content::RedactedReasoning("opaque".into()),
        text("Four"),
        text("."),
        tool_call("c1", "f", "{\"b\": 1}"),
        tool_call("c2", "g", ""),
    ]);
    let usage = reported(15, 60, [20, 5], 30, 20);
    let body = json_of(&completion(HEAD, &said, FinishReason::ToolCalls, Some(&usage)).unwrap());
    assert_eq!(
        body,
        json!({"id": "chatcmpl-1", "object": "chat.completion", "created": 1_700_000_000, "model": "claude",
            "choices": [{"index": 0, "message": {"role": "assistant", "content": "Four.", "refusal": null,
                "reasoning_content": "2+2",
                "reasoning_details": [
                    {"type": "reasoning.text", "text": "2+2", "signature": "sig", "index": 0},
                    {"type": "reasoning.encrypted", "data": "opaque", "index": 1}],
                "tool_calls": [
                    {"id": "c1", "type": "function", "function": {"name": "f", "arguments": "{\"b\": 1}"}},
                    {"id": "c2", "type": "function", "function": {"name": "g", "arguments": "{}"}}]},
                "logprobs": null, "finish_reason": "tool_calls"}],
            "usage": {"prompt_tokens": 100, "completion_tokens": 30, "total_tokens": 130,
                "prompt_tokens_details": {"cached_tokens": 60, "cache_write_tokens": 25},
                "completion_tokens_details": {"reasoning_tokens": 20}}})
    );
    let refused = parts(vec![Content::Refusal("No".into())]);
    let body = json_of(&completion(HEAD, &refused, FinishReason::ContentFilter, None).unwrap());
    let choice = &body["choices"][0];
    assert_eq!((&choice["message"]["content"], &choice["message"]["refusal"]), (&Value::Null, &json!("No")));
    assert_eq!((&choice["finish_reason"], body.get("usage")), (&json!("content_filter"), None));
}

/// What is written is read as what it was, by the decoder of providers' answers.
#[test]
fn a_whole_answer_is_read_as_what_was_said() {
    let said = parts(vec![
        thought("t", Some("s")),
        Content::RedactedReasoning("r".into()),
        text("x"),
        tool_call("c", "f", "{}"),
    ]);
    let usage = reported(15, 60, [25, 0], 30, 20);
    let body = completion(HEAD, &said, FinishReason::ToolCalls, Some(&usage)).unwrap();
    let answer = openai_chat::decode(&body).unwrap();
    assert_eq!((answer.parts, answer.finish, answer.usage), (said, FinishReason::ToolCalls, Some(usage)));
}

fn events() -> Vec<AnswerEvent> {
    vec![
        AnswerEvent::Began { upstream_id: Some("msg_1".into()), upstream_model: Some("claude-1".into()) },
        AnswerEvent::Reasoning("2+".into()),
        AnswerEvent::Reasoning("2".into()),
        AnswerEvent::Signature("sig".into()),
        AnswerEvent::RedactedReasoning("opaque".into()),
        AnswerEvent::Text("Fo\"ur".into()),
        AnswerEvent::ToolCall { index: 0, id: "c1".into(), name: "f".into() },
        AnswerEvent::Arguments { index: 0, fragment: "{\"b\"".into() },
        AnswerEvent::Arguments { index: 0, fragment: ":1}".into() },
        AnswerEvent::ToolCall { index: 1, id: "c2".into(), name: "g".into() },
        AnswerEvent::Arguments { index: 1, fragment: String::new() },
        AnswerEvent::Usage(reported(1, 0, [0, 0], 2, 0)),
        AnswerEvent::Finish(FinishReason::ToolCalls),
        original("{\"anthropic\":true}"),
    ]
}

#[test]
fn a_translated_stream() {
    for include_usage in [true, false] {
        let (mut writer, mut bytes) = (ChunkWriter::new("chatcmpl-1", 7, "auto", include_usage), BytesMut::new());
        writer.speaking("claude", false);
        writer.said(&events(), &mut bytes);
        writer.finish(FinishReason::ToolCalls, Some(&reported(10, 0, [0, 0], 5, 0)), &mut bytes);
        writer.done(&mut bytes);
        let mut frames = frames(&bytes);
        assert_eq!(frames.pop().unwrap(), "[DONE]");
        let mut chunks: Vec<_> = frames.iter().map(|frame| json_of(frame.as_bytes())).collect();
        for chunk in &chunks {
            let head = (&chunk["id"], &chunk["object"], &chunk["created"], &chunk["model"]);
            assert_eq!(head, (&json!("chatcmpl-1"), &json!("chat.completion.chunk"), &json!(7), &json!("claude")));
        }
        if include_usage {
            let last = chunks.pop().unwrap();
            assert_eq!((&last["choices"], &last["usage"]["total_tokens"]), (&json!([]), &json!(15)));
        }
        assert!(chunks.iter().all(|chunk| chunk.get("usage") == include_usage.then_some(&Value::Null)));
        let (finishes, deltas): (Vec<_>, Vec<_>) = chunks
            .iter()
            .map(|chunk| (chunk["choices"][0]["finish_reason"].clone(), chunk["choices"][0]["delta"].clone()))
            .unzip();
        assert_eq!(finishes.last(), Some(&json!("tool_calls")));
        assert!(finishes[..finishes.len() - 1].iter().all(Value::is_null));
        let detail = |fields: Value| json!([fields]);
        assert_eq!(
            deltas,
            [
                json!({"role": "assistant", "reasoning_content": "2+",
                    "reasoning_details": detail(json!({"type": "reasoning.text", "text": "2+", "index": 0}))}),
                json!({"reasoning_content": "2", "reasoning_details": detail(json!({"type": "reasoning.text", "text": "2", "index": 0}))}),
                json!({"reasoning_details": detail(json!({"type": "reasoning.text", "signature": "sig", "index": 0}))}),
                json!({"reasoning_details": detail(json!({"type": "reasoning.encrypted", "data": "opaque", "index": 1}))}),
                json!({"content": "Fo\"ur"}),
                json!({"tool_calls": [{"index": 0, "id": "c1", "type": "function", "function": {"name": "f", "arguments": ""}}]}),
                json!({"tool_calls": [{"index": 0, "function": {"arguments": "{\"b\""}}]}),
                json!({"tool_calls": [{"index": 0, "function": {"arguments": ":1}"}}]}),
                json!({"tool_calls": [{"index": 1, "id": "c2", "type": "function", "function": {"name": "g", "arguments": ""}}]}),
                json!({"tool_calls": [{"index": 1, "function": {"arguments": "{}"}}]}),
                json!({}),
            ]
        );
    }
}

#[test]
fn what_is_passed_on_is_passed_on_alone() {
    let (mut writer, mut bytes) = (ChunkWriter::new("ours", 7, "auto", true), BytesMut::new());
    writer.speaking("gpt", true);
    let first =
        r#"{"id":"theirs","created":8,"model":"gpt-1","choices":[{"delta":{"role":"assistant","content":"Hi"}}]}"#;
    let last = r#"{"choices":[],"usage":{"prompt_tokens":1}}"#;
    writer.said(&[AnswerEvent::Text("Hi".into()), original(first)], &mut bytes);
    writer.said(&[AnswerEvent::Finish(FinishReason::Stop), original("{\n \"x\": 1}")], &mut bytes);
    let usage = reported(1, 0, [0, 0], 2, 0);
    writer.said(&[AnswerEvent::Usage(usage), original(last)], &mut bytes);
    writer.finish(FinishReason::Stop, Some(&usage), &mut bytes);
    writer.done(&mut bytes);
    assert_eq!(
        String::from_utf8(bytes.to_vec()).unwrap(),
        format!("data: {first}\n\ndata: {{\ndata:  \"x\": 1}}\n\ndata: {last}\n\ndata: [DONE]\n\n")
    );
}

#[test]
fn a_stream_without_usage_gets_it_where_it_was_asked_for() {
    for include_usage in [true, false] {
        let (mut writer, mut bytes) = (ChunkWriter::new("ours", 7, "auto", include_usage), BytesMut::new());
        writer.speaking("llama", true);
        writer.said(&[original(r#"{"id":"theirs","model":"llama-1"}"#)], &mut bytes);
        writer.finish(FinishReason::Stop, Some(&reported(1, 0, [0, 0], 2, 0)), &mut bytes);
        let written = chunks(&bytes);
        assert_eq!(written.len(), 1 + usize::from(include_usage));
        let last = written.last().unwrap();
        assert_eq!((&last["id"], &last["model"]), (&json!("theirs"), &json!("llama-1")));
    }
}

#[test]
fn another_model_goes_on_under_the_same_head() {
    let (mut writer, mut bytes) = (ChunkWriter::new("ours", 7, "auto", false), BytesMut::new());
    // One that failed before it said anything leaves no trace.
    writer.speaking("silent", false);
    writer.speaking("gpt", true);
    writer.said(
        &[AnswerEvent::Text("On".into()), original(r#"{"id":"theirs","created":8,"model":"gpt-1"}"#)],
        &mut bytes,
    );
    writer.speaking("other", true);
    writer.said(&[AnswerEvent::Text("ce".into()), original(r#"{"id":"another"}"#)], &mut bytes);
    writer.finish(FinishReason::Stop, None, &mut bytes);
    let written = chunks(&bytes);
    assert_eq!(written.len(), 3);
    for chunk in &written[1..] {
        assert_eq!((&chunk["id"], &chunk["created"], &chunk["model"]), (&json!("theirs"), &json!(8), &json!("gpt-1")));
    }
    assert_eq!(written[1]["choices"][0]["delta"], json!({"content": "ce"}));
    assert_eq!(written[2]["choices"][0]["finish_reason"], "stop");
}

#[test]
fn an_error_is_the_last_frame() {
    let (writer, mut bytes) = (ChunkWriter::new("ours", 7, "auto", false), BytesMut::new());
    writer.error(br#"{"error":{"message":"m"}}"#, &mut bytes);
    assert_eq!(frames(&bytes), [r#"{"error":{"message":"m"}}"#]);
}

/// From a provider on a real socket to the frames of a caller: passed on and translated, with and without usage, the answer is
/// the same.
#[tokio::test]
async fn what_a_provider_streams_reaches_the_caller() {
    let simulator = Simulator::start(SimulatorConfig::default()).await.unwrap();
    let config =
        InstanceConfig::new("test").with_base_url(simulator.base_url(Wire::OpenRouter)).with_api_key("sk-simulated");
    let provider = (kinds::find("openrouter").unwrap().build)(&config).unwrap();
    let model = model("meta-llama/llama-4");
    for include_usage in [true, false] {
        let body = json!({"model": "auto", "messages": [{"role": "user", "content": "Tell me a story"}], "stream": true,
            "stream_options": {"include_usage": include_usage}});
        let body = Bytes::from(body.to_string());
        let read = decode_request(&body, &[]).unwrap();
        let original =
            Original { dialect: Dialect::OpenAiChat, body, ours: &[], headers: Vec::new(), uncarried: read.uncarried };
        let asked = call(&model, &read.conversation);
        let whole = provider.complete(asked).await.unwrap().text();
        for original in [None, Some(&original)] {
            let mut stream = provider.stream(asked.with_original(original)).await.unwrap();
            assert_eq!(stream.original, original.is_some());
            let (mut writer, mut bytes) = (ChunkWriter::new("ours", 7, "auto", read.include_usage), BytesMut::new());
            writer.speaking("m", stream.original);
            while let Some(events) = stream.events.next().await {
                writer.said(&events.unwrap(), &mut bytes);
            }
            writer.finish(FinishReason::Stop, Some(&reported(1, 0, [0, 0], 2, 0)), &mut bytes);
            let chunks = chunks(&bytes);
            let text: String =
                chunks.iter().filter_map(|chunk| chunk["choices"][0]["delta"]["content"].as_str()).collect();
            assert_eq!(text, whole);
            let ids: std::collections::HashSet<_> = chunks.iter().map(|chunk| chunk["id"].to_string()).collect();
            assert_eq!((ids.len(), ids.contains("\"ours\"")), (1, original.is_none()));
            let counted = chunks.iter().filter(|chunk| chunk["usage"].is_object()).count();
            assert_eq!(counted, usize::from(include_usage), "{original:?}");
            let ends = chunks.iter().filter(|chunk| chunk["choices"][0]["finish_reason"] == "stop").count();
            assert!(ends >= 1, "{original:?}");
        }
    }
}
