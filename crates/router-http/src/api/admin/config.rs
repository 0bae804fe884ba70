//! `/api/admin/config`: the configuration in force, and what is changed of it while the server runs.

use std::collections::BTreeMap;

use jiff::Timestamp;
use router_store::overrides::Override;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::{All, actor};
use crate::app::App;
use crate::configuration::{ChangeError, Configuration, Setting};
use crate::error::ApiError;
use crate::json;
use crate::response::{Reply, ok};
use crate::route::{Answer, Asked, Content, Operation, RequestBody, schema};

/// More than there are values to change.
const MOST_CHANGES: usize = 100;

/// Longer than any path of a value: an error repeats it.
const LONGEST_PATH: usize = 100;

/// A value in force.
#[derive(Debug, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
struct SettingView {
    /// The key's path in the configuration file: `routing.cost_weight`.
    path: String,
    /// As the file would have it; of a secret only whether it is set.
    value: Value,
    /// Where it comes from: a file and a line, a variable, an administrator.
    origin: String,
    /// Whether it can be changed here.
    changeable: bool,
    /// Who changed it here; null where the file, the environment or the command line has the word.
    changed: Option<Changed>,
}

/// Who changed a value, and when.
#[derive(Debug, Serialize, JsonSchema)]
pub(super) struct Changed {
    /// As in the list of changes: `user:ID`, `key:ID`, `local`.
    actor: String,
    #[schemars(with = "String", extend("format" = "date-time"))]
    at: Timestamp,
}

/// New values by path; null gives the word back to the file.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(transparent)]
struct Changes(BTreeMap<String, Option<Value>>);

pub(crate) const LIST: Operation = Operation {
    id: "listSettings",
    summary: "The configuration in force, each value with where it comes from",
    description: "Without secrets: of those only whether they are set.",
    query: &[],
    body: None,
    answer: Answer { status: 200, description: "The values.", content: Content::Json(schema::<All<SettingView>>) },
    errors: &[404],
};

pub(crate) const CHANGE: Operation = Operation {
    id: "changeSettings",
    summary: "Change values of the configuration, all of them or none",
    description: "What is changed here counts more than the file, the environment and the command line, outlives restarts, and is \
                  in force on every replica within two seconds. Null gives the word back to the file. Only values that are listed \
                  as changeable.",
    query: &[],
    body: Some(RequestBody {
        schema: schema::<Changes>,
        examples: &[
            ("cheaper", r#"{"routing.cost_weight": 0.8, "failover.max_retries": 2}"#),
            ("asTheFileSays", r#"{"routing.cost_weight": null}"#),
        ],
    }),
    answer: Answer {
        status: 200,
        description: "All values, as they are in force now.",
        content: Content::Json(schema::<All<SettingView>>),
    },
    errors: &[404, 503],
};

pub(crate) async fn list(asked: Asked) -> Result<Reply, ApiError> {
    shown(configuration(&asked.app)?).await
}

pub(crate) async fn change(asked: Asked) -> Result<Reply, ApiError> {
    let Changes(changes) = json::read(&asked.body)?;
    let configuration = configuration(&asked.app)?;
    if changes.is_empty() || changes.len() > MOST_CHANGES {
        return Err(ApiError::invalid("body", format!("must hold from 1 to {MOST_CHANGES} values, by their paths")));
    }
    if changes.keys().any(|path| path.len() > LONGEST_PATH) {
        return Err(ApiError::invalid("body", format!("paths have at most {LONGEST_PATH} characters")));
    }
    // Models have an address of their own, which knows which there are.
    if let Some(path) = changes.keys().find(|path| path.starts_with("models.")) {
        let problem = "is not changed here; PATCH /api/admin/models/{id} changes a model";
        return Err(ApiError::invalid(path.clone(), problem));
    }
    configuration.change(&actor(&asked.principal), changes.into_iter().collect()).await?;
    shown(configuration).await
}

async fn shown(configuration: &dyn Configuration) -> Result<Reply, ApiError> {
    let overrides = configuration.overrides().await;
    let view = |setting: Setting| SettingView {
        changed: changed(&overrides, &setting.path),
        path: setting.path,
        value: setting.value,
        origin: setting.origin,
        changeable: setting.is_changeable,
    };
    ok(&All { items: configuration.settings().await.into_iter().map(view).collect() })
}

/// The configuration, if this server lets it be seen.
pub(super) fn configuration(app: &App) -> Result<&dyn Configuration, ApiError> {
    let off = ApiError::SwitchedOff { what: "the administration of the configuration" };
    app.parts.configuration.as_deref().ok_or(off)
}

/// Who changed the value at `path`, if anybody did.
pub(super) fn changed(overrides: &[Override], path: &str) -> Option<Changed> {
    let change = overrides.iter().find(|change| change.path == path)?;
    Some(Changed { actor: change.actor.clone(), at: change.at })
}

impl From<ChangeError> for ApiError {
    fn from(error: ChangeError) -> Self {
        match error {
            ChangeError::Invalid { path, problem } => Self::invalid(path, problem),
            ChangeError::Store(error) => error.into(),
        }
    }
}
