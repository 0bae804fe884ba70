//! Who may use which route: every route, with every kind of credential.

use reqwest::{Client, Method, StatusCode};
use router_core::principal::Role;
use router_http::auth::Anonymous;
use router_http::openapi::openapi;
use router_http::settings::Settings;
use serde_json::{Value, json};

use crate::identities::{METRICS_TOKEN, People};
use crate::stage::Stage;

/// Every route and who may use it: `o`pen to all, `m`etrics, `a`nyone with credentials, `c`allers, `r`eaders, `d`irectors
/// (administrators). A route that is not here fails the test.
const EXPECTED: &[(&str, &str, char)] = &[
    ("GET", "/", 'o'),
    ("POST", "/api/route", 'c'),
    ("POST", "/v1/chat/completions", 'c'),
    ("POST", "/v1/responses", 'c'),
    ("POST", "/v1/messages", 'c'),
    ("POST", "/v1/messages/count_tokens", 'c'),
    ("GET", "/v1/models", 'r'),
    ("GET", "/v1/models/{id}", 'r'),
    ("GET", "/api/models", 'r'),
    ("POST", "/api/feedback", 'c'),
    ("GET", "/api/feedback", 'r'),
    ("POST", "/api/eval", 'c'),
    ("GET", "/api/eval", 'r'),
    ("POST", "/api/eval/runs", 'c'),
    ("GET", "/api/eval/runs", 'r'),
    ("GET", "/api/eval/runs/{id}", 'r'),
    ("PATCH", "/api/eval/runs/{id}", 'c'),
    ("GET", "/api/requests", 'r'),
    ("GET", "/api/requests/stream", 'r'),
    ("GET", "/api/requests/{id}", 'r'),
    ("GET", "/api/stats", 'r'),
    ("POST", "/api/auth/login", 'o'),
    ("POST", "/api/auth/logout", 'a'),
    ("GET", "/api/auth/me", 'a'),
    ("GET", "/api/admin/keys", 'd'),
    ("POST", "/api/admin/keys", 'd'),
    ("PATCH", "/api/admin/keys/{id}", 'd'),
    ("DELETE", "/api/admin/keys/{id}", 'd'),
    ("POST", "/api/admin/keys/{id}/rotate", 'd'),
    ("GET", "/api/admin/users", 'd'),
    ("POST", "/api/admin/users", 'd'),
    ("PATCH", "/api/admin/users/{id}", 'd'),
    ("GET", "/api/admin/tenants", 'd'),
    ("POST", "/api/admin/tenants", 'd'),
    ("PATCH", "/api/admin/tenants/{id}", 'd'),
    ("GET", "/api/admin/budgets", 'd'),
    ("GET", "/api/admin/models", 'd'),
    ("PATCH", "/api/admin/models/{id}", 'd'),
    ("GET", "/api/admin/config", 'd'),
    ("PATCH", "/api/admin/config", 'd'),
    ("GET", "/api/admin/actions", 'd'),
    ("GET", "/api/health", 'o'),
    ("GET", "/api/metrics", 'm'),
    ("GET", "/livez", 'o'),
    ("GET", "/readyz", 'o'),
];

fn routes() -> Vec<(String, String)> {
    let document = openapi();
    let paths = document["paths"].as_object().unwrap();
    let routes = paths.iter().flat_map(|(path, methods)| {
        methods.as_object().unwrap().keys().map(move |method| (method.to_uppercase(), path.clone()))
    });
    routes.collect()
}

async fn ask(stage: &Stage, method: &str, path: &str, credential: Option<&str>) -> (StatusCode, String, Value) {
    let path = path.replace("{id}", "019abc00-0000-7000-8000-000000000000");
    let mut request = Client::new().request(Method::from_bytes(method.as_bytes()).unwrap(), stage.url(&path));
    // A proxy on this machine passed it on: nobody is trusted for where they are.
    request = request.header("x-forwarded-for", "203.0.113.9");
    if let Some(credential) = credential {
        request = request.bearer_auth(credential);
    }
    if method != "GET" {
        request = request.json(&json!({}));
    }
    let response = request.send().await.unwrap();
    let challenge = response.headers().get("www-authenticate").map(|value| value.to_str().unwrap().to_owned());
    let (status, text) = (response.status(), response.text().await.unwrap());
    let body = serde_json::from_str(&text).unwrap_or(Value::Null);
    (status, challenge.unwrap_or_default(), body)
}

