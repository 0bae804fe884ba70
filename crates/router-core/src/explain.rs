//! A decision as people and programs read it: the figures it was computed from, and one sentence.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use serde::ser::SerializeStruct;
use serde::{Serialize, Serializer};

use crate::decision::{Candidate, Decision, Factors};
use crate::exclusion::Exclusion;
use crate::id::{ModelId, ProviderId};
use crate::preferences::{Target, Weights};
use crate::price::Cost;
use crate::prompt_type::{PerType, PromptType, TypeProbabilities};
use crate::usage::Tokens;

/// A view of a [`Decision`], for JSON. Borrows: made when somebody wants to see it.
///
/// Its figures have five decimals: a record of each request keeps them, and the other twelve digits of a double say nothing
/// that estimates know.
#[derive(Debug)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema), schemars(rename_all = "camelCase"))]
pub struct Explanation<'a> {
    /// The choice and its closest rival, in one sentence.
    pub summary: String,
    /// The likeliest type, or the one the caller declared.
    pub prompt_type: PromptType,
    /// How likely the prompt is of each type.
    pub probabilities: TypeProbabilities,
    /// How hard it is, in [0, 1].
    pub difficulty: f64,
    /// Which classifier said so; "caller" where the type was declared.
    pub classifier: &'a str,
    /// Estimated input tokens.
    pub input_tokens: Tokens,
    /// Expected tokens of the visible answer.
    pub output_tokens: Tokens,
    /// The weights, normalised.
    #[cfg_attr(feature = "schema", schemars(flatten))]
    pub weights: Weights,
    /// What decided.
    pub target: Target,
    /// Who may answer, best first.
    pub candidates: Vec<RankedCandidate<'a>>,
    /// How many more may answer than are listed.
    pub candidates_omitted: usize,
    /// Who may not; first those that something about this request keeps out.
    pub excluded: Vec<ExcludedModel<'a>>,
    /// How many more may not than are listed, by reason.
    pub excluded_omitted: BTreeMap<&'static str, usize>,
}

/// A model that may answer.
#[derive(Debug)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema), schemars(rename_all = "camelCase"))]
pub struct RankedCandidate<'a> {
    /// The model.
    pub model_id: &'a ModelId,
    /// Where it would be asked.
    pub provider: &'a ProviderId,
    /// Place by preference, from 1.
    pub rank: usize,
    /// Place in the order of asking, from 1: failover prefers the same model elsewhere, and the model's own failover order.
    pub plan_position: usize,
    /// The figures it was judged by.
    #[cfg_attr(feature = "schema", schemars(flatten))]
    pub factors: Factors,
}

/// A model that may not answer.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct ExcludedModel<'a> {
    /// The model.
    pub model_id: &'a ModelId,
    /// Why, with the figures.
    #[serde(flatten)]
    pub exclusion: &'a Exclusion,
}

// By hand, because each request is explained: what serde derives for a flattened field costs half as much again.
impl Serialize for Explanation<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let Weights { cost, latency, quality } = self.weights;
        let mut fields = serializer.serialize_struct("Explanation", 15)?;
        fields.serialize_field("summary", &self.summary)?;
        fields.serialize_field("promptType", &self.prompt_type)?;
        fields.serialize_field("probabilities", &self.probabilities)?;
        fields.serialize_field("difficulty", &self.difficulty)?;
        fields.serialize_field("classifier", self.classifier)?;
        fields.serialize_field("inputTokens", &self.input_tokens)?;
        fields.serialize_field("outputTokens", &self.output_tokens)?;
        fields.serialize_field("costWeight", &cost)?;
        fields.serialize_field("latencyWeight", &latency)?;
        fields.serialize_field("qualityWeight", &quality)?;
        fields.serialize_field("target", &self.target)?;
        fields.serialize_field("candidates", &self.candidates)?;
        fields.serialize_field("candidatesOmitted", &self.candidates_omitted)?;
        fields.serialize_field("excluded", &self.excluded)?;
        fields.serialize_field("excludedOmitted", &self.excluded_omitted)?;
        fields.end()
    }
}

