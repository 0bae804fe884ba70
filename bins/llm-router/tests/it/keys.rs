//! Without keys the server starts and says what is missing; a demonstration does not touch the keys that are there.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use reqwest::StatusCode;
use serde_json::json;
use tokio::net::TcpListener;

use crate::server::{Finished, Place};

/// What must be seen nowhere.
const CANARY: &str = "sk-canary-6f1c2a";

const KEY_VARIABLES: [&str; 3] = ["OPENAI_API_KEY", "ANTHROPIC_API_KEY", "OPENROUTER_API_KEY"];

async fn dry_runs_work_and_executions_name_the_variables(place: &Place) {
    let mut server = place.serve(&[]).await;
    server.process.err.line_with("no provider has a key").await;
    let dry = server.answer(&json!({"prompt": "What is AI?", "dryRun": true})).await;
    assert!(dry["modelId"].is_string() && dry["decision"]["candidates"].is_array(), "{dry}");
    let (status, answer) = server.route(&json!({"prompt": "What is AI?"})).await;
    assert_eq!((status, &answer["error"]["code"]), (StatusCode::SERVICE_UNAVAILABLE, &"no_provider".into()));
    let message = answer["error"]["message"].as_str().unwrap();
    assert!(KEY_VARIABLES.iter().all(|variable| message.contains(variable)), "{message}");
    assert_eq!(server.read("/api/health").await["status"], "degraded");
    assert_eq!(server.stop().await, Some(0));
}

#[tokio::test]
async fn without_a_key_the_server_starts_and_says_what_is_missing() {
    dry_runs_work_and_executions_name_the_variables(&Place::new()).await;
}

#[tokio::test]
async fn keys_of_the_template_count_as_not_set() {
    let template = include_str!("../../../../.env.example");
    let place = Place::new().holding(".env", template).with("OPENAI_API_KEY", "your_openai_api_key");
    dry_runs_work_and_executions_name_the_variables(&place).await;
}

/// A provider that nobody should call, and how often it was called.
async fn trap() -> (String, Arc<AtomicUsize>) {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let calls = Arc::new(AtomicUsize::new(0));
    let counted = Arc::clone(&calls);
    tokio::spawn(async move {
        while listener.accept().await.is_ok() {
            counted.fetch_add(1, Ordering::Relaxed);
        }
    });
    (format!("http://{address}/v1"), calls)
}

#[tokio::test]
async fn a_demonstration_leaves_real_keys_alone() {
    let (url, calls) = trap().await;
    let configuration = format!("[providers.mine]\nkind = \"openai\"\nbase_url = \"{url}\"\napi_key_env = \"MINE\"\n");
    let place = Place::new()
        .with("LOG_LEVEL", "trace")
        .with("OPENAI_BASE_URL", &url)
        .with("ANTHROPIC_BASE_URL", &url)
        .with("OPENROUTER_BASE_URL", &url)
        .with("OPENAI_API_KEY", CANARY)
        .with("ANTHROPIC_API_KEY", CANARY)
        .with("DATABASE_URL", format!("postgres://user:{CANARY}@127.0.0.1:1/db"))
        .holding(".env", &format!("OPENROUTER_API_KEY={CANARY}\nMINE={CANARY}\n"))
        .holding("llm-router.toml", &configuration);
    let mut server = place.serve(&["--demo"]).await;
    for provider in ["openai", "anthropic", "openrouter"] {
        let models = server.read(&format!("/api/models?provider={provider}&active=true")).await;
        let body = json!({"prompt": "What is AI?", "modelId": models["models"][0]["id"], "fallbacks": false});
        let answer = server.answer(&body).await;
        assert_eq!((&answer["provider"], &answer["simulated"]), (&provider.into(), &true.into()), "{answer}");
    }
    let shown = [server.get("/api/metrics").await, server.get("/api/health").await, server.get("/api/requests").await];
    for response in shown {
        let text = response.text().await.unwrap();
        assert!(!text.contains(CANARY), "{text}");
    }
    server.records_are_written().await;
    assert_eq!(server.stop().await, Some(0));
    assert_eq!(calls.load(Ordering::Relaxed), 0, "a real provider was called");
    for text in [server.process.out.text(), server.process.err.text()] {
        assert!(!text.contains(CANARY), "{text}");
    }
    assert!(place.path("data/demo/llm-router.db").is_file());
    let kept: Vec<_> = std::fs::read_dir(place.path("data")).unwrap().map(|entry| entry.unwrap().file_name()).collect();
    assert_eq!(kept, ["demo"], "a demonstration has data of its own");
    assert_nowhere_below(&place.path("data"));
}

