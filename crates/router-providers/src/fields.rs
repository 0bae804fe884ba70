//! A caller's JSON, read field by field: strict about what is read, and with the path of what is wrong.

use std::fmt;

use serde_json::{Map, Value};

use crate::request_error::RequestError;

/// Where a value stands in the body: `messages[0].content`. Written out only in errors.
#[derive(Clone, Copy)]
pub(crate) struct Path<'p> {
    parent: Option<&'p Path<'p>>,
    step: Step<'p>,
}

#[derive(Clone, Copy)]
enum Step<'p> {
    Body,
    Field(&'p str),
    Index(usize),
}

impl<'p> Path<'p> {
    /// The body itself.
    pub(crate) const BODY: Self = Self { parent: None, step: Step::Body };

    pub(crate) const fn field(&'p self, name: &'p str) -> Self {
        Self { parent: Some(self), step: Step::Field(name) }
    }

    pub(crate) const fn index(&'p self, index: usize) -> Self {
        Self { parent: Some(self), step: Step::Index(index) }
    }

    pub(crate) fn missing(&self) -> RequestError {
        RequestError::Missing { field: self.to_string() }
    }

    pub(crate) fn wrong(&self, why: impl Into<String>) -> RequestError {
        RequestError::Value { field: self.to_string(), why: why.into() }
    }

    pub(crate) fn not(&self, expected: &'static str, found: &Value) -> RequestError {
        RequestError::Type { field: self.to_string(), expected, found: kind_of(found) }
    }
}

impl fmt::Display for Path<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if let Some(parent) = self.parent {
            write!(f, "{parent}")?;
        }
        match self.step {
            Step::Body => Ok(()),
            Step::Field(name) if self.parent.is_some_and(|parent| !matches!(parent.step, Step::Body)) => {
                write!(f, ".{name}")
            }
            Step::Field(name) => f.write_str(name),
            Step::Index(index) => write!(f, "[{index}]"),
        }
    }
}

const fn kind_of(value: &Value) -> &'static str {
    match value {
        Value::Null => "null",
        Value::Bool(_) => "a boolean",
        Value::Number(_) => "a number",
        Value::String(_) => "a string",
        Value::Array(_) => "an array",
        Value::Object(_) => "an object",
    }
}

pub(crate) fn string(value: Value, at: &Path<'_>) -> Result<String, RequestError> {
    match value {
        Value::String(text) => Ok(text),
        other => Err(at.not("a string", &other)),
    }
}

pub(crate) fn list(value: Value, at: &Path<'_>) -> Result<Vec<Value>, RequestError> {
    match value {
        Value::Array(elements) => Ok(elements),
        other => Err(at.not("an array", &other)),
    }
}

pub(crate) fn boolean(value: &Value, at: &Path<'_>) -> Result<bool, RequestError> {
    value.as_bool().ok_or_else(|| at.not("a boolean", value))
}

/// The fields of an object, taken out one by one. `null` is the same as nothing.
pub(crate) struct Fields<'p> {
    map: Map<String, Value>,
    at: &'p Path<'p>,
}

impl<'p> Fields<'p> {
    pub(crate) const fn of_map(map: Map<String, Value>, at: &'p Path<'p>) -> Self {
        Self { map, at }
    }

    pub(crate) fn of(value: Value, at: &'p Path<'p>) -> Result<Self, RequestError> {
        match value {
            Value::Object(map) => Ok(Self { map, at }),
            other => Err(at.not("an object", &other)),
        }
    }

    pub(crate) fn take(&mut self, name: &str) -> Option<Value> {
        self.map.remove(name).filter(|value| !value.is_null())
    }

    pub(crate) fn string(&mut self, name: &str) -> Result<Option<String>, RequestError> {
        self.take(name).map(|value| string(value, &self.at.field(name))).transpose()
    }

    pub(crate) fn boolean(&mut self, name: &str) -> Result<Option<bool>, RequestError> {
        self.take(name).map(|value| boolean(&value, &self.at.field(name))).transpose()
    }

    pub(crate) fn list(&mut self, name: &str) -> Result<Option<Vec<Value>>, RequestError> {
        self.take(name).map(|value| list(value, &self.at.field(name))).transpose()
    }

    pub(crate) fn required(&mut self, name: &str) -> Result<Value, RequestError> {
        self.take(name).ok_or_else(|| self.at.field(name).missing())
    }

    pub(crate) fn required_string(&mut self, name: &str) -> Result<String, RequestError> {
        string(self.required(name)?, &self.at.field(name))
    }

    /// The names of what was not taken and says something.
    pub(crate) fn rest(&self) -> impl Iterator<Item = &str> {
        self.map.iter().filter(|(_, value)| says_something(value)).map(|(name, _)| name.as_str())
    }
}

fn says_something(value: &Value) -> bool {
    match value {
        Value::Null => false,
        Value::Array(elements) => !elements.is_empty(),
        Value::Object(fields) => !fields.is_empty(),
        _ => true,
    }
}
