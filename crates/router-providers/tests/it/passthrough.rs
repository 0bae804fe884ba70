//! A caller's own bytes on their way to a model that speaks their dialect, and what happens on the way to one that does not.

use bytes::Bytes;
use router_core::capability::Capability;
use router_core::conversation::{Conversation, Role};
use router_core::error_kind::ErrorKind;
use router_core::model::Model;
use router_core::usage::Tokens;
use router_providers::answer::CallError;
use router_providers::anthropic_messages;
use router_providers::call::{Begun, Call};
use router_providers::dialect::Dialect;
use router_providers::encoded::Encoded;
use router_providers::kinds;
use router_providers::openai_chat::{self, Flavour, decode_request};
use router_providers::original::Original;
use router_providers::setup::InstanceConfig;
use router_sim::{Simulator, SimulatorConfig, Wire};
use serde_json::{Value, json};

use crate::given::{call, json_of, model, recorded_chat_requests, recordings, without};

/// A request with what nobody here knows, written as nobody here would.
const BODY: &str = r#"{ "future" : {"z":1.50,"a":[ ]} , "model":"auto","messages" : [
  {"role":"user","content":"caf\u00e9 \/"}
 ],"temperature":1e0, "seed":7 }"#;

fn original(body: &str) -> (Original, Conversation) {
    let read = decode_request(body.as_bytes(), &["router"]).unwrap();
    let body = Bytes::copy_from_slice(body.as_bytes());
    let original = Original {
        dialect: Dialect::OpenAiChat,
        body,
        ours: &["router"],
        headers: Vec::new(),
        uncarried: read.uncarried,
    };
    (original, read.conversation)
}

/// What is sent for this body, as changed by `also`.
fn sent_as(
    body: &str,
    model: &Model,
    flavour: Flavour,
    also: impl for<'a> Fn(Call<'a>) -> Call<'a>,
) -> Result<Encoded, CallError> {
    let (original, conversation) = original(body);
    openai_chat::write_request(&also(call(model, &conversation).with_original(Some(&original))), flavour)
}

fn sent(body: &str, model: &Model, flavour: Flavour) -> (String, Vec<String>) {
    let encoded = sent_as(body, model, flavour, |call| call).unwrap();
    assert_eq!(encoded.dropped, [""; 0]);
    (String::from_utf8(encoded.body).unwrap(), encoded.changed)
}

