//! What administrators change while servers run: in force at once, on every replica, after a restart; tried before it is kept.

use serde_json::{Value, json};

use crate::process::until;
use crate::server::{Place, Server};

/// Two replicas on one database, and a provider's key that nobody may see.
struct Replicas {
    place: Place,
    servers: [Server; 2],
}

impl Replicas {
    async fn start() -> Self {
        let place = Place::new()
            .with("DATABASE_URL", "sqlite:shared.db")
            .with("OPENAI_API_KEY", "sk-canary-of-this-test")
            .with("METRICS_TOKEN", "a-token-for-scrapers-of-some-length")
            .holding("0.toml", &configuration(0, ""))
            .holding("1.toml", &configuration(1, ""));
        let servers = [place.serve(&["--config", "0.toml"]).await, place.serve(&["--config", "1.toml"]).await];
        Self { place, servers }
    }
}

/// One that lets the test look as often as it likes.
fn configuration(replica: usize, more: &str) -> String {
    let often = "[rate_limit]\nread_requests_per_minute = 100000\nread_burst = 100000\n";
    format!("[data]\ndir = \"data-{replica}\"\n{often}{more}")
}

async fn patch(server: &Server, path: &str, body: Value) -> (u16, Value) {
    let response = server.client.patch(server.url(path)).json(&body).send().await.unwrap();
    (response.status().as_u16(), response.json().await.unwrap())
}

async fn setting(server: &Server, path: &str) -> Value {
    let settings = server.read("/api/admin/config").await;
    settings["items"].as_array().unwrap().iter().find(|setting| setting["path"] == path).unwrap().clone()
}

#[tokio::test]
async fn a_model_is_switched_off_everywhere_and_on_again() {
    let mut replicas = Replicas::start().await;
    let [here, there] = &replicas.servers;
    let (status, changed) = patch(here, "/api/admin/models/gpt-4o", json!({"isActive": false, "priority": 7})).await;
    assert_eq!(status, 200, "{changed}");
    assert_eq!((&changed["isActive"], &changed["priority"]), (&json!(false), &json!(7)));
    assert_eq!(changed["isActiveChanged"]["actor"], "local");
    assert_eq!(here.model("gpt-4o").await.unwrap()["isActive"], false);
    until("the other replica to follow", async || there.model("gpt-4o").await.unwrap()["isActive"] == false).await;

    assert_eq!(replicas.servers[0].stop().await, Some(0));
    replicas.servers[0] = replicas.place.serve(&["--config", "0.toml"]).await;
    let [here, there] = &replicas.servers;
    assert_eq!(here.model("gpt-4o").await.unwrap()["isActive"], false, "from the first answer on");

    let (status, changed) = patch(there, "/api/admin/models/gpt-4o", json!({"isActive": null})).await;
    assert_eq!((status, &changed["isActive"], &changed["priority"]), (200, &json!(true), &json!(7)), "{changed}");
    assert_eq!(changed["isActiveChanged"], Value::Null);
    until("the first replica to follow", async || here.model("gpt-4o").await.unwrap()["isActive"] == true).await;

    for (path, body, status) in [
        ("/api/admin/models/gpt-none", json!({"isActive": false}), 404),
        ("/api/admin/models/gpt-4o", json!({}), 400),
        ("/api/admin/models/gpt-4o", json!({"isActive": "no"}), 400),
        ("/api/admin/models/gpt-4o", json!({"price": 1}), 400),
        ("/api/admin/models/gpt-4o", json!({"priority": 3_000_000_000_u64}), 400),
    ] {
        let (answered, said) = patch(here, path, body).await;
        assert_eq!(answered, status, "{said}");
    }
}

