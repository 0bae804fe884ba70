//! What is logged of a request, and what is not.

use std::io;
use std::sync::{Arc, Mutex};

use router_http::settings::Settings;
use serde_json::{Value, json};
use tracing_subscriber::fmt::MakeWriter;

use crate::stage::Stage;

/// Log lines, kept.
#[derive(Clone, Default)]
struct Lines(Arc<Mutex<Vec<u8>>>);

impl io::Write for Lines {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.lock().unwrap().write(bytes)
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

impl MakeWriter<'_> for Lines {
    type Writer = Self;

    fn make_writer(&self) -> Self {
        self.clone()
    }
}

// On one thread, so that the server's tasks log to the subscriber of this test.
#[tokio::test]
async fn a_request_has_one_line_with_documented_fields_and_nothing_of_the_prompt() {
    let lines = Lines::default();
    // While a process has one subscriber only, tracing asks the subscriber of whichever thread comes to a line first whether
    // anybody wants it; other tests' threads have none.
    let _second = tracing::Dispatch::new(tracing::subscriber::NoSubscriber::new());
    let logger = tracing_subscriber::fmt().json().flatten_event(true).with_writer(lines.clone()).finish();
    let _logging = tracing::subscriber::set_default(logger);
    let stage = Stage::start(Settings::default()).await;
    let client = reqwest::Client::new();
    let ask =
        client.post(stage.url("/api/route?")).header("x-request-id", "mine").json(&json!({"prompt": "a secret plan"}));
    let answer = ask.send().await.unwrap();
    let id = answer.headers()["x-request-id"].to_str().unwrap().to_owned();
    assert_eq!(answer.status(), 200);
    let refused = client.get(stage.url("/a-secret-path?key=secret-key")).send().await.unwrap();
    let answer_length = refused.bytes().await.unwrap().len();
    let ask = client.post(stage.url("/api/route")).json(&json!({"prompt": "another secret", "stream": true}));
    let streamed = ask.send().await.unwrap().bytes().await.unwrap();
    client.head(stage.url("/livez")).send().await.unwrap();

    let logged = String::from_utf8(lines.0.lock().unwrap().clone()).unwrap();
    assert!(!logged.contains("secret"), "{logged}");
    let requests: Vec<Value> = logged.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    let requests: Vec<&Value> = requests.iter().filter(|line| line["target"] == "router_http::access").collect();
    assert_eq!(requests.len(), 4, "{logged}");
    assert_eq!((&requests[0]["request_id"], &requests[0]["client_request_id"]), (&json!(id), &json!("mine")));
    assert_eq!((&requests[0]["route"], &requests[0]["status"]), (&json!("/api/route"), &json!(200)));
    assert_eq!((&requests[1]["route"], &requests[1]["error_code"]), (&json!("unmatched"), &json!("no_such_path")));
    assert_eq!((&requests[1]["bytes_out"], &requests[1]["ended"]), (&answer_length.into(), &json!("whole")));
    assert_eq!((&requests[2]["bytes_out"], &requests[2]["ended"]), (&streamed.len().into(), &json!("whole")));
    assert_eq!((&requests[3]["bytes_out"], &requests[3]["ended"]), (&json!(0), &json!("whole")));

    let handbook = concat!(env!("CARGO_MANIFEST_DIR"), "/../../docs/LOGGING.md");
    let handbook = std::fs::read_to_string(handbook).unwrap();
    for field in requests.iter().flat_map(|line| line.as_object().unwrap().keys()) {
        let of_the_logger = ["timestamp", "level", "message", "target"].contains(&field.as_str());
        assert!(of_the_logger || handbook.contains(&format!("`{field}`")), "docs/LOGGING.md does not describe {field}");
    }
}
