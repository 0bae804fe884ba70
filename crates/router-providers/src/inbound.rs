//! A caller's request as a conversation: what the dialects have in common.

use std::collections::HashSet;

use router_core::conversation::Conversation;
use router_core::raw_json::RawJson;
use serde_json::{Map, Value};

use crate::fields::{Fields, Path};
use crate::loss_table::listed;
use crate::losses::Losses;
use crate::original::Uncarried;
use crate::request_error::RequestError;
use crate::splice::Object;

/// What a request says.
#[derive(Debug, Clone, PartialEq)]
pub struct Inbound {
    /// The model, as the caller names it.
    pub model: String,
    /// What to answer.
    pub conversation: Conversation,
    /// Whether the answer is wanted as a stream.
    pub stream: bool,
    /// Whether the stream is to say what it consumed: in some dialects every one does.
    pub include_usage: bool,
    /// What the conversation does not carry, for [`Original::uncarried`](crate::original::Original::uncarried).
    pub uncarried: Vec<Uncarried>,
    /// The fields that are meant for the router, as far as the request has them: name and value.
    pub ours: Vec<(String, RawJson)>,
}

/// The top-level fields of a dialect's requests.
pub(crate) struct Known {
    /// Those that are read; every other one is the provider's matter.
    pub(crate) read: &'static [&'static str],
    /// Values of others that ask for nothing, as they are written: clients write their defaults out.
    pub(crate) neutral: &'static [(&'static str, &'static str)],
}

/// The fields to be read, and those meant for the router.
pub(crate) type Sorted = (Map<String, Value>, Vec<(String, RawJson)>);

impl Known {
    /// Reads a body, one JSON object, into the fields to be read and those meant for the router; the others are noted.
    ///
    /// No field may be there twice: readers differ in which one they believe, and what we check has to be what the provider
    /// reads. For the same reason none may be there in other letters: servers in Go take `Model` for `model`.
    pub(crate) fn sort(&self, body: &[u8], ours: &[&str], losses: &mut Losses) -> Result<Sorted, RequestError> {
        let object = Object::read(body).map_err(|error| RequestError::NotJson { why: error.to_string() })?;
        let mut names = HashSet::with_capacity(object.members().len());
        let (mut read, mut for_us) = (Map::new(), Vec::new());
        for member in object.members() {
            let name = member.name.as_ref();
            let value = |error: serde_json::Error| Path::BODY.field(name).wrong(error.to_string());
            if !names.insert(name) {
                return Err(Path::BODY.field(name).wrong("given more than once"));
            }
            if ours.contains(&name) {
                for_us.push((name.to_owned(), RawJson::from_text(member.value.to_owned()).map_err(value)?));
            } else if self.read.contains(&name) {
                read.insert(name.to_owned(), serde_json::from_str(member.value).map_err(value)?);
            } else if let Some(meant) = self.meant_by(name, ours) {
                return Err(Path::BODY.field(name).wrong(format!("must be written `{meant}`")));
            } else if !matches!(member.value, "null" | "[]" | "{}") && !self.neutral.contains(&(name, member.value)) {
                losses.unknown(listed!("*"), name);
            }
        }
        Ok((read, for_us))
    }

    /// The known field that a lenient reader takes this unknown one for: it overlooks the case of letters, also of the two
    /// beyond ASCII that are ASCII in the other case.
    fn meant_by<'a>(&self, name: &str, ours: &[&'a str]) -> Option<&'a str> {
        let plain = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'_';
        if name.bytes().all(plain) {
            return None;
        }
        let folded = name.to_lowercase().to_uppercase().to_ascii_lowercase();
        self.read.iter().chain(ours).copied().find(|known| *known == folded)
    }
}

/// The model, as the caller names it.
pub(crate) fn model(fields: &mut Fields<'_>) -> Result<String, RequestError> {
    let model = fields.required_string("model")?;
    if model.is_empty() {
        return Err(Path::BODY.field("model").wrong("must not be empty"));
    }
    Ok(model)
}

/// A number from 0 to `most`.
pub(crate) fn number(fields: &mut Fields<'_>, name: &str, most: f64) -> Result<Option<f32>, RequestError> {
    let Some(value) = fields.take(name) else { return Ok(None) };
    let path = Path::BODY.field(name);
    let number = value.as_f64().ok_or_else(|| path.not("a number", &value))?;
    if !(0.0..=most).contains(&number) {
        return Err(path.wrong(format!("must be between 0 and {most}")));
    }
    #[expect(clippy::cast_possible_truncation, reason = "digits beyond a float's precision mean nothing here")]
    let number = number as f32;
    Ok(Some(number))
}

/// A whole number of at least 1.
pub(crate) fn whole(fields: &mut Fields<'_>, name: &str) -> Result<Option<u64>, RequestError> {
    let Some(value) = fields.take(name) else { return Ok(None) };
    let path = Path::BODY.field(name);
    match value.as_u64() {
        Some(number) if number >= 1 => Ok(Some(number)),
        None if !value.is_number() => Err(path.not("an integer", &value)),
        _ => Err(path.wrong("must be a whole number of at least 1")),
    }
}
