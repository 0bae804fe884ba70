//! Keys and sessions over their lives: made, used, replaced, taken back; and a database that is away.

use std::time::Duration;

use reqwest::{Client, RequestBuilder, Response};
use router_core::principal::Role;
use router_http::auth::Anonymous;
use router_http::settings::Settings;
use serde_json::{Value, json};

use crate::identities::{PASSWORD, People};
use crate::stage::Stage;

async fn start() -> (People, Stage, Client) {
    let people = People::new(Anonymous::Nobody).await;
    let stage = Stage::with_auth(Settings::default(), people.auth.clone()).await;
    (people, stage, Client::new())
}

async fn sent(request: RequestBuilder) -> (u16, Value) {
    let response = request.send().await.unwrap();
    (response.status().as_u16(), response.json().await.unwrap())
}

async fn log_in(stage: &Stage, client: &Client, email: &str, password: &str) -> Response {
    let body = json!({"email": email, "password": password});
    client.post(stage.url("/api/auth/login")).json(&body).send().await.unwrap()
}

#[tokio::test]
async fn a_key_is_made_shown_once_replaced_and_revoked() {
    let (people, stage, client) = start().await;
    let admin = people.key("ours", Role::Admin, |_| {}).await.1;
    let new = json!({"tenant": "ours", "name": "website", "allowedModels": ["gpt-4o"], "tags": ["web"]});
    let (status, made) = sent(client.post(stage.url("/api/admin/keys")).bearer_auth(&admin).json(&new)).await;
    assert_eq!(status, 201, "{made}");
    let (id, key) = (made["id"].as_str().unwrap(), made["key"].as_str().unwrap());
    assert!(key.starts_with(&format!("sk-llmr-{id}-")), "{key}");
    let me = |key: &str| sent(client.get(stage.url("/api/auth/me")).bearer_auth(key));
    assert_eq!(me(key).await.1["role"], "caller");

    let url = stage.url(&format!("/api/admin/keys/{id}/rotate"));
    let (status, next) = sent(client.post(url).bearer_auth(&admin).json(&json!({"overlapSeconds": 3600}))).await;
    assert_eq!((status, &next["allowedModels"]), (201, &json!(["gpt-4o"])), "{next}");
    let next_key = next["key"].as_str().unwrap();
    assert_eq!((me(key).await.0, me(next_key).await.0), (200, 200), "both, for an hour");

    let url = stage.url(&format!("/api/admin/keys/{id}"));
    assert_eq!(sent(client.delete(url).bearer_auth(&admin)).await.0, 200);
    assert_eq!((me(key).await.0, me(next_key).await.0), (401, 200));

    let (_, all) = sent(client.get(stage.url("/api/admin/keys")).bearer_auth(&admin)).await;
    let (_, done) = sent(client.get(stage.url("/api/admin/actions")).bearer_auth(&admin)).await;
    let names: Vec<_> = done["items"].as_array().unwrap().iter().map(|action| &action["action"]).collect();
    assert_eq!(names[..5], ["key.revoke", "key.rotate", "key.create", "key.create", "key.create"], "{done}");
    let admin_secret = admin.rsplit('-').next().unwrap();
    for secret in [key.rsplit('-').next().unwrap(), next_key.rsplit('-').next().unwrap(), admin_secret] {
        assert!(!all.to_string().contains(secret) && !done.to_string().contains(secret));
    }
}

#[tokio::test]
async fn what_an_administrator_asks_for_wrongly_is_named() {
    let (people, stage, client) = start().await;
    let admin = people.key("ours", Role::Admin, |_| {}).await.1;
    for (body, field) in [
        (json!({"tenant": "ours", "name": ""}), "name"),
        (json!({"tenant": "ours", "name": "x", "role": "system"}), "role"),
        (json!({"tenant": "ours", "name": "x", "expiresAt": "2001-01-01T00:00:00Z"}), "expiresAt"),
        (json!({"tenant": "ours", "name": "x", "limits": {"requests": {"perMinute": 1, "burst": 0}}}), "limits"),
        (
            json!({"tenant": "ours", "name": "x", "budgets": [{"period": "day", "limitUsd": 1}, {"period": "day", "limitUsd": 2}]}),
            "budgets",
        ),
        (json!({"tenant": "nobodys", "name": "x"}), "body"),
    ] {
        let (status, answer) = sent(client.post(stage.url("/api/admin/keys")).bearer_auth(&admin).json(&body)).await;
        assert_eq!((status, &answer["error"]["field"]), (400, &json!(field)), "{body}: {answer}");
    }
}

