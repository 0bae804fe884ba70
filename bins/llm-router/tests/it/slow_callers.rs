//! Callers that do not read: their providers wait, not the server's memory.

use std::time::Duration;

use router_sim::{Outcome, Simulator};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::time::sleep;

use crate::process::until;
use crate::server::Server;
use crate::streaming::{alone, model, place, say, simulator, used};

const CALLERS: usize = 10;

/// Each event names the model: with so long a name, few events are many bytes.
const NAME: usize = 8000;

/// An answer of so many words is some 20 MB of events: more than what the operating system takes off everybody's hands.
const WORDS: usize = 2400;

/// The first words of an answer say who answers what; each of the others is its own number.
const ECHO: usize = 30;

/// What the server may hold for each of them, in KiB: the answer's text so far, and a few reads and writes.
const MOST: u64 = 1024;

/// Less than the callers stand still.
const CONFIGURATION: &str = "[deadlines]\nidle = \"1s\"\n";

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn make_their_providers_wait() {
    let _alone = alone().await;
    let simulator = simulator().await;
    let catalogue = model("long", "openai", &format!("gpt-4o-{}+tokens:{WORDS}", "x".repeat(NAME)), "");
    let place = place(&simulator, &catalogue, CONFIGURATION);
    let server = place.serve(&[]).await;
    let before = used(&server);
    let mut callers = Vec::new();
    for _ in 0..CALLERS {
        callers.push(ask(&server).await);
    }
    let sent = standstill(&simulator).await;
    let during = used(&server);
    assert_eq!(sent.len(), CALLERS);
    assert!(
        sent.iter().all(|&sent| sent < WORDS as u64),
        "the whole answer was read for a caller that reads nothing: {sent:?}"
    );
    if let (Some(before), Some(during)) = (before, during) {
        let each = during.resident.saturating_sub(before.resident) / CALLERS as u64;
        say(&format!(
            "{each} KiB for each of {CALLERS} callers that do not read, whose providers have sent {sent:?} words"
        ));
        assert!(each < MOST, "{each} KiB for each caller that does not read");
    }

    // One reads on, much later than its provider may be silent, and gets all of it.
    let mut text = String::new();
    callers.pop().unwrap().read_to_string(&mut text).await.unwrap();
    assert!(text.trim_end().ends_with("data: [DONE]"), "{}", &text[text.len().saturating_sub(500)..]);
    let deltas = text.split("\"content\":\"").skip(1).filter_map(|rest| rest.split('"').next());
    let answer: String = deltas.collect();
    let words: Vec<_> = answer.split_whitespace().skip(ECHO).collect();
    assert!(words.iter().copied().eq((ECHO + 1..=WORDS).map(|number| number.to_string())), "{words:?}");
    assert!(!text.contains("\"error\""));
    // The others leave: nobody waits for them.
    drop(callers);
    let running = || simulator.attempts().iter().filter(|attempt| attempt.outcome == Outcome::Running).count();
    until("the providers to be left", async || running() == 0).await;
    server.records_are_written().await;
    let records = server.records().await;
    let count = |status: &str| records.iter().filter(|record| record["status"] == status).count();
    assert_eq!((count("succeeded"), count("cancelled"), records.len()), (1, CALLERS - 1, CALLERS));
}

/// Asks for a long answer and reads nothing of it. In the old protocol, so that the body is the rest of the connection.
async fn ask(server: &Server) -> TcpStream {
    let mut caller = TcpStream::connect(&server.address).await.unwrap();
    let body = r#"{"model": "long", "stream": true, "messages": [{"role": "user", "content": "Hello"}]}"#;
    let head = format!(
        "POST /v1/chat/completions HTTP/1.0\r\nhost: {}\r\ncontent-type: application/json\r\ncontent-length: {}\r\n\r\n",
        server.address,
        body.len()
    );
    caller.write_all(head.as_bytes()).await.unwrap();
    caller.write_all(body.as_bytes()).await.unwrap();
    caller
}

/// Waits until nobody sends any more, for longer than a provider may be silent. How many words each has sent by then.
async fn standstill(simulator: &Simulator) -> Vec<u64> {
    let sent = || simulator.attempts().iter().map(|attempt| attempt.tokens).collect::<Vec<_>>();
    let mut before = sent();
    loop {
        sleep(Duration::from_millis(1500)).await;
        let now = sent();
        if now == before && now.len() == CALLERS {
            return now;
        }
        before = now;
    }
}
