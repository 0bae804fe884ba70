//! The adapters against a scripted server on a real socket.

use std::sync::Arc;
use std::time::Duration;

use router_core::conversation::{CacheMark, Conversation, Message, Role};
use router_core::error_kind::{ErrorKind, Phase};
use router_core::finish::FinishReason;
use router_providers::answer::{Answer, CallError, Spent};
use router_providers::call::Deadlines;
use router_providers::kinds::{KINDS, Kind};
use router_providers::provider::Provider;
use router_providers::setup::{InstanceConfig, SetupError};
use router_providers::{anthropic, openai, openai_compatible, openrouter};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::oneshot;
use tokio::task::JoinHandle;

use crate::given::{call, marked, model, reported, text, turns};

pub(crate) const KEY: &str = "a-key-nobody-may-see";

/// What the server does with a request, once it has it whole.
pub(crate) enum Script {
    /// Sends these bytes and closes.
    Say(Vec<u8>),
    /// Sends these bytes and then nothing, with the connection open.
    SayAndWait(Vec<u8>),
    /// Closes.
    Close,
}

pub(crate) fn respond(status: u16, headers: &str, body: &str) -> Vec<u8> {
    let length = body.len();
    format!("HTTP/1.1 {status} Status\r\ncontent-length: {length}\r\n{headers}\r\n{body}").into_bytes()
}

/// A server that plays its script for one request.
pub(crate) struct Served {
    pub(crate) address: String,
    /// The request's head, once the request is there whole.
    head: oneshot::Receiver<String>,
    /// Ends when the connection does.
    task: JoinHandle<()>,
}

pub(crate) async fn serve(script: Script) -> Served {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = format!("http://{}", listener.local_addr().unwrap());
    let (heard, head) = oneshot::channel();
    let task = tokio::spawn(async move {
        let (mut socket, _) = listener.accept().await.unwrap();
        // Most tests do not ask for it.
        let _ = heard.send(read_request(&mut socket).await);
        match script {
            // The client may have heard enough and be gone: that is its part of the script.
            Script::Say(bytes) => drop(socket.write_all(&bytes).await),
            Script::SayAndWait(bytes) => {
                let _ = socket.write_all(&bytes).await;
                // Until the client gives up.
                let _ = socket.read(&mut [0; 1]).await;
            }
            Script::Close => {}
        }
    });
    Served { address, head, task }
}

async fn read_request(socket: &mut TcpStream) -> String {
    let mut bytes = Vec::new();
    loop {
        let text = String::from_utf8_lossy(&bytes).into_owned();
        if let Some((head, body)) = text.split_once("\r\n\r\n") {
            let length = head.to_lowercase();
            let length =
                length.lines().find_map(|line| line.strip_prefix("content-length: ")).unwrap().parse::<usize>();
            if body.len() >= length.unwrap() {
                return head.to_owned();
            }
        }
        assert_ne!(socket.read_buf(&mut bytes).await.unwrap(), 0, "the request stopped");
    }
}

pub(crate) fn provider(kind: &Kind, address: &str) -> Arc<dyn Provider> {
    (kind.build)(&InstanceConfig::new("test").with_base_url(address).with_api_key(KEY)).unwrap()
}

async fn ask(provider: &dyn Provider, total: Duration) -> Result<Answer, CallError> {
    let (model, conversation) = (model("claude-or-gpt"), Conversation::prompt("Hello"));
    let deadlines = Deadlines { total, ..Deadlines::default() };
    provider.complete(call(&model, &conversation).with_deadlines(deadlines)).await
}

/// Asks a provider of that kind whose server follows the script.
pub(crate) async fn asked(kind: &Kind, script: Script) -> Result<Answer, CallError> {
    let served = serve(script).await;
    ask(&*provider(kind, &served.address), Duration::from_secs(20)).await
}

const CHAT: &str = r#"{"id":"1","model":"m","choices":[{"finish_reason":"stop","message":{"content":"Hi"}}],"usage":{"prompt_tokens":1,"completion_tokens":1}}"#;
const MESSAGE: &str = r#"{"id":"1","model":"m","content":[{"type":"text","text":"Hi"}],"stop_reason":"end_turn","usage":{"input_tokens":1,"output_tokens":1}}"#;

fn answer_of(kind: &Kind) -> &'static str {
    if kind.name == anthropic::KIND.name { MESSAGE } else { CHAT }
}