#[tokio::test]
async fn a_disabled_tenant_takes_its_keys_with_it() {
    let (people, stage, client) = start().await;
    let admin = people.key("ours", Role::Admin, |_| {}).await.1;
    let theirs = people.key("theirs", Role::Caller, |_| {}).await.1;
    let me = || sent(client.get(stage.url("/api/auth/me")).bearer_auth(&theirs));
    assert_eq!(me().await.1["tenant"], "theirs");
    let disable = |disabled: bool| {
        let request = client.patch(stage.url("/api/admin/tenants/theirs")).bearer_auth(&admin);
        sent(request.json(&json!({"disabled": disabled})))
    };
    assert_eq!(disable(true).await.0, 200);
    assert_eq!(me().await.1["error"]["code"], "credentials_revoked");
    disable(false).await;
    assert_eq!(me().await.0, 200);
}

#[tokio::test]
async fn without_a_database_known_keys_work_and_unknown_ones_are_told_to_wait() {
    let (people, stage, client) = start().await;
    let key = people.key("ours", Role::Caller, |_| {}).await.1;
    let stranger = format!("sk-llmr-000000000000-{}", "0".repeat(48));
    let me = |key: &str| client.get(stage.url("/api/auth/me")).bearer_auth(key.to_owned()).send();
    people.memory.set_down(true);
    assert!(people.auth.refresh().await.is_err());
    assert_eq!((me(&key).await.unwrap().status(), me(&stranger).await.unwrap().status()).1, 401, "still fresh");
    tokio::time::sleep(Duration::from_millis(10_100)).await;
    assert_eq!(me(&key).await.unwrap().status(), 200);
    let told = me(&stranger).await.unwrap();
    assert_eq!((told.status().as_u16(), &told.headers()["retry-after"]), (503, &"2".parse().unwrap()));
    people.memory.set_down(false);
    people.auth.refresh().await.unwrap();
    assert_eq!(me(&stranger).await.unwrap().status(), 401);
}

#[tokio::test]
async fn a_session_begins_with_a_password_and_ends_everywhere() {
    let (people, stage, client) = start().await;
    people.user("ours", "ada@example.org", Role::Analyst).await;
    let answer = log_in(&stage, &client, " Ada@Example.org", PASSWORD).await;
    assert_eq!(answer.status(), 200);
    let set = answer.headers()["set-cookie"].to_str().unwrap().to_owned();
    assert!(set.contains("HttpOnly") && set.contains("SameSite=Strict") && !set.contains("Secure"), "{set}");
    let cookie = set.split(';').next().unwrap().to_owned();
    let me: Value = answer.json().await.unwrap();
    assert_eq!((&me["role"], &me["tenant"]), (&json!("analyst"), &json!("ours")));

    let with = |request: RequestBuilder| request.header("cookie", &cookie).send();
    assert_eq!(with(client.get(stage.url("/api/requests"))).await.unwrap().status(), 503, "the database is a dead one");
    assert_eq!(with(client.get(stage.url("/api/auth/me"))).await.unwrap().status(), 200);
    let logout = || client.post(stage.url("/api/auth/logout"));
    let forged = with(logout()).await.unwrap();
    assert_eq!(forged.status(), 403);
    assert_eq!(forged.json::<Value>().await.unwrap()["error"]["code"], "csrf_token_missing");
    assert_eq!(with(logout().header("x-csrf-token", "0".repeat(64))).await.unwrap().status(), 403);
    let ended = with(logout().header("x-csrf-token", me["csrfToken"].as_str().unwrap())).await.unwrap();
    assert_eq!(ended.status(), 200);
    assert!(ended.headers()["set-cookie"].to_str().unwrap().contains("Max-Age=0"));
    let late = with(client.get(stage.url("/api/auth/me"))).await.unwrap();
    assert_eq!(late.json::<Value>().await.unwrap()["error"]["code"], "credentials_revoked");
}

