//! Secrets and prompts of a full run are searched for in everything that is written down or told.

use std::fs;
use std::path::{Path, PathBuf};

use reqwest::header::SET_COOKIE;
use router_sim::{Simulator, SimulatorConfig, Wire};
use serde_json::{Value, json};

use crate::server::Place;

const API_KEY_SECRET: &str = "canary-of-digests-0123456789abcdef-4f7a";
const JWT_SECRET: &str = "canary-of-sessions-0123456789abcdef-9c1b";
const METRICS_TOKEN: &str = "canary-of-scrapers-0123456789abcdef-77e0";
const PROVIDER_KEY: &str = "sk-canary-of-a-provider-1b2c3d";
/// The simulator refuses it, and repeats it in its words as providers do.
const WRONG_KEY: &str = "sk-wrong-canary-of-a-provider-8a9b";
const PASSWORD: &str = "canary of a person 5d6e";
const PROMPT: &str = "canaryprompt2f81";

/// Every file below a directory.
fn files(directory: &Path) -> Vec<PathBuf> {
    let entries = fs::read_dir(directory).unwrap().map(|entry| entry.unwrap().path());
    entries.flat_map(|path| if path.is_dir() { files(&path) } else { vec![path] }).collect()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn no_secret_and_no_prompt_is_written_down_or_told() {
    let simulator = Simulator::start(SimulatorConfig::default()).await.unwrap();
    let place = Place::new()
        .with("APP_ENV", "production")
        .with("LOG_LEVEL", "info")
        .with("API_KEY_SECRET", API_KEY_SECRET)
        .with("JWT_SECRET", JWT_SECRET)
        .with("METRICS_TOKEN", METRICS_TOKEN)
        .with("OPENAI_API_KEY", PROVIDER_KEY)
        .with("OPENAI_BASE_URL", simulator.base_url(Wire::OpenAi))
        .with("ANTHROPIC_API_KEY", WRONG_KEY)
        .with("ANTHROPIC_BASE_URL", simulator.base_url(Wire::Anthropic))
        .holding("password", PASSWORD);
    let made = place.run(&["keys", "create", "canary", "--role", "admin", "--json"]).await;
    let key: Value = serde_json::from_str(&made.out).unwrap();
    let key = key["key"].as_str().unwrap();
    let made = place.run(&["users", "create", "ann@example.org", "--password-file", "password"]).await;
    assert_eq!(made.code, Some(0), "{}", made.err);
    let mut server = place.serve(&[]).await;

    // What callers are told, apart from the answers themselves.
    let mut told = String::new();
    let chat = |key: &str, model: &str, stream: bool| {
        let messages = [json!({"role": "user", "content": format!("{PROMPT} please")})];
        let body = json!({"model": model, "messages": messages, "stream": stream, "router": {"fallbacks": false}});
        server.client.post(server.url("/v1/chat/completions")).bearer_auth(key).json(&body).send()
    };
    for stream in [false, true] {
        let answer = chat(key, "gpt-4o-mini", stream).await.unwrap();
        assert_eq!(answer.status(), 200);
        assert!(answer.text().await.unwrap().contains("[simulated]"));
    }
    // A provider that refuses our key is no business of the caller's; nor is a wrong key of theirs repeated to them.
    let refused = chat(key, "claude-haiku-4-5", false).await.unwrap();
    assert_eq!(refused.status(), 503);
    told += &refused.text().await.unwrap();
    let wrong = format!("{}{}", &key[..key.len() - 1], if key.ends_with('x') { 'y' } else { 'x' });
    let refused = chat(&wrong, "gpt-4o-mini", false).await.unwrap();
    assert_eq!(refused.status(), 401);
    told += &refused.text().await.unwrap();
    let malformed = format!("{{\"model\": \"gpt-4o-mini\", \"messages\": [{{\"role\": \"{PROMPT}\"");
    let post = server.client.post(server.url("/v1/chat/completions")).bearer_auth(key);
    let refused = post.header("content-type", "application/json").body(malformed).send().await.unwrap();
    assert_eq!(refused.status(), 400);
    told += &refused.text().await.unwrap();

    let login = server.client.post(server.url("/api/auth/login"));
    let login = login.json(&json!({"email": "ann@example.org", "password": PASSWORD})).send().await.unwrap();
    assert_eq!(login.status(), 200);
    let cookie = login.headers()[SET_COOKIE].to_str().unwrap().split(';').next().unwrap().to_owned();
    let session = cookie.split_once('=').unwrap().1.to_owned();
    let me = server.client.get(server.url("/api/auth/me")).header("cookie", &cookie).send().await.unwrap();
    assert_eq!(me.status(), 200);

    // The records are in the database once the last of them is found.
    let list = async |path: &str| {
        let response = server.client.get(server.url(path)).bearer_auth(key).send().await.unwrap();
        assert_eq!(response.status(), 200, "{path}");
        response.text().await.unwrap()
    };
    let scraped = server.client.get(server.url("/api/metrics")).bearer_auth(METRICS_TOKEN).send().await.unwrap();
    assert_eq!(scraped.status(), 200);
    told += &scraped.text().await.unwrap();
    crate::process::until("three records", async || list("/api/requests").await.matches("\"requestId\"").count() == 3)
        .await;
    let requests = list("/api/requests").await;
    let requests_read: Value = serde_json::from_str(&requests).unwrap();
    for record in requests_read["items"].as_array().unwrap() {
        told += &list(&format!("/api/requests/{}", record["requestId"].as_str().unwrap())).await;
    }
    told += &requests;
    for path in
        ["/api/health", "/api/admin/keys", "/api/admin/users", "/api/admin/config", "/api/admin/actions", "/api/stats"]
    {
        told += &list(path).await;
    }
    assert_eq!(server.stop().await, Some(0));

    let mut places = vec![("what callers and administrators are told".to_owned(), told.into_bytes())];
    places.push(("standard output".to_owned(), server.process.out.text().into_bytes()));
    places.push(("the log".to_owned(), server.process.err.text().into_bytes()));
    for file in files(&place.path("data")) {
        places.push((file.display().to_string(), fs::read(&file).unwrap()));
    }
    assert!(places.len() > 5, "the data directory has files");
    let log = server.process.err.text();
    assert!(log.lines().count() > 5, "the log has lines: {log}");
    let secret = key.rsplit('-').next().unwrap();
    let secrets = [API_KEY_SECRET, JWT_SECRET, METRICS_TOKEN, PROVIDER_KEY, WRONG_KEY, PASSWORD, secret, &session];
    for (name, bytes) in &places {
        for secret in secrets {
            assert!(!contains(bytes, secret), "{secret} is in {name}");
        }
        assert!(!contains(bytes, PROMPT), "a prompt is in {name}");
    }
    // The search finds what is there.
    assert!(places.iter().any(|(_, bytes)| contains(bytes, "ann@example.org")));
}

fn contains(bytes: &[u8], text: &str) -> bool {
    bytes.windows(text.len()).any(|window| window == text.as_bytes())
}
