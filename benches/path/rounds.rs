//! The order of a run: start everybody, measure them in turn, round by round.

use std::env;
use std::io::{Write, stdout};
use std::net::SocketAddr;
use std::process::Command;
use std::time::{Duration, Instant};

use bytes::Bytes;
use serde_json::json;
use tokio::time::sleep;

use crate::load::{self, Door, Load, Target};
use crate::process::Server;
use crate::report::{self, Measured, Sample, Variant};
use crate::router::{self, Catalogue};

/// How often the server is started to see how long that takes.
const STARTS: usize = 5;

/// How long records may take on their way to the database after the load: their cost belongs to the requests.
const SETTLE: Duration = Duration::from_millis(150);

/// How the variants are loaded, and for how long each time.
pub(crate) const LOADS: [(Pattern, Duration); 5] = [
    (Pattern::Rate(200), Duration::from_millis(1500)),
    (Pattern::Rate(1000), Duration::from_millis(1500)),
    (Pattern::Connections(64), Duration::from_millis(1000)),
    (Pattern::Streams { at_once: 1, events: 50 }, Duration::from_millis(750)),
    (Pattern::Streams { at_once: 64, events: 1000 }, Duration::from_millis(1000)),
];

/// How requests follow each other.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Pattern {
    /// So many a second, whether or not earlier ones are answered.
    Rate(u32),
    /// So many at once, the next when one is answered.
    Connections(usize),
    /// So many streams at once, each of so many events, the next when one has ended.
    Streams { at_once: usize, events: usize },
}

/// Measures everything and prints the table.
pub(crate) async fn run(rounds: usize) -> anyhow::Result<()> {
    let mut measured = start_everybody().await?;
    for _ in 0..rounds {
        for (index, (pattern, time)) in LOADS.into_iter().enumerate() {
            for variant in &mut measured.variants {
                if let Some(sample) = sample(variant, pattern, time).await? {
                    variant.samples[index].push(sample);
                }
            }
        }
    }
    for variant in &mut measured.variants {
        variant.resident_loaded = variant.server.as_ref().map(Server::resident_mib).transpose()?;
    }
    report::print(&measured)
}

/// Loads a server that runs anyway; 0 requests/s is as many as 64 connections get answered.
pub(crate) async fn load(server: SocketAddr, rate: u32, time: Duration) -> anyhow::Result<()> {
    let pattern = if rate == 0 { Pattern::Connections(64) } else { Pattern::Rate(rate) };
    let (target, model) = question(&server.into()).await?;
    let variant = Variant::new("server", target, model, None, Vec::new()).await?;
    Ok(writeln!(stdout(), "{:?}", sample(&variant, pattern, time).await?)?)
}

/// The upstream, and everyone in front of it.
async fn start_everybody() -> anyhow::Result<Measured> {
    let itself = env::current_exe()?;
    let upstream = Server::start(Command::new(&itself).arg("upstream"), None)?;
    let at = upstream.address;
    let proxy = Server::start(Command::new(&itself).arg("proxy").arg(at.to_string()), None)?;
    let asked = |address: SocketAddr| chat_completion(&address.into(), MODEL, None);
    let one = || router::start(Catalogue::One, at, &[]);
    let shipped = || router::start(Catalogue::Shipped, at, &[]);
    let mut variants = vec![
        Variant::new("direct", asked(at), Some(MODEL), None, Vec::new()).await?,
        Variant::new("bare proxy", asked(proxy.address), Some(MODEL), Some(proxy), Vec::new()).await?,
        routed("router, 1 model", one).await?,
        routed("router, shipped", shipped).await?,
    ];
    // As replicas run: limits and answers on a Redis, records and keys on a PostgreSQL.
    let variable = |ours: &str, its: &'static str| env::var(ours).ok().map(|url| (its, url));
    let redis = variable("BENCH_REDIS_URL", "REDIS_URL");
    let shared: Vec<_> = redis.into_iter().chain(variable("BENCH_DATABASE_URL", "DATABASE_URL")).collect();
    if !shared.is_empty() {
        variants.push(routed("router, shared", || router::start(Catalogue::One, at, &shared)).await?);
    }
    Ok(Measured { variants, _upstream: upstream })
}

