//! The models as Anthropic lists them.

use router_core::model::Model;
use schemars::JsonSchema;
use serde::Serialize;

use super::openai_models::Listed;
use crate::error::ApiError;
use crate::query::Query;

/// What clients page by.
pub(super) const PAGING: [&str; 3] = ["limit", "after_id", "before_id"];

/// The most of one page.
const MOST: usize = 1_000;

/// A page of models.
#[derive(Debug, Serialize, JsonSchema)]
pub(super) struct AnthropicModelList<'a> {
    data: Vec<AnthropicModel<'a>>,
    has_more: bool,
    first_id: Option<&'a str>,
    last_id: Option<&'a str>,
}

/// A model.
#[derive(Debug, Serialize, JsonSchema)]
pub(super) struct AnthropicModel<'a> {
    r#type: &'static str,
    id: &'a str,
    display_name: &'a str,
    /// Always the same: the registry does not know when models were made.
    created_at: &'static str,
    /// Those that have ended are not listed.
    lifecycle: &'static str,
    /// What fits into its context window; unknown of what chooses among models.
    max_input_tokens: Option<u64>,
    /// The longest answer.
    max_tokens: Option<u64>,
}

impl<'a> From<Listed<'a>> for AnthropicModel<'a> {
    fn from(listed: Listed<'a>) -> Self {
        let known = |of: fn(&Model) -> u64| listed.model.map(of).filter(|&tokens| tokens > 0);
        Self {
            r#type: "model",
            id: listed.id,
            display_name: listed.model.map_or(listed.id, |model| &model.name),
            created_at: "1970-01-01T00:00:00Z",
            lifecycle: "active",
            max_input_tokens: known(|model| model.context_tokens.0),
            max_tokens: known(|model| model.max_output_tokens.0),
        }
    }
}

/// The page that is asked for; all of them where none is.
pub(super) fn page<'a>(
    listed: impl Iterator<Item = Listed<'a>>,
    query: &Query,
) -> Result<AnthropicModelList<'a>, ApiError> {
    let all: Vec<Listed<'a>> = listed.collect();
    let limit = query.parsed("limit", "a whole number")?.unwrap_or(MOST);
    if !(1..=MOST).contains(&limit) {
        return Err(ApiError::invalid("limit", format!("must be from 1 to {MOST}")));
    }
    let place = |name: &str| match query.text(name) {
        Some(id) => match all.iter().position(|listed| listed.id == id) {
            Some(place) => Ok(Some(place)),
            None => Err(ApiError::invalid(name, "is no model of the list")),
        },
        None => Ok(None),
    };
    let (from, to) = match (place("after_id")?, place("before_id")?) {
        (Some(_), Some(_)) => return Err(ApiError::invalid("before_id", "does not go with `after_id`")),
        (Some(after), None) => (after + 1, (after + 1).saturating_add(limit).min(all.len())),
        (None, Some(before)) => (before.saturating_sub(limit), before),
        (None, None) => (0, limit.min(all.len())),
    };
    let has_more = if query.text("before_id").is_some() { from > 0 } else { to < all.len() };
    let page = all.get(from..to).unwrap_or_default();
    Ok(AnthropicModelList {
        data: page.iter().copied().map(AnthropicModel::from).collect(),
        has_more,
        first_id: page.first().map(|listed| listed.id),
        last_id: page.last().map(|listed| listed.id),
    })
}
