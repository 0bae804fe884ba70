//! What can be wrong with the files that describe models. An operator reads every one of these at a terminal, so each
//! says where it is, what it found and what to write instead.

use std::fmt;

/// Everything that is wrong with a set of files, in the order of files and lines. Its `Display` is the list to show.
#[derive(Debug, Clone, PartialEq)]
pub struct RegistryErrors(Vec<RegistryError>);

impl RegistryErrors {
    /// `Err` with all of them, `Ok` if there are none.
    pub(super) fn none_of(errors: Vec<RegistryError>) -> Result<(), Self> {
        if errors.is_empty() { Ok(()) } else { Err(Self(errors)) }
    }

    /// Each of them; at least one.
    pub fn iter(&self) -> std::slice::Iter<'_, RegistryError> {
        self.0.iter()
    }
}

impl<'a> IntoIterator for &'a RegistryErrors {
    type Item = &'a RegistryError;
    type IntoIter = std::slice::Iter<'a, RegistryError>;

    fn into_iter(self) -> Self::IntoIter {
        self.iter()
    }
}

impl std::error::Error for RegistryErrors {}

impl fmt::Display for RegistryErrors {
    /// A count, then one error per line.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let noun = if self.0.len() == 1 { "error" } else { "errors" };
        write!(f, "{} {noun} in the description of models:", self.0.len())?;
        self.0.iter().try_for_each(|error| write!(f, "\n  {error}"))
    }
}

/// One thing that is wrong, and where.
#[derive(Debug, Clone, PartialEq)]
pub struct RegistryError {
    /// The name of the file, as it was given to [`Registry::parse`](crate::registry::Registry::parse).
    pub file: String,
    /// Its line, from 1.
    pub line: usize,
    /// The id of the model, or `#3` for the third of the file where the id itself is missing; `None` outside a model.
    pub model: Option<String>,
    /// The path of the field: `price.longContext[0].input`; `None` where no single field is at fault.
    pub field: Option<String>,
    /// What is wrong, and what to do.
    pub problem: RegistryProblem,
}

impl fmt::Display for RegistryError {
    /// `models.toml:12: model "gpt-4o": price.input: …`. Ids are quoted with escapes: they come from the file.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}: ", self.file, self.line)?;
        if let Some(model) = &self.model {
            write!(f, "model {model:?}: ")?;
        }
        if let Some(field) = &self.field {
            write!(f, "{}: ", field.escape_debug())?;
        }
        write!(f, "{}", self.problem)
    }
}

/// What can be wrong. The operator who wrote the file can mend all of these, and nobody else.
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum RegistryProblem {
    /// The file is not TOML. Nothing else is reported of such a file.
    #[error("not TOML: {0}")]
    Syntax(String),
    /// A field nobody reads: most often a slip of the pen.
    #[error("unknown field; known here: {}", known.join(", "))]
    UnknownField {
        /// What may stand there.
        known: Vec<&'static str>,
    },
    /// A text where a number belongs, and the like.
    #[error("expected {expected}, found {found}")]
    WrongType {
        /// What belongs there.
        expected: &'static str,
        /// What stands there.
        found: &'static str,
    },
    /// A field without which there is no model.
    #[error("missing: {0}")]
    Missing(&'static str),
    /// The same thing in the present format and in the original one.
    #[error("given beside {new}, which says the same thing: keep {new} alone")]
    BothFormats {
        /// The field of the present format.
        new: &'static str,
    },
    /// Two models of one file with one id.
    #[error("this id was used in line {first_line} of the same file: rename one, or remove it")]
    DuplicateId {
        /// Where it was first used.
        first_line: usize,
    },
    /// An id that cannot be written in a URL, a header or a log line.
    #[error("{given:?} is not a usable name: it must not be empty or contain blanks or control characters")]
    BadName {
        /// What stands there.
        given: String,
    },
    /// A text that has to say something.
    #[error("empty: write a text, or remove the field for its default")]
    Empty,
    /// A price that is negative, infinite, not a number, or absurdly high.
    #[error(
        "{given} is not a price: give USD per {unit}, from 0 to 1 USD per token; leave the price out where it is unknown"
    )]
    BadPrice {
        /// What stands there.
        given: f64,
        /// The unit of the field.
        unit: &'static str,
    },
    /// A price so small that it must have been given per token.
    #[error("{given} looks like a price per token: give USD per {unit}, or 0 for a model that costs nothing")]
    PricePerToken {
        /// What stands there.
        given: f64,
        /// The unit of the field.
        unit: &'static str,
    },
    /// Two long-context tiers with the same threshold.
    #[error("another tier starts above {0} tokens as well: keep one")]
    DuplicateTier(u64),
    /// A number outside of its range.
    #[error("{given} is out of range: give a number {range}")]
    OutOfRange {
        /// What stands there.
        given: f64,
        /// What may stand there.
        range: &'static str,
    },
    /// A whole number outside of its range.
    #[error("{given} is out of range: give a whole number {range}")]
    NotThatMany {
        /// What stands there.
        given: String,
        /// What may stand there.
        range: &'static str,
    },
    /// An answer longer than the window it has to fit in.
    #[error("maxOutputTokens {output} is more than contextTokens {context}: an answer has to fit into the context")]
    OutputLargerThanContext {
        /// The longest answer.
        output: u64,
        /// The window.
        context: u64,
    },
    /// No prompt type: such a model could never be chosen.
    #[error("empty: name at least one type, or leave it out for all; to switch a model off, write isActive = false")]
    NoPromptTypes,
    /// A name that is not among those the router knows.
    #[error("{given:?} is not one of {}", known.join(", "))]
    UnknownName {
        /// What stands there.
        given: String,
        /// What may stand there.
        known: Vec<&'static str>,
    },
    /// A supported prompt type without a quality figure.
    #[error("no figure for {}: add it, or add mean, which holds for all types not listed", missing.join(", "))]
    QualityIncomplete {
        /// The types that have none.
        missing: Vec<&'static str>,
    },
    /// Not a day of the calendar.
    #[error("{given:?} is not a date: write it as 2027-01-14")]
    BadDate {
        /// What stands there.
        given: String,
    },
    /// Failover to a model that is not there.
    #[error("no model has the id {target:?}: add the model, or remove it from the list")]
    UnknownFailoverTarget {
        /// The id that stands there.
        target: String,
    },
    /// Models that are each other's fallback, directly or through others.
    #[error("failover goes round in a circle: {}; remove one of these steps", path.join(" → "))]
    FailoverCycle {
        /// The ids along the circle, the first repeated at the end.
        path: Vec<String>,
    },
}
