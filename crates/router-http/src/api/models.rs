//! `GET /api/models`: the registry, what each model costs and is expected to do, and how it behaves now.

use router_core::capability::{Capabilities, Capability};
use router_core::id::{ModelId, ProviderId};
use router_core::live::LiveSummary;
use router_core::model::Model;
use router_core::price::{LongContextTier, PerMillion, Price, Rates};
use router_core::prompt_type::{PerType, PromptType};
use router_core::quality::QualityFigure;
use router_core::usage::Tokens;
use schemars::{JsonSchema, json_schema};
use serde::Serialize;

use crate::error::ApiError;
use crate::query::Query;
use crate::response::{Reply, ok};
use crate::route::{Answer, Asked, Content, Operation, Parameter, schema};

/// The models that match.
#[derive(Debug, Serialize, JsonSchema)]
struct ModelList {
    models: Vec<ModelView>,
}

/// A model.
#[derive(Debug, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
struct ModelView {
    /// What callers name it.
    id: ModelId,
    name: String,
    provider: ProviderId,
    /// What the provider names it.
    upstream_name: String,
    description: String,
    /// The types of prompts it takes.
    prompt_types: Vec<PromptType>,
    capabilities: Capabilities,
    /// The longest prompt and answer together.
    context_tokens: Tokens,
    max_output_tokens: Tokens,
    /// Null is unpriced: not free.
    price: Option<PriceView>,
    /// Expected speed before anything was measured.
    expected_speed: SpeedView,
    /// Expected quality per prompt type, and where the figure comes from.
    quality: PerType<Option<QualityFigure>>,
    quality_source: String,
    is_active: bool,
    /// Breaks ties: higher first.
    priority: i32,
    /// What is tried when this model fails, before the rest of the plan.
    failover_order: Vec<ModelId>,
    /// From this day on the provider does not serve it.
    #[schemars(with = "Option<String>", extend("format" = "date"))]
    shutdown_date: Option<jiff::civil::Date>,
    /// How it behaved in the last minutes, in seconds and shares; null where it was not asked.
    live: Option<LiveSummary>,
}

/// Expected speed.
#[derive(Debug, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
struct SpeedView {
    first_token_seconds: f32,
    tokens_per_second: f32,
}

/// Prices in US dollars per million tokens.
#[derive(Debug, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
struct PriceView {
    #[serde(flatten)]
    rates: RatesView,
    /// Prices for long prompts; they then apply to all tokens of the request.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    long_context: Vec<TierView>,
    /// Where the figures come from.
    source: String,
    /// When they were read.
    #[schemars(with = "Option<String>", extend("format" = "date"))]
    as_of: Option<jiff::civil::Date>,
}

/// Prices in US dollars per million tokens.
#[derive(Debug, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
struct RatesView {
    input: f64,
    output: f64,
    /// Input from the provider's prompt cache; absent where it has no price of its own.
    #[serde(skip_serializing_if = "Option::is_none")]
    cache_read: Option<f64>,
    /// Input into the prompt cache for its default time.
    #[serde(skip_serializing_if = "Option::is_none")]
    cache_write_5m: Option<f64>,
    /// Input into the prompt cache for an hour or longer.
    #[serde(skip_serializing_if = "Option::is_none")]
    cache_write_1h: Option<f64>,
}

/// Prices for prompts longer than a threshold.
#[derive(Debug, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
struct TierView {
    above_input_tokens: Tokens,
    #[serde(flatten)]
    rates: RatesView,
}

pub(crate) const LIST: Operation = Operation {
    id: "listModels",
    summary: "The models, with prices, expectations and live statistics",
    description: "In the order of the catalogue.",
    query: &[
        Parameter { name: "provider", schema: schema::<ProviderId>, description: "Only of this provider." },
        Parameter {
            name: "capability",
            schema: schema::<Vec<Capability>>,
            description: "Only models that can do all of these; separated by commas.",
        },
        Parameter { name: "promptType", schema: schema::<PromptType>, description: "Only models that take this type." },
        Parameter {
            name: "active",
            schema: |_| json_schema!({"type": "boolean"}),
            description: "Only models that are offered (true), or only those that are not (false).",
        },
    ],
    body: None,
    answer: Answer { status: 200, description: "The models.", content: Content::Json(schema::<ModelList>) },
    errors: &[],
};