/// A server, started a few times to see how long it takes to its first answer; the last one stays.
async fn routed(name: &'static str, start: impl Fn() -> anyhow::Result<Server>) -> anyhow::Result<Variant> {
    let mut cold_starts = Vec::new();
    loop {
        let begun = Instant::now();
        let server = start()?;
        load::once(&native(&server.door())).await?;
        cold_starts.push(begun.elapsed());
        if cold_starts.len() == STARTS {
            let (target, model) = question(&server.door()).await?;
            return Variant::new(name, target, model, Some(server), cold_starts).await;
        }
    }
}

/// One measurement; `None` of streams where there are none.
async fn sample(variant: &Variant, pattern: Pattern, time: Duration) -> anyhow::Result<Option<Sample>> {
    let load = match pattern {
        Pattern::Rate(_) => Load::open_loop(&variant.target).await?,
        Pattern::Connections(connections) => Load::closed_loop(&variant.target, connections).await?,
        Pattern::Streams { at_once, events } => match variant.stream(events) {
            Some(target) => Load::closed_loop(&target, at_once).await?,
            None => return Ok(None),
        },
    };
    sleep(SETTLE).await;
    let cpu = || variant.server.as_ref().map(Server::cpu).transpose();
    let (cpu_before, begun) = (cpu()?, Instant::now());
    let (answers, latencies) = match pattern {
        Pattern::Rate(rate) => {
            let latencies = load.at_rate(rate, time).await?;
            (latencies.len(), latencies)
        }
        Pattern::Connections(_) => (load.at_full_speed(time).await?, Vec::new()),
        Pattern::Streams { .. } => {
            let (taken, events) = load.streams(time).await?;
            (events, taken)
        }
    };
    let per_second = answers as f64 / begun.elapsed().as_secs_f64();
    sleep(SETTLE).await;
    let spent = cpu()?.zip(cpu_before).map(|(after, before)| after.saturating_sub(before));
    Ok(Some(Sample::new(answers, per_second, spent, latencies)))
}

/// What the upstream is asked for.
const MODEL: &str = "bench-1";

/// About five hundred characters, as people write them.
pub(crate) const PROMPT: &str = "We run a small web shop and want to move its order history from one database to another without \
    closing the shop. Orders are written all day, about ten a minute, and people look up old ones while they are on \
    the phone with us. Please explain step by step how such a move is done, what can go wrong at each of the steps, \
    and how we would notice that it did. Assume that we know SQL, but have never done this before. Keep it short: a \
    numbered list, one or two sentences for each step, no code.";

/// As OpenAI is asked, for a whole answer or for a stream of so many events.
pub(crate) fn chat_completion(door: &Door, model: &str, events: Option<usize>) -> Target {
    let mut body = json!({"model": model, "messages": [{"role": "user", "content": PROMPT}]});
    if let Some(events) = events {
        body["stream"] = true.into();
        body["max_tokens"] = events.into();
    }
    Target { door: door.clone(), path: "/v1/chat/completions", body: Bytes::from(body.to_string()), end: load::END }
}

/// The same question in the router's own words; from the cache it would cost nothing.
fn native(door: &Door) -> Target {
    let body = json!({"prompt": PROMPT, "cache": "bypass"});
    Target { door: door.clone(), path: "/api/route", body: Bytes::from(body.to_string()), end: load::END }
}

/// How a server is asked: as OpenAI is, if it can be, and otherwise in its own words.
async fn question(door: &Door) -> anyhow::Result<(Target, Option<&'static str>)> {
    let target = chat_completion(door, "auto", None);
    match load::once(&target).await {
        Ok(()) => Ok((target, Some("auto"))),
        Err(error) if error.to_string().contains("answers 404") => Ok((native(door), None)),
        Err(error) => Err(error),
    }
}
