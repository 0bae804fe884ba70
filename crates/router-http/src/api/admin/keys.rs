//! `/api/admin/keys`: API keys.

use http::StatusCode;
use jiff::{SignedDuration, Timestamp};
use router_core::grants::{Budget, KeepText, Limits};
use router_core::id::{KeyId, ModelId, ProviderId, TenantId, UserId};
use router_core::principal::Role;
use router_store::keys::ApiKey;
use schemars::JsonSchema;
use secrecy::ExposeSecret;
use serde::{Deserialize, Serialize};

use super::{All, BudgetView, actor, given, path_id};
use crate::auth::api_key::FreshKey;
use crate::auth::directory::Directory;
use crate::auth::key_ring::KeyRing;
use crate::error::ApiError;
use crate::json;
use crate::response::{Reply, json as answer_json, ok};
use crate::route::{Answer, Asked, Content, Operation, RequestBody, schema};
use crate::store_deadline::within_deadline;
use crate::wall_clock;

/// The longest that an old key may go on beside its successor.
const LONGEST_OVERLAP_SECONDS: u32 = 90 * 24 * 60 * 60;

/// How long it does unless said otherwise.
const OVERLAP_SECONDS: u32 = 24 * 60 * 60;

/// A key to be made.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct NewKey {
    /// Who is billed.
    tenant: TenantId,
    /// Whose it is, where it belongs to a person.
    user: Option<UserId>,
    name: String,
    /// `caller` unless given.
    role: Option<Role>,
    /// The models it may use; all unless given.
    allowed_models: Option<Vec<ModelId>>,
    /// The providers its prompts may be sent to; all unless given.
    allowed_providers: Option<Vec<ProviderId>>,
    #[serde(default)]
    limits: Limits,
    /// At most one for each period.
    #[serde(default)]
    budgets: Vec<Budget>,
    /// What is kept of its texts; a stricter word of its tenant counts more.
    keep_text: Option<KeepText>,
    #[serde(default)]
    tags: Vec<String>,
    #[schemars(with = "Option<String>", extend("format" = "date-time"))]
    expires_at: Option<Timestamp>,
}

/// What is to be changed of a key; what is not given stays.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct KeyChange {
    name: Option<String>,
    role: Option<Role>,
    /// Null allows all.
    #[serde(default, deserialize_with = "given")]
    #[schemars(with = "Option<Vec<ModelId>>")]
    allowed_models: Option<Option<Vec<ModelId>>>,
    /// Null allows all.
    #[serde(default, deserialize_with = "given")]
    #[schemars(with = "Option<Vec<ProviderId>>")]
    allowed_providers: Option<Option<Vec<ProviderId>>>,
    limits: Option<Limits>,
    /// In place of all it has.
    budgets: Option<Vec<Budget>>,
    /// Null leaves it to its tenant.
    #[serde(default, deserialize_with = "given")]
    #[schemars(with = "Option<KeepText>")]
    keep_text: Option<Option<KeepText>>,
    tags: Option<Vec<String>>,
    /// Null is never.
    #[serde(default, deserialize_with = "given")]
    #[schemars(with = "Option<String>", extend("format" = "date-time"))]
    expires_at: Option<Option<Timestamp>>,
}

/// How a key is replaced.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct Rotation {
    /// How long the old key goes on: 86,400 (a day) unless given, at most 90 days.
    overlap_seconds: Option<u32>,
}

/// A key, without what proves it.
#[derive(Debug, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
struct KeyView {
    /// The public part: `sk-llmr-ID-…`.
    id: KeyId,
    tenant: TenantId,
    user: Option<UserId>,
    name: String,
    role: Role,
    allowed_models: Option<Vec<ModelId>>,
    allowed_providers: Option<Vec<ProviderId>>,
    limits: Limits,
    budgets: Vec<BudgetView>,
    keep_text: Option<KeepText>,
    tags: Vec<String>,
    #[schemars(with = "String", extend("format" = "date-time"))]
    created_at: Timestamp,
    #[schemars(with = "Option<String>", extend("format" = "date-time"))]
    expires_at: Option<Timestamp>,
    /// From then on it is refused; in the future while it is being replaced.
    #[schemars(with = "Option<String>", extend("format" = "date-time"))]
    revoked_at: Option<Timestamp>,
}

/// A key that was just made.
#[derive(Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
struct MadeKey {
    /// The key itself. Shown this once: nobody can read it again.
    key: String,
    #[serde(flatten)]
    view: KeyView,
}

pub(crate) const LIST: Operation = Operation {
    id: "listKeys",
    summary: "All API keys, oldest first, revoked ones too",
    description: "",
    query: &[],
    body: None,
    answer: Answer { status: 200, description: "The keys.", content: Content::Json(schema::<All<KeyView>>) },
    errors: &[404],
};

pub(crate) const CREATE: Operation = Operation {
    id: "createKey",
    summary: "Make an API key",
    description: "The answer shows the key, this once.",
    query: &[],
    body: Some(RequestBody {
        schema: schema::<NewKey>,
        examples: &[(
            "limited",
            r#"{"tenant": "acme", "name": "website", "limits": {"requests": {"perMinute": 60, "burst": 10}}, "budgets": [{"period": "month", "limitUsd": 50}]}"#,
        )],
    }),
    answer: Answer { status: 201, description: "The key.", content: Content::Json(schema::<MadeKey>) },
    errors: &[404],
};