#[tokio::test]
async fn a_new_password_ends_all_sessions() {
    let (people, stage, client) = start().await;
    let admin = people.key("ours", Role::Admin, |_| {}).await.1;
    let id = people.user("ours", "ada@example.org", Role::Admin).await;
    let answer = log_in(&stage, &client, "ada@example.org", PASSWORD).await;
    let cookie = answer.headers()["set-cookie"].to_str().unwrap().split(';').next().unwrap().to_owned();
    let me = || sent(client.get(stage.url("/api/auth/me")).header("cookie", &cookie));
    assert_eq!(me().await.0, 200);
    let request = client.patch(stage.url(&format!("/api/admin/users/{id}"))).bearer_auth(&admin);
    let (status, user) = sent(request.json(&json!({"password": "another horse battery"}))).await;
    assert_eq!(status, 200, "{user}");
    assert_eq!(me().await.0, 401);
    assert_eq!(log_in(&stage, &client, "ada@example.org", PASSWORD).await.status(), 401);
}

#[tokio::test]
async fn guessing_passwords_comes_to_an_end() {
    let (people, stage, client) = start().await;
    people.user("ours", "ada@example.org", Role::Admin).await;
    for email in ["ada@example.org", "nobody@example.org"] {
        let answer = log_in(&stage, &client, email, "a wrong guess").await;
        assert_eq!(answer.status(), 401);
        assert_eq!(answer.json::<Value>().await.unwrap()["error"]["code"], "wrong_password", "the same for both");
    }
    for _ in 0..9 {
        log_in(&stage, &client, "ada@example.org", "a wrong guess").await;
    }
    let answer = log_in(&stage, &client, "ada@example.org", PASSWORD).await;
    assert_eq!(answer.status(), 429, "also with the right one");
    assert!(answer.headers().contains_key("retry-after"));
}

#[tokio::test]
async fn the_examples_of_the_openapi_document_work() {
    let (people, stage, client) = start().await;
    let admin = people.key("ours", Role::Admin, |_| {}).await.1;
    let document = router_http::openapi::openapi();
    let mut ids = std::collections::HashMap::new();
    for (method, path) in [
        ("post", "/api/admin/tenants"),
        ("post", "/api/admin/users"),
        ("post", "/api/auth/login"),
        ("post", "/api/admin/keys"),
        ("post", "/api/admin/keys/{id}/rotate"),
        ("patch", "/api/admin/users/{id}"),
        ("patch", "/api/admin/tenants/{id}"),
    ] {
        let examples = &document["paths"][path][method]["requestBody"]["content"]["application/json"]["examples"];
        let (_, example) = examples.as_object().unwrap().iter().next().unwrap();
        let kind = path.split('/').nth(3).unwrap();
        let url = stage.url(&path.replace("{id}", ids.get(kind).map_or("", String::as_str)));
        let request = if method == "post" { client.post(url) } else { client.patch(url) };
        let (status, answer) = sent(request.bearer_auth(&admin).json(&example["value"])).await;
        assert!((200..=201).contains(&status), "{method} {path}: {status} {answer}");
        if let Some(id) = answer["id"].as_str() {
            ids.entry(kind).or_insert_with(|| id.to_owned());
        }
    }
}

#[tokio::test]
async fn a_token_is_for_whom_and_as_what_its_signer_says_unless_the_router_knows_better() {
    let (people, stage, client) = start().await;
    let ada = people.user("ours", "ada@example.org", Role::Analyst).await;
    let secret = jsonwebtoken::EncodingKey::from_secret(crate::identities::TOKEN_SECRET.as_bytes());
    let now = jiff::Timestamp::now().as_second();
    let me = |sub: &str, tenant: &str, role: &str, iat: i64| {
        let claims = json!({
            "iss": "us", "aud": "api", "sub": sub, "iat": iat, "exp": now + 600, "jti": "one", "tenant": tenant, "role": role,
        });
        let token = jsonwebtoken::encode(&jsonwebtoken::Header::default(), &claims, &secret).unwrap();
        sent(client.get(stage.url("/api/auth/me")).bearer_auth(token))
    };
    let (status, theirs) = me("somebody", "theirs", "caller", now).await;
    assert_eq!((status, &theirs["tenant"], &theirs["role"]), (200, &json!("theirs"), &json!("caller")));
    // A user of the router is who the router says, whatever the token does.
    let (status, known) = me(ada.as_str(), "theirs", "admin", now).await;
    assert_eq!((status, &known["tenant"], &known["role"]), (200, &json!("ours"), &json!("analyst")));
    assert_eq!(me(ada.as_str(), "ours", "analyst", now - 60).await.0, 401, "from before the password was set");
    assert_eq!(me("somebody", "nobodys", "caller", now).await.0, 401);
    assert_eq!(me("somebody", "ours", "system", now).await.0, 401);
}
