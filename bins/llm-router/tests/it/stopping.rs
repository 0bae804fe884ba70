//! A server that is told to stop finishes what it has begun.

use reqwest::StatusCode;
use router_store::journal::{Journal, JournalSettings};
use serde_json::{Value, json};

use crate::process::until;
use crate::server::Place;

const CONFIGURATION: &str = "[models]\nfiles = [\"slow.toml\"]\n";

const CATALOGUE: &str = r#"
[[models]]
id = "slow"
provider = "openai"
upstreamName = "gpt-4o+fault:slow-3s"
contextTokens = 128_000
price = { input = 1, output = 1 }
"#;

#[tokio::test]
async fn what_is_in_flight_is_finished_and_recorded() {
    for signal in ["TERM", "INT"] {
        let place = Place::new().holding("llm-router.toml", CONFIGURATION).holding("slow.toml", CATALOGUE);
        let mut server = place.serve(&["--demo"]).await;
        let request = server.client.post(server.url("/api/route")).json(&json!({"prompt": "Hello", "modelId": "slow"}));
        let answering = tokio::spawn(request.send());
        let waiting =
            async || server.get("/api/metrics").await.text().await.unwrap().contains("llm_requests_in_flight 1");
        until("the request to be in flight", waiting).await;

        server.process.signal(signal);
        server.process.err.line_with("stopping: finishing what is under way").await;
        assert!(!answering.is_finished(), "it was answered before the server was told to stop");
        let response = answering.await.unwrap().unwrap();
        assert_eq!(response.status(), StatusCode::OK);
        let answer: Value = response.json().await.unwrap();
        assert_eq!((&answer["modelId"], &answer["simulated"]), (&"slow".into(), &true.into()), "{answer}");
        assert_eq!(server.process.ended().await.code(), Some(0), "{}", server.process.err.text());

        let journal = Journal::open(place.path("data/demo/journal"), JournalSettings::default()).unwrap();
        assert_eq!(journal.status().entries, 0, "nothing is left in the journal");
        drop(journal);
        let server = place.serve(&["--demo"]).await;
        let records = server.records().await;
        assert_eq!(records.len(), 1);
        assert_eq!((&records[0]["requestId"], &records[0]["status"]), (&answer["requestId"], &"succeeded".into()));
    }
}

#[tokio::test]
async fn an_idle_connection_does_not_keep_it() {
    let place = Place::new();
    let mut server = place.serve(&[]).await;
    // The client keeps its connection open.
    server.read("/api/health").await;
    assert_eq!(server.stop().await, Some(0));
    let err = server.process.err.text();
    assert!(err.contains("stopped=Clean") && !err.contains("shutdown deadline passed"), "{err}");
}