#[tokio::test]
async fn each_kind_asks_where_and_as_it_should() {
    for (kind, base, line, key) in [
        (openai::KIND, "/v1", "POST /v1/chat/completions HTTP/1.1", format!("authorization: Bearer {KEY}")),
        (
            openrouter::KIND,
            "/api/v1/",
            "POST /api/v1/chat/completions HTTP/1.1",
            format!("authorization: Bearer {KEY}"),
        ),
        (openai_compatible::KIND, "/v1", "POST /v1/chat/completions HTTP/1.1", format!("authorization: Bearer {KEY}")),
        (anthropic::KIND, "", "POST /v1/messages HTTP/1.1", format!("x-api-key: {KEY}")),
        (anthropic::KIND, "/v1", "POST /v1/messages HTTP/1.1", format!("x-api-key: {KEY}")),
    ] {
        let served = serve(Script::Say(respond(200, "", answer_of(&kind)))).await;
        let config = InstanceConfig::new("test").with_base_url(format!("{}{base}", served.address)).with_api_key(KEY);
        let provider = (kind.build)(&config.with_header("X-Team", "blue")).unwrap();
        let answer = ask(&*provider, Duration::from_secs(20)).await.unwrap();
        assert_eq!((answer.text().as_str(), answer.finish), ("Hi", FinishReason::Stop), "{}", kind.name);
        let head = served.head.await.unwrap();
        let lines: Vec<_> = head.lines().collect();
        assert_eq!(lines[0], line);
        assert!(lines.contains(&key.as_str()), "{head}");
        assert!(lines.contains(&"x-team: blue") && lines.contains(&"content-type: application/json"), "{head}");
        assert!(head.contains("user-agent: llm-router/"), "{head}");
        assert_eq!(head.contains("anthropic-version: 2"), kind.name == "anthropic", "{head}");
        assert_eq!(head.contains("x-client-request-id: 0192a1b2"), kind.name == "openai", "{head}");
    }
}

#[tokio::test]
async fn no_key_no_header() {
    let served = serve(Script::Say(respond(200, "", CHAT))).await;
    let config = InstanceConfig::new("test").with_base_url(served.address);
    let provider = (openai_compatible::KIND.build)(&config).unwrap();
    ask(&*provider, Duration::from_secs(20)).await.unwrap();
    assert!(!served.head.await.unwrap().contains("authorization"));
}

#[tokio::test]
async fn waits_end() {
    let silent = serve(Script::SayAndWait(Vec::new())).await.address;
    let stalled = serve(Script::SayAndWait(b"HTTP/1.1 200 OK\r\ncontent-length: 100\r\n\r\n{".to_vec())).await.address;
    for (address, phase) in [(silent, Phase::FirstEvent), (stalled, Phase::Total)] {
        let error = ask(&*provider(&openai::KIND, &address), Duration::from_millis(100)).await.unwrap_err();
        assert_eq!((error.kind, error.spent), (ErrorKind::Timeout(phase), Spent::Unknown), "{error}");
    }
}

#[tokio::test]
async fn an_error_does_not_wait_for_its_words() {
    for words in ["", "{\"error\":"] {
        let stalled =
            format!("HTTP/1.1 429 Status\r\ncontent-length: 100\r\nretry-after: 7\r\n\r\n{words}").into_bytes();
        let answered = tokio::time::timeout(Duration::from_secs(10), asked(&openai::KIND, Script::SayAndWait(stalled)));
        let error = answered.await.unwrap().unwrap_err();
        assert_eq!((error.kind, error.status), (ErrorKind::RateLimited, Some(429)), "{error}");
        assert_eq!((error.retry_after, error.spent), (Some(Duration::from_secs(7)), Spent::Nothing));
    }
}

#[tokio::test]
async fn a_server_that_is_not_there_or_goes_away() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let nobody = format!("http://{}", listener.local_addr().unwrap());
    drop(listener);
    let error = ask(&*provider(&openai::KIND, &nobody), Duration::from_secs(20)).await.unwrap_err();
    assert_eq!((error.kind, error.status, error.spent), (ErrorKind::Connection, None, Spent::Nothing), "{error}");
    assert!(error.message.contains("refused"), "{error}");
    // It has heard the question before it goes.
    let error = asked(&openai::KIND, Script::Close).await.unwrap_err();
    assert_eq!((error.kind, error.spent), (ErrorKind::Connection, Spent::Unknown), "{error}");
}

#[tokio::test]
async fn a_body_that_is_cut_is_malformed() {
    for (head, body) in [
        ("content-length: 1000\r\n", CHAT.to_owned()),
        ("transfer-encoding: chunked\r\n", format!("{:x}\r\n{CHAT}\r\n", CHAT.len())),
        // Nothing but the closing connection says that it is over: only the JSON can tell.
        ("connection: close\r\n", CHAT[..CHAT.len() - 3].to_owned()),
    ] {
        let bytes = format!("HTTP/1.1 200 OK\r\n{head}\r\n{body}").into_bytes();
        let error = asked(&openai::KIND, Script::Say(bytes)).await.unwrap_err();
        assert_eq!((error.kind, error.spent), (ErrorKind::Malformed, Spent::Unknown), "{head} {error}");
    }
}

