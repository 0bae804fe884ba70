//! Reading typed fields out of a parsed TOML document, keeping the line of each and collecting what is wrong instead
//! of stopping at it. (Deserialising with serde would stop at the first error of a file.)

use std::collections::BTreeSet;
use std::ops::Range;

use jiff::civil::Date;
use toml::de::{DeTable, DeValue};

use crate::registry::error::{RegistryError, RegistryProblem};

/// Where something stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Place {
    /// Which of the files, by position.
    pub(super) file: usize,
    /// Line, from 1.
    pub(super) line: usize,
}

/// A value and where it stands.
#[derive(Debug, Clone)]
pub(super) struct Placed<T> {
    pub(super) value: T,
    pub(super) place: Place,
}

/// What is wrong so far, in all files.
#[derive(Debug, Default)]
pub(super) struct Report {
    found: Vec<(Place, RegistryError)>,
    file_names: Vec<String>,
    /// The model being read.
    model: Option<String>,
}

impl Report {
    pub(super) fn new(file_names: Vec<String>) -> Self {
        Self { file_names, ..Self::default() }
    }

    /// What follows is about this model.
    pub(super) fn about(&mut self, model: Option<String>) {
        self.model = model;
    }

    pub(super) fn add(&mut self, place: Place, field: Option<String>, problem: RegistryProblem) {
        let file = self.file_names.get(place.file).cloned().unwrap_or_default();
        let error = RegistryError { file, line: place.line, model: self.model.clone(), field, problem };
        self.found.push((place, error));
    }

    /// How many errors there are so far.
    pub(super) fn len(&self) -> usize {
        self.found.len()
    }

    /// All that was found, in the order of files and lines.
    pub(super) fn into_errors(mut self) -> Vec<RegistryError> {
        self.found.sort_by_key(|(place, _)| *place);
        self.found.into_iter().map(|(_, error)| error).collect()
    }
}

/// Turns byte offsets of one file into places.
#[derive(Debug)]
pub(super) struct Lines {
    file: usize,
    ends: Vec<usize>,
}

impl Lines {
    pub(super) fn of(file: usize, text: &str) -> Self {
        Self { file, ends: text.match_indices('\n').map(|(offset, _)| offset).collect() }
    }

    pub(super) fn place(&self, span: &Range<usize>) -> Place {
        Place { file: self.file, line: self.ends.partition_point(|&end| end < span.start) + 1 }
    }
}

/// A table whose fields are taken one by one; what is left at the end is unknown.
#[derive(Debug)]
pub(super) struct Fields<'a> {
    table: &'a DeTable<'a>,
    lines: &'a Lines,
    /// `price.` for the fields of `price`, empty for those of the model itself.
    prefix: String,
    taken: BTreeSet<&'static str>,
    /// Where the table starts.
    pub(super) place: Place,
}

impl<'a> Fields<'a> {
    pub(super) fn new(table: &'a DeTable<'a>, lines: &'a Lines, prefix: String, place: Place) -> Self {
        Self { table, lines, prefix, taken: BTreeSet::new(), place }
    }

    /// The field of that name, which from now on is known here.
    pub(super) fn take(&mut self, name: &'static str) -> Option<Field<'a>> {
        self.taken.insert(name);
        let (key, value) = self.table.get_key_value(name)?;
        let place = self.lines.place(&key.span());
        Some(Field { path: self.path(name), place, value: value.get_ref(), lines: self.lines })
    }

    /// The field of that name; its absence is an error.
    pub(super) fn require(&mut self, name: &'static str, what: &'static str, report: &mut Report) -> Option<Field<'a>> {
        let field = self.take(name);
        if field.is_none() {
            report.add(self.place, Some(self.path(name)), RegistryProblem::Missing(what));
        }
        field
    }

    /// Reports every field that was not taken.
    pub(super) fn finish(self, report: &mut Report) {
        for key in self.table.keys().filter(|key| !self.taken.contains(key.get_ref().as_ref())) {
            let known = self.taken.iter().copied().collect();
            let place = self.lines.place(&key.span());
            report.add(place, Some(self.path(key.get_ref())), RegistryProblem::UnknownField { known });
        }
    }

    fn path(&self, name: &str) -> String {
        format!("{}{name}", self.prefix)
    }
}

/// One field: its value, its path and where it stands.
#[derive(Debug, Clone)]
pub(super) struct Field<'a> {
    pub(super) path: String,
    pub(super) place: Place,
    pub(super) value: &'a DeValue<'a>,
    lines: &'a Lines,
}

impl<'a> Field<'a> {
    /// Reports a problem with this field.
    pub(super) fn wrong(&self, problem: RegistryProblem, report: &mut Report) {
        report.add(self.place, Some(self.path.clone()), problem);
    }

