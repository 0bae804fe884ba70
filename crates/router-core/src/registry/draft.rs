//! What one `[[models]]` entry of one file says: of a new model, or of a change to one of an earlier file.

use jiff::civil::Date;
use toml::de::DeTable;

use crate::capability::{Capabilities, Capability};
use crate::id::{ModelId, ProviderId};
use crate::model::{ModelDeadlines, SpeedPrior};
use crate::price::Price;
use crate::prompt_type::{PerType, PromptType};
use crate::registry::deadlines_field;
use crate::registry::error::RegistryProblem;
use crate::registry::fields::{Field, Fields, Lines, Place, Placed, Report};
use crate::registry::legacy;
use crate::registry::price_field;
use crate::registry::quality_field::{self, QualityDraft};

/// A field that a model cannot do without. The outer `None` means that no file gives it, the inner that one does and
/// it is wrong, which has been reported.
pub(super) type Needed<T> = Option<Option<T>>;

/// The fields of an entry; those it does not have are `None`.
#[derive(Debug, Clone)]
pub(super) struct Draft {
    pub(super) id: Placed<ModelId>,
    pub(super) name: Option<String>,
    pub(super) provider: Needed<ProviderId>,
    pub(super) upstream_name: Option<String>,
    pub(super) description: Option<String>,
    pub(super) same_as: Option<String>,
    /// The inner `None` is "unpriced", said in so many words.
    pub(super) price: Option<Option<Price>>,
    pub(super) context_tokens: Needed<Placed<u64>>,
    pub(super) max_output_tokens: Option<Placed<u64>>,
    pub(super) speed: Option<SpeedPrior>,
    pub(super) quality: Option<QualityDraft>,
    pub(super) supported_types: Option<PerType<bool>>,
    pub(super) capabilities: Option<CapabilitiesDraft>,
    pub(super) is_active: Option<bool>,
    pub(super) priority: Option<i32>,
    pub(super) failover_order: Option<Vec<Placed<ModelId>>>,
    pub(super) deadlines: Option<ModelDeadlines>,
    pub(super) shutdown_date: Option<Date>,
}

/// What an entry says of capabilities.
#[derive(Debug, Clone, Copy)]
pub(super) enum CapabilitiesDraft {
    /// All of them.
    Are(Capabilities),
    /// In the original's format: only whether it takes tools.
    Tools(bool),
}

/// Reads one entry. `None` if it has no usable id: its other errors are reported all the same.
pub(super) fn read(
    table: &DeTable<'_>,
    ordinal: usize,
    place: Place,
    lines: &Lines,
    report: &mut Report,
) -> Option<Draft> {
    let mut fields = Fields::new(table, lines, String::new(), place);
    // Until the id is known, errors are about the third model of the file, say.
    report.about(Some(format!("#{ordinal}")));
    let id = fields.require("id", "the name callers use for the model", report);
    let id = id.and_then(|field| Some(field.at(ModelId::from(field.name(report)?))));
    if let Some(id) = &id {
        report.about(Some(id.value.to_string()));
    }

    let mut text = |name| fields.take(name).and_then(|field| field.filled_text(report)).map(str::to_owned);
    let (name, upstream_name) = (text("name"), text("upstreamName"));
    let description = fields.take("description").and_then(|field| field.text(report)).map(str::to_owned);
    let same_as = fields.take("sameAs").and_then(|field| field.name(report)).map(str::to_owned);
    let provider = fields.take("provider").map(|field| field.name(report).map(ProviderId::from));
    let max_output_tokens = fields.take("maxOutputTokens").and_then(|field| tokens(&field, report));
    let quality = fields.take("quality").and_then(|field| quality_field::read(&field, report));
    let supported_types = fields.take("supportedPromptTypes").and_then(|field| prompt_types(&field, report));
    let is_active = fields.take("isActive").and_then(|field| field.boolean(report));
    let priority = fields.take("priority").and_then(|field| field.whole(|_| true, "that fits 32 bits", report));
    let failover_order = fields.take("failoverOrder").and_then(|field| model_ids(&field, report));
    let deadlines = fields.take("deadlines").and_then(|field| deadlines_field::read(&field, report));
    let shutdown_date = fields.take("shutdownDate").and_then(|field| field.date(report));
    let price =
        either(&mut fields, ("price", price_field::read), ("costPer1kTokens", legacy::cost_per_thousand), report);
    let context_tokens = either(&mut fields, ("contextTokens", tokens), ("maxContextLength", tokens), report);
    let speed = either(&mut fields, ("speed", speed), ("averageLatency", legacy::average_latency), report);
    let capabilities = capabilities(&mut fields, report);
    fields.finish(report);
    report.about(None);
    Some(Draft {
        id: id?,
        name,
        provider,
        upstream_name,
        description,
        same_as,
        price: price.flatten(),
        context_tokens,
        max_output_tokens,
        speed: speed.flatten(),
        quality,
        supported_types,
        capabilities,
        is_active,
        priority,
        failover_order,
        deadlines,
        shutdown_date,
    })
}