#[tokio::test]
async fn a_body_that_is_too_large_is_malformed() {
    let announced = b"HTTP/1.1 200 OK\r\ncontent-length: 40000000\r\n\r\n".to_vec();
    let mut unannounced = b"HTTP/1.1 200 OK\r\nconnection: close\r\n\r\n".to_vec();
    unannounced.resize(33 << 20, b' ');
    for bytes in [announced, unannounced] {
        let error = asked(&openai::KIND, Script::SayAndWait(bytes)).await.unwrap_err();
        assert_eq!((error.kind, error.spent), (ErrorKind::Malformed, Spent::Unknown), "{error}");
        assert!(error.message.contains("larger"), "{error}");
    }
}

#[tokio::test]
async fn what_is_cached_for_long_is_counted_so() {
    const USAGE: &str =
        r#""usage":{"prompt_tokens":9,"completion_tokens":1,"prompt_tokens_details":{"cache_write_tokens":7}}"#;
    let answer = format!(r#"{{"choices":[{{"finish_reason":"stop","message":{{"content":"Hi"}}}}],{USAGE}}}"#);
    let refused = format!(r#"{{"choices":[],{USAGE}}}"#);
    let for_long = reported(2, 0, [0, 7], 1, 0);
    let for_a_while = reported(2, 0, [7, 0], 1, 0);
    for (kind, mark, usage) in [
        (openrouter::KIND, CacheMark::Long, for_long),
        (openrouter::KIND, CacheMark::Default, for_a_while),
        // It was sent no marker: what it writes, it writes of its own accord.
        (openai_compatible::KIND, CacheMark::Long, for_a_while),
    ] {
        let marked = Message { role: Role::User, parts: vec![marked(text("Hello"), mark)] };
        let (model, asked) = (model("claude"), turns(vec![marked]));
        let mut outcomes = Vec::new();
        for body in [&answer, &refused] {
            let served = serve(Script::Say(respond(200, "", body))).await;
            outcomes.push(provider(&kind, &served.address).complete(call(&model, &asked)).await);
        }
        assert_eq!(outcomes.remove(0).unwrap().usage, Some(usage), "{} {mark:?}", kind.name);
        assert_eq!(outcomes.remove(0).unwrap_err().spent, Spent::Known(usage), "{} {mark:?}", kind.name);
    }
}

#[tokio::test]
async fn redirects_are_not_followed() {
    let elsewhere = serve(Script::Say(respond(200, "", CHAT))).await;
    let moved = respond(307, &format!("location: {}/\r\n", elsewhere.address), "");
    let error = asked(&openai::KIND, Script::Say(moved)).await.unwrap_err();
    assert_eq!((error.kind, error.status), (ErrorKind::NotFound, Some(307)));
    assert!(!elsewhere.task.is_finished());
}

#[tokio::test]
async fn a_caller_that_gives_up_closes_the_connection() {
    let served = serve(Script::SayAndWait(Vec::new())).await;
    let provider = provider(&openai::KIND, &served.address);
    let asking = tokio::spawn(async move { ask(&*provider, Duration::from_secs(20)).await });
    served.head.await.unwrap();
    assert!(!served.task.is_finished());
    asking.abort();
    tokio::time::timeout(Duration::from_secs(5), served.task).await.unwrap().unwrap();
}

#[tokio::test]
async fn the_key_is_in_no_error() {
    for kind in KINDS {
        for status in [200, 401, 500] {
            let body =
                format!(r#"{{"error":{{"message":"Incorrect API key provided: {KEY}, sk-ant-REDACTED","type":"x"}}}}"#);
            let error = asked(kind, Script::Say(respond(status, "", &body))).await.unwrap_err();
            assert_eq!(error.message, "Incorrect API key provided: [key], [key]", "{} {status}", kind.name);
            assert!(!format!("{error} {error:?}").contains(KEY));
        }
    }
}

#[test]
fn the_configuration_does_not_show_its_secrets() {
    let config = InstanceConfig::new("test").with_api_key(KEY).with_header("x-secret", KEY);
    let shown = format!("{config:?}");
    assert!(!shown.contains(KEY) && shown.contains("x-secret"), "{shown}");
}

#[test]
fn a_wrong_configuration_says_what_is_wrong() {
    let build = |kind: &Kind, config: InstanceConfig| (kind.build)(&config).err().unwrap();
    let config = || InstanceConfig::new("test").with_base_url("http://127.0.0.1:1").with_api_key(KEY);
    assert_eq!(
        build(&openai_compatible::KIND, InstanceConfig::new("x")),
        SetupError::NoBaseUrl { kind: "openai_compatible" }
    );
    assert_eq!(build(&openai::KIND, InstanceConfig::new("x")), SetupError::NoKey { kind: "openai" });
    assert_eq!(build(&openai::KIND, config().with_api_key("line\nbreak")), SetupError::Key);
    assert!(matches!(build(&openai::KIND, config().with_base_url("example.com")), SetupError::BaseUrl { .. }));
    assert!(matches!(build(&openai::KIND, config().with_header("Host", "elsewhere")), SetupError::Header { .. }));
    assert!(matches!(build(&openai::KIND, config().with_header("a b", "c")), SetupError::Header { .. }));
}
