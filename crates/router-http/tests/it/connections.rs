//! Connections: their limits, their end, and what a caller that leaves takes along.

use std::time::Duration;

use router_http::server::Stopped;
use router_http::settings::Settings;
use serde_json::{Value, json};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::time::{Instant, timeout};

use crate::doubles::FLOOD;
use crate::stage::{PATIENCE, Stage, read_to_end};

const SILENT_PROMPT: &str = "POST /api/route HTTP/1.1\r\nhost: localhost\r\ncontent-type: application/json\r\ncontent-length: 20\r\n\r\n{\"prompt\":\"silence\"}";

#[tokio::test]
async fn http_2_by_prior_knowledge_and_http_1_share_the_port() {
    let stage = Stage::start(Settings::default()).await;
    let two = reqwest::Client::builder().http2_prior_knowledge().build().unwrap();
    let response = two.get(stage.url("/api/models")).send().await.unwrap();
    assert_eq!((response.version(), response.status().as_u16()), (reqwest::Version::HTTP_2, 200));
    let refused = two.get(stage.url("/api/models")).header("origin", "http://evil.example").send().await.unwrap();
    assert_eq!(refused.status(), 403);
    assert_eq!(reqwest::get(stage.url("/livez")).await.unwrap().version(), reqwest::Version::HTTP_11);
}

#[tokio::test]
async fn every_answer_has_its_id_twice_and_the_security_headers() {
    let stage = Stage::start(Settings::default()).await;
    for path in ["/api/models", "/nowhere", "/livez", "/api/requests/x"] {
        let client = reqwest::Client::new();
        let response = client.get(stage.url(path)).header("x-request-id", "mine").send().await.unwrap();
        let header = |name: &str| {
            response.headers().get(name).map(|value| value.to_str().unwrap().to_owned()).unwrap_or_default()
        };
        let id: uuid::Uuid = header("x-request-id").parse().unwrap();
        assert_eq!(id.get_version_num(), 7, "{path}");
        assert_eq!(header("request-id"), id.to_string(), "{path}");
        assert_eq!(header("x-content-type-options"), "nosniff", "{path}");
        assert_eq!(header("cache-control"), "no-store", "{path}");
        assert_eq!(header("access-control-allow-origin"), "", "{path}");
    }
}

#[tokio::test]
async fn a_head_says_what_the_get_would() {
    let stage = Stage::start(Settings::default()).await;
    for client in [reqwest::Client::new(), reqwest::Client::builder().http2_prior_knowledge().build().unwrap()] {
        let get = client.get(stage.url("/")).send().await.unwrap();
        let head = client.head(stage.url("/")).send().await.unwrap();
        assert_eq!(head.status(), 200);
        for name in ["content-length", "content-type"] {
            assert_eq!(head.headers()[name], get.headers()[name]);
        }
        assert!(head.bytes().await.unwrap().is_empty());
    }
}

#[tokio::test]
async fn a_caller_that_leaves_takes_the_work_upstream_along() {
    let stage = Stage::start(Settings::default()).await;
    let mut caller = TcpStream::connect(stage.address).await.unwrap();
    caller.write_all(SILENT_PROMPT.as_bytes()).await.unwrap();
    stage.provider.until_waiting(1).await;
    let left = Instant::now();
    drop(caller);
    stage.provider.until_waiting(0).await;
    assert!(left.elapsed() < Duration::from_secs(1), "took {:?}", left.elapsed());
}

#[tokio::test]
async fn an_http_2_caller_that_resets_its_stream_takes_the_work_upstream_along() {
    let stage = Stage::start(Settings::default()).await;
    let client = reqwest::Client::builder().http2_prior_knowledge().build().unwrap();
    let request = client.post(stage.url("/api/route")).json(&json!({"prompt": "silence"})).send();
    let request = tokio::spawn(request);
    stage.provider.until_waiting(1).await;
    request.abort();
    stage.provider.until_waiting(0).await;
    // The connection lives on.
    assert_eq!(client.get(stage.url("/livez")).send().await.unwrap().status(), 200);
}

#[tokio::test]
async fn idle_connections_are_closed_and_busy_ones_are_not() {
    let idle = Duration::from_millis(200);
    let stage = Stage::start(Settings { idle_timeout: idle, header_timeout: idle, ..Settings::default() }).await;
    let mut busy = TcpStream::connect(stage.address).await.unwrap();
    busy.write_all(SILENT_PROMPT.as_bytes()).await.unwrap();
    stage.provider.until_waiting(1).await;

    let mut lazy = TcpStream::connect(stage.address).await.unwrap();
    lazy.write_all(b"GET /livez HTTP/1.1\r\nhost: localhost\r\n\r\n").await.unwrap();
    let answered = Instant::now();
    let answer = read_to_end(&mut lazy).await;
    assert!(answer.starts_with(b"HTTP/1.1 200"));
    assert!(answered.elapsed() >= idle);

    // Several idle times later the busy one is still being answered.
    assert!(timeout(idle * 5, busy.read(&mut [0; 1])).await.is_err());
    assert_eq!(stage.provider.waiting.load(std::sync::atomic::Ordering::SeqCst), 1);
}