    /// Reports that the value is of another type than `expected`.
    pub(super) fn mistyped(&self, expected: &'static str, report: &mut Report) {
        let found = match self.value {
            DeValue::String(_) => "a text",
            DeValue::Integer(_) => "a whole number",
            DeValue::Float(_) => "a number",
            DeValue::Boolean(_) => "true or false",
            DeValue::Datetime(_) => "a date or time",
            DeValue::Array(_) => "a list",
            DeValue::Table(_) => "a table",
        };
        self.wrong(RegistryProblem::WrongType { expected, found }, report);
    }

    pub(super) fn at<T>(&self, value: T) -> Placed<T> {
        Placed { value, place: self.place }
    }

    pub(super) fn text(&self, report: &mut Report) -> Option<&'a str> {
        let text = self.value.as_str();
        if text.is_none() {
            self.mistyped("a text", report);
        }
        text
    }

    /// A text that is not empty.
    pub(super) fn filled_text(&self, report: &mut Report) -> Option<&'a str> {
        let text = self.text(report)?;
        if text.is_empty() {
            self.wrong(RegistryProblem::Empty, report);
            return None;
        }
        Some(text)
    }

    /// A text that can stand in a URL, a header and a log line.
    pub(super) fn name(&self, report: &mut Report) -> Option<&'a str> {
        let name = self.text(report)?;
        let bad = |c: char| c.is_control() || c.is_whitespace();
        if name.is_empty() || name.contains(bad) {
            self.wrong(RegistryProblem::BadName { given: name.to_owned() }, report);
            return None;
        }
        Some(name)
    }

    pub(super) fn boolean(&self, report: &mut Report) -> Option<bool> {
        let boolean = self.value.as_bool();
        if boolean.is_none() {
            self.mistyped("true or false", report);
        }
        boolean
    }

    /// Any number, infinite and NaN included.
    pub(super) fn number(&self, report: &mut Report) -> Option<f64> {
        let number = match self.value {
            // What does not even fit 128 bits is out of every range as well.
            DeValue::Integer(integer) => Some(
                i128::from_str_radix(integer.as_str(), integer.radix()).map_or(f64::INFINITY, |number| number as f64),
            ),
            DeValue::Float(float) => float.as_str().parse().ok(),
            _ => None,
        };
        if number.is_none() {
            self.mistyped("a number", report);
        }
        number
    }

    /// A number for which `fits` holds; NaN never fits.
    pub(super) fn number_in(
        &self,
        fits: impl Fn(f64) -> bool,
        range: &'static str,
        report: &mut Report,
    ) -> Option<f64> {
        let given = self.number(report)?;
        if !given.is_nan() && fits(given) {
            return Some(given);
        }
        self.wrong(RegistryProblem::OutOfRange { given, range }, report);
        None
    }

    /// A whole number that fits the type.
    pub(super) fn whole<N: TryFrom<i64>>(
        &self,
        fits: impl Fn(&N) -> bool,
        range: &'static str,
        report: &mut Report,
    ) -> Option<N> {
        let DeValue::Integer(integer) = self.value else {
            self.mistyped("a whole number", report);
            return None;
        };
        let parsed = i64::from_str_radix(integer.as_str(), integer.radix()).ok();
        let number = parsed.and_then(|number| N::try_from(number).ok()).filter(fits);
        if number.is_none() {
            self.wrong(RegistryProblem::NotThatMany { given: integer.to_string(), range }, report);
        }
        number
    }

    /// A number of tokens, at least one.
    pub(super) fn tokens(&self, report: &mut Report) -> Option<u64> {
        self.whole(|&tokens| tokens > 0, "of tokens, at least 1", report)
    }

    /// A day, as a TOML date or a text.
    pub(super) fn date(&self, report: &mut Report) -> Option<Date> {
        let given = match self.value {
            DeValue::Datetime(datetime) => datetime.to_string(),
            DeValue::String(text) => text.clone().into_owned(),
            _ => {
                self.mistyped("a date", report);
                return None;
            }
        };
        // Of a date with a time, the time would be thrown away: it is refused instead.
        let date = Date::strptime("%Y-%m-%d", &given).ok();
        if date.is_none() {
            self.wrong(RegistryProblem::BadDate { given }, report);
        }
        date
    }

    /// The members of a list, as fields of their own.
    pub(super) fn list(&self, expected: &'static str, report: &mut Report) -> Option<Vec<Self>> {
        let Some(members) = self.value.as_array() else {
            self.mistyped(expected, report);
            return None;
        };
        let member = |(index, value): (usize, &'a toml::Spanned<DeValue<'a>>)| Field {
            path: format!("{}[{index}]", self.path),
            place: self.lines.place(&value.span()),
            value: value.get_ref(),
            lines: self.lines,
        };
        Some(members.iter().enumerate().map(member).collect())
    }

    /// The fields of a table.
    pub(super) fn table(&self, expected: &'static str, report: &mut Report) -> Option<Fields<'a>> {
        let Some(table) = self.value.as_table() else {
            self.mistyped(expected, report);
            return None;
        };
        Some(Fields::new(table, self.lines, format!("{}.", self.path), self.place))
    }
}
