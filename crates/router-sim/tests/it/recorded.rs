//! Requests that real providers answered must not be refused here: the checks are strict, not stricter.

use std::fs;
use std::io::Write;
use std::path::{Path, PathBuf};

use router_sim::Wire;
use serde_json::Value;

use crate::client::{simulator, try_post};
use crate::stream_client::listen;

/// Recorded exchanges, kept beside the repository where they are present at all.
fn recordings() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../../../shared/wire/fixtures")
}

#[tokio::test]
async fn real_requests_pass() {
    if !recordings().is_dir() {
        // Past the capture of a test's output, so that nobody takes it for a test that ran.
        let _ = writeln!(std::io::stderr(), "not run: no recorded exchanges at {}", recordings().display());
        return;
    }
    let simulator = simulator().await;
    let mut refused = Vec::new();
    let mut passed = 0;
    for (wire, folder, path) in [
        (Wire::OpenAi, "openai", "/v1/chat/completions"),
        (Wire::Anthropic, "anthropic", "/v1/messages"),
        (Wire::OpenRouter, "openrouter", "/api/v1/chat/completions"),
    ] {
        for kind in ["nonstream", "stream"] {
            for file in fs::read_dir(recordings().join(folder).join(kind)).unwrap() {
                let file = file.unwrap().path();
                if file.extension().is_none_or(|extension| extension != "json") {
                    continue;
                }
                let exchange: Value = serde_json::from_slice(&fs::read(&file).unwrap()).unwrap();
                let request = &exchange["request"];
                let whole = request["body"]["messages"].is_array() && request["body"]["model"].is_string();
                if !whole || request["path"].as_str().is_none_or(|recorded| recorded.split('?').next() != Some(path)) {
                    continue;
                }
                let response = try_post(&simulator, wire, &request["body"]).await.unwrap();
                let (status, streamed) = (response.status(), request["body"]["stream"] == true);
                let heard = listen(response).await;
                if status == 200 && (!streamed || heard.terminated()) {
                    passed += 1;
                } else {
                    refused.push(format!("{}: {}", file.display(), heard.raw));
                }
            }
        }
    }
    assert!(refused.is_empty(), "{}", refused.join("\n"));
    assert!(passed > 0);
}
