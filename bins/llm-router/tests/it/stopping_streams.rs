//! A server that is told to stop while streams are under way.

use std::time::{Duration, Instant};

use router_sim::Simulator;
use tokio::net::TcpStream;
use tokio::task::JoinSet;

use crate::process::until;
use crate::server::{Place, Server};
use crate::streaming::{Api, Hearing, alone, catalogue, place, request, simulator};

const MODELS: [&str; 5] = ["openai-whole", "anthropic-whole", "openrouter-whole", "openai-cut", "anthropic-cut"];

struct Stage {
    _simulator: Simulator,
    place: Place,
    server: Server,
    streams: JoinSet<Hearing>,
}

/// A server with so many streams under way, each of which has begun.
async fn stage(count: usize, suffixes: &str) -> Stage {
    let simulator = simulator().await;
    let place = place(&simulator, &catalogue(suffixes), "");
    let server = place.serve(&[]).await;
    let mut beginning = JoinSet::new();
    for number in 0..count {
        let api = if number % 4 == 0 { Api::Native } else { Api::Chat };
        let request = request(&server, api, MODELS[number % MODELS.len()], &format!("stream {number}"));
        beginning.spawn(async move {
            let mut hearing = Hearing::begin(api, request).await;
            hearing.until(1).await;
            hearing
        });
    }
    let mut streams = JoinSet::new();
    for begun in beginning.join_all().await {
        streams.spawn(begun.heard_out());
    }
    Stage { _simulator: simulator, place, server, streams }
}

/// How many records there are of each status, after a start of its own.
async fn statuses(place: &Place) -> Vec<String> {
    let server = place.serve(&[]).await;
    let records = server.records().await;
    records.iter().map(|record| record["status"].as_str().unwrap().to_owned()).collect()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn lets_them_come_to_their_ends() {
    const STREAMS: usize = 200;
    let _alone = alone().await;
    let Stage { place, mut server, mut streams, _simulator } = stage(STREAMS, "+tokens:60+pace:80ms").await;
    server.process.signal("TERM");
    server.process.err.line_with("stopping: finishing what is under way").await;
    let ended = std::iter::from_fn(|| streams.try_join_next()).map(Result::unwrap).collect::<Vec<_>>();
    assert!(ended.len() < STREAMS / 2, "{} ended before the server was told to stop", ended.len());
    until("new connections to be refused", async || TcpStream::connect(&server.address).await.is_err()).await;
    let mut heard = ended;
    heard.extend(streams.join_all().await);
    assert_eq!(heard.len(), STREAMS);
    heard.iter().for_each(Hearing::check_whole);
    assert_eq!(server.process.ended().await.code(), Some(0), "{}", server.process.err.text());
    assert!(server.process.err.text().contains("stopped=Clean"));
    assert_eq!(statuses(&place).await, vec!["succeeded"; STREAMS]);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn told_twice_cuts_them_and_records_them() {
    const STREAMS: usize = 20;
    let _alone = alone().await;
    let Stage { place, mut server, streams, _simulator } = stage(STREAMS, "+tokens:60+pace:1s").await;
    server.process.signal("TERM");
    server.process.err.line_with("stopping: finishing what is under way").await;
    let told_again = Instant::now();
    server.process.signal("INT");
    assert_eq!(server.process.ended().await.code(), Some(0), "{}", server.process.err.text());
    assert!(told_again.elapsed() < Duration::from_secs(10), "they are waited for");
    assert!(server.process.err.text().contains("told not to wait; connections cut"));
    for heard in streams.join_all().await {
        assert!(!heard.done, "{}", heard.text);
    }
    assert_eq!(statuses(&place).await, vec!["cancelled"; STREAMS]);
}
