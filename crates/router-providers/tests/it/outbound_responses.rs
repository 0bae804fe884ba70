//! Answers as responses, whole and streamed.

use bytes::BytesMut;
use proptest::prelude::*;
use router_core::conversation::{Content, Part};
use router_core::finish::FinishReason;
use router_providers::answer::AnswerEvent;
use router_providers::openai_responses::{Echo, ResponseWriter, decode_request, response};
use router_providers::whole::as_events;
use serde_json::{Value, json};

use crate::given::{json_of, reported, text, tool_call};

const ASKED: &[u8] = br#"{"model":"auto","input":"x","temperature":0.5,"metadata":{"a":"b"},"max_output_tokens":null}"#;

fn parts(contents: Vec<Content>) -> Vec<Part> {
    contents.into_iter().map(Part::from).collect()
}

fn writer() -> ResponseWriter {
    ResponseWriter::new("resp_1", 7, "m", Echo::of(ASKED))
}

fn whole(contents: Vec<Content>, finish: FinishReason) -> Value {
    json_of(&response(writer(), parts(contents), finish, &reported(5, 2, [1, 0], 7, 3)).unwrap())
}

/// The events of a stream, each under its name and with its number.
fn events(bytes: &[u8]) -> Vec<Value> {
    let text = std::str::from_utf8(bytes).unwrap();
    let event = |(number, block): (usize, &str)| {
        let (name, data) = block.split_once('\n').unwrap();
        let json: Value = serde_json::from_str(data.strip_prefix("data: ").unwrap()).unwrap();
        assert_eq!(
            (&json["type"], &json["sequence_number"]),
            (&json!(name.strip_prefix("event: ").unwrap()), &json!(number))
        );
        json
    };
    text.split_terminator("\n\n").enumerate().map(event).collect()
}

fn streamed(said: &[AnswerEvent], finish: FinishReason) -> Vec<Value> {
    let (mut writer, mut bytes) = (writer(), BytesMut::new());
    writer.speaking("m");
    writer.said(said, &mut bytes);
    writer.finish(finish, &reported(5, 2, [1, 0], 7, 3), &mut bytes);
    events(&bytes)
}

fn names(events: &[Value]) -> Vec<String> {
    let name = |event: &Value| {
        let place = event["output_index"].as_u64().map(|place| format!(" {place}")).unwrap_or_default();
        event["type"].as_str().unwrap().trim_start_matches("response.").to_owned() + &place
    };
    events.iter().map(name).collect()
}

#[test]
fn a_whole_answer() {
    let thought = Content::Reasoning { text: "Hm.".into(), signature: Some("sig".into()) };
    let said = vec![thought, text("Yes."), tool_call("c1", "look", "{\"b\": 1}"), tool_call("c2", "look", "")];
    assert_eq!(
        whole(said, FinishReason::ToolCalls),
        json!({
            "id": "resp_1", "object": "response", "created_at": 7, "status": "completed", "background": false,
            "error": null, "incomplete_details": null, "model": "m",
            "output": [
                {"id": "rs_1_0", "type": "reasoning", "summary": [{"type": "summary_text", "text": "Hm."}], "content": [],
                    "encrypted_content": "llm-router.signature:sig", "status": "completed"},
                {"id": "msg_1_1", "type": "message", "role": "assistant", "status": "completed",
                    "content": [{"type": "output_text", "text": "Yes.", "annotations": [], "logprobs": []}]},
                {"id": "fc_1_2", "type": "function_call", "call_id": "c1", "name": "look", "arguments": "{\"b\": 1}", "status": "completed"},
                {"id": "fc_1_3", "type": "function_call", "call_id": "c2", "name": "look", "arguments": "{}", "status": "completed"},
            ],
            "previous_response_id": null, "store": false,
            "usage": {
                "input_tokens": 8, "input_tokens_details": {"cached_tokens": 2, "cache_write_tokens": 1},
                "output_tokens": 7, "output_tokens_details": {"reasoning_tokens": 3}, "total_tokens": 15,
            },
            "instructions": null, "max_output_tokens": null, "max_tool_calls": null, "metadata": {"a": "b"},
            "parallel_tool_calls": true, "reasoning": {"effort": null, "summary": null}, "temperature": 0.5,
            "text": {"format": {"type": "text"}}, "tool_choice": "auto", "tools": [], "top_p": null, "truncation": "disabled",
        })
    );
}