impl Serialize for RankedCandidate<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let Factors {
            quality,
            quality_deviation,
            quality_origin,
            output_tokens,
            cost,
            latency_seconds,
            success,
            quality_score,
            cost_score,
            latency_score,
            utility,
        } = &self.factors;
        let mut fields = serializer.serialize_struct("RankedCandidate", 15)?;
        fields.serialize_field("modelId", self.model_id)?;
        fields.serialize_field("provider", self.provider)?;
        fields.serialize_field("rank", &self.rank)?;
        fields.serialize_field("planPosition", &self.plan_position)?;
        fields.serialize_field("quality", quality)?;
        fields.serialize_field("qualityDeviation", quality_deviation)?;
        fields.serialize_field("qualityOrigin", quality_origin)?;
        fields.serialize_field("outputTokens", output_tokens)?;
        fields.serialize_field("cost", cost)?;
        fields.serialize_field("latencySeconds", latency_seconds)?;
        fields.serialize_field("success", success)?;
        fields.serialize_field("qualityScore", quality_score)?;
        fields.serialize_field("costScore", cost_score)?;
        fields.serialize_field("latencyScore", latency_score)?;
        fields.serialize_field("utility", utility)?;
        fields.end()
    }
}

impl<'a> From<&'a Decision> for Explanation<'a> {
    fn from(decision: &'a Decision) -> Self {
        Self::of_best(decision, usize::MAX)
    }
}

impl<'a> Explanation<'a> {
    /// The explanation with the best `most` candidates only, and with at most as many of the models that are excluded.
    #[must_use]
    pub fn of_best(decision: &'a Decision, most: usize) -> Self {
        let mut plan_positions = vec![0; decision.ranked.len()];
        for (position, &index) in decision.plan.iter().enumerate() {
            if let Some(slot) = plan_positions.get_mut(index) {
                *slot = position + 1;
            }
        }
        let candidates = decision.ranked.iter().zip(plan_positions).enumerate();
        let (excluded, excluded_omitted) = excluded(decision, most);
        Self {
            summary: decision.summary(),
            prompt_type: decision.prompt_type,
            probabilities: PerType(decision.probabilities.0.map(|probability| shown(f64::from(probability)) as f32)),
            difficulty: shown(decision.difficulty),
            classifier: &decision.classifier,
            input_tokens: decision.input_tokens,
            output_tokens: decision.output_tokens,
            weights: shown_weights(decision.weights),
            target: decision.target,
            candidates_omitted: decision.ranked.len().saturating_sub(most),
            candidates: candidates
                .take(most)
                .map(|(index, (candidate, plan_position))| RankedCandidate {
                    model_id: &candidate.model.id,
                    provider: &candidate.model.provider,
                    rank: index + 1,
                    plan_position,
                    factors: shown_factors(candidate.factors),
                })
                .collect(),
            excluded,
            excluded_omitted,
        }
    }
}

/// At most `most` of the models that are excluded, and how many more there are by reason. A model that is always out is of
/// less interest than one that this request's own needs keep out.
fn excluded(decision: &Decision, most: usize) -> (Vec<ExcludedModel<'_>>, BTreeMap<&'static str, usize>) {
    let (always, now): (Vec<_>, Vec<_>) =
        decision.excluded.iter().partition(|excluded| excluded.exclusion.is_lasting());
    let mut by_interest = now.into_iter().chain(always);
    let listed = by_interest.by_ref().take(most);
    let listed =
        listed.map(|excluded| ExcludedModel { model_id: &excluded.model.id, exclusion: &excluded.exclusion }).collect();
    let mut omitted = BTreeMap::new();
    for excluded in by_interest {
        *omitted.entry(excluded.exclusion.name()).or_default() += 1;
    }
    (listed, omitted)
}

/// A figure with five decimals.
fn shown(figure: f64) -> f64 {
    (figure * 1e5).round() / 1e5
}

fn shown_weights(Weights { cost, latency, quality }: Weights) -> Weights {
    Weights { cost: shown(cost), latency: shown(latency), quality: shown(quality) }
}

