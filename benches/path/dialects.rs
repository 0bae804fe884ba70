//! What a translation costs: each dialect of callers over each dialect of providers, on one router, beside the chat
//! completions that are passed on. `make bench-dialects`.

use std::env;
use std::io::{Write, stdout};
use std::process::Command;
use std::time::{Duration, Instant};

use bytes::Bytes;
use serde_json::{Value, json};
use tokio::time::sleep;

use crate::load::{Door, END, Load, Target};
use crate::process::Server;
use crate::rounds::PROMPT;
use crate::router::{self, Catalogue};

/// How long each is loaded in each round.
const TIME: Duration = Duration::from_millis(1500);

/// How long records may take on their way to the database after the load: their cost belongs to the requests.
const SETTLE: Duration = Duration::from_millis(300);

/// Callers at once.
const CONNECTIONS: usize = 64;

/// Deltas of a stream.
const EVENTS: usize = 1000;

/// Who asks, and whom.
struct Pair {
    name: &'static str,
    path: &'static str,
    model: &'static str,
    end: &'static [u8],
}

const CHAT: &str = "/v1/chat/completions";
const MESSAGES: &str = "/v1/messages";
const RESPONSES: &str = "/v1/responses";
const STOP: &[u8] = b"data: {\"type\":\"message_stop\"}\n\n";
const BRACE: &[u8] = b"}\n\n";

/// The first is what the others are compared with.
const PAIRS: [Pair; 6] = [
    Pair { name: "chat, passed on", path: CHAT, model: "bench-1", end: END },
    Pair { name: "Messages, passed on", path: MESSAGES, model: "bench-claude", end: STOP },
    Pair { name: "chat over Messages", path: CHAT, model: "bench-claude", end: END },
    Pair { name: "Messages over chat", path: MESSAGES, model: "bench-1", end: STOP },
    Pair { name: "Responses over chat", path: RESPONSES, model: "bench-1", end: BRACE },
    Pair { name: "Responses over Messages", path: RESPONSES, model: "bench-claude", end: BRACE },
];

impl Pair {
    /// The question, for a stream of so many deltas or a whole answer.
    fn target(&self, door: &Door, events: Option<usize>) -> Target {
        let turns = json!([{"role": "user", "content": PROMPT}]);
        let mut body = match self.path {
            RESPONSES => json!({"model": self.model, "input": turns}),
            MESSAGES => json!({"model": self.model, "messages": turns, "max_tokens": 1024}),
            _ => json!({"model": self.model, "messages": turns}),
        };
        if let Some(events) = events {
            let limit = if self.path == RESPONSES { "max_output_tokens" } else { "max_tokens" };
            body["stream"] = true.into();
            body[limit] = Value::from(events);
        }
        Target { door: door.clone(), path: self.path, body: Bytes::from(body.to_string()), end: self.end }
    }
}

/// Measures all pairs in turn, round by round, and prints the medians: processor time of the router, and its ratio to that of
/// the first pair in the same round.
pub(crate) async fn run(rounds: usize) -> anyhow::Result<()> {
    let upstream = Server::start(Command::new(env::current_exe()?).arg("upstream"), None)?;
    let router = router::start(Catalogue::Two, upstream.address, &[])?;
    let door = router.door();
    let mut figures = PAIRS.map(|_| [Vec::new(), Vec::new()]);
    for _ in 0..rounds {
        for (pair, figures) in PAIRS.iter().zip(&mut figures) {
            for (streamed, figures) in [None, Some(EVENTS)].into_iter().zip(figures) {
                figures.push(cpu_micros(&router, &pair.target(&door, streamed), streamed.is_some()).await?);
            }
        }
    }
    let mut out = stdout();
    writeln!(out, "{:<26}{:>26}{:>26}", "", "CPU, µs/request", "CPU, µs/event")?;
    for (pair, own) in PAIRS.iter().zip(&figures) {
        write!(out, "{:<26}", pair.name)?;
        for (own, first) in own.iter().zip(&figures[0]) {
            let ratio = median(own.iter().zip(first).map(|(own, first)| own / first));
            write!(out, "{:>18.2} ({ratio:.2}×)", median(own.iter().copied()))?;
        }
        writeln!(out)?;
    }
    Ok(())
}

/// The router's processor time for an answer, or for an event of a stream.
async fn cpu_micros(router: &Server, target: &Target, streamed: bool) -> anyhow::Result<f64> {
    let load = Load::closed_loop(target, if streamed { 1 } else { CONNECTIONS }).await?;
    sleep(SETTLE).await;
    let (before, begun) = (router.cpu()?, Instant::now());
    let answers = if streamed { load.streams(TIME).await?.1 } else { load.at_full_speed(TIME).await? };
    anyhow::ensure!(answers > 0, "nothing was answered within {:?}", begun.elapsed());
    sleep(SETTLE).await;
    Ok(router.cpu()?.saturating_sub(before).as_secs_f64() * 1e6 / answers as f64)
}

fn median(figures: impl Iterator<Item = f64>) -> f64 {
    let mut figures: Vec<f64> = figures.collect();
    figures.sort_by(f64::total_cmp);
    figures.get(figures.len() / 2).copied().unwrap_or(f64::NAN)
}
