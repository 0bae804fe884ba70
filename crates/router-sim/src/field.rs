//! Reading JSON strictly, with the path to whatever is wrong.

use serde_json::{Map, Value};

use crate::problem::{How, Wrong};

/// A value and the way to it.
#[derive(Debug, Clone)]
pub(crate) struct Field<'a> {
    path: String,
    value: &'a Value,
}

impl<'a> Field<'a> {
    pub(crate) fn root(value: &'a Value) -> Self {
        Self { path: String::new(), value }
    }

    pub(crate) fn value(&self) -> &'a Value {
        self.value
    }

    /// This field is wrong in this way.
    pub(crate) fn wrong(&self, how: How) -> Wrong {
        Wrong { path: self.path.clone(), how }
    }

    /// This field's value breaks a rule, in these words.
    pub(crate) fn bad(&self, rule: impl Into<String>) -> Wrong {
        self.wrong(How::Value(rule.into()))
    }

    fn below(&self, step: &str, value: &'a Value) -> Self {
        let path = if self.path.is_empty() { step.to_owned() } else { format!("{}.{step}", self.path) };
        Self { path, value }
    }

    fn expected(&self, expected: &'static str) -> Wrong {
        let got = match self.value {
            Value::Null => "null",
            Value::Bool(_) => "a boolean",
            Value::Number(number) if number.is_f64() => "a decimal number",
            Value::Number(_) => "an integer",
            Value::String(_) => "a string",
            Value::Array(_) => "an array",
            Value::Object(_) => "an object",
        };
        self.wrong(How::Type { expected, got })
    }

    /// The field `name` of this object; `None` where it is absent or null.
    pub(crate) fn get(&self, name: &str) -> Result<Option<Self>, Wrong> {
        Ok(self.object()?.get(name).filter(|value| !value.is_null()).map(|value| self.below(name, value)))
    }

    /// The field `name` of this object, which has to be there.
    pub(crate) fn need(&self, name: &str) -> Result<Self, Wrong> {
        self.get(name)?.ok_or_else(|| self.below(name, &Value::Null).wrong(How::Missing))
    }

    /// Refuses any field of this object that is not in the list.
    pub(crate) fn only(&self, known: &[&str]) -> Result<(), Wrong> {
        match self.object()?.iter().find(|(name, _)| !known.contains(&name.as_str())) {
            Some((name, value)) => Err(self.below(name, value).wrong(How::Unknown)),
            None => Ok(()),
        }
    }

    pub(crate) fn object(&self) -> Result<&'a Map<String, Value>, Wrong> {
        self.value.as_object().ok_or_else(|| self.expected("an object"))
    }

    pub(crate) fn items(&self) -> Result<Vec<Self>, Wrong> {
        let items = self.value.as_array().ok_or_else(|| self.expected("an array"))?;
        Ok(items.iter().enumerate().map(|(place, item)| self.below(&place.to_string(), item)).collect())
    }

    pub(crate) fn str(&self) -> Result<&'a str, Wrong> {
        self.value.as_str().ok_or_else(|| self.expected("a string"))
    }

    pub(crate) fn bool(&self) -> Result<bool, Wrong> {
        self.value.as_bool().ok_or_else(|| self.expected("a boolean"))
    }

    pub(crate) fn integer_from(&self, least: u64) -> Result<u64, Wrong> {
        let number = self.value.as_u64().ok_or_else(|| {
            if self.value.is_i64() { self.bad(below_minimum(least)) } else { self.expected("an integer") }
        })?;
        if number < least { Err(self.bad(below_minimum(least))) } else { Ok(number) }
    }

    /// A number within bounds, both included.
    pub(crate) fn number_within(&self, least: f64, most: f64) -> Result<f64, Wrong> {
        let number = self.value.as_f64().ok_or_else(|| self.expected("a number"))?;
        if (least..=most).contains(&number) {
            Ok(number)
        } else {
            Err(self.bad(format!("expected a value between {least} and {most}, but got {number} instead")))
        }
    }

    /// A string out of a list.
    pub(crate) fn one_of(&self, known: &[&str]) -> Result<&'a str, Wrong> {
        let text = self.str()?;
        if known.contains(&text) { Ok(text) } else { Err(self.bad(not_one_of(text, known))) }
    }
}

fn below_minimum(least: u64) -> String {
    format!("expected a value >= {least}")
}

fn not_one_of(text: &str, known: &[&str]) -> String {
    let known: Vec<_> = known.iter().map(|name| format!("'{name}'")).collect();
    format!("'{text}' is not one of {}", known.join(", "))
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn the_path_leads_to_the_fault() {
        let body = json!({"messages": [{"content": 7}], "n": -1, "extra": true});
        let root = Field::root(&body);
        let message = &root.need("messages").unwrap().items().unwrap()[0];
        let wrong = message.need("content").unwrap().str().unwrap_err();
        assert_eq!(wrong.path, "messages.0.content");
        assert_eq!(wrong.how, How::Type { expected: "a string", got: "an integer" });
        assert_eq!(message.need("role").unwrap_err(), Wrong { path: "messages.0.role".into(), how: How::Missing });
        assert!(matches!(root.need("n").unwrap().integer_from(1).unwrap_err().how, How::Value(_)));
        assert_eq!(root.only(&["messages", "n"]).unwrap_err().path, "extra");
    }
}