impl Draft {
    /// This entry's fields, and those of `earlier` where this one says nothing.
    pub(super) fn over(self, earlier: Self) -> Self {
        Self {
            id: self.id,
            name: self.name.or(earlier.name),
            provider: self.provider.or(earlier.provider),
            upstream_name: self.upstream_name.or(earlier.upstream_name),
            description: self.description.or(earlier.description),
            same_as: self.same_as.or(earlier.same_as),
            price: self.price.or(earlier.price),
            context_tokens: self.context_tokens.or(earlier.context_tokens),
            max_output_tokens: self.max_output_tokens.or(earlier.max_output_tokens),
            speed: self.speed.or(earlier.speed),
            quality: self.quality.or(earlier.quality),
            supported_types: self.supported_types.or(earlier.supported_types),
            capabilities: match (self.capabilities, earlier.capabilities) {
                (Some(CapabilitiesDraft::Tools(tools)), Some(CapabilitiesDraft::Are(known))) => {
                    Some(CapabilitiesDraft::Are(with_tools(known, tools)))
                }
                (own, known) => own.or(known),
            },
            is_active: self.is_active.or(earlier.is_active),
            priority: self.priority.or(earlier.priority),
            failover_order: self.failover_order.or(earlier.failover_order),
            deadlines: self.deadlines.or(earlier.deadlines),
            shutdown_date: self.shutdown_date.or(earlier.shutdown_date),
        }
    }
}

/// `known`, with or without tools. In the days of the original format, who took tools could be forced to use them.
pub(super) fn with_tools(known: Capabilities, tools: bool) -> Capabilities {
    let of_tools = |capability: &Capability| matches!(capability, Capability::Tools | Capability::ForcedTools);
    if tools {
        known.with(Capability::Tools).with(Capability::ForcedTools)
    } else {
        known.iter().filter(|capability| !of_tools(capability)).collect()
    }
}

/// A thing with a field of its own in the present format and in the original's. The outer `None` means that neither
/// is there.
fn either<'a, T>(
    fields: &mut Fields<'a>,
    (new, read_new): (&'static str, impl FnOnce(&Field<'a>, &mut Report) -> Option<T>),
    (old, read_old): (&'static str, impl FnOnce(&Field<'a>, &mut Report) -> Option<T>),
    report: &mut Report,
) -> Option<Option<T>> {
    let (in_new, in_old) = (fields.take(new), fields.take(old));
    if let (Some(_), Some(in_old)) = (&in_new, &in_old) {
        in_old.wrong(RegistryProblem::BothFormats { new }, report);
    }
    // Both are read even then, so that what is wrong inside of them is reported too.
    let from_new = in_new.map(|field| read_new(&field, report));
    let from_old = in_old.map(|field| read_old(&field, report));
    from_new.or(from_old)
}

fn capabilities(fields: &mut Fields<'_>, report: &mut Report) -> Option<CapabilitiesDraft> {
    let list = fields.take("capabilities");
    let tools = legacy::supports_tools(fields, list.is_some(), report);
    let Some(list) = list else { return tools.map(CapabilitiesDraft::Tools) };
    let members = list.list("a list of capabilities", report)?;
    let known = |text: &str| Capability::ALL.into_iter().find(|capability| capability.name() == text);
    let names = Capability::ALL.map(Capability::name);
    Some(CapabilitiesDraft::Are(members.iter().filter_map(|member| one_of(member, known, &names, report)).collect()))
}

fn tokens(field: &Field<'_>, report: &mut Report) -> Option<Placed<u64>> {
    field.tokens(report).map(|tokens| field.at(tokens))
}

/// `speed = { firstTokenSeconds = 0.6, tokensPerSecond = 80 }`.
fn speed(field: &Field<'_>, report: &mut Report) -> Option<SpeedPrior> {
    let mut fields = field.table("a table with firstTokenSeconds and tokensPerSecond", report)?;
    let first = fields.require("firstTokenSeconds", "the seconds to the first token", report);
    let first = first.and_then(|field| positive(&field, report));
    let rate = fields.require("tokensPerSecond", "the output tokens per second after the first", report);
    let rate = rate.and_then(|field| positive(&field, report));
    fields.finish(report);
    Some(SpeedPrior { first_token_seconds: first?, tokens_per_second: rate? })
}

/// A duration or a rate: above zero, because scores divide by it, and within what fits the scales of scoring.
fn positive(field: &Field<'_>, report: &mut Report) -> Option<f32> {
    let fits = |number: f64| (1e-3..=1e6).contains(&number);
    field.number_in(fits, "from 0.001 to 1000000", report).map(|number| number as f32)
}

fn prompt_types(field: &Field<'_>, report: &mut Report) -> Option<PerType<bool>> {
    let members = field.list("a list of prompt types", report)?;
    if members.is_empty() {
        field.wrong(RegistryProblem::NoPromptTypes, report);
        return None;
    }
    let names = PromptType::ALL.map(PromptType::name);
    let mut supported = PerType::default();
    for kind in members.iter().filter_map(|member| one_of(member, PromptType::from_name, &names, report)) {
        supported.0[kind.index()] = true;
    }
    Some(supported)
}

fn model_ids(field: &Field<'_>, report: &mut Report) -> Option<Vec<Placed<ModelId>>> {
    let members = field.list("a list of model ids", report)?;
    Some(members.iter().filter_map(|member| Some(member.at(ModelId::from(member.name(report)?)))).collect())
}

/// The thing a text names.
fn one_of<T>(
    field: &Field<'_>,
    from_name: impl Fn(&str) -> Option<T>,
    names: &[&'static str],
    report: &mut Report,
) -> Option<T> {
    let text = field.text(report)?;
    let named = from_name(text);
    if named.is_none() {
        field.wrong(RegistryProblem::UnknownName { given: text.to_owned(), known: names.to_vec() }, report);
    }
    named
}
