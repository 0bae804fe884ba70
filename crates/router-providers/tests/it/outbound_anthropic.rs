//! Answers as messages, whole and streamed.

use bytes::{Bytes, BytesMut};
use proptest::prelude::*;
use router_core::conversation::{Content, Part};
use router_core::finish::FinishReason;
use router_providers::answer::AnswerEvent;
use router_providers::anthropic_messages::stream::Decoder;
use router_providers::anthropic_messages::{self, MessageWriter, message};
use router_providers::openai_chat::stream as chat;
use router_providers::whole::as_events;
use serde_json::{Value, json};

use crate::given::{json_of, recordings, reported, text, tool_call};
use crate::recorded_stream::streams;
use crate::streamed::{Told, replay};

fn parts(contents: Vec<Content>) -> Vec<Part> {
    contents.into_iter().map(Part::from).collect()
}

fn thought(text: &str, signature: Option<&str>) -> Content {
    Content::Reasoning { text: text.into(), signature: signature.map(Into::into) }
}

/// The events of a stream, each under its name.
fn events(bytes: &[u8]) -> Vec<Value> {
    let text = std::str::from_utf8(bytes).unwrap();
    let event = |block: &str| {
        let (name, data) = block.split_once('\n').unwrap();
        let json: Value = serde_json::from_str(data.strip_prefix("data: ").unwrap()).unwrap();
        assert_eq!(json["type"], name.strip_prefix("event: ").unwrap());
        json
    };
    text.split_terminator("\n\n").map(event).collect()
}

fn written(said: Vec<AnswerEvent>, finish: FinishReason) -> BytesMut {
    let (mut writer, mut bytes) = (MessageWriter::new("msg_1", "auto"), BytesMut::new());
    writer.speaking("m", false);
    writer.said(said, &mut bytes);
    writer.finish(finish, &reported(5, 2, [1, 0], 7, 3), &mut bytes);
    bytes
}

