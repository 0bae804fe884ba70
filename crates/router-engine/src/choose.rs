//! Stage 2: what kind of prompt is it, and whom to ask, in which order. Pure calls into `router-core`.

use router_core::conversation::Conversation;
use router_core::decide::decide;
use router_core::decision::{Decision, Excluded, Situation};
use router_core::exclusion::Exclusion;
use router_core::model::Model;
use router_core::preferences::Preferences;
use router_core::principal::Principal;
use router_providers::dialect::Dialect;

use crate::admission::Beyond;
use crate::error::RouteError;
use crate::explain;
use crate::health::OutOfPlans;
use crate::live::LiveBoard;
use crate::snapshot::Snapshot;

/// What is true at the moment of choosing, besides the prompt.
pub(crate) struct Circumstances<'a> {
    pub(crate) snapshot: &'a Snapshot,
    pub(crate) live: &'a LiveBoard,
    pub(crate) out: &'a OutOfPlans,
    /// Only who speaks this can answer: the request says what nobody else can take.
    pub(crate) bound_to: Option<Dialect>,
    pub(crate) now: router_core::moment::Moment,
    pub(crate) today: jiff::civil::Date,
    /// A dry run: nobody will be asked.
    pub(crate) dry: bool,
    /// Who is kept out by the caller's limits and budgets.
    pub(crate) beyond: &'a Beyond,
    /// The request asks for what price lists do not have, wherever it is sent in the caller's own words.
    pub(crate) priced_apart: Option<Dialect>,
}

/// Refuses a request for a model that does not exist.
pub(crate) fn known(preferences: &Preferences, snapshot: &Snapshot) -> Result<(), RouteError> {
    match &preferences.model {
        Some(model) if snapshot.registry.get(model.as_str()).is_none() => {
            Err(RouteError::UnknownModel { model: model.clone() })
        }
        _ => Ok(()),
    }
}

/// Ranks the models for this prompt and this caller.
pub(crate) fn choose(
    conversation: &Conversation,
    preferences: &Preferences,
    principal: &Principal,
    circumstances: &Circumstances<'_>,
) -> Decision {
    let Circumstances { snapshot, live, out, bound_to, now, today, dry, beyond, priced_apart } = *circumstances;
    let is_unpriced =
        |model: &Model| model.price.is_none() || priced_apart.is_some_and(|dialect| speaks(snapshot, model, dialect));
    // A dry run says what a run would do. Without any provider no run would do anything, so it says what one could do.
    let needs_provider = !(dry && snapshot.providers.is_empty());
    // Each model is asked about, and there are far fewer providers than models.
    let configured: Vec<_> = snapshot.providers.keys().collect();
    let barred = |model: &Model| -> Option<Exclusion> {
        if !principal.may_use(model) {
            Some(Exclusion::NotAllowed)
        } else if out.has(model) {
            Some(Exclusion::Unavailable)
        } else if needs_provider && !configured.contains(&&model.provider) {
            Some(Exclusion::ProviderNotConfigured)
        } else if bound_to.is_some_and(|dialect| !speaks(snapshot, model, dialect)) {
            Some(Exclusion::OtherDialect)
        } else if beyond.priced_only && is_unpriced(model) {
            Some(Exclusion::Unpriced)
        } else if beyond.is_too_dear(model) {
            Some(Exclusion::OverBudget)
        } else if beyond.is_busy(model) {
            Some(Exclusion::Busy)
        } else {
            None
        }
    };
    let figures = live.figures(now);
    let situation = Situation {
        registry: &snapshot.registry,
        quality: &snapshot.quality,
        live: &figures,
        barred: &barred,
        today,
        // Which provider holds this conversation's prompt cache is not known until conversations have sessions.
        cached: None,
    };
    decide(snapshot.classifier.as_ref(), conversation, preferences, situation)
}

fn speaks(snapshot: &Snapshot, model: &Model, dialect: Dialect) -> bool {
    snapshot.provider(&model.provider).is_some_and(|provider| provider.dialect() == Some(dialect))
}

/// Why a decision without a candidate has none.
pub(crate) fn no_candidate(decision: &Decision, snapshot: &Snapshot) -> RouteError {
    // Everybody who could have answered waits for a key: that is the operator's to mend, not the caller's.
    let for_want_of_a_key = |excluded: &Excluded| {
        use Exclusion::{Inactive, NotRequested, ProviderNotConfigured, ShutDown};
        matches!(excluded.exclusion, ProviderNotConfigured | NotRequested | Inactive | ShutDown { .. })
    };
    let wanting = decision.excluded.iter().any(|excluded| excluded.exclusion == Exclusion::ProviderNotConfigured);
    if snapshot.providers.is_empty() || (wanting && decision.excluded.iter().all(for_want_of_a_key)) {
        return RouteError::NoProvider { variables: snapshot.provider_variables.clone() };
    }
    let transient =
        decision.excluded.iter().any(|excluded| matches!(excluded.exclusion, Exclusion::Unavailable | Exclusion::Busy));
    let rooms = decision.excluded.iter().filter_map(|excluded| match excluded.exclusion {
        Exclusion::ContextTooSmall { needed, available } => Some((needed, available)),
        _ => None,
    });
    let too_long = rooms.max_by_key(|(_, available)| *available);
    RouteError::NoCandidate { summary: decision.summary(), decision: explain::brief(decision), transient, too_long }
}