#[test]
fn how_an_answer_ends() {
    for (finish, status, reason, item) in [
        (FinishReason::Stop, "completed", Value::Null, "completed"),
        (FinishReason::Length, "incomplete", json!("max_output_tokens"), "incomplete"),
        (FinishReason::ContentFilter, "incomplete", json!("content_filter"), "completed"),
    ] {
        let ended = whole(vec![text("x")], finish);
        assert_eq!((&ended["status"], &ended["incomplete_details"]["reason"]), (&json!(status), &reason));
        assert_eq!(ended["output"][0]["status"], item);
        let events = streamed(&as_events(parts(vec![text("x")])), finish);
        assert_eq!(events.last().unwrap()["type"], format!("response.{status}"));
        assert_eq!(events.last().unwrap()["response"], ended);
    }
}

#[test]
fn the_events_of_a_text() {
    let said = [AnswerEvent::Text("On".into()), AnswerEvent::Text("ce".into()), AnswerEvent::Refusal("No".into())];
    let events = streamed(&said, FinishReason::Stop);
    let expected = [
        "created",
        "in_progress",
        "output_item.added 0",
        "content_part.added 0",
        "output_text.delta 0",
        "output_text.delta 0",
        "output_text.done 0",
        "content_part.done 0",
        "content_part.added 0",
        "refusal.delta 0",
        "refusal.done 0",
        "content_part.done 0",
        "output_item.done 0",
        "completed",
    ];
    assert_eq!(names(&events), expected);
    assert_eq!(
        (&events[6]["text"], &events[10]["refusal"], &events[9]["content_index"]),
        (&json!("Once"), &json!("No"), &json!(1))
    );
}

#[test]
fn calls_are_written_side_by_side_behind_a_thought() {
    let call = |index, id: &str| AnswerEvent::ToolCall { index, id: id.into(), name: "f".into() };
    let more = |index, fragment: &str| AnswerEvent::Arguments { index, fragment: fragment.into() };
    let said = [
        AnswerEvent::Reasoning("H".into()),
        AnswerEvent::Reasoning("m".into()),
        AnswerEvent::Signature("sig".into()),
        call(0, "a"),
        more(0, "{\"x\":"),
        call(1, "b"),
        more(1, "[]"),
        more(0, "1}"),
        call(2, "c"),
    ];
    let events = streamed(&said, FinishReason::ToolCalls);
    let expected = [
        "created",
        "in_progress",
        "output_item.added 0",
        "reasoning_summary_part.added 0",
        "reasoning_summary_text.delta 0",
        "reasoning_summary_text.delta 0",
        "reasoning_summary_text.done 0",
        "reasoning_summary_part.done 0",
        "output_item.done 0",
        "output_item.added 1",
        "function_call_arguments.delta 1",
        "output_item.added 2",
        "function_call_arguments.delta 2",
        "function_call_arguments.delta 1",
        "output_item.added 3",
        "function_call_arguments.done 1",
        "output_item.done 1",
        "function_call_arguments.done 2",
        "output_item.done 2",
        "function_call_arguments.delta 3",
        "function_call_arguments.done 3",
        "output_item.done 3",
        "completed",
    ];
    assert_eq!(names(&events), expected);
    assert_eq!(
        (&events[15]["arguments"], &events[17]["arguments"], &events[20]["arguments"]),
        (&json!("{\"x\":1}"), &json!("[]"), &json!("{}"))
    );
}