#[tokio::test]
async fn a_caller_that_does_not_read_is_disconnected() {
    let write_timeout = Duration::from_millis(300);
    let stage = Stage::start(Settings { write_timeout, ..Settings::default() }).await;
    let body = r#"{"prompt":"flood","stream":true}"#;
    let head = "POST /api/route HTTP/1.1\r\nhost: localhost\r\ncontent-type: application/json\r\nconnection: close";
    let request = format!("{head}\r\ncontent-length: {}\r\n\r\n{body}", body.len());
    for (pause, whole) in [(write_timeout * 4, false), (write_timeout / 4, true)] {
        let mut caller = TcpStream::connect(stage.address).await.unwrap();
        caller.write_all(request.as_bytes()).await.unwrap();
        // The answer begins, and nobody reads on.
        caller.read_exact(&mut [0; 1]).await.unwrap();
        tokio::time::sleep(pause).await;
        let taken = read_to_end(&mut caller).await.len();
        assert_eq!(taken > FLOOD, whole, "{taken} bytes after {pause:?}");
    }
}

#[tokio::test]
async fn connections_beyond_the_limit_wait_for_room() {
    let stage = Stage::start(Settings { connection_limit: 1, ..Settings::default() }).await;
    let mut first = TcpStream::connect(stage.address).await.unwrap();
    first.write_all(b"GET /livez HTTP/1.1\r\nhost: localhost\r\n\r\n").await.unwrap();
    first.read_exact(&mut [0; 12]).await.unwrap();

    let mut second = TcpStream::connect(stage.address).await.unwrap();
    second.write_all(b"GET /livez HTTP/1.1\r\nhost: localhost\r\nconnection: close\r\n\r\n").await.unwrap();
    assert!(timeout(Duration::from_millis(200), second.read(&mut [0; 1])).await.is_err(), "answered beyond the limit");
    drop(first);
    assert!(read_to_end(&mut second).await.starts_with(b"HTTP/1.1 200"));
}

#[tokio::test]
async fn a_stopping_server_answers_what_is_in_flight_and_accepts_nothing_new() {
    // What the half-sent request below is waited for.
    let header_timeout = Duration::from_secs(1);
    let mut stage = Stage::start(Settings { header_timeout, ..Settings::default() }).await;
    let mut idle = TcpStream::connect(stage.address).await.unwrap();
    idle.write_all(b"GET /livez HTTP/1.1\r\nhost: localhost\r\n\r\n").await.unwrap();
    idle.read_exact(&mut [0; 12]).await.unwrap();
    // A body under way is a request in flight.
    let mut slow = TcpStream::connect(stage.address).await.unwrap();
    let (head, body) = SILENT_PROMPT.split_once("\r\n\r\n").unwrap();
    slow.write_all(format!("{head}\r\n\r\n").as_bytes()).await.unwrap();
    let mut half = TcpStream::connect(stage.address).await.unwrap();
    half.write_all(b"GET /livez HT").await.unwrap();

    stage.tell_to_stop();
    read_to_end(&mut idle).await;
    assert!(TcpStream::connect(stage.address).await.is_err(), "still accepting");
    slow.write_all(body.replace("silence", "present").as_bytes()).await.unwrap();
    let answer = String::from_utf8(read_to_end(&mut slow).await).unwrap();
    assert!(answer.starts_with("HTTP/1.1 200") && answer.contains("answer to: present"), "{answer}");
    assert!(read_to_end(&mut half).await.is_empty());
    assert_eq!(stage.stopped().await, Stopped::Clean);
}

#[tokio::test]
async fn a_stopping_server_cuts_what_is_not_done_by_the_deadline() {
    let mut stage =
        Stage::start(Settings { shutdown_deadline: Duration::from_millis(100), ..Settings::default() }).await;
    let mut caller = TcpStream::connect(stage.address).await.unwrap();
    caller.write_all(SILENT_PROMPT.as_bytes()).await.unwrap();
    stage.provider.until_waiting(1).await;
    stage.tell_to_stop();
    assert!(read_to_end(&mut caller).await.is_empty());
    assert_eq!(stage.provider.waiting.load(std::sync::atomic::Ordering::SeqCst), 0);
    assert_eq!(stage.stopped().await, Stopped::Cut { connections: 1 });
}

#[tokio::test]
async fn an_oversized_upload_gets_its_413_not_a_reset() {
    let stage = Stage::start(Settings::default()).await;
    let body = vec![b' '; 12 * 1024 * 1024];
    let sent = reqwest::Client::new()
        .post(stage.url("/api/route"))
        .header("content-type", "application/json")
        .body(body)
        .send();
    let response = timeout(PATIENCE, sent).await.unwrap().expect("an answer, not a reset");
    assert_eq!(response.status(), 413);
    let answer: Value = response.json().await.unwrap();
    assert_eq!(answer["error"]["code"], "body_too_large");
}
