//! The decision, whole: conversation and preferences in, ranked candidates and a plan out.

use crate::classify::{Classification, Classifier};
use crate::conversation::Conversation;
use crate::decision::{Candidate, Decision, Excluded, Situation};
use crate::estimate;
use crate::filter::{self, Requirements};
use crate::live::LiveFigures;
use crate::plan;
use crate::preferences::Preferences;
use crate::prompt_type::{PerType, PromptType, TypeProbabilities};
use crate::quality::QualityFigure;
use crate::score::{self, Demand};

/// A classifier's guess that is at least this likely is acted on as if it were known: it is likelier than all other types
/// together, so more models are kept out rightly than wrongly.
const LIKELY_ENOUGH: f32 = 0.5;

/// Names where the type came from when the caller declared it.
const DECLARED: &str = "caller";

/// What is expected of a model that the quality table does not know: nothing, of any type.
const UNKNOWN: PerType<Option<QualityFigure>> = PerType([None; PromptType::COUNT]);

/// Decides which model should answer `conversation`, in which order the others are tried, and why.
///
/// Pure: equal arguments give equal decisions, whatever the classifier's and the caller's numbers are; nothing in them
/// makes it panic or yield a figure that is not finite. A decision without candidates is a decision, too: its
/// [`Decision::excluded`] says why.
#[must_use]
pub fn decide(
    classifier: &dyn Classifier,
    conversation: &Conversation,
    preferences: &Preferences,
    situation: Situation<'_>,
) -> Decision {
    let Classification { probabilities, difficulty } = classifier.classify(conversation).sane();
    let probabilities = preferences.prompt_type.map_or(probabilities, TypeProbabilities::certain);
    let (prompt_type, likelihood) = probabilities.likeliest();
    let difficulty = f64::from(difficulty);

    let max_output = conversation.max_output;
    let input = estimate::input_tokens(conversation);
    let demand = Demand {
        probabilities: &probabilities,
        prompt_type,
        input: input.all,
        cached: situation.cached,
        visible: estimate::visible_tokens(&probabilities, difficulty, input.task, max_output),
        thinking: estimate::thinking_tokens(conversation.effort, difficulty),
        max_output,
        weights: preferences.weights.normalised(),
    };
    let requirements = Requirements {
        needs: conversation.needs(),
        input: demand.input,
        answer: max_output.unwrap_or(demand.visible),
        max_output,
        prompt_type: (likelihood >= LIKELY_ENOUGH).then_some(prompt_type),
    };

    let (ranked, excluded) = judge(&demand, &requirements, preferences, &situation);
    let requested = preferences.model.as_ref().and_then(|id| situation.registry.get(id.as_str()));
    let plan = plan::order(&ranked, requested.map(|model| &**model), situation.registry);
    Decision {
        prompt_type,
        probabilities,
        difficulty,
        classifier: preferences.prompt_type.map_or(classifier.name(), |_| DECLARED).to_owned(),
        input_tokens: demand.input,
        output_tokens: demand.visible,
        weights: demand.weights,
        target: preferences.target,
        ranked,
        plan,
        excluded,
    }
}

/// Every model of the registry, either ranked or excluded.
fn judge(
    demand: &Demand<'_>,
    requirements: &Requirements,
    preferences: &Preferences,
    situation: &Situation<'_>,
) -> (Vec<Candidate>, Vec<Excluded>) {
    let models = situation.registry.models();
    let mut ranked = Vec::with_capacity(models.len());
    let mut excluded = Vec::new();
    for (position, model) in models.iter().enumerate() {
        let quality = situation.quality.row(position).unwrap_or(&UNKNOWN);
        let live = situation.live.get(position).copied().unwrap_or(LiveFigures::default());
        let judged = match filter::before_scoring(model, quality, requirements, preferences, situation) {
            Some(exclusion) => Err(exclusion),
            None => {
                let factors = score::score(demand, model, quality, &live);
                filter::after_scoring(&factors, preferences).map_or(Ok(factors), Err)
            }
        };
        match judged {
            Ok(factors) => ranked.push(Candidate { model: model.clone(), position, factors }),
            Err(exclusion) => excluded.push(Excluded { model: model.clone(), exclusion }),
        }
    }
    ranked.sort_unstable_by(|a, b| {
        let by_figures = a.factors.rank(&b.factors, preferences.target);
        by_figures.then_with(|| b.model.priority.cmp(&a.model.priority)).then_with(|| a.position.cmp(&b.position))
    });
    (ranked, excluded)
}