fn shown_factors(factors: Factors) -> Factors {
    Factors {
        quality: shown(factors.quality),
        quality_deviation: shown(factors.quality_deviation),
        latency_seconds: shown(factors.latency_seconds),
        success: shown(factors.success),
        quality_score: shown(factors.quality_score),
        cost_score: shown(factors.cost_score),
        latency_score: shown(factors.latency_score),
        utility: shown(factors.utility),
        ..factors
    }
}

impl Decision {
    /// The choice and its closest rival, in one sentence.
    #[must_use]
    pub fn summary(&self) -> String {
        let Some(choice) = self.choice() else {
            return self.why_nobody();
        };
        let best = self.ranked.first().is_some_and(|first| first.position == choice.position);
        let why = match self.target {
            _ if !best => "leads the plan by the caller's wish or in place of the model asked for",
            Target::Balanced => "best utility",
            Target::Cheapest => "cheapest",
            Target::Best => "best expected quality",
            Target::Fastest => "fastest",
        };
        let Factors { utility, quality, cost, latency_seconds, .. } = choice.factors;
        let id = &choice.model.id;
        let mut summary = match self.target {
            Target::Balanced if best => format!("{id}: {why} {utility:.2}: "),
            _ => format!("{id}: {why}: "),
        };
        let price = match cost {
            Cost::Priced { usd } => format!("about ${}", significant(usd.dollars())),
            Cost::Unpriced => "price unknown".to_owned(),
        };
        // Writing to a string cannot fail.
        let _ = write!(summary, "quality {quality:.2}, {price}, about {} s", significant(latency_seconds));
        if let Some(rival) = self.ranked.iter().find(|rival| rival.position != choice.position) {
            let _ = write!(summary, "; next {}, {}", rival.model.id, self.merit(rival));
        }
        summary
    }

    /// Each reason for which models were excluded, the commonest first.
    fn why_nobody(&self) -> String {
        let mut reasons: Vec<(&str, usize)> = Vec::new();
        for excluded in &self.excluded {
            let label = excluded.exclusion.label();
            match reasons.iter_mut().find(|(known, _)| *known == label) {
                Some((_, count)) => *count += 1,
                None => reasons.push((label, 1)),
            }
        }
        reasons.sort_by_key(|&(_, count)| std::cmp::Reverse(count));
        let reasons: Vec<_> = reasons.iter().map(|(label, count)| format!("{count} {label}")).collect();
        format!(
            "no model can answer: {}",
            if reasons.is_empty() { "there is none".to_owned() } else { reasons.join(", ") }
        )
    }

    /// The figure that the target compares.
    fn merit(&self, candidate: &Candidate) -> String {
        let factors = &candidate.factors;
        match self.target {
            Target::Balanced => format!("{:.2}", factors.utility),
            Target::Best => format!("quality {:.2}", factors.quality),
            Target::Fastest => format!("{} s", significant(factors.latency_seconds)),
            Target::Cheapest => {
                factors.cost.usd().map_or("price unknown".to_owned(), |usd| format!("${}", significant(usd.dollars())))
            }
        }
    }
}

/// Two significant digits, without an exponent: 0.0021, 3.2, 140.
fn significant(figure: f64) -> String {
    if figure <= 0.0 {
        return "0".to_owned();
    }
    let magnitude = |figure: f64| figure.log10().floor() as i32;
    let unit = 10_f64.powi(magnitude(figure) - 1);
    let rounded = (figure / unit).round() * unit;
    let decimals = usize::try_from(1 - magnitude(rounded)).unwrap_or(0);
    format!("{rounded:.decimals$}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn figures_are_shown_with_two_significant_digits() {
        for (figure, shown) in [
            (0.0, "0"),
            (0.002_149, "0.0021"),
            (3.24, "3.2"),
            (0.999, "1.0"),
            (144.0, "140"),
            (0.000_000_42, "0.00000042"),
            (9.2e9, "9200000000"),
        ] {
            assert_eq!(significant(figure), shown);
        }
    }
}
