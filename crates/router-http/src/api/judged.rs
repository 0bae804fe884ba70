//! What a judgement (feedback, an evaluation score) is about, and how good it says the answer is.

use router_core::conversation::Conversation;
use router_core::id::{ModelId, RequestId, TenantId};
use router_core::prompt_type::PromptType;
use router_core::registry::Registry;
use router_engine::kept_text::kept;
use router_store::record::{RequestRecord, RequestStatus};
use schemars::JsonSchema;
use serde::Deserialize;

use super::page::visible_tenant;
use super::requests;
use crate::error::ApiError;
use crate::json::Word;
use crate::route::Asked;

/// The longest comment, in characters.
const COMMENT_LIMIT: usize = 10_000;
/// The longest category, metric or name of a judge, in characters.
const NAME_LIMIT: usize = 100;

/// A thumb.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Thumb {
    /// Good: a rating of 5.
    Up,
    /// Bad: a rating of 1.
    Down,
}

/// The rating from 1 to 5 that a caller gave, as a number or as a thumb. `at` is where, for errors.
pub(crate) fn rating(at: &str, number: Option<i64>, thumb: Option<Word<Thumb>>) -> Result<Option<u8>, ApiError> {
    match (number, thumb) {
        (Some(_), Some(_)) => {
            Err(ApiError::invalid(format!("{at}thumbs"), "given beside `rating`; send one of the two"))
        }
        (Some(number), None) => match u8::try_from(number) {
            Ok(rating @ 1..=5) => Ok(Some(rating)),
            _ => Err(ApiError::invalid(format!("{at}rating"), format!("must be from 1 to 5, and is {number}"))),
        },
        (None, Some(Word(Thumb::Up))) => Ok(Some(5)),
        (None, Some(Word(Thumb::Down))) => Ok(Some(1)),
        (None, None) => Ok(None),
    }
}

/// A name that is short and not empty.
pub(crate) fn name(field: &str, given: Option<String>) -> Result<Option<String>, ApiError> {
    bounded(field, given, NAME_LIMIT)
}

/// A comment that is not a book.
pub(crate) fn comment(field: &str, given: Option<String>) -> Result<Option<String>, ApiError> {
    bounded(field, given, COMMENT_LIMIT)
}

fn bounded(field: &str, given: Option<String>, limit: usize) -> Result<Option<String>, ApiError> {
    let Some(text) = given.filter(|text| !text.trim().is_empty()) else { return Ok(None) };
    if text.chars().nth(limit).is_some() {
        return Err(ApiError::invalid(field, format!("must be at most {limit} characters")));
    }
    Ok(Some(text))
}

/// Whether a character makes a name look like another where it is shown: controls, and Unicode's `Bidi_Control`.
fn misleads(c: char) -> bool {
    c.is_control()
        || matches!(c, '\u{61c}' | '\u{200e}' | '\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}')
}

/// How a caller says which answer is meant: by its request, or by model, prompt and response.
pub(crate) struct Named {
    pub(crate) request_id: Option<RequestId>,
    pub(crate) model_id: Option<String>,
    pub(crate) prompt: Option<String>,
    pub(crate) response: Option<String>,
}

/// The answer that is judged.
pub(crate) struct Subject {
    /// Whose the answer is, and hence the judgement: for a request its tenant, whoever judges.
    pub(crate) tenant: TenantId,
    pub(crate) request_id: Option<RequestId>,
    pub(crate) model_id: ModelId,
    /// The registry does not know the model.
    pub(crate) unresolved: bool,
    pub(crate) prompt_type: Option<PromptType>,
    /// Kept where the server keeps texts.
    pub(crate) prompt: Option<String>,
    pub(crate) response: Option<String>,
}

impl Named {
    /// Finds out what is meant.
    pub(crate) async fn resolve(self, asked: &Asked) -> Result<Subject, ApiError> {
        let snapshot = asked.app.parts.engine.snapshot();
        let settings = &snapshot.settings;
        let how = asked.principal.grants.keep_text.unwrap_or(settings.keep_text);
        let keep = |text: String| kept(how, settings.text_key.as_ref(), text);
        match self.request_id {
            Some(id) => {
                let tenant = visible_tenant(&asked.principal);
                let record = requests::find(&asked.app, tenant.as_ref(), id, Some("requestId")).await?;
                self.of_record(record, &snapshot.registry, keep)
            }
            None => self.of_pair(asked, &snapshot.registry, keep),
        }
    }

