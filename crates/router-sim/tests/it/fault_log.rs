//! Every documented fault leaves its trace in the log: on every wire, streamed or not.

use std::time::Duration;

use router_sim::{Fault, FaultKind, Outcome, SeenAttempt, Simulator, Wire};
use serde_json::json;
use tokio::task::JoinSet;

use crate::client::{body, model, simulator, try_post};
use crate::stream_client::with_call;

/// How long a caller waits for what would take much longer, or never come.
const IMPATIENCE: Duration = Duration::from_millis(200);

/// Whether a caller of [`IMPATIENCE`] would see the end. What ends by itself is waited for, however busy the machine.
fn ends(fault: FaultKind) -> bool {
    match fault {
        FaultKind::Silent | FaultKind::StallAfter(_) => false,
        FaultKind::Slow(delay) | FaultKind::SlowFirst(delay) => delay < Duration::from_secs(1),
        _ => true,
    }
}

/// The names in the tables of the README.
fn documented() -> Vec<(&'static str, bool)> {
    let readme = include_str!("../../README.md");
    let names = |heading: &str| {
        let (_, table) = readme.split_once(&format!("| {heading} |")).unwrap();
        let rows = table.lines().skip(2).take_while(|line| line.starts_with('|'));
        rows.flat_map(|row| row.split('|').nth(1).unwrap().split('`').skip(1).step_by(2)).collect::<Vec<_>>()
    };
    let all = names("fault").into_iter().map(|name| (name, false));
    all.chain(names("fault of streams").into_iter().map(|name| (name, true))).collect()
}

/// Asks once, reads what comes, leaves if `leaves` before the end, and waits for the end in the log.
async fn attempt(simulator: &Simulator, wire: Wire, fault: &str, streamed: bool, leaves: bool) -> SeenAttempt {
    simulator.reset();
    let mut body = body(wire, &format!("{}+fault:{fault}", model(wire)));
    body["stream"] = json!(streamed);
    if fault.starts_with("tool-") {
        body = with_call(wire, body);
    }
    let ask = async {
        if let Ok(response) = try_post(simulator, wire, &body).await {
            let _ = response.bytes().await;
        }
    };
    let patience = if leaves { IMPATIENCE } else { Duration::from_secs(30) };
    let _ = tokio::time::timeout(patience, ask).await;
    let ended = async {
        loop {
            match simulator.attempts().pop() {
                Some(attempt) if attempt.ended.is_some() => return attempt,
                _ => tokio::time::sleep(Duration::from_millis(1)).await,
            }
        }
    };
    tokio::time::timeout(Duration::from_secs(5), ended).await.unwrap()
}

/// How an attempt under this fault ends.
fn expected(fault: FaultKind) -> Outcome {
    match fault {
        slow @ (FaultKind::Slow(_) | FaultKind::SlowFirst(_)) if !ends(slow) => Outcome::CallerLeft,
        FaultKind::Slow(_) | FaultKind::SlowFirst(_) => Outcome::Answered,
        fault => Outcome::Played(fault),
    }
}

/// All faults on one wire; how many.
async fn all(wire: Wire, streamed: bool) -> usize {
    let simulator = simulator().await;
    let documented = documented();
    for (name, of_streams) in &documented {
        let Fault { kind, .. } = name.parse().unwrap();
        let plays = streamed || !of_streams;
        let attempt = attempt(&simulator, wire, name, streamed, plays && !ends(kind)).await;
        let at = format!("{wire} {name} streamed: {streamed}");
        assert_eq!((attempt.wire, attempt.streamed), (wire, streamed), "{at}");
        assert!(attempt.model.ends_with(&format!("+fault:{name}")), "{at}");
        let outcome = if plays { expected(kind) } else { Outcome::Answered };
        assert_eq!(attempt.outcome, outcome, "{at}");
        let ended = attempt.ended.unwrap();
        assert!(attempt.arrived <= attempt.first_byte.unwrap_or(ended), "{at}");
        assert!(attempt.first_byte.unwrap_or(attempt.arrived) <= ended, "{at}");
        assert!(streamed || attempt.tokens == 0, "{at}");
    }
    documented.len()
}

#[tokio::test]
async fn every_fault_is_in_the_log_with_its_times() {
    let mut wires = JoinSet::new();
    for wire in Wire::ALL {
        wires.spawn(all(wire, true));
        wires.spawn(all(wire, false));
    }
    for tried in wires.join_all().await {
        assert!(tried >= 45, "only {tried}");
    }
}