#[test]
fn an_error_comes_before_the_response_that_failed() {
    let (mut writer, mut bytes) = (writer(), BytesMut::new());
    writer.said(&[AnswerEvent::Text("On".into())], &mut bytes);
    writer.error(br#"{"error":{"message":"m","type":"server_error","param":null,"code":"c"}}"#, &mut bytes);
    let events = events(&bytes);
    let [.., error, failed] = &events[..] else { panic!("{events:?}") };
    assert_eq!(
        (&error["type"], &error["error"]["message"], &error["code"]),
        (&json!("error"), &json!("m"), &json!("c"))
    );
    assert_eq!(failed["type"], "response.failed");
    assert_eq!(
        (&failed["response"]["status"], &failed["response"]["error"]),
        (&json!("failed"), &json!({"code": "c", "message": "m"}))
    );
}

#[test]
fn another_model_goes_on_with_the_same_item() {
    let (mut writer, mut bytes) = (writer(), BytesMut::new());
    writer.speaking("one");
    writer.said(&[AnswerEvent::Text("On".into())], &mut bytes);
    writer.speaking("two");
    writer.said(&[AnswerEvent::Text("ce".into())], &mut bytes);
    writer.finish(FinishReason::Stop, &reported(1, 0, [0, 0], 2, 0), &mut bytes);
    let events = events(&bytes);
    let last = &events.last().unwrap()["response"];
    assert_eq!((&last["model"], &last["output"][0]["content"][0]["text"]), (&json!("one"), &json!("Once")));
    assert_eq!(last["output"].as_array().unwrap().len(), 1);
}

fn content() -> impl Strategy<Value = Content> {
    prop_oneof![
        "[a-z€\"\n ]{1,9}".prop_map(Content::Text),
        "[a-z]{1,9}".prop_map(Content::Refusal),
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
    /// The last event has what all before it said; each item and part is opened once, and closed once.
    #[test]
    fn a_stream_adds_up_to_the_whole_answer(contents in prop::collection::vec(content(), 0..8)) {
        let ended = whole(contents.clone(), FinishReason::Stop);
        let events = streamed(&as_events(parts(contents.clone())), FinishReason::Stop);
        prop_assert_eq!(&events.last().unwrap()["response"], &ended);
        let output = ended["output"].as_array().unwrap();
        let of = |kind: &str| events.iter().filter(|event| event["type"] == kind).collect::<Vec<_>>();
        let mut done = of("response.output_item.done");
        done.sort_by_key(|event| event["output_index"].as_u64());
        prop_assert_eq!(done.iter().map(|event| &event["item"]).collect::<Vec<_>>(), output.iter().collect::<Vec<_>>());
        prop_assert_eq!(of("response.output_item.added").len(), output.len());
        prop_assert_eq!(of("response.content_part.added").len(), of("response.content_part.done").len());
        for (kind, field) in [("output_text", "text"), ("function_call_arguments", "arguments"), ("refusal", "refusal")] {
            for done in of(&format!("response.{kind}.done")) {
                let same = |event: &&&Value| (&event["item_id"], &event["content_index"]) == (&done["item_id"], &done["content_index"]);
                let deltas: String = of(&format!("response.{kind}.delta")).iter().filter(same).filter_map(|event| event["delta"].as_str()).collect();
                prop_assert_eq!(&done[field], &json!(deltas));
            }
        }
    }

    /// What was answered, sent back as it is, is read as what was said.
    #[test]
    fn an_answer_that_is_sent_back_is_what_was_said(contents in prop::collection::vec(content(), 1..8)) {
        let ended = whole(contents.clone(), FinishReason::Stop);
        let body = json!({"model": "m", "input": ended["output"]}).to_string();
        let read = decode_request(body.as_bytes(), &[]).unwrap();
        prop_assert_eq!(read.uncarried, []);
        let again: Vec<Part> = read.conversation.messages.into_iter().flat_map(|message| message.parts).collect();
        // Pieces of one kind that nothing separates come back as one.
        prop_assert_eq!(joined(again), joined(parts(contents)));
    }
}

fn joined(mut parts: Vec<Part>) -> Vec<Part> {
    parts.dedup_by(|later, earlier| match (&mut earlier.content, &later.content) {
        (Content::Text(text), Content::Text(more)) | (Content::Refusal(text), Content::Refusal(more)) => {
            text.push_str(more);
            true
        }
        (
            Content::Reasoning { text, signature: signature @ None },
            Content::Reasoning { text: more, signature: theirs },
        ) => {
            text.push_str(more);
            signature.clone_from(theirs);
            true
        }
        _ => false,
    });
    parts
}
