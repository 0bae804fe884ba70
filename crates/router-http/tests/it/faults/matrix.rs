//! The matrix: fault by fault, on each wire, over each surface.

use std::fmt::Write as _;
use std::io::Write as _;
use std::sync::Arc;
use std::time::Duration;

use router_sim::Wire;
use tokio::sync::Semaphore;
use tokio::task::JoinSet;

use super::caller::{End, Got, Surface};
use super::rig::{ALONE, Providers, Rig, Upstream, plain_name, settings};
use super::rows::{Expected, Outcome, ROWS, Row};

/// How many callers ask at once: more would measure the machine.
const AT_ONCE: u32 = 8;

/// No fault of this table keeps a caller waiting for longer.
const LONGEST: Duration = Duration::from_secs(10);

/// One fault on one wire over one surface, and what came of it.
struct Cell {
    row: usize,
    wire: Wire,
    surface: Surface,
    /// For whoever reads the matrix.
    short: String,
    /// What is not as it should be.
    wrong: Vec<String>,
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn every_fault_on_every_wire_over_every_surface() {
    let _alone = ALONE.lock().await;
    let providers = Arc::new(Providers::start().await);
    let turn = Arc::new(Semaphore::new(AT_ONCE as usize));
    let mut playing = JoinSet::new();
    for (row, Row { whole, stream, tool, .. }) in ROWS.iter().enumerate() {
        for wire in Wire::ALL {
            for (place, surface) in Surface::ALL.into_iter().enumerate() {
                let expected = if surface.streams() { Some(*stream) } else { *whole };
                let Some(expected) = expected.filter(|_| !tool || surface.takes_tools()) else {
                    continue;
                };
                let number = (row * Wire::ALL.len() + wire as usize) * Surface::ALL.len() + place;
                let (providers, turn) = (Arc::clone(&providers), Arc::clone(&turn));
                playing.spawn(async move {
                    // Megabytes keep a slow machine from everything else.
                    let turns = if ROWS[row].fault == "huge-event" { AT_ONCE } else { 1 };
                    let _turn = turn.acquire_many_owned(turns).await.unwrap();
                    play(&providers, row, wire, surface, expected, number).await
                });
            }
        }
    }
    let cells = playing.join_all().await;
    let matrix = matrix(&cells);
    // Past the capture of tests: it is to be seen.
    std::io::stderr().write_all(matrix.as_bytes()).unwrap();
    let wrong: Vec<&String> = cells.iter().flat_map(|cell| &cell.wrong).collect();
    assert!(wrong.is_empty(), "{} of {} cells:\n{wrong:#?}", wrong.len(), cells.len());
    assert!(cells.len() >= 1_600, "only {} cells", cells.len());
}

async fn play(
    providers: &Providers,
    row: usize,
    wire: Wire,
    surface: Surface,
    expected: Expected,
    number: usize,
) -> Cell {
    let Row { fault, everywhere, tool, .. } = &ROWS[row];
    let other = if wire == Wire::Anthropic { Wire::OpenRouter } else { Wire::Anthropic };
    let length = if *tool { "" } else { "+tokens:60" };
    let name = |wire, suffix: &str| format!("{}{length}{suffix}", plain_name(wire, number));
    let faulty = format!("+fault:{fault}");
    let primary = Upstream { wire, name: name(wire, &faulty), prefill: false };
    let fallback = Upstream { wire: other, name: name(other, if *everywhere { &faulty } else { "" }), prefill: true };
    let rig = Rig::start(providers, settings(), primary, fallback).await;
    let got = if *tool { rig.ask_for_call(surface).await } else { rig.ask(surface).await };
    let (asked, spared) = rig.seen(providers);

    let mut wrong = wrong_with(&got, expected.outcome);
    if (asked.len(), spared.len()) != (expected.primary, expected.fallback) {
        wrong.push(format!(
            "attempts {}+{}, not {}+{}",
            asked.len(),
            spared.len(),
            expected.primary,
            expected.fallback
        ));
    }
    let mut arrivals: Vec<Duration> = asked.iter().chain(&spared).map(|attempt| attempt.arrived).collect();
    arrivals.sort_unstable();
    if let [first, second, ..] = arrivals[..]
        && second - first < Duration::from_millis(expected.second_after)
    {
        wrong.push(format!("the second attempt came {:?} after the first, too early", second - first));
    }
    let scope = if *everywhere { " everywhere" } else { "" };
    let at = format!("{fault}{scope} on the {wire} wire, {}", surface.name());
    let (attempts, millis) = (format!("{}+{}", asked.len(), spared.len()), got.elapsed.as_millis());
    Cell {
        row,
        wire,
        surface,
        short: format!("{} {attempts} {millis}", symbol(&got)),
        wrong: wrong.into_iter().map(|wrong| format!("{at}: {wrong}; {got:?}")).collect(),
    }
}

/// What a caller may never get, and what this one should not have got.
fn wrong_with(got: &Got, expected: Outcome) -> Vec<String> {
    let mut wrong = Vec::new();
    match &got.end {
        End::Hung => wrong.push("it hangs".to_owned()),
        End::Cut => wrong.push("it stops without a word".to_owned()),
        _ if got.elapsed > LONGEST => wrong.push("it takes too long".to_owned()),
        _ => {}
    }
    if got.status == 401 {
        wrong.push("our key is not the caller's".to_owned());
    }
    let as_expected = match (&got.end, expected) {
        (End::Finished(reason), Outcome::Answer) => reason == "stop" && got.is_whole(),
        // OpenAI's models stop when they have declined, others say so.
        (End::Finished(reason), Outcome::Declined) => ["stop", "content_filter"].contains(&reason.as_str()),
        (End::Finished(reason), Outcome::Length) => reason == "length",
        // Anthropic has a status of its own for that.
        (End::Refused(529, code), Outcome::Refused(503)) => code == "overloaded_error",
        (End::Refused(status, _), Outcome::Refused(expected)) => *status == expected,
        (End::Broken(_), Outcome::Broken) => true,
        _ => false,
    };
    if !as_expected {
        wrong.push(format!("it is to be {expected:?}"));
    }
    wrong
}

/// One word for what came.
fn symbol(got: &Got) -> String {
    match &got.end {
        End::Finished(reason) if reason == "stop" && got.is_whole() => "answer".to_owned(),
        End::Finished(reason) => reason.clone(),
        End::Refused(status, _) => status.to_string(),
        End::Broken(_) => "in-band".to_owned(),
        End::Cut => "CUT".to_owned(),
        End::Hung => "HUNG".to_owned(),
    }
}

/// A line for each fault, a column for each wire over each surface.
fn matrix(cells: &[Cell]) -> String {
    let columns: Vec<(Surface, Wire)> =
        Surface::ALL.into_iter().flat_map(|surface| Wire::ALL.map(|wire| (surface, wire))).collect();
    let served: Vec<_> =
        columns.into_iter().filter(|column| cells.iter().any(|cell| (cell.surface, cell.wire) == *column)).collect();
    let mut text = String::from("\nwhat the caller got, attempts at the faulty model + at the other, milliseconds\n");
    let mut line = |first: &str, rest: &mut dyn Iterator<Item = String>| {
        let _ = write!(text, "{first:<25}");
        rest.for_each(|cell| text.extend([format!(" {cell:<16}")]));
        text.truncate(text.trim_end().len());
        text.push('\n');
    };
    line("", &mut served.iter().map(|(surface, _)| surface.name().to_owned()));
    line("fault", &mut served.iter().map(|(_, wire)| wire.to_string()));
    for (row, Row { fault, everywhere, .. }) in ROWS.iter().enumerate() {
        let cell = |column: &(Surface, Wire)| {
            let found = cells.iter().find(|cell| cell.row == row && (cell.surface, cell.wire) == *column);
            found.map_or("-".to_owned(), |cell| {
                format!("{}{}", cell.short, if cell.wrong.is_empty() { "" } else { " !" })
            })
        };
        let scope = if *everywhere { " everywhere" } else { "" };
        line(&format!("{fault}{scope}"), &mut served.iter().map(cell));
    }
    text
}
