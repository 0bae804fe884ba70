//! What a key, its user and its tenant are granted, joined into one: once per change, not per request.

use router_core::grants::{Account, AccountLimits, Grants, KeepText};
use router_core::principal::Role;
use router_store::keys::ApiKey;
use router_store::tenants::Tenant;
use router_store::users::User;

/// What is allowed to whoever acts with that key (if with one), as that user (if as one), for that tenant.
///
/// Each account keeps its own limits and budgets, and all of them must allow a request. Of what is kept of texts the
/// strictest word counts: a key cannot loosen what its tenant has decided.
pub(crate) fn grants(key: Option<&ApiKey>, user: Option<&User>, tenant: &Tenant) -> Grants {
    let of_key = key.map(|key| AccountLimits::new(Account::Key(key.id.clone()), key.limits, key.budgets.clone()));
    let of_user =
        user.map(|user| AccountLimits::new(Account::User(user.id.clone()), user.limits, user.budgets.clone()));
    let of_tenant = AccountLimits::new(Account::Tenant(tenant.id.clone()), tenant.limits, tenant.budgets.clone());
    let keep_texts = [key.and_then(|key| key.keep_text), tenant.keep_text];
    Grants {
        allowed_models: key.and_then(|key| key.allowed_models.clone()),
        allowed_providers: key.and_then(|key| key.allowed_providers.clone()),
        accounts: of_key.into_iter().chain(of_user).chain([of_tenant]).collect(),
        keep_text: keep_texts.into_iter().flatten().min_by_key(|keep| strictness(*keep)),
        tags: key.map(|key| key.tags.clone()).unwrap_or_default(),
    }
}

/// 0 keeps least.
const fn strictness(keep: KeepText) -> u8 {
    match keep {
        KeepText::None => 0,
        KeepText::Hashed => 1,
        KeepText::Redacted => 2,
        KeepText::Whole => 3,
    }
}

/// What a key may do: what it was made for, and no administration where its user has none (any more).
pub(crate) fn role(key: &ApiKey, user: Option<&User>) -> Role {
    match (key.role, user.map(|user| user.role)) {
        (Role::Admin, Some(of_user)) => of_user,
        (role, _) => role,
    }
}