pub(crate) async fn list(asked: Asked) -> Result<Reply, ApiError> {
    let wanted = Wanted::read(&asked.query)?;
    let engine = &asked.app.parts.engine;
    let snapshot = engine.snapshot();
    let models = snapshot.registry.models().iter().enumerate().filter(|(_, model)| wanted.matches(model));
    let models = models.map(|(position, model)| {
        let quality = snapshot.quality.row(position).copied().unwrap_or_default();
        let live = engine.live(&model.id).filter(|live| live.attempts > 0);
        ModelView::of(model, quality, live)
    });
    ok(&ModelList { models: models.collect() })
}

/// Which models. All given conditions hold at once.
struct Wanted {
    provider: Option<ProviderId>,
    capabilities: Capabilities,
    prompt_type: Option<PromptType>,
    active: Option<bool>,
}

impl Wanted {
    fn read(query: &Query) -> Result<Self, ApiError> {
        let names = Capability::ALL.map(Capability::name);
        let capability = |name: &str| Capability::ALL.into_iter().find(|known| known.name() == name);
        let all = |list: &str| list.split(',').map(capability).collect::<Option<Capabilities>>();
        Ok(Self {
            provider: query.text("provider").map(ProviderId::from),
            capabilities: query.one_of("capability", all, &names)?.unwrap_or_default(),
            prompt_type: query.one_of("promptType", PromptType::from_name, &PromptType::ALL.map(PromptType::name))?,
            active: query.parsed("active", "true or false")?,
        })
    }

    fn matches(&self, model: &Model) -> bool {
        self.provider.as_ref().is_none_or(|provider| *provider == model.provider)
            && model.capabilities.lacks(self.capabilities).is_none()
            && self.prompt_type.is_none_or(|kind| model.quality.get(kind).is_some())
            && self.active.is_none_or(|active| active == model.is_active)
    }
}

impl ModelView {
    fn of(model: &Model, quality: PerType<Option<QualityFigure>>, live: Option<LiveSummary>) -> Self {
        let taken = model.quality.iter().filter(|(_, prior)| prior.is_some());
        Self {
            id: model.id.clone(),
            name: model.name.clone(),
            provider: model.provider.clone(),
            upstream_name: model.upstream_name.clone(),
            description: model.description.clone(),
            prompt_types: taken.map(|(kind, _)| kind).collect(),
            capabilities: model.capabilities,
            context_tokens: model.context_tokens,
            max_output_tokens: model.max_output_tokens,
            price: model.price.as_ref().map(PriceView::from),
            expected_speed: SpeedView {
                first_token_seconds: model.speed.first_token_seconds,
                tokens_per_second: model.speed.tokens_per_second,
            },
            quality,
            quality_source: model.quality_source.clone(),
            is_active: model.is_active,
            priority: model.priority,
            failover_order: model.failover_order.clone(),
            shutdown_date: model.shutdown_date,
            live,
        }
    }
}

impl From<&Price> for PriceView {
    fn from(price: &Price) -> Self {
        Self {
            rates: (&price.base).into(),
            long_context: price.long_context.iter().map(TierView::from).collect(),
            source: price.source.clone(),
            as_of: price.as_of,
        }
    }
}

impl From<&Rates> for RatesView {
    fn from(rates: &Rates) -> Self {
        Self {
            input: rates.input.dollars(),
            output: rates.output.dollars(),
            cache_read: rates.cache_read.map(PerMillion::dollars),
            cache_write_5m: rates.cache_write_5m.map(PerMillion::dollars),
            cache_write_1h: rates.cache_write_1h.map(PerMillion::dollars),
        }
    }
}

impl From<&LongContextTier> for TierView {
    fn from(tier: &LongContextTier) -> Self {
        Self { above_input_tokens: tier.above_input_tokens, rates: (&tier.rates).into() }
    }
}