    fn of_record(
        self,
        record: RequestRecord,
        registry: &Registry,
        keep: impl Fn(String) -> Option<String>,
    ) -> Result<Subject, ApiError> {
        // A request that failed names the last model that was asked: that one must not be judged for silence.
        let (RequestStatus::Succeeded, Some(answered)) = (record.status, record.model_id) else {
            return Err(ApiError::invalid("requestId", "the request has no answer to judge"));
        };
        if self.model_id.is_some_and(|named| named != answered.as_str()) {
            return Err(ApiError::invalid(
                "modelId",
                format!("must be `{answered}`, the model that answered that request"),
            ));
        }
        Ok(Subject {
            tenant: record.tenant,
            request_id: self.request_id,
            unresolved: registry.get(answered.as_str()).is_none(),
            model_id: answered,
            prompt_type: Some(record.prompt_type),
            prompt: self.prompt.and_then(&keep),
            response: self.response.and_then(&keep),
        })
    }

    fn of_pair(
        self,
        asked: &Asked,
        registry: &Registry,
        keep: impl Fn(String) -> Option<String>,
    ) -> Result<Subject, ApiError> {
        let required = |field: &str, given: Option<String>| {
            given.filter(|text| !text.trim().is_empty()).ok_or_else(|| {
                ApiError::invalid(field, "missing; name a request (`requestId`), or `modelId`, `prompt` and `response`")
            })
        };
        let model = required("modelId", name("modelId", self.model_id)?)?;
        if model.chars().any(misleads) {
            return Err(ApiError::invalid("modelId", "must not have control characters or marks of text direction"));
        }
        let prompt = required("prompt", self.prompt)?;
        let response = required("response", self.response)?;
        let conversation = Conversation::prompt(prompt.as_str());
        let (prompt_type, _) = asked.app.parts.engine.classify(&conversation).probabilities.likeliest();
        Ok(Subject {
            tenant: asked.principal.tenant.clone(),
            request_id: None,
            unresolved: registry.get(&model).is_none(),
            model_id: ModelId::from(model),
            prompt_type: Some(prompt_type),
            prompt: Some(prompt).and_then(&keep),
            response: Some(response).and_then(&keep),
        })
    }
}

#[cfg(test)]
mod tests {
    use router_core::id::ProviderId;
    use router_store::record::Intent;

    use super::*;

    #[test]
    fn ratings_are_one_to_five_or_a_thumb() {
        assert_eq!(rating("", Some(5), None).unwrap(), Some(5));
        assert_eq!(rating("", None, Some(Word(Thumb::Up))).unwrap(), Some(5));
        assert_eq!(rating("", None, Some(Word(Thumb::Down))).unwrap(), Some(1));
        assert_eq!(rating("", None, None).unwrap(), None);
        for number in [0, 6, -1, 256 + 5, i64::MAX] {
            assert!(rating("feedback.", Some(number), None).unwrap_err().to_string().starts_with("`feedback.rating`"));
        }
        rating("", Some(3), Some(Word(Thumb::Up))).unwrap_err();
    }

    #[test]
    fn a_judgement_belongs_to_whom_the_answer_belongs_and_only_an_answer_can_be_judged() {
        let record = |status| {
            let record = RequestRecord::outcome_unknown(Intent {
                id: RequestId(uuid::Uuid::now_v7()),
                tenant: TenantId::from("theirs"),
                key: None,
                user: None,
                model_id: ModelId::from("gpt-4o"),
                provider: ProviderId::from("openai"),
                prompt_type: PromptType::General,
                difficulty: 0.5,
                reserved: router_core::usd::Usd::ZERO,
                simulated: false,
            });
            RequestRecord { status, ..record }
        };
        for status in RequestStatus::ALL {
            let named = Named { request_id: None, model_id: None, prompt: None, response: None };
            let subject = named.of_record(record(status), &Registry::shipped(), Some);
            let tenant = subject.ok().map(|subject| subject.tenant);
            assert_eq!(tenant, (status == RequestStatus::Succeeded).then(|| TenantId::from("theirs")), "{status:?}");
        }
    }

    #[test]
    fn names_are_bounded_in_characters_not_bytes() {
        assert!(name("category", Some("é".repeat(NAME_LIMIT))).unwrap().is_some());
        name("category", Some("é".repeat(NAME_LIMIT + 1))).unwrap_err();
        assert_eq!(name("category", Some("  ".into())).unwrap(), None);
    }
}
