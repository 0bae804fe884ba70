//! `/api/admin/users`: people who log in, or own keys.

use http::StatusCode;
use jiff::Timestamp;
use router_core::grants::{Budget, Limits};
use router_core::id::{TenantId, UserId};
use router_core::principal::Role;
use router_store::users::User;
use schemars::JsonSchema;
use secrecy::SecretString;
use serde::{Deserialize, Serialize};
use serde_json::json;

use super::{All, BudgetView, actor, path_id, refused};
use crate::auth::key_ring::check_grants;
use crate::auth::new_user;
use crate::auth::password::PasswordError;
use crate::auth::stores::action_of;
use crate::error::ApiError;
use crate::json as body;
use crate::response::{Reply, json as answer_json, ok};
use crate::route::{Answer, Asked, Content, Operation, RequestBody, schema};
use crate::store_deadline::within_deadline;
use crate::wall_clock;

/// A user to be made.
#[derive(Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct NewUser {
    tenant: TenantId,
    email: String,
    role: Role,
    /// At least 12 characters; without one nobody can log in as this user.
    #[schemars(with = "Option<String>")]
    password: Option<SecretString>,
    #[serde(default)]
    limits: Limits,
    #[serde(default)]
    budgets: Vec<Budget>,
}

/// What is to be changed of a user; what is not given stays.
#[derive(Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct UserChange {
    role: Option<Role>,
    /// Ends all sessions too.
    #[schemars(with = "Option<String>")]
    password: Option<SecretString>,
    limits: Option<Limits>,
    budgets: Option<Vec<Budget>>,
    /// `true` refuses the user and their keys from now on.
    disabled: Option<bool>,
    /// `true` ends all their sessions.
    log_out: Option<bool>,
}

/// A user.
#[derive(Debug, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
struct UserView {
    id: UserId,
    tenant: TenantId,
    email: String,
    role: Role,
    /// Whether the user has a password to log in with.
    can_log_in: bool,
    limits: Limits,
    budgets: Vec<BudgetView>,
    #[schemars(with = "String", extend("format" = "date-time"))]
    created_at: Timestamp,
    #[schemars(with = "Option<String>", extend("format" = "date-time"))]
    disabled_at: Option<Timestamp>,
}

pub(crate) const LIST: Operation = Operation {
    id: "listUsers",
    summary: "All users, oldest first",
    description: "",
    query: &[],
    body: None,
    answer: Answer { status: 200, description: "The users.", content: Content::Json(schema::<All<UserView>>) },
    errors: &[404],
};

pub(crate) const CREATE: Operation = Operation {
    id: "createUser",
    summary: "Make a user",
    description: "",
    query: &[],
    body: Some(RequestBody {
        schema: schema::<NewUser>,
        examples: &[(
            "analyst",
            r#"{"tenant": "acme", "email": "ada@example.org", "role": "analyst", "password": "correct horse battery staple"}"#,
        )],
    }),
    answer: Answer { status: 201, description: "The user.", content: Content::Json(schema::<UserView>) },
    errors: &[404],
};

pub(crate) const CHANGE: Operation = Operation {
    id: "changeUser",
    summary: "Change a user, disable them, or end their sessions",
    description: "",
    query: &[],
    body: Some(RequestBody { schema: schema::<UserChange>, examples: &[("disable", r#"{"disabled": true}"#)] }),
    answer: Answer { status: 200, description: "The user.", content: Content::Json(schema::<UserView>) },
    errors: &[404],
};

pub(crate) async fn list(asked: Asked) -> Result<Reply, ApiError> {
    ok(&All { items: users(&asked).await?.into_iter().map(UserView::from).collect() })
}

pub(crate) async fn create(asked: Asked) -> Result<Reply, ApiError> {
    let new: NewUser = body::read(&asked.body)?;
    let password_hash = match new.password {
        Some(password) => Some(digest(&asked, password).await?),
        None => None,
    };
    let user = new_user::user(new.tenant, &new.email, new.role, password_hash, wall_clock::now())?;
    let user = User { limits: new.limits, budgets: new.budgets, ..user };
    put(&asked, None, &user).await?;
    answer_json(StatusCode::CREATED, &UserView::from(user))
}

pub(crate) async fn change(asked: Asked) -> Result<Reply, ApiError> {
    let change: UserChange = body::read(&asked.body)?;
    let id = path_id(&asked);
    let old = users(&asked).await?.into_iter().find(|user| user.id.as_str() == id);
    let old = old.ok_or_else(|| ApiError::NotFound { what: "user", id: id.to_owned(), field: None })?;
    let (before, now) = (old.clone(), wall_clock::now());
    let mut new = User {
        role: change.role.unwrap_or(old.role),
        limits: change.limits.unwrap_or(old.limits),
        budgets: change.budgets.unwrap_or_else(|| old.budgets.clone()),
        disabled_at: match change.disabled {
            Some(true) => old.disabled_at.or(Some(now)),
            Some(false) => None,
            None => old.disabled_at,
        },
        ..old
    };
    if let Some(password) = change.password {
        new.password_hash = Some(digest(&asked, password).await?);
        new.sessions_valid_from = new_user::next_second(now);
    }
    if change.log_out == Some(true) {
        new.sessions_valid_from = new_user::next_second(now);
    }
    put(&asked, Some(before), &new).await?;
    ok(&UserView::from(new))
}

async fn digest(asked: &Asked, password: SecretString) -> Result<String, ApiError> {
    let hashed = asked.app.parts.auth.passwords.hash(password).await.ok_or(ApiError::LoginBusy)?;
    hashed.map_err(|error| match error {
        PasswordError::Length => ApiError::invalid("password", error.to_string()),
        PasswordError::Random(_) | PasswordError::Hash(_) => ApiError::LoginBusy,
    })
}

async fn users(asked: &Asked) -> Result<Vec<User>, ApiError> {
    let stores = asked.app.parts.auth.directory()?.stores();
    Ok(within_deadline("list users", stores.users.users()).await?)
}

async fn put(asked: &Asked, before: Option<User>, user: &User) -> Result<(), ApiError> {
    if user.role == Role::System {
        return Err(ApiError::invalid("role", "must be admin, analyst or caller"));
    }
    check_grants(user.limits, &user.budgets)?;
    let directory = asked.app.parts.auth.directory()?;
    let stores = directory.stores();
    let action = if before.is_some() { "user.change" } else { "user.create" };
    let shown = |user: User| json!(UserView::from(user));
    let (actor, subject) = (actor(&asked.principal), format!("user:{}", user.id));
    let action = action_of(&actor, action, subject, before.map(shown), Some(shown(user.clone())));
    within_deadline("write a user", stores.users.put_user(user, &action)).await.map_err(refused)?;
    Ok(directory.refresh().await?)
}

impl From<User> for UserView {
    fn from(user: User) -> Self {
        Self {
            id: user.id,
            tenant: user.tenant,
            email: user.email,
            role: user.role,
            can_log_in: user.password_hash.is_some(),
            limits: user.limits,
            budgets: BudgetView::all(user.budgets),
            created_at: user.created_at,
            disabled_at: user.disabled_at,
        }
    }
}