pub(crate) const CHANGE: Operation = Operation {
    id: "changeKey",
    summary: "Change what an API key is granted",
    description: "What was spent stays spent: a budget that is raised begins where it was.",
    query: &[],
    body: Some(RequestBody {
        schema: schema::<KeyChange>,
        examples: &[("budget", r#"{"budgets": [{"period": "month", "limitUsd": 100}]}"#)],
    }),
    answer: Answer { status: 200, description: "The key.", content: Content::Json(schema::<KeyView>) },
    errors: &[404],
};

pub(crate) const ROTATE: Operation = Operation {
    id: "rotateKey",
    summary: "Replace an API key by a new one with the same grants",
    description: "The old one goes on for a while. The answer shows the new one, this once.",
    query: &[],
    body: Some(RequestBody { schema: schema::<Rotation>, examples: &[("anHour", r#"{"overlapSeconds": 3600}"#)] }),
    answer: Answer { status: 201, description: "The new key.", content: Content::Json(schema::<MadeKey>) },
    errors: &[404],
};

pub(crate) const REVOKE: Operation = Operation {
    id: "revokeKey",
    summary: "Refuse an API key from now on",
    description: "",
    query: &[],
    body: None,
    answer: Answer { status: 200, description: "The key.", content: Content::Json(schema::<KeyView>) },
    errors: &[404],
};

pub(crate) async fn list(asked: Asked) -> Result<Reply, ApiError> {
    let stores = asked.app.parts.auth.directory()?.stores();
    let keys = within_deadline("list keys", stores.keys.keys()).await?;
    ok(&All { items: keys.into_iter().map(KeyView::from).collect() })
}

pub(crate) async fn create(asked: Asked) -> Result<Reply, ApiError> {
    let new: NewKey = json::read(&asked.body)?;
    let wanted = ApiKey {
        id: KeyId::from(""),
        digest: [0; 32],
        tenant: new.tenant,
        user: new.user,
        name: new.name,
        role: new.role.unwrap_or(Role::Caller),
        allowed_models: new.allowed_models,
        allowed_providers: new.allowed_providers,
        limits: new.limits,
        budgets: new.budgets,
        keep_text: new.keep_text,
        tags: new.tags,
        created_at: wall_clock::now(),
        expires_at: new.expires_at,
        revoked_at: None,
    };
    with_ring(&asked, async |ring| Ok(ring.create(wanted).await?), made).await
}

pub(crate) async fn change(asked: Asked) -> Result<Reply, ApiError> {
    let change: KeyChange = json::read(&asked.body)?;
    let id = KeyId::from(path_id(&asked));
    let apply = |old: ApiKey| ApiKey {
        name: change.name.unwrap_or(old.name),
        role: change.role.unwrap_or(old.role),
        allowed_models: change.allowed_models.unwrap_or(old.allowed_models),
        allowed_providers: change.allowed_providers.unwrap_or(old.allowed_providers),
        limits: change.limits.unwrap_or(old.limits),
        budgets: change.budgets.unwrap_or(old.budgets),
        keep_text: change.keep_text.unwrap_or(old.keep_text),
        tags: change.tags.unwrap_or(old.tags),
        expires_at: change.expires_at.unwrap_or(old.expires_at),
        ..old
    };
    with_ring(&asked, async |ring| Ok(ring.change(&id, apply).await?), |key| ok(&KeyView::from(key))).await
}

pub(crate) async fn rotate(asked: Asked) -> Result<Reply, ApiError> {
    let rotation: Rotation = json::read(&asked.body)?;
    let seconds = rotation.overlap_seconds.unwrap_or(OVERLAP_SECONDS);
    if seconds > LONGEST_OVERLAP_SECONDS {
        return Err(ApiError::invalid("overlapSeconds", format!("must be from 0 to {LONGEST_OVERLAP_SECONDS}")));
    }
    let (id, overlap) = (KeyId::from(path_id(&asked)), SignedDuration::from_secs(seconds.into()));
    with_ring(&asked, async |ring| Ok(ring.rotate(&id, overlap).await?), made).await
}

pub(crate) async fn revoke(asked: Asked) -> Result<Reply, ApiError> {
    let id = KeyId::from(path_id(&asked));
    with_ring(&asked, async |ring| Ok(ring.revoke(&id).await?), |key| ok(&KeyView::from(key))).await
}

/// Does something with the keys, sees to it that it is in force here, and answers.
async fn with_ring<T>(
    asked: &Asked,
    change: impl AsyncFnOnce(KeyRing<'_>) -> Result<T, ApiError>,
    answer: impl FnOnce(T) -> Result<Reply, ApiError>,
) -> Result<Reply, ApiError> {
    let auth = &asked.app.parts.auth;
    let directory: &Directory = auth.directory()?;
    let actor = actor(&asked.principal);
    let ring = KeyRing { stores: directory.stores(), secrets: auth.key_secrets()?, actor: &actor };
    let changed = change(ring).await?;
    directory.refresh().await?;
    answer(changed)
}

fn made((key, fresh): (ApiKey, FreshKey)) -> Result<Reply, ApiError> {
    let text = fresh.text.expose_secret().to_owned();
    answer_json(StatusCode::CREATED, &MadeKey { key: text, view: KeyView::from(key) })
}

impl From<ApiKey> for KeyView {
    fn from(key: ApiKey) -> Self {
        Self {
            id: key.id,
            tenant: key.tenant,
            user: key.user,
            name: key.name,
            role: key.role,
            allowed_models: key.allowed_models,
            allowed_providers: key.allowed_providers,
            limits: key.limits,
            budgets: BudgetView::all(key.budgets),
            keep_text: key.keep_text,
            tags: key.tags,
            created_at: key.created_at,
            expires_at: key.expires_at,
            revoked_at: key.revoked_at,
        }
    }
}