#[tokio::test]
async fn a_value_is_changed_everywhere_and_given_back() {
    let replicas = Replicas::start().await;
    let [here, there] = &replicas.servers;
    let before = setting(here, "routing.cost_weight").await;
    assert_eq!(
        (&before["origin"], &before["changeable"], &before["changed"]),
        (&json!("default"), &json!(true), &json!(null))
    );
    let changes = json!({"routing.cost_weight": 0.875, "rate_limit.burst": 1, "rate_limit.requests_per_minute": 1});
    let (status, said) = patch(here, "/api/admin/config", changes).await;
    assert_eq!(status, 200, "{said}");
    let after = setting(here, "routing.cost_weight").await;
    assert_eq!((&after["value"], &after["changed"]["actor"]), (&json!(0.875), &json!("local")), "{after}");
    until("the other replica to follow", async || setting(there, "routing.cost_weight").await["value"] == 0.875).await;
    // It is not only shown.
    let prompt = json!({"prompt": "Hello", "modelId": "gpt-4o", "fallbacks": false});
    let statuses = [there.route(&prompt).await.0.as_u16(), there.route(&prompt).await.0.as_u16()];
    assert_eq!(statuses[1], 429, "{statuses:?}");

    let check = replicas.place.run(&["check", "--effective", "--config", "0.toml"]).await;
    let line = check.out.lines().find(|line| line.starts_with("cost_weight")).unwrap();
    assert!(line.starts_with("cost_weight = 0.875 ") && line.contains("# changed by local at 20"), "{line}");
    let check = replicas.place.run(&["check", "--config", "0.toml"]).await;
    assert!(!check.out.contains("changed by"), "{}", check.out);

    let (status, _) = patch(there, "/api/admin/config", json!({"routing.cost_weight": null})).await;
    assert_eq!(status, 200);
    assert_eq!(setting(there, "routing.cost_weight").await, before);
    let actions = here.read("/api/admin/actions").await;
    let last = &actions["items"][0];
    assert_eq!((&last["action"], &last["subject"]), (&json!("config.change"), &json!("config:routing.cost_weight")));
    assert_eq!((&last["before"], &last["after"]), (&json!(0.875), &json!(null)), "{actions}");
}

#[tokio::test]
async fn what_cannot_be_in_force_is_not_kept() {
    let replicas = Replicas::start().await;
    let [here, _] = &replicas.servers;
    let before = here.read("/api/admin/config").await;
    for (changes, field) in [
        (json!({"routing.cost_weight": -1}), "routing.cost_weight"),
        (json!({"routing.cost_weight": 0.5, "failover.max_retries": 99}), "failover.max_retries"),
        (json!({"routing.cost_weihgt": 0.5}), "routing.cost_weihgt"),
        (json!({"deadlines.request": "1s"}), "deadlines.request"),
        (json!({"server.listen": "0.0.0.0:80"}), "server.listen"),
        (json!({"models.gpt-4o.isActive": false}), "models.gpt-4o.isActive"),
        (json!({}), "body"),
        (json!({"x".repeat(1_000_000): 1}), "body"),
    ] {
        let (status, said) = patch(here, "/api/admin/config", changes.clone()).await;
        assert_eq!((status, &said["error"]["field"]), (400, &json!(field)), "{changes}: {said}");
    }
    assert_eq!(here.read("/api/admin/config").await, before);
    assert_eq!(here.read("/api/admin/actions").await["items"], json!([]));
    for secret in ["sk-canary", "a-token-for-scrapers"] {
        assert!(!before.to_string().contains(secret), "{before}");
    }
}

#[tokio::test]
async fn a_file_that_contradicts_what_was_changed_leaves_the_old_configuration_in_force() {
    let Replicas { place, servers: [here, _there] } = Replicas::start().await;
    let here = &here;
    let (status, said) = patch(here, "/api/admin/config", json!({"deadlines.answer": "450s"})).await;
    assert_eq!(status, 200, "{said}");
    let seen = here.process.err.count();
    place.write("0.toml", &configuration(0, "[deadlines]\nrequest = \"400s\"\n"));
    here.process.err.line_after(seen, "the old one stays in force").await;
    assert_eq!(setting(here, "deadlines.answer").await["value"], "450s");
    // A start does not fail of it: the file has the word, and the log says so.
    let third = place.holding("2.toml", &configuration(2, "[deadlines]\nrequest = \"400s\"\n"));
    let third = third.serve(&["--config", "2.toml"]).await;
    third.process.err.line_with("deadlines.request").await;
    let answer = setting(&third, "deadlines.answer").await;
    assert_eq!((&answer["value"], &answer["changed"]), (&json!("2m"), &json!(null)), "{answer}");
    let (status, said) = patch(here, "/api/admin/config", json!({"deadlines.answer": null})).await;
    assert_eq!(status, 200, "{said}");
    assert_eq!(setting(here, "deadlines.request").await["value"], "400s");
}