#[tokio::test]
async fn every_route_lets_in_whom_it_should_and_nobody_else() {
    let mut missing = routes();
    missing.retain(|(method, path)| !EXPECTED.iter().any(|(m, p, _)| (m, p) == (&&**method, &&**path)));
    assert!(missing.is_empty(), "who may use these? {missing:?}");
    assert_eq!(routes().len(), EXPECTED.len(), "some are expected and not there");

    let people = People::new(Anonymous::Nobody).await;
    let stage = Stage::with_auth(Settings::default(), people.auth.clone()).await;
    let admin = people.key("ours", Role::Admin, |_| {}).await.1;
    let analyst = people.key("ours", Role::Analyst, |_| {}).await.1;
    let caller = people.key("ours", Role::Caller, |_| {}).await.1;
    let wrong = format!("{}{}", &caller[..caller.len() - 4], "0000");
    let refused = [
        (None, "credentials_missing"),
        (Some("any".to_owned()), "credentials_missing"),
        (Some(wrong), "credentials_invalid"),
        (Some("sk-proj-of-somebody-else".to_owned()), "credentials_invalid"),
        (Some(people.expired_key("ours").await), "credentials_expired"),
        (Some(people.revoked_key("ours").await), "credentials_revoked"),
    ];
    for &(method, path, access) in EXPECTED {
        let what = format!("{method} {path}");
        for (credential, code) in &refused {
            let (status, challenge, body) = ask(&stage, method, path, credential.as_deref()).await;
            if access == 'o' {
                assert_ne!(status, 401, "{what}");
                continue;
            }
            assert_eq!(status, 401, "{what} with {code}: {body}");
            assert!(challenge.starts_with("Bearer "), "{what}: {challenge}");
            // Each in the words of its path.
            let (name, expected) = match path {
                path if path.starts_with("/v1/messages") => ("type", "authentication_error"),
                path if path.starts_with("/v1") => ("code", "invalid_api_key"),
                _ => ("code", *code),
            };
            assert_eq!(body["error"][name], expected, "{what}");
            assert!(credential.as_ref().is_none_or(|secret| secret == "any" || !body.to_string().contains(secret)));
        }
        for (role, key) in [('d', &admin), ('r', &analyst), ('c', &caller)] {
            let (status, _, body) = ask(&stage, method, path, Some(key)).await;
            let let_in = match access {
                'o' | 'a' => true,
                'r' => true,
                'c' => role != 'r',
                _ => role == 'd',
            };
            assert_ne!(status, 401, "{what} as {role}: {body}");
            assert_eq!(status == 403, !let_in, "{what} as {role}: {status} {body}");
        }
        let (status, ..) = ask(&stage, method, path, Some(METRICS_TOKEN)).await;
        assert_eq!(status == 401, !['o', 'm'].contains(&access), "{what} with the token of metrics: {status}");
    }
}

#[tokio::test]
async fn this_machine_needs_no_credentials_in_development_and_wrong_ones_are_refused() {
    let people = People::new(Anonymous::ThisMachine).await;
    let stage = Stage::with_auth(Settings::default(), people.auth.clone()).await;
    let get = |credential: Option<&str>| {
        let request = Client::new().get(stage.url("/api/auth/me"));
        match credential {
            Some(credential) => request.header("x-api-key", credential),
            None => request,
        }
    };
    let me: Value = get(None).send().await.unwrap().json().await.unwrap();
    assert_eq!((&me["tenant"], &me["role"]), (&json!("local"), &json!("admin")));
    assert_eq!(get(Some("any")).send().await.unwrap().status(), 200);
    assert_eq!(get(Some("wrong")).send().await.unwrap().status(), 401);
    let proxied = get(None).header("x-forwarded-for", "203.0.113.9").send().await.unwrap();
    assert_eq!(proxied.status(), 401);
    assert_eq!(reqwest::get(stage.url("/api/metrics")).await.unwrap().status(), 200);
}

#[tokio::test]
async fn two_different_credentials_are_refused() {
    let people = People::new(Anonymous::Nobody).await;
    let stage = Stage::with_auth(Settings::default(), people.auth.clone()).await;
    let key = people.key("ours", Role::Caller, |_| {}).await.1;
    let both = |other: &str| {
        Client::new().get(stage.url("/api/auth/me")).bearer_auth(&key).header("x-api-key", other.to_owned()).send()
    };
    assert_eq!(both(&key).await.unwrap().status(), 200);
    assert_eq!(both("another").await.unwrap().status(), 401);
}

#[tokio::test]
async fn pages_of_configured_origins_may_read_and_others_may_not() {
    let people = People::new(Anonymous::Nobody).await;
    let settings = Settings {
        allowed_origins: vec!["https://console.example".into()],
        app_url: Some("https://llm.example.org".parse().unwrap()),
        ..Settings::default()
    };
    let stage = Stage::with_auth(settings, people.auth.clone()).await;
    let preflight = |origin: &'static str| {
        let request = Client::new().request(Method::OPTIONS, stage.url("/api/route"));
        request.header("origin", origin).header("access-control-request-method", "POST").send()
    };
    let answer = preflight("https://console.example").await.unwrap();
    assert_eq!(answer.status(), 204);
    assert_eq!(answer.headers()["access-control-allow-origin"], "https://console.example");
    assert!(answer.headers()["access-control-allow-headers"].to_str().unwrap().contains("authorization"));
    assert!(!answer.headers().contains_key("access-control-allow-credentials"), "no cookies");
    assert_eq!(answer.headers()["strict-transport-security"], "max-age=31536000");
    let other = preflight("https://evil.example").await.unwrap();
    assert_eq!(other.status(), 403);
    assert!(!other.headers().contains_key("access-control-allow-origin"));

    let key = people.key("ours", Role::Caller, |_| {}).await.1;
    let read = Client::new().get(stage.url("/api/models")).header("origin", "https://console.example").bearer_auth(key);
    let read = read.send().await.unwrap();
    assert_eq!((read.status().as_u16(), &read.headers()["vary"]), (200, &"origin".parse().unwrap()));
}
