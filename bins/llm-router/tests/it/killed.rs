//! A killed process loses no record: neither of what it answered, nor of what it was about to.

use std::collections::{HashMap, HashSet};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Instant;

use serde_json::{Value, json};
use tokio::sync::Notify;
use tokio::task::JoinSet;

use crate::process::until;
use crate::server::{Place, Server};

/// How many answers there are before the process is killed.
const ANSWERS: usize = 1000;

/// Callers who ask one thing after the other, until the process is gone.
const CALLERS: usize = 64;

/// Requests that cannot be answered before the process is killed.
const SLOW: usize = 16;

const CONFIGURATION: &str =
    "[rate_limit]\nenabled = false\n[cache]\nenabled = false\n[models]\nfiles = [\"slow.toml\"]\n";

const CATALOGUE: &str = r#"
[[models]]
id = "slow"
provider = "openai"
upstreamName = "gpt-4o+fault:slow-600s"
contextTokens = 128_000
"#;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn after_a_kill_every_request_has_one_record() {
    let place = Place::new()
        .with("LOG_LEVEL", "warn")
        .holding("llm-router.toml", CONFIGURATION)
        .holding("slow.toml", CATALOGUE);
    let mut server = place.serve(&["--demo"]).await;
    let begun = Instant::now();
    let slow = ask_slowly(&server).await;
    let answered = answer_until_killed(&mut server).await;
    drop(slow);
    let asking = begun.elapsed();

    let begun = Instant::now();
    let mut server = place.serve(&["--demo"]).await;
    server.process.err.line_with("a former process ended before these requests did").await;
    server.records_are_written().await;
    let recovering = begun.elapsed();
    let records = check(&server, &answered).await;
    let unknown = records.values().filter(|status| *status == "outcome_unknown").count();
    println!(
        "{} answers in {asking:.1?}, then kill -9; after {recovering:.1?} {} records: {} answered, {unknown} unknown, {} whose \
         answer was on its way",
        answered.len(),
        records.len(),
        answered.len(),
        records.len() - answered.len() - unknown
    );

    // Nor does a kill after the recovery add or lose one.
    server.process.kill();
    let server = place.serve(&["--demo"]).await;
    server.records_are_written().await;
    assert_eq!(check(&server, &answered).await, records);
}

/// Sends requests that wait for a provider, and waits until they do.
async fn ask_slowly(server: &Server) -> JoinSet<()> {
    let mut slow = JoinSet::new();
    for number in 0..SLOW {
        let body = json!({"prompt": format!("slow {number}"), "modelId": "slow"});
        let request = server.client.post(server.url("/api/route")).json(&body).send();
        slow.spawn(async {
            assert!(request.await.is_err(), "nobody answers these before the kill");
        });
    }
    let waiting = format!("llm_requests_in_flight {SLOW}");
    let wait = async || server.get("/api/metrics").await.text().await.unwrap().lines().any(|line| line == waiting);
    until("the slow requests to be in flight", wait).await;
    slow
}

/// Asks from all sides, and kills the process in the middle of it. The ids of what was answered.
async fn answer_until_killed(server: &mut Server) -> HashSet<String> {
    let (count, enough) = (Arc::new(AtomicUsize::new(0)), Arc::new(Notify::new()));
    let mut callers = JoinSet::new();
    for caller in 0..CALLERS {
        let (client, url) = (server.client.clone(), server.url("/api/route"));
        let (count, enough) = (Arc::clone(&count), Arc::clone(&enough));
        callers.spawn(async move {
            let mut ids = Vec::new();
            for number in 0.. {
                let body = json!({"prompt": format!("question {number} of caller {caller}")});
                let Ok(response) = client.post(&url).json(&body).send().await else { break };
                let status = response.status();
                let Ok(answer) = response.json::<Value>().await else { break };
                assert_eq!(status, 200, "{answer}");
                ids.push(answer["requestId"].as_str().unwrap().to_owned());
                if count.fetch_add(1, Ordering::Relaxed) + 1 == ANSWERS {
                    enough.notify_one();
                }
            }
            ids
        });
    }
    enough.notified().await;
    server.process.kill();
    callers.join_all().await.into_iter().flatten().collect()
}

/// The records by id, each with its status: every answered request among them, none twice, and of the others no more
/// than were under way.
async fn check(server: &Server, answered: &HashSet<String>) -> HashMap<String, String> {
    assert!(answered.len() >= ANSWERS);
    let text = |record: &Value, field: &str| record[field].as_str().unwrap().to_owned();
    let listed = server.records().await;
    let records: HashMap<_, _> =
        listed.iter().map(|record| (text(record, "requestId"), text(record, "status"))).collect();
    assert_eq!(records.len(), listed.len(), "some are there twice");
    for id in answered {
        assert_eq!(records.get(id).map(String::as_str), Some("succeeded"), "{id}");
    }
    let others: Vec<_> = records.iter().filter(|(id, _)| !answered.contains(*id)).collect();
    assert!((SLOW..=SLOW + CALLERS).contains(&others.len()), "{others:?}");
    let unknown = others.iter().filter(|(_, status)| *status == "outcome_unknown").count();
    assert!(unknown >= SLOW, "{others:?}");
    assert!(others.iter().all(|(_, status)| ["outcome_unknown", "succeeded"].contains(&status.as_str())), "{others:?}");
    records
}
