//! A listener of its own for those who run the server.

use serde_json::json;

use crate::server::Place;

#[tokio::test]
async fn administration_and_metrics_move_to_a_listener_of_their_own() {
    let place = Place::new().holding("llm-router.toml", "[server]\nadmin_listen = \"127.0.0.1:0\"\n");
    let mut server = place.serve(&["--demo"]).await;
    let line = server.process.out.line_with("Administration and metrics are on ").await;
    let admin = line.rsplit_once("http://").unwrap().1.to_owned();
    assert_ne!(admin, server.address);
    for path in ["/api/admin/keys", "/api/admin/config", "/api/metrics"] {
        assert_eq!(server.get(path).await.status(), 404, "{path}");
        let there = server.client.get(format!("http://{admin}{path}")).send().await.unwrap();
        assert_eq!(there.status(), 200, "{path}");
    }
    // All else is on both, and an answer of one is seen on the other.
    let answer = server.answer(&json!({"prompt": "Hello"})).await;
    let path = format!("/api/requests/{}", answer["requestId"].as_str().unwrap());
    let there = server.client.get(format!("http://{admin}{path}")).send().await.unwrap();
    assert_eq!(there.status(), 200);
    assert_eq!(server.stop().await, Some(0));
}

#[tokio::test]
async fn one_that_others_reach_needs_secrets_like_the_other() {
    let place = Place::new().holding("llm-router.toml", "[server]\nadmin_listen = \"0.0.0.0:0\"\n");
    let finished = place.run(&["serve", "--listen", "127.0.0.1:0"]).await;
    assert_eq!(finished.code, Some(1));
    assert!(finished.err.contains("server.admin_listen: others could reach this address"), "{}", finished.err);
}
