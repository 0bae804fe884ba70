//! `llm-router explain`: whom the router would ask, and why, without asking anyone.

use std::io::Write;
use std::process::ExitCode;

use jiff::Timestamp;
use jiff::tz::Offset;
use router_core::classify::rules::RuleClassifier;
use router_core::conversation::Conversation;
use router_core::decide::decide;
use router_core::decision::{Candidate, Decision, Situation};
use router_core::explain::Explanation;
use router_core::preferences::{Preferences, Target};
use router_core::quality::QualityTable;

use crate::catalogue;
use crate::cli::ExplainArgs;
use crate::config::load;
use crate::config::sources::Sources;

/// Prints the decision as a table, or as JSON.
///
/// # Errors
/// The configuration or the models are not valid, or `out` cannot be written to.
pub fn run(arguments: ExplainArgs, out: &mut impl Write) -> anyhow::Result<ExitCode> {
    let config = load(&Sources { file: arguments.config.config, ..Sources::of_process() })?.config;
    let registry = catalogue::read(&config)?;
    let mut preferences = config.routing.preferences();
    let weights = &mut preferences.weights;
    weights.cost = arguments.cost_weight.unwrap_or(weights.cost);
    weights.latency = arguments.latency_weight.unwrap_or(weights.latency);
    weights.quality = arguments.quality_weight.unwrap_or(weights.quality);
    let situation = Situation {
        registry: &registry,
        quality: &QualityTable::from_priors(&registry),
        live: &[],
        // Nobody will be asked, so nobody needs a key.
        barred: &|_| None,
        today: Offset::UTC.to_datetime(Timestamp::now()).date(),
        cached: None,
    };
    let decision = decide(&RuleClassifier, &Conversation::prompt(arguments.prompt), &preferences, situation);
    if arguments.json {
        serde_json::to_writer_pretty(&mut *out, &Explanation::from(&decision))?;
        writeln!(out)?;
    } else {
        table(&decision, &preferences, out)?;
    }
    Ok(if decision.choice().is_some() { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

fn table(decision: &Decision, preferences: &Preferences, out: &mut impl Write) -> anyhow::Result<()> {
    let mut types: Vec<_> = decision.probabilities.iter().collect();
    types.sort_by(|a, b| b.1.total_cmp(a.1));
    let likeliest: Vec<_> = types
        .iter()
        .take(3)
        .map(|(kind, probability)| format!("{} {:.0} %", kind.name(), *probability * 100.0))
        .collect();
    writeln!(out, "type        {}", likeliest.join(", "))?;
    writeln!(out, "difficulty  {:.2}", decision.difficulty)?;
    writeln!(out, "tokens      about {} in, {} out", decision.input_tokens.0, decision.output_tokens.0)?;
    let weights = decision.weights;
    let weights = format!("cost {:.2}, latency {:.2}, quality {:.2}", weights.cost, weights.latency, weights.quality);
    match preferences.target {
        Target::Balanced => writeln!(out, "weights     {weights}\n")?,
        target => writeln!(out, "target      {target:?}; ties by {weights}\n")?,
    }
    writeln!(
        out,
        "{:>3}  {:<36} {:>7}  {:>8} {:>11} {:>8}  {:>5} {:>5} {:>5}",
        "#", "model", "utility", "quality", "cost", "latency", "q", "c", "l"
    )?;
    for (place, candidate) in decision.in_plan_order().enumerate() {
        row(place + 1, candidate, out)?;
    }
    for excluded in &decision.excluded {
        writeln!(out, "  -  {:<36} {}", excluded.model.id, excluded.exclusion)?;
    }
    writeln!(out, "\n{}", decision.summary())?;
    Ok(())
}

fn row(place: usize, candidate: &Candidate, out: &mut impl Write) -> anyhow::Result<()> {
    let factors = &candidate.factors;
    let cost = factors.cost.usd().map_or_else(|| "unpriced".to_owned(), |usd| format!("${:.6}", usd.dollars()));
    writeln!(
        out,
        "{place:>3}  {:<36} {:>7.3}  {:>4.2}±{:.2} {cost:>11} {:>7.1}s  {:>5.2} {:>5.2} {:>5.2}",
        candidate.model.id.as_str(),
        factors.utility,
        factors.quality,
        factors.quality_deviation,
        factors.latency_seconds,
        factors.quality_score,
        factors.cost_score,
        factors.latency_score
    )?;
    Ok(())
}