#[test]
fn a_whole_answer() {
    let said = parts(vec![
        thought("Hm.", Some("sig")),
        Content::RedactedReasoning("data".into()),
        text("Yes."),
        tool_call("t1", "look", " {\"b\": 1, \"a\":2} "),
        tool_call("t2", "look", ""),
        tool_call("t3", "look", "not JSON"),
    ]);
    let bytes = message("msg_1", "m", &said, FinishReason::ToolCalls, &reported(5, 2, [1, 4], 7, 3)).unwrap();
    assert!(String::from_utf8(bytes.clone()).unwrap().contains(r#""input":{"b": 1, "a":2}"#), "as it was written");
    assert_eq!(
        json_of(&bytes),
        json!({
            "id": "msg_1", "type": "message", "role": "assistant", "model": "m",
            "content": [
                {"type": "thinking", "thinking": "Hm.", "signature": "sig"},
                {"type": "redacted_thinking", "data": "data"},
                {"type": "text", "text": "Yes."},
                {"type": "tool_use", "id": "t1", "name": "look", "input": {"b": 1, "a": 2}},
                {"type": "tool_use", "id": "t2", "name": "look", "input": {}},
                {"type": "tool_use", "id": "t3", "name": "look", "input": {"text": "not JSON"}},
            ],
            "stop_reason": "tool_use", "stop_sequence": null, "stop_details": null,
            "usage": {
                "input_tokens": 5, "cache_read_input_tokens": 2, "cache_creation_input_tokens": 5,
                "cache_creation": {"ephemeral_5m_input_tokens": 1, "ephemeral_1h_input_tokens": 4},
                "output_tokens": 7, "output_tokens_details": {"thinking_tokens": 3},
            },
        })
    );
}

#[test]
fn why_a_model_stopped() {
    for (finish, said, reason) in [
        (FinishReason::Stop, text("x"), "end_turn"),
        (FinishReason::Length, text("x"), "max_tokens"),
        (FinishReason::ContentFilter, text("x"), "refusal"),
        // OpenAI's models stop when they have declined.
        (FinishReason::Stop, Content::Refusal("No.".into()), "refusal"),
    ] {
        let usage = reported(1, 0, [0, 0], 1, 0);
        let whole = json_of(&message("i", "m", &parts(vec![said.clone()]), finish, &usage).unwrap());
        assert_eq!(whole["stop_reason"], reason);
        let explained = if said == text("x") { Value::Null } else { json!("No.") };
        assert_eq!(whole["stop_details"]["explanation"], explained);
        let streamed = events(&written(as_events(parts(vec![said])), finish));
        let delta = &streamed.iter().find(|event| event["type"] == "message_delta").unwrap()["delta"];
        assert_eq!((&delta["stop_reason"], &delta["stop_details"]), (&whole["stop_reason"], &whole["stop_details"]));
    }
}

#[test]
fn calls_that_are_written_side_by_side_follow_one_another() {
    let call = |index, id: &str| AnswerEvent::ToolCall { index, id: id.into(), name: "f".into() };
    let more = |index, fragment: &str| AnswerEvent::Arguments { index, fragment: fragment.into() };
    let said = vec![
        AnswerEvent::Reasoning("Hm".into()),
        AnswerEvent::Signature("sig".into()),
        AnswerEvent::Text("On".into()),
        AnswerEvent::Text("e".into()),
        call(0, "a"),
        more(0, "{\"x\":"),
        call(1, "b"),
        more(1, "{}"),
        more(0, "1}"),
        AnswerEvent::Text("late".into()),
        call(2, "c"),
    ];
    let kinds = |event: &Value| {
        let what = event["content_block"]["type"].as_str().or(event["delta"]["type"].as_str()).unwrap_or_default();
        format!("{} {} {what}", event["type"].as_str().unwrap(), event["index"])
    };
    let bytes = written(said, FinishReason::ToolCalls);
    let order: Vec<String> = events(&bytes).iter().map(kinds).collect();
    assert_eq!(
        order,
        [
            "message_start null ",
            "content_block_start 0 thinking",
            "content_block_delta 0 thinking_delta",
            "content_block_delta 0 signature_delta",
            "content_block_stop 0 ",
            "content_block_start 1 text",
            "content_block_delta 1 text_delta",
            "content_block_delta 1 text_delta",
            "content_block_stop 1 ",
            "content_block_start 2 tool_use",
            "content_block_delta 2 input_json_delta",
            "content_block_delta 2 input_json_delta",
            "content_block_stop 2 ",
            "content_block_start 3 tool_use",
            "content_block_delta 3 input_json_delta",
            "content_block_stop 3 ",
            "content_block_start 4 text",
            "content_block_delta 4 text_delta",
            "content_block_stop 4 ",
            "content_block_start 5 tool_use",
            "content_block_delta 5 input_json_delta",
            "content_block_stop 5 ",
            "message_delta null ",
            "message_stop null ",
        ]
    );
}

#[test]
fn another_model_goes_on_in_the_block_that_is_open() {
    let original = |json: &str| AnswerEvent::Original(Bytes::copy_from_slice(json.as_bytes()));
    let (mut writer, mut bytes) = (MessageWriter::new("msg_1", "auto"), BytesMut::new());
    // One that failed before it said anything leaves no trace.
    writer.speaking("silent", false);
    writer.speaking("claude", true);
    let passed = [
        r#"{"type":"message_start","message":{"id":"msg_theirs"}}"#,
        r#"{"index":0,"content_block":{"type":"text","text":""},"type":"content_block_start"}"#,
        r#"{"type":"content_block_delta","index":0,"delta":{"type":"text_delta","text":"On"}}"#,
    ];
    writer.said(passed.map(original).to_vec(), &mut bytes);
    writer.speaking("other", true);
    writer.said(vec![AnswerEvent::Text("ce".into()), original(passed[0])], &mut bytes);
    writer.finish(FinishReason::Stop, &reported(1, 0, [0, 0], 2, 0), &mut bytes);
    let events = events(&bytes);
    assert_eq!(events[..3], passed.map(|json| json_of(json.as_bytes())));
    let rest: Vec<&str> = events[3..].iter().map(|event| event["type"].as_str().unwrap()).collect();
    assert_eq!(rest, ["content_block_delta", "content_block_stop", "message_delta", "message_stop"]);
    assert_eq!(
        events[3],
        json!({"type": "content_block_delta", "index": 0, "delta": {"type": "text_delta", "text": "ce"}})
    );
}

#[test]
fn what_is_passed_on_is_passed_on_alone_and_ended_where_its_author_did_not() {
    let original = |json: &str| AnswerEvent::Original(Bytes::copy_from_slice(json.as_bytes()));
    let (mut writer, mut bytes) = (MessageWriter::new("msg_1", "auto"), BytesMut::new());
    writer.speaking("claude", true);
    let delta = r#"{"type":"message_delta","delta":{"stop_reason":"end_turn"},"usage":{"output_tokens":1}}"#;
    let said = vec![AnswerEvent::Text("x".into()), original(r#"{"type":"message_start"}"#), original(delta)];
    writer.said(said, &mut bytes);
    writer.finish(FinishReason::Stop, &reported(1, 0, [0, 0], 2, 0), &mut bytes);
    let stop = json!({"type": "message_stop"});
    assert_eq!(events(&bytes), [json!({"type": "message_start"}), json_of(delta.as_bytes()), stop]);
    let length = bytes.len();
    writer.finish(FinishReason::Stop, &reported(1, 0, [0, 0], 2, 0), &mut bytes);
    assert_eq!(bytes.len(), length, "a message ends once");
}

#[test]
fn an_error_is_the_last_event() {
    let (writer, mut bytes) = (MessageWriter::new("msg_1", "auto"), BytesMut::new());
    writer.error(br#"{"type":"error","error":{"type":"api_error","message":"m"}}"#, &mut bytes);
    assert_eq!(events(&bytes)[0]["error"]["message"], "m");
}

/// What was said, whichever way it came.
fn told(told: &Told) -> Value {
    let calls: Vec<_> =
        told.calls.iter().map(|call| json!([call.id, call.name, json_of(call.arguments.as_bytes())])).collect();
    json!([told.text.clone() + &told.refusal, told.reasoning, told.signatures, told.redacted, calls])
}

/// Every recorded stream, of either dialect, written as a message and read again.
#[test]
fn recorded_streams_are_written_as_messages() {
    let Some([chats, messages]) = streams() else { return };
    let mut seen = 0;
    let all = chats.iter().map(|file| (file, true)).chain(messages.iter().map(|file| (file, false)));
    for (file, is_chat) in all {
        let stream = std::fs::read(file).unwrap();
        let (theirs, error) = if is_chat {
            replay(chat::Decoder::new(None), &stream, 1_000)
        } else {
            replay(Decoder::new(false), &stream, 1_000)
        };
        // A call that was cut by the limit has no arguments to compare.
        if error.is_some() || theirs.finish == Some(FinishReason::Length) && !theirs.calls.is_empty() {
            continue;
        }
        let mut said = Vec::new();
        let mut collect = |events: Vec<AnswerEvent>| said.extend(events);
        if is_chat {
            replayed(chat::Decoder::new(None), &stream, &mut collect);
        } else {
            replayed(Decoder::new(false), &stream, &mut collect);
        }
        let (ours, error) = replay(Decoder::new(false), &written(said, theirs.finish.unwrap()), 1_000);
        assert_eq!(error, None, "{}", file.display());
        // In this dialect the words of a refusal are said as text, and once more at the end.
        let mut ours_told = told(&ours);
        if !theirs.refusal.is_empty() {
            ours_told[0] = json!(ours.text);
        }
        assert_eq!(ours_told, told(&theirs), "{}", file.display());
        seen += 1;
    }
    assert!(seen >= 15, "only {seen} streams");
}

fn replayed(
    mut decoder: impl router_providers::decoder::Decoder,
    stream: &[u8],
    take: &mut dyn FnMut(Vec<AnswerEvent>),
) {
    let mut parser = router_providers::sse::Parser::default();
    parser.feed(Bytes::copy_from_slice(stream));
    while let Some(event) = parser.next().unwrap() {
        let mut events = Vec::new();
        let progress = decoder.event(&event, &mut events).unwrap();
        take(events);
        if progress == router_providers::decoder::Progress::Ended {
            return;
        }
    }
    let mut events = Vec::new();
    decoder.end(&mut events).unwrap();
    take(events);
}

/// Every recorded whole answer of Anthropic's, read and written again.
#[test]
fn recorded_answers_are_written_as_they_were() {
    let Some(root) = recordings() else { return };
    let mut seen = 0;
    for file in std::fs::read_dir(root.join("anthropic/nonstream")).unwrap() {
        let path = file.unwrap().path();
        let body = json_of(&std::fs::read(&path).unwrap())["response"]["body"].clone();
        if body["type"] != "message" {
            continue;
        }
        let answer = anthropic_messages::decode(body.to_string().as_bytes()).unwrap();
        let id = body["id"].as_str().unwrap();
        let usage = answer.usage.unwrap();
        let bytes = message(id, body["model"].as_str().unwrap(), &answer.parts, answer.finish, &usage).unwrap();
        let ours = json_of(&bytes);
        let mut content = body["content"].clone();
        for block in content.as_array_mut().unwrap() {
            // Nothing that anybody said: who called, and that nothing was cited.
            block.as_object_mut().unwrap().retain(|name, value| name != "caller" && !value.is_null());
        }
        assert_eq!((&ours["content"], &ours["stop_reason"]), (&content, &body["stop_reason"]), "{}", path.display());
        for field in ["input_tokens", "output_tokens", "cache_read_input_tokens", "cache_creation_input_tokens"] {
            let theirs = body["usage"][field].as_u64().unwrap_or(0);
            assert_eq!(ours["usage"][field], theirs, "{field} of {}", path.display());
        }
        seen += 1;
    }
    assert!(seen >= 8, "only {seen} answers");
}

fn content() -> impl Strategy<Value = Content> {
    prop_oneof![
        "[a-z€\"\n ]{1,9}".prop_map(Content::Text),
        ("[a-z ]{1,9}", prop::option::of("[a-z]{1,5}"))
            .prop_map(|(text, signature)| Content::Reasoning { text, signature }),
        "[a-z]{1,9}".prop_map(Content::RedactedReasoning),
        ("[a-z0-9]{1,5}", "[a-z]{1,5}", "[a-z]{0,5}").prop_map(|(id, name, value)| tool_call(
            &id,
            &name,
            &json!({"k": value}).to_string()
        )),
    ]
}

proptest! {
    /// A stream says what the whole answer says, block for block, and every block is opened and closed once, in order.
    #[test]
    fn a_stream_adds_up_to_the_whole_answer(contents in prop::collection::vec(content(), 0..8)) {
        let finish = FinishReason::Length;
        let whole = json_of(&message("msg_1", "m", &parts(contents.clone()), finish, &reported(5, 2, [1, 0], 7, 3)).unwrap());
        let mut said = as_events(parts(contents));
        said.push(AnswerEvent::Finish(finish));
        let (mut blocks, mut open) = (Vec::<Value>::new(), None);
        for event in events(&written(said, finish)) {
            let number = event["index"].as_u64();
            match event["type"].as_str().unwrap() {
                "content_block_start" => {
                    prop_assert_eq!((open, number), (None, Some(blocks.len() as u64)));
                    open = number;
                    blocks.push(event["content_block"].clone());
                }
                "content_block_delta" => {
                    prop_assert_eq!(open, number);
                    add(blocks.last_mut().unwrap(), &event["delta"]);
                }
                "content_block_stop" => {
                    prop_assert_eq!(open.take(), number);
                    let last = blocks.last_mut().unwrap();
                    if let Some(json) = last["written"].as_str().map(str::to_owned) {
                        last.as_object_mut().unwrap().remove("written");
                        last["input"] = json_of(json.as_bytes());
                    }
                }
                _ => prop_assert_eq!(open, None),
            }
        }
        prop_assert_eq!(joined(blocks), joined(whole["content"].as_array().unwrap().clone()));
    }
}

/// Adds a delta to its block, as an SDK does.
fn add(block: &mut Value, delta: &Value) {
    for (name, from) in
        [("text", "text"), ("thinking", "thinking"), ("signature", "signature"), ("written", "partial_json")]
    {
        if let Some(more) = delta[from].as_str() {
            block[name] = json!(block[name].as_str().unwrap_or_default().to_owned() + more);
        }
    }
}

/// Neighbours of one kind that nothing separates are one block in a stream: texts, and thoughts that nobody signed.
fn joined(mut blocks: Vec<Value>) -> Vec<Value> {
    blocks.dedup_by(|later, earlier| {
        let of = |name: &str, block: &Value| block[name].as_str().unwrap_or_default().to_owned();
        let same = later["type"] == earlier["type"]
            && (later["type"] == "text" || later["type"] == "thinking" && earlier["signature"] == "");
        if same {
            for name in ["text", "thinking", "signature"].into_iter().filter(|name| later.get(*name).is_some()) {
                earlier[name] = json!(of(name, earlier) + &of(name, later));
            }
        }
        same
    });
    blocks
}