fn assert_nowhere_below(directory: &std::path::Path) {
    assert_without(directory, CANARY);
}

fn assert_without(directory: &std::path::Path, canary: &str) {
    for entry in std::fs::read_dir(directory).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            assert_without(&path, canary);
        } else {
            let bytes = std::fs::read(&path).unwrap();
            assert!(!bytes.windows(canary.len()).any(|window| window == canary.as_bytes()), "{}", path.display());
        }
    }
}

#[tokio::test]
async fn a_key_is_sent_to_its_provider_and_shown_nowhere() {
    let (url, calls) = trap().await;
    let place = Place::new()
        .with("LOG_LEVEL", "trace")
        .with("OPENAI_BASE_URL", &url)
        .with("OPENAI_API_KEY", CANARY)
        .with("FAILOVER_ENABLED", "false");
    let Finished { code, out, err } = place.run(&["check"]).await;
    assert_eq!(code, Some(0), "{out}{err}");
    assert!(out.contains("(set, not shown)"), "{out}");
    let mut server = place.serve(&[]).await;
    let (status, answer) = server.route(&json!({"prompt": "What is AI?"})).await;
    assert_eq!(status, StatusCode::BAD_GATEWAY, "{answer}");
    assert!(calls.load(Ordering::Relaxed) > 0, "the trap does not work");
    server.records_are_written().await;
    let shown = server.get("/api/metrics").await.text().await.unwrap();
    assert_eq!(server.stop().await, Some(0));
    for text in [out, err, shown, answer.to_string(), server.process.out.text(), server.process.err.text()] {
        assert!(!text.contains(CANARY), "{text}");
    }
    assert_nowhere_below(&place.path("data"));
}

#[tokio::test]
async fn a_callers_key_is_shown_nowhere_either() {
    const CALLERS: &str = "sk-llmr-0canary0key0-c4n4ryc4n4ryc4n4ryc4n4ryc4n4ryc4n4ryc4n4ryc4n4ry";
    const SECRET: &str = "c4n4ry-secret-of-the-operator-0123456789";
    let place = Place::new()
        .with("LOG_LEVEL", "trace")
        .with("API_KEY_SECRET", SECRET)
        .with("JWT_SECRET", SECRET)
        .with("METRICS_TOKEN", SECRET);
    let checked = place.run(&["check"]).await;
    assert_eq!(checked.code, Some(0), "{}", checked.out);
    let mut server = place.serve(&[]).await;
    server.process.err.line_with("NO CREDENTIALS").await;
    let mut said = vec![checked.out, checked.err];
    for path in ["/api/route", "/v1/chat/completions", "/api/admin/keys", "/nowhere"] {
        let post = || server.client.post(server.url(path)).json(&json!({"prompt": "Hello"}));
        for request in [
            post().bearer_auth(CALLERS),
            post().header("x-api-key", CALLERS),
            post().header("cookie", format!("llmr_session={CALLERS}")),
            post().header("authorization", format!("Basic {CALLERS}")),
        ] {
            let answer = request.send().await.unwrap();
            assert!([401, 404].contains(&answer.status().as_u16()), "{path}: {}", answer.status());
            said.push(answer.text().await.unwrap());
        }
    }
    let login = json!({"email": "c4n4ry@example.org", "password": "c4n4ry c4n4ry c4n4ry"});
    let answer = server.client.post(server.url("/api/auth/login")).json(&login).send().await.unwrap();
    said.push(answer.text().await.unwrap());
    said.push(server.get("/api/metrics").await.text().await.unwrap());
    assert_eq!(server.stop().await, Some(0));
    said.extend([server.process.out.text(), server.process.err.text()]);
    for text in said {
        assert!(!text.contains("c4n4ry"), "{text}");
    }
    assert_without(&place.path("data"), "c4n4ry");
}
