//! Bad input to `/v1/chat/completions`: each row gets OpenAI's error, which names what is wrong; and the server goes on.

use router_http::settings::Settings;
use serde_json::Value;

use crate::stage::Stage;

/// A body, and the `param` and `code` of its error.
const BODIES: &[(&str, &str, &str)] = &[
    ("", "null", "null"),
    ("hello", "null", "null"),
    ("[]", "null", "null"),
    ("null", "null", "null"),
    ("{}", "model", "missing_required_parameter"),
    (r#"{"model":"auto"}"#, "messages", "missing_required_parameter"),
    (r#"{"model":"","messages":[{"role":"user","content":"a"}]}"#, "model", "invalid_value"),
    (r#"{"model":7,"messages":[{"role":"user","content":"a"}]}"#, "model", "invalid_type"),
    (r#"{"model":"auto","messages":[]}"#, "messages", "invalid_value"),
    (r#"{"model":"auto","messages":{}}"#, "messages", "invalid_type"),
    (r#"{"model":"auto","messages":["a"]}"#, "messages[0]", "invalid_type"),
    (r#"{"model":"auto","messages":[{"role":"root","content":"a"}]}"#, "messages[0].role", "invalid_value"),
    (r#"{"model":"nobody","messages":[{"role":"user","content":"a"}]}"#, "model", "model_not_found"),
    (r#"{"model":"auto:luck","messages":[{"role":"user","content":"a"}]}"#, "model", "model_not_found"),
    (r#"{"model":"auto","model":"auto","messages":[{"role":"user","content":"a"}]}"#, "model", "invalid_value"),
    (r#"{"model":"auto","messages":[{"role":"user","content":"a"}],"stream":"yes"}"#, "stream", "invalid_type"),
    (r#"{"model":"auto","messages":[{"role":"user","content":"a"}],"temperature":9}"#, "temperature", "invalid_value"),
    (r#"{"model":"auto","messages":[{"role":"user","content":"a"}],"router":7}"#, "router", "invalid_value"),
    (
        r#"{"model":"auto","messages":[{"role":"user","content":"a"}],"router":{"preferences":{"costWieght":1}}}"#,
        "router.preferences.costWieght",
        "invalid_value",
    ),
    (
        r#"{"model":"auto","messages":[{"role":"user","content":"a"}],"router":{"preferences":{"costWeight":-1}}}"#,
        "router.preferences.costWeight",
        "invalid_value",
    ),
    (
        r#"{"model":"auto","messages":[{"role":"user","content":"a"}],"router":{"promptType":"poetry"}}"#,
        "router.promptType",
        "invalid_value",
    ),
    (
        r#"{"model":"auto","messages":[{"role":"user","content":"a"}],"router":{"fallbacks":1,"fallbacks":2}}"#,
        "router.fallbacks",
        "invalid_value",
    ),
];

/// Headers, and the `param` of their error.
const HEADERS: &[(&str, &str)] = &[
    ("x-router-cost-weight", "much"),
    ("x-router-min-quality", "2"),
    ("x-router-target", "luck"),
    ("x-router-fallback", "true"),
    ("x-router-max-cost-usd", ""),
];

async fn refused(request: reqwest::RequestBuilder, status: u16, param: &str, code: &str) {
    let name = format!("{request:?}");
    let response = request.send().await.unwrap();
    assert!(!response.headers()["x-request-id"].is_empty());
    assert_eq!(response.status().as_u16(), status, "{name}: {}", response.text().await.unwrap());
    let answer: Value = response.json().await.unwrap();
    let error = answer["error"].as_object().unwrap();
    assert_eq!(error.len(), 4, "{answer}");
    let shown = |value: &Value| value.as_str().unwrap_or("null").to_owned();
    assert_eq!((shown(&error["param"]).as_str(), shown(&error["code"]).as_str()), (param, code), "{name}: {answer}");
    assert_eq!(error["type"], "invalid_request_error", "{answer}");
    assert!(error["message"].as_str().unwrap().len() < 700, "{answer}");
}

#[tokio::test]
async fn every_bad_request_is_refused_in_openais_words() {
    let stage = Stage::start(Settings { body_limit: 64 * 1024, ..Settings::default() }).await;
    let client = reqwest::Client::new();
    let post = || client.post(stage.url("/v1/chat/completions")).header("content-type", "application/json");
    for &(body, param, code) in BODIES {
        let status = if code == "model_not_found" { 404 } else { 400 };
        refused(post().body(body), status, param, code).await;
    }
    let good = r#"{"model":"auto","messages":[{"role":"user","content":"a"}]}"#;
    for &(name, value) in HEADERS {
        refused(post().header(name, value).body(good), 400, name, "invalid_value").await;
    }
    let deep = format!(r#"{{"model":"auto","messages":{}"#, "[".repeat(50_000));
    refused(post().body(deep), 400, "null", "null").await;
    refused(post().body(" ".repeat(70_000)), 413, "null", "body_too_large").await;
    let form = client.post(stage.url("/v1/chat/completions")).header("content-type", "text/plain").body(good);
    refused(form, 415, "null", "unsupported_media_type").await;
    refused(client.get(stage.url("/v1/chat/completions")), 405, "null", "method_not_allowed").await;
    refused(client.get(stage.url("/v1/embeddings")), 404, "null", "no_such_path").await;
    refused(client.get(stage.url("/v1/models/%ff")), 400, "id", "invalid_value").await;
    assert_eq!(post().body(good).send().await.unwrap().status(), 200);
}
