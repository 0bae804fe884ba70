//! The field `quality`.

use toml::de::DeValue;

use crate::model::QualityPrior;
use crate::prompt_type::{PerType, PromptType};
use crate::registry::error::RegistryProblem;
use crate::registry::fields::{Field, Fields, Place, Report};

/// How sure we are of a figure that comes without a deviation: a tenth of the scale, the distance between the best
/// model of today and one of the lower middle class.
const DEFAULT_DEVIATION: f32 = 0.1;

/// What is believed of a model of which nothing was said: the middle of the scale, and next to nothing.
const UNKNOWN: QualityPrior = QualityPrior { mean: 0.5, deviation: 0.25, measured: false };

/// What a file says of a model's quality. Which of it applies depends on the types the model supports in the end.
#[derive(Debug, Clone)]
pub(super) struct QualityDraft {
    place: Place,
    /// For types without a figure of their own.
    mean: Option<f32>,
    deviation: f32,
    by_type: PerType<Option<Figure>>,
    measured: bool,
    pub(super) source: String,
}

/// A figure for one type.
#[derive(Debug, Clone, Copy)]
struct Figure {
    mean: f32,
    deviation: Option<f32>,
}

/// `quality = 0.9`, or a table of figures per type. `None` means that an error was reported.
pub(super) fn read(field: &Field<'_>, report: &mut Report) -> Option<QualityDraft> {
    let errors_before = report.len();
    let mut draft = QualityDraft {
        place: field.place,
        mean: None,
        deviation: DEFAULT_DEVIATION,
        by_type: PerType::default(),
        measured: true,
        source: String::new(),
    };
    if !matches!(field.value, DeValue::Table(_)) {
        draft.mean = Some(mean(field, "a number from 0 to 1, or a table of them by prompt type", report)?);
        return Some(draft);
    }
    let mut fields = field.table("a table", report)?;
    draft.mean = fields.take("mean").and_then(|field| mean(&field, "a number from 0 to 1", report));
    draft.deviation = deviation(&mut fields, report).unwrap_or(DEFAULT_DEVIATION);
    draft.measured = fields.take("measured").and_then(|field| field.boolean(report)).unwrap_or(true);
    draft.source = fields.take("source").and_then(|field| field.text(report)).unwrap_or_default().to_owned();
    draft.by_type = PerType(PromptType::ALL.map(|kind| figure(&fields.take(kind.name())?, report)));
    fields.finish(report);
    // A type whose figure is wrong has one: it must not be reported as missing as well.
    (report.len() == errors_before).then_some(draft)
}

/// `translation = 0.8`, or `{ mean = 0.8, deviation = 0.05 }`.
fn figure(field: &Field<'_>, report: &mut Report) -> Option<Figure> {
    if !matches!(field.value, DeValue::Table(_)) {
        let mean = mean(field, "a number from 0 to 1, or a table with mean and deviation", report)?;
        return Some(Figure { mean, deviation: None });
    }
    let mut fields = field.table("a table", report)?;
    let mean = fields
        .require("mean", "the expected quality, from 0 to 1", report)
        .and_then(|field| mean(&field, "a number from 0 to 1", report));
    let deviation = deviation(&mut fields, report);
    fields.finish(report);
    Some(Figure { mean: mean?, deviation })
}

fn mean(field: &Field<'_>, expected: &'static str, report: &mut Report) -> Option<f32> {
    if !matches!(field.value, DeValue::Integer(_) | DeValue::Float(_)) {
        field.mistyped(expected, report);
        return None;
    }
    field.number_in(|share| (0.0..=1.0).contains(&share), "from 0 to 1", report).map(|share| share as f32)
}

/// Nothing in [0, 1] can deviate by more than a half; and who deviates by nothing could never learn.
fn deviation(fields: &mut Fields<'_>, report: &mut Report) -> Option<f32> {
    let field = fields.take("deviation")?;
    let deviation = field.number_in(|share| share > 0.0 && share <= 0.5, "above 0 and up to 0.5", report);
    deviation.map(|share| share as f32)
}

/// The prior of each supported type. A figure for a type that is not supported is left out: so a file can narrow the
/// types of a shipped model without repeating its figures.
pub(super) fn priors(
    draft: Option<&QualityDraft>,
    supported: &PerType<bool>,
    report: &mut Report,
) -> PerType<Option<QualityPrior>> {
    let Some(draft) = draft else {
        return PerType(supported.0.map(|supported| supported.then_some(UNKNOWN)));
    };
    let mut missing = Vec::new();
    let priors = PromptType::ALL.map(|kind| {
        if !supported.get(kind) {
            return None;
        }
        let own = *draft.by_type.get(kind);
        let figure = own.or(draft.mean.map(|mean| Figure { mean, deviation: None }));
        if figure.is_none() {
            missing.push(kind.name());
        }
        figure.map(|figure| QualityPrior {
            mean: figure.mean,
            deviation: figure.deviation.unwrap_or(draft.deviation),
            measured: draft.measured,
        })
    });
    if !missing.is_empty() {
        report.add(draft.place, Some("quality".to_owned()), RegistryProblem::QualityIncomplete { missing });
    }
    PerType(priors)
}
