//! The field `price`.

use toml::de::DeValue;

use crate::price::{LongContextTier, PerMillion, Price, Rates};
use crate::registry::error::RegistryProblem;
use crate::registry::fields::{Field, Fields, Report};
use crate::usage::Tokens;

/// Dearest believable price: a dollar per token, thousands of times the dearest model on sale. It also keeps the cost
/// of any number of tokens within the integers that costs are computed in.
const MAX_PER_MILLION: f64 = 1e6;

/// Cheapest believable price that is not zero: a twentieth of the cheapest cache read of late 2026. Prices per token,
/// which some price lists publish, are below it unless they are above $100 per million.
const MIN_PER_MILLION: f64 = 1e-4;

/// The unit a price is written in.
#[derive(Debug, Clone, Copy)]
pub(super) struct Unit {
    name: &'static str,
    /// How many of it make a million tokens.
    in_million: f64,
}

/// The unit of `price`.
const PER_MILLION: Unit = Unit { name: "1M tokens", in_million: 1.0 };
/// The unit of the original's `costPer1kTokens`.
pub(super) const PER_THOUSAND: Unit = Unit { name: "1k tokens", in_million: 1000.0 };

/// `price = { input = 2.5, … }`, or `"unpriced"`. The outer `None` means that an error was reported.
pub(super) fn read(field: &Field<'_>, report: &mut Report) -> Option<Option<Price>> {
    if let DeValue::String(word) = field.value {
        if word == "unpriced" {
            return Some(None);
        }
        let problem = RegistryProblem::UnknownName { given: word.clone().into_owned(), known: vec!["unpriced"] };
        field.wrong(problem, report);
        return None;
    }
    let mut fields = field.table("a table of prices, or \"unpriced\"", report)?;
    let base = rates(&mut fields, PER_MILLION, report);
    let tiers = fields.take("longContext").map(|field| tiers(&field, base, report));
    let source = fields.take("source").and_then(|field| field.text(report));
    let as_of = fields.take("asOf").and_then(|field| field.date(report));
    fields.finish(report);
    let source = source.unwrap_or_default().to_owned();
    Some(Some(Price { base: base?, long_context: tiers.unwrap_or_default(), source, as_of }))
}

/// `input` and `output`, which have to be there, and the three of the prompt cache.
fn rates(fields: &mut Fields<'_>, unit: Unit, report: &mut Report) -> Option<Rates> {
    let (input, output) = in_and_out(fields, unit, report);
    let mut optional = |name| fields.take(name).and_then(|field| rate(&field, unit, report));
    let (cache_read, cache_write_5m, cache_write_1h) =
        (optional("cacheRead"), optional("cacheWrite5m"), optional("cacheWrite1h"));
    Some(Rates { input: input?, output: output?, cache_read, cache_write_5m, cache_write_1h })
}

/// The two rates without which there is no price.
pub(super) fn in_and_out(
    fields: &mut Fields<'_>,
    unit: Unit,
    report: &mut Report,
) -> (Option<PerMillion>, Option<PerMillion>) {
    let input = fields.require("input", "the price of input; remove the whole price where it is unknown", report);
    let output = fields.require("output", "the price of output; remove the whole price where it is unknown", report);
    let mut read = |field: Option<Field<'_>>| field.and_then(|field| rate(&field, unit, report));
    (read(input), read(output))
}

fn rate(field: &Field<'_>, unit: Unit, report: &mut Report) -> Option<PerMillion> {
    let given = field.number(report)?;
    let dollars = given * unit.in_million;
    let rate = PerMillion::from_dollars(dollars).filter(|_| dollars <= MAX_PER_MILLION);
    if rate.is_none() {
        field.wrong(RegistryProblem::BadPrice { given, unit: unit.name }, report);
    } else if dollars > 0.0 && dollars < MIN_PER_MILLION {
        field.wrong(RegistryProblem::PricePerToken { given, unit: unit.name }, report);
        return None;
    }
    rate
}

/// The tiers by rising threshold, whatever the order they are written in.
fn tiers(field: &Field<'_>, base: Option<Rates>, report: &mut Report) -> Vec<LongContextTier> {
    let mut tiers: Vec<LongContextTier> = Vec::new();
    for member in field.list("a list of tiers", report).unwrap_or_default() {
        let Some(tier) = tier(&member, base, report) else { continue };
        if tiers.iter().any(|other| other.above_input_tokens == tier.above_input_tokens) {
            member.wrong(RegistryProblem::DuplicateTier(tier.above_input_tokens.0), report);
        }
        tiers.push(tier);
    }
    tiers.sort_by_key(|tier| tier.above_input_tokens);
    tiers
}

fn tier(field: &Field<'_>, base: Option<Rates>, report: &mut Report) -> Option<LongContextTier> {
    let mut fields = field.table("a table with aboveInputTokens, input and output", report)?;
    let above = fields.require("aboveInputTokens", "the number of input tokens above which it applies", report);
    let above = above.and_then(|field| field.tokens(report));
    let rates = rates(&mut fields, PER_MILLION, report);
    fields.finish(report);
    let rates = inherit_cache_rates(rates?, base?);
    Some(LongContextTier { above_input_tokens: Tokens(above?), rates })
}

/// Providers publish one factor for long prompts and apply it to cached input as well, so a cache rate that a tier
/// does not name is the base rate times the tier's factor for input. From a free base there is no factor: the rate
/// stays unknown, and cached input costs what fresh input costs.
fn inherit_cache_rates(tier: Rates, base: Rates) -> Rates {
    let factor = tier.input.dollars() / base.input.dollars();
    let scaled = |own: Option<PerMillion>, base: Option<PerMillion>| {
        own.or_else(|| PerMillion::from_dollars(base?.dollars() * factor))
    };
    Rates {
        cache_read: scaled(tier.cache_read, base.cache_read),
        cache_write_5m: scaled(tier.cache_write_5m, base.cache_write_5m),
        cache_write_1h: scaled(tier.cache_write_1h, base.cache_write_1h),
        ..tier
    }
}
