//! `llm-router keys`: API keys, in the configured database. A server that runs on it knows them within two seconds.

use std::io::Write;
use std::process::ExitCode;

use anyhow::Context;
use jiff::{SignedDuration, Timestamp};
use router_core::grants::{Budget, BudgetPeriod, Limits, Rate};
use router_core::id::{KeyId, TenantId, UserId};
use router_core::usd::Usd;
use router_http::auth::api_key::FreshKey;
use router_http::auth::key_ring::{KeyRing, shown};
use router_store::keys::ApiKey;
use secrecy::ExposeSecret;
use serde_json::Value;

use crate::cli::{KeysAction, KeysArgs, NewKeyArgs};
use crate::config::load;
use crate::config::sources::Sources;
use crate::identities::{self, ACTOR, ensure_tenant};

/// Does with the keys what the arguments say.
///
/// # Errors
/// The configuration is not valid, `API_KEY_SECRET` is missing, the database cannot be used, or there is no such key.
pub fn run(arguments: KeysArgs, out: &mut impl Write) -> anyhow::Result<ExitCode> {
    let KeysArgs { action, config, json } = arguments;
    let config = load(&Sources { file: config.config, ..Sources::of_process() })?.config;
    let secrets = identities::key_secrets(&config)
        .context("API_KEY_SECRET is not set: keys are kept as digests under it, and the server must have the same")?;
    identities::with_stores(&config, async |stores| {
        let ring = KeyRing { stores, secrets: &secrets, actor: ACTOR };
        match action {
            KeysAction::Create(new) => {
                let wanted = wanted(*new)?;
                ensure_tenant(stores, &wanted.tenant).await?;
                made(ring.create(wanted).await?, json, out)
            }
            KeysAction::Rotate { id, overlap_hours } => {
                let overlap = SignedDuration::from_hours(overlap_hours.into());
                made(ring.rotate(&KeyId::from(id), overlap).await?, json, out)
            }
            KeysAction::Revoke { id } => list(&[ring.revoke(&KeyId::from(id)).await?], json, out),
            KeysAction::List => list(&stores.keys.keys().await?, json, out),
        }
    })?;
    Ok(ExitCode::SUCCESS)
}

fn wanted(new: NewKeyArgs) -> anyhow::Result<ApiKey> {
    let now = Timestamp::now();
    let days = |days: u32| now.checked_add(SignedDuration::from_hours(24 * i64::from(days)));
    let budget = |flag: &str, period, dollars: f64| -> anyhow::Result<Budget> {
        anyhow::ensure!(dollars.is_finite() && dollars >= 0.0, "{flag}: must be a number, 0 or more");
        Ok(Budget { period, limit: Usd::from_dollars(dollars), strict: new.strict })
    };
    let budgets = [
        ("--daily-usd", BudgetPeriod::Day, new.daily_usd),
        ("--monthly-usd", BudgetPeriod::Month, new.monthly_usd),
        ("--total-usd", BudgetPeriod::Total, new.total_usd),
    ];
    let budgets = budgets.into_iter().filter_map(|(flag, period, dollars)| Some(budget(flag, period, dollars?)));
    let budgets = budgets.collect::<anyhow::Result<_>>()?;
    Ok(ApiKey {
        id: KeyId::from(""),
        digest: [0; 32],
        tenant: TenantId::from(new.tenant),
        user: new.user.map(UserId::from),
        name: new.name,
        role: identities::role(&new.role)?,
        allowed_models: Some(new.models)
            .filter(|models| !models.is_empty())
            .map(|ids| ids.into_iter().map(Into::into).collect()),
        allowed_providers: Some(new.providers)
            .filter(|providers| !providers.is_empty())
            .map(|ids| ids.into_iter().map(Into::into).collect()),
        limits: Limits {
            // A burst of ten seconds' worth.
            requests: new.requests_per_minute.map(|rate| Rate { per_minute: rate, burst: rate.div_ceil(6).max(1) }),
            tokens: new.tokens_per_minute.map(|rate| Rate { per_minute: rate, burst: rate.max(1) }),
            concurrent: new.concurrent,
        },
        budgets,
        keep_text: None,
        tags: new.tags,
        created_at: now,
        expires_at: new.expires_in_days.map(days).transpose()?,
        revoked_at: None,
    })
}

fn made((key, fresh): (ApiKey, FreshKey), json: bool, out: &mut impl Write) -> anyhow::Result<()> {
    let text = fresh.text.expose_secret();
    if json {
        let mut value = shown(&key);
        value["key"] = Value::from(text);
        serde_json::to_writer_pretty(&mut *out, &value)?;
        writeln!(out)?;
    } else {
        writeln!(out, "{text}\n\nKeep it: nobody can read it again. Its id is {}.", key.id)?;
    }
    Ok(())
}

fn list(keys: &[ApiKey], json: bool, out: &mut impl Write) -> anyhow::Result<()> {
    if json {
        let values: Vec<Value> = keys.iter().map(shown).collect();
        serde_json::to_writer_pretty(&mut *out, &values)?;
        return Ok(writeln!(out)?);
    }
    writeln!(out, "{:<14} {:<16} {:<8} {:<20} {:<24} state", "id", "tenant", "role", "created", "name")?;
    let now = Timestamp::now();
    for key in keys {
        let state = match (key.revoked_at, key.expires_at) {
            (Some(at), _) if at <= now => format!("revoked {at:.0}"),
            (_, Some(at)) if at <= now => format!("expired {at:.0}"),
            (Some(at), _) => format!("replaced, goes on until {at:.0}"),
            (None, Some(at)) => format!("valid until {at:.0}"),
            (None, None) => "valid".to_owned(),
        };
        let role = serde_json::to_value(key.role)?;
        let (role, created) = (role.as_str().unwrap_or_default(), format!("{:.0}", key.created_at));
        writeln!(
            out,
            "{:<14} {:<16} {role:<8} {created:<20} {:<24} {state}",
            key.id.as_str(),
            key.tenant.as_str(),
            key.name
        )?;
    }
    Ok(())
}
