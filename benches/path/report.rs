//! From samples to the table.

use std::io::{Write, stdout};
use std::time::Duration;

use crate::load::{self, Target};
use crate::process::Server;
use crate::rounds::{LOADS, Pattern, chat_completion};

/// Everything that was measured.
pub(crate) struct Measured {
    /// Direct, bare proxy, and the rest.
    pub(crate) variants: Vec<Variant>,
    pub(crate) _upstream: Server,
}

/// One way to the upstream.
pub(crate) struct Variant {
    name: &'static str,
    pub(crate) target: Target,
    /// What a stream is asked of; `None` where there are no streams.
    stream_model: Option<&'static str>,
    /// Who stands in between.
    pub(crate) server: Option<Server>,
    cold_starts: Vec<Duration>,
    /// In MiB, after the first answer.
    resident_idle: Option<f64>,
    /// In MiB, after all the load.
    pub(crate) resident_loaded: Option<f64>,
    /// For each of [`LOADS`], one a round.
    pub(crate) samples: [Vec<Sample>; LOADS.len()],
}

impl Variant {
    /// A variant that has answered once.
    pub(crate) async fn new(
        name: &'static str,
        target: Target,
        stream_model: Option<&'static str>,
        server: Option<Server>,
        cold_starts: Vec<Duration>,
    ) -> anyhow::Result<Self> {
        load::once(&target).await?;
        let resident_idle = server.as_ref().map(Server::resident_mib).transpose()?;
        Ok(Self {
            name,
            target,
            stream_model,
            server,
            cold_starts,
            resident_idle,
            resident_loaded: None,
            samples: Default::default(),
        })
    }

    /// The question for a stream of so many events, where there are streams.
    pub(crate) fn stream(&self, events: usize) -> Option<Target> {
        self.stream_model.map(|model| chat_completion(&self.target.door, model, Some(events)))
    }

    /// The median over the rounds.
    fn median(&self, load: usize, figure: Figure) -> Option<f64> {
        median(self.samples[load].iter().filter_map(figure))
    }

    /// The median over the rounds of what `compare` makes of this variant's figure and the other's in the same round.
    fn beside(&self, other: &Self, load: usize, figure: Figure, compare: fn(f64, f64) -> f64) -> Option<f64> {
        let rounds = self.samples[load].iter().zip(&other.samples[load]);
        median(rounds.filter_map(|(own, others)| Some(compare(figure(own)?, figure(others)?))))
    }
}

/// What one load on one variant in one round gave.
#[derive(Debug)]
pub(crate) struct Sample {
    per_second: f64,
    cpu_micros: Option<f64>,
    p50_millis: Option<f64>,
    p99_millis: Option<f64>,
}

impl Sample {
    pub(crate) fn new(answers: usize, per_second: f64, spent: Option<Duration>, mut latencies: Vec<Duration>) -> Self {
        latencies.sort_unstable();
        let quantile = |share: f64| {
            let place = (latencies.len() as f64 * share) as usize;
            latencies.get(place).map(|latency| latency.as_secs_f64() * 1e3)
        };
        Self {
            per_second,
            cpu_micros: spent.map(|spent| spent.as_secs_f64() * 1e6 / answers as f64),
            p50_millis: quantile(0.50),
            p99_millis: quantile(0.99),
        }
    }
}

type Figure = fn(&Sample) -> Option<f64>;

fn median(figures: impl Iterator<Item = f64>) -> Option<f64> {
    let mut figures: Vec<f64> = figures.collect();
    figures.sort_by(f64::total_cmp);
    figures.get(figures.len() / 2).copied()
}

/// Prints the table: medians over the rounds, and in parentheses how they compare with the bare proxy's of the same
/// round.
pub(crate) fn print(measured: &Measured) -> anyhow::Result<()> {
    let [_, proxy, ..] = &measured.variants[..] else { anyhow::bail!("there is nothing to compare with") };
    row("", measured, |variant| variant.name.to_owned())?;
    for (load, (pattern, _)) in LOADS.into_iter().enumerate() {
        let rows: &[(&str, Figure, Comparison)] = match pattern {
            // Its few requests take less processor time than the kernel's counter can tell apart.
            Pattern::Rate(..500) => &[
                ("p50, ms", |sample| sample.p50_millis, Comparison::Added),
                ("p99, ms", |sample| sample.p99_millis, Comparison::Added),
            ],
            Pattern::Rate(_) => &[
                ("p50, ms", |sample| sample.p50_millis, Comparison::Added),
                ("p99, ms", |sample| sample.p99_millis, Comparison::Added),
                ("CPU, µs/request", |sample| sample.cpu_micros, Comparison::Times),
            ],
            Pattern::Connections(_) => &[
                ("requests/s", |sample| Some(sample.per_second), Comparison::Times),
                ("CPU, µs/request", |sample| sample.cpu_micros, Comparison::Times),
            ],
            Pattern::Streams { at_once: 1, .. } => &[("whole, p50, ms", |sample| sample.p50_millis, Comparison::Times)],
            Pattern::Streams { .. } => &[
                ("events/s", |sample| Some(sample.per_second), Comparison::Times),
                ("CPU, µs/event", |sample| sample.cpu_micros, Comparison::Times),
            ],
        };
        let loaded = match pattern {
            Pattern::Rate(rate) => format!("{rate} requests/s"),
            Pattern::Connections(connections) => format!("{connections} connections"),
            Pattern::Streams { at_once: 1, events } => format!("stream of {events}"),
            Pattern::Streams { at_once, .. } => format!("{at_once} streams"),
        };
        for &(name, figure, comparison) in rows {
            row(&format!("{loaded}: {name}"), measured, |variant| {
                let own = variant.median(load, figure);
                let compared = match comparison {
                    Comparison::Added => variant.beside(proxy, load, figure, |own, others| own - others),
                    Comparison::Times => variant.beside(proxy, load, figure, |own, others| own / others),
                };
                cell(own, compared.map(|compared| comparison.words(compared)))
            })?;
        }
    }
    row("resident when idle, MiB", measured, |variant| cell(variant.resident_idle, None))?;
    row("resident after load, MiB", measured, |variant| cell(variant.resident_loaded, None))?;
    row("start to first answer, ms", measured, |variant| {
        cell(median(variant.cold_starts.iter().map(|start| start.as_secs_f64() * 1e3)), None)
    })?;
    for variant in measured.variants.iter().filter(|variant| variant.stream_model.is_none()) {
        writeln!(
            stdout(),
            "NO STREAMS MEASURED of {}: it has no /v1/chat/completions; asked /api/route",
            variant.name
        )?;
    }
    Ok(())
}

/// How a figure compares with the bare proxy's.
#[derive(Debug, Clone, Copy)]
enum Comparison {
    Added,
    Times,
}

impl Comparison {
    fn words(self, compared: f64) -> String {
        match self {
            Self::Added => format!("({compared:+.2})"),
            Self::Times => format!("({compared:.2}×)"),
        }
    }
}

fn cell(figure: Option<f64>, compared: Option<String>) -> String {
    let Some(figure) = figure else { return "–".to_owned() };
    let decimals = if figure < 10.0 { 2 } else { usize::from(figure < 1000.0) };
    format!("{figure:.decimals$} {:>8}", compared.unwrap_or_default())
}

fn row(name: &str, measured: &Measured, cell: impl Fn(&Variant) -> String) -> anyhow::Result<()> {
    let mut line = format!("{name:<34}");
    for variant in &measured.variants {
        line.push_str(&format!("{:>20}", cell(variant)));
    }
    Ok(writeln!(stdout(), "{}", line.trim_end())?)
}