/// A body with these fields behind its model and message.
fn body(fields: &str) -> String {
    format!(r#"{{"model":"m","messages":[{{"role":"user","content":"x"}}]{fields}}}"#)
}

const BEGUN: Begun<'static> = Begun { text: "Once \"upon\" ", tokens: Tokens(30) };

#[test]
fn only_the_model_changes() {
    for flavour in [Flavour::OpenAi, Flavour::OpenRouter, Flavour::Compatible] {
        let (same, changed) = sent(BODY, &model("auto"), flavour);
        assert_eq!((same.as_str(), changed.len()), (BODY, 0));
        let (renamed, changed) = sent(BODY, &model("gpt-4o"), flavour);
        assert_eq!((renamed, changed), (BODY.replace("\"auto\"", "\"gpt-4o\""), vec!["model".to_owned()]));
    }
}

#[test]
fn each_edit_is_made_where_the_target_needs_it() {
    let all = model("m");
    let plain = without(model("m"), &[Capability::Reasoning, Capability::SamplingParameters]);
    let gpt5 = Model { upstream_name: "gpt-5".into(), ..model("m") };
    let long_name = "u".repeat(65);
    let user = format!(r#","user":"{long_name}""#);
    // Fields before and after, and what is said to have changed (the model aside).
    for (model, flavour, before, after, changed) in [
        (&plain, Flavour::OpenAi, r#","max_tokens" : 9"#, r#","max_tokens" : 9"#, vec![]),
        (&plain, Flavour::OpenAi, r#","max_tokens" : 90000"#, r#","max_tokens" : 32000"#, vec!["max_tokens"]),
        (&all, Flavour::OpenAi, r#", "max_tokens" : 9"#, r#", "max_completion_tokens" : 9"#, vec!["max_tokens"]),
        (
            &all,
            Flavour::OpenAi,
            r#","max_tokens":5,"max_completion_tokens":6"#,
            r#","max_completion_tokens":6"#,
            vec!["max_tokens"],
        ),
        (
            &all,
            Flavour::OpenAi,
            r#","max_tokens":5,"max_completion_tokens":null"#,
            r#","max_completion_tokens":5"#,
            vec!["max_tokens"],
        ),
        (
            &all,
            Flavour::Compatible,
            r#","max_completion_tokens":99999"#,
            r#","max_tokens":32000"#,
            vec!["max_completion_tokens"],
        ),
        (&plain, Flavour::OpenAi, r#","temperature":1,"top_p":null"#, r#","top_p":null"#, vec!["temperature"]),
        (&plain, Flavour::Compatible, r#","top_p":1,"seed":1"#, r#","seed":1"#, vec!["top_p"]),
        (&all, Flavour::OpenAi, r#","top_k":4"#, "", vec!["top_k"]),
        (&all, Flavour::OpenRouter, r#","top_k":4"#, r#","top_k":4"#, vec![]),
        (
            &plain,
            Flavour::OpenAi,
            r#","reasoning_effort":"none","reasoning":{"effort":"low"}"#,
            "",
            vec!["reasoning_effort", "reasoning"],
        ),
        (
            &all,
            Flavour::OpenAi,
            r#","reasoning_effort":"max""#,
            r#","reasoning_effort":"high""#,
            vec!["reasoning_effort"],
        ),
        (&all, Flavour::OpenAi, r#","reasoning":{"effort":"low"}"#, r#","reasoning_effort":"low""#, vec!["reasoning"]),
        (&all, Flavour::OpenAi, r#","reasoning":{"max_tokens":9}"#, "", vec!["reasoning"]),
        (
            &all,
            Flavour::OpenRouter,
            r#","reasoning_effort":"low""#,
            r#","reasoning":{"effort":"low"}"#,
            vec!["reasoning_effort"],
        ),
        (
            &all,
            Flavour::OpenRouter,
            r#","reasoning":{ "effort":"max" , "exclude":true}"#,
            r#","reasoning":{ "effort":"xhigh" , "exclude":true}"#,
            vec!["reasoning.effort"],
        ),
        (&all, Flavour::Compatible, r#","reasoning":{"max_tokens":9}"#, r#","reasoning":{"max_tokens":9}"#, vec![]),
        (&gpt5, Flavour::OpenAi, r#","stop":"x""#, "", vec!["model", "stop"]),
        (&plain, Flavour::OpenRouter, r#","stop":["a","b","c","d","e"]"#, r#","stop":["a","b","c","d"]"#, vec!["stop"]),
        (&plain, Flavour::Compatible, r#","stop":["a","b","c","d","e"]"#, r#","stop":["a","b","c","d","e"]"#, vec![]),
        (&plain, Flavour::OpenAi, &user, "", vec!["user"]),
        (&plain, Flavour::OpenRouter, &user, &user, vec![]),
        (&plain, Flavour::OpenAi, r#","router":{"costWeight":1},"seed":1"#, r#","seed":1"#, vec!["router"]),
        (
            &plain,
            Flavour::OpenAi,
            r#","stream":true,"stream_options":{"include_usage":true}"#,
            r#","stream":false"#,
            vec!["stream", "stream_options"],
        ),
    ] {
        let expected = body(after).replace("\"m\"", &format!("{:?}", model.upstream_name));
        let (sent, names) = sent(&body(before), model, flavour);
        let mut changed = changed;
        changed.sort_unstable();
        let mut names: Vec<_> = names.iter().map(String::as_str).collect();
        names.sort_unstable();
        assert_eq!((sent, names), (expected, changed), "{flavour:?} {before}");
    }
}

#[test]
fn a_stream_says_what_it_consumes() {
    for (before, after, changed) in [
        (
            "",
            r#","stream":true,"stream_options":{"include_usage":true}"#,
            vec!["stream", "stream_options.include_usage"],
        ),
        (
            r#","stream":true"#,
            r#","stream":true,"stream_options":{"include_usage":true}"#,
            vec!["stream_options.include_usage"],
        ),
        (
            r#","stream": true,"stream_options":{ "include_obfuscation":false }"#,
            r#","stream": true,"stream_options":{ "include_obfuscation":false,"include_usage":true }"#,
            vec!["stream_options.include_usage"],
        ),
        (
            r#","stream_options":{"include_usage": false},"stream":true"#,
            r#","stream_options":{"include_usage": true},"stream":true"#,
            vec!["stream_options.include_usage"],
        ),
        (
            r#","stream_options":{"include_usage" : true},"stream":true"#,
            r#","stream_options":{"include_usage" : true},"stream":true"#,
            vec![],
        ),
    ] {
        let encoded = sent_as(&body(before), &model("m"), Flavour::OpenAi, |call| call.streaming()).unwrap();
        assert_eq!(
            (String::from_utf8(encoded.body).unwrap(), encoded.changed),
            (body(after), changed.into_iter().map(String::from).collect())
        );
    }
}

fn again(call: Call<'_>) -> Call<'_> {
    call.continuing(Some(BEGUN))
}

#[test]
fn another_model_goes_on_where_one_stopped() {
    let encoded = sent_as(&body(r#","max_tokens":100"#), &model("m"), Flavour::Compatible, again).unwrap();
    let expected = r#"{"model":"m","messages":[{"role":"user","content":"x"},{"role":"assistant","content":"Once \"upon\" "}],"max_tokens":70}"#;
    assert_eq!(
        (String::from_utf8(encoded.body).unwrap().as_str(), encoded.changed.as_slice()),
        (expected, ["max_tokens".to_owned(), "messages".to_owned()].as_slice())
    );
    let short = sent_as(&body(r#","max_tokens":20"#), &model("m"), Flavour::Compatible, again).unwrap();
    assert_eq!(json_of(&short.body)["max_tokens"], 1);

    let asked = Conversation { max_output: Some(Tokens(100)), ..Conversation::prompt("x") };
    let chat = json_of(&openai_chat::encode(&again(call(&model("m"), &asked)), Flavour::Compatible).unwrap().body);
    assert_eq!(
        (&chat["messages"][1], &chat["max_tokens"]),
        (&json!({"role": "assistant", "content": BEGUN.text}), &json!(70))
    );
    let messages = anthropic_messages::encode(&again(call(&model("claude-haiku-4-5"), &asked))).unwrap();
    let messages = json_of(&messages.body);
    let last = json!({"role": "assistant", "content": [{"type": "text", "text": "Once \"upon\""}]});
    assert_eq!((&messages["messages"][1], &messages["max_tokens"]), (&last, &json!(70)));

    // What the caller began stays one turn with what a model added.
    let mut begun = asked.clone();
    begun.messages.push(router_core::conversation::Message::text(Role::Assistant, "Story: "));
    let chat = json_of(&openai_chat::encode(&again(call(&model("m"), &begun)), Flavour::Compatible).unwrap().body);
    assert_eq!(chat["messages"][1]["content"], "Story: Once \"upon\" ");

    let theirs =
        r#"{"model":"m","messages":[{"role":"user","content":"x"},{"role":"assistant","content":"Story: "}],"seed":1}"#;
    let encoded = sent_as(theirs, &model("m"), Flavour::Compatible, again).unwrap();
    assert_eq!(json_of(&encoded.body)["messages"], chat["messages"]);
    assert_eq!((encoded.dropped, encoded.changed.len()), (vec!["seed".to_owned()], 0));

    let cannot = without(model("claude-opus-5"), &[Capability::Prefill]);
    for error in [
        sent_as(BODY, &cannot, Flavour::OpenRouter, again).unwrap_err(),
        openai_chat::encode(&again(call(&cannot, &asked)), Flavour::OpenRouter).unwrap_err(),
        anthropic_messages::encode(&again(call(&cannot, &asked))).unwrap_err(),
    ] {
        assert!(error.kind == ErrorKind::Unsupported && error.message.starts_with("prefill"), "{error}");
    }
}

#[test]
fn a_translation_names_what_it_loses() {
    let (original, conversation) = original(&body(r#","seed":1,"logprobs":true"#));
    let model = model("claude-haiku-4-5");
    let encoded = anthropic_messages::encode(&call(&model, &conversation).with_original(Some(&original))).unwrap();
    assert_eq!((encoded.dropped, encoded.changed.len()), (vec!["seed".to_owned(), "logprobs".to_owned()], 0));
    let (original, conversation) = self::original(&body(r#","n":3"#));
    let error = anthropic_messages::encode(&call(&model, &conversation).with_original(Some(&original))).unwrap_err();
    assert!(error.kind == ErrorKind::Unsupported && error.message.starts_with("n: "), "{error}");
}

#[test]
fn a_server_next_door_is_not_made_to_fetch() {
    let part = |part: &str| body("").replace("\"x\"", &format!("[{part}]"));
    let inline = part(r#"{"type":"image_url","image_url":{"url":"data:image/png;base64,AA=="}}"#);
    sent_as(&inline, &model("m"), Flavour::Compatible, |call| call).unwrap();
    let picture = part(r#"{"type":"image_url","image_url":{"url":"http://169.254.169.254/"}}"#);
    let film = part(r#"{"type":"video_url","video_url":{"url":"http://169.254.169.254/"}}"#);
    for body in [picture, film] {
        let error = sent_as(&body, &model("m"), Flavour::Compatible, |call| call).unwrap_err();
        assert_eq!(error.kind, ErrorKind::Unsupported, "{body}");
        // Those on the internet fetch from there.
        sent_as(&body, &model("m"), Flavour::OpenRouter, |call| call).unwrap();
    }
}

#[test]
fn recorded_requests_pass_through() {
    let Some(root) = recordings() else { return };
    for (name, request) in recorded_chat_requests(&root) {
        let text = request.to_string();
        // Each to a model of its own name that can do everything: there is nothing to change but a limit's name.
        let model = model(request["model"].as_str().unwrap());
        let (original, conversation) = original(&text);
        let asked = call(&model, &conversation).with_original(Some(&original));
        let asked = if request["stream"] == true { asked.streaming() } else { asked };
        let encoded = openai_chat::write_request(&asked, Flavour::OpenRouter).unwrap();
        let mut expected = request.clone();
        let mut changed = Vec::new();
        for chooser in ["models", "route"] {
            changed.extend(expected.as_object_mut().unwrap().shift_remove(chooser).map(|_| chooser.to_owned()));
        }
        if let Some(limit) = expected.as_object_mut().unwrap().shift_remove("max_completion_tokens") {
            expected["max_tokens"] = limit;
            changed.push("max_completion_tokens".to_owned());
        }
        if request["stream"] == true && request["stream_options"]["include_usage"] != true {
            expected["stream_options"]["include_usage"] = json!(true);
            changed.push("stream_options.include_usage".to_owned());
        }
        assert_eq!((json_of(&encoded.body), &encoded.changed), (expected, &changed), "{name}");
        if changed.is_empty() {
            assert_eq!(encoded.body, text.as_bytes(), "{name}");
        }
    }
}

#[tokio::test]
async fn the_callers_bytes_arrive() {
    let simulator = Simulator::start(SimulatorConfig::default()).await.unwrap();
    let config = || {
        let config = InstanceConfig::new("test").with_base_url(simulator.base_url(Wire::OpenRouter));
        config.with_api_key("sk-simulated")
    };
    let body = BODY.replace("\"auto\"", "\"auto\",\"router\":{}");
    let (original, conversation) = original(&body);
    let model = model("meta-llama/llama-4");
    for kind in ["openrouter", "openai_compatible"] {
        simulator.reset();
        let provider = (kinds::find(kind).unwrap().build)(&config()).unwrap();
        assert_eq!(provider.dialect(), Some(Dialect::OpenAiChat));
        let asked = call(&model, &conversation).with_original(Some(&original));
        let answer = provider.complete(asked).await.unwrap();
        assert_eq!((answer.changed, answer.dropped.len()), (vec!["router".to_owned(), "model".to_owned()], 0));
        assert!(json_of(&answer.original.unwrap())["choices"].is_array());
        let sent = BODY.replace("\"auto\"", "\"meta-llama/llama-4\"");
        assert_eq!(simulator.attempts()[0].body, sent.as_bytes(), "{kind}");

        let stream = provider.stream(asked).await.unwrap();
        assert_eq!(stream.changed, ["router", "model", "stream", "stream_options.include_usage"]);
        let sent: Value = json_of(&simulator.attempts()[1].body);
        assert_eq!((&sent["stream"], &sent["future"]["z"]), (&json!(true), &json!(1.5)));
    }
}
