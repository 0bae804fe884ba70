//! `llm-router users`: people who log in, in the configured database. The first administrator is made here.

use std::fs::File;
use std::io::{self, BufRead, BufReader, IsTerminal, Write};
use std::path::Path;
use std::process::ExitCode;

use anyhow::Context;
use jiff::Timestamp;
use router_core::id::TenantId;
use router_http::auth::stores::action_of;
use router_http::auth::{new_user, password};
use secrecy::SecretString;
use serde_json::json;

use crate::cli::{UsersAction, UsersArgs};
use crate::config::load;
use crate::config::sources::Sources;
use crate::identities::{self, ACTOR, ensure_tenant};

/// Does with the users what the arguments say.
///
/// # Errors
/// The configuration is not valid, the password is too short, or the database cannot be used.
pub fn run(arguments: UsersArgs, out: &mut impl Write) -> anyhow::Result<ExitCode> {
    let config = load(&Sources { file: arguments.config.config, ..Sources::of_process() })?.config;
    let UsersAction::Create { email, tenant, role, password_file } = arguments.action;
    let role = identities::role(&role)?;
    let digest = password::hash(&read_password(password_file.as_deref())?)?;
    let tenant = TenantId::from(tenant);
    let user = new_user::user(tenant.clone(), &email, role, Some(digest), Timestamp::now())?;
    identities::with_stores(&config, async |stores| {
        ensure_tenant(stores, &tenant).await?;
        let after = json!({"id": user.id, "tenant": user.tenant, "email": user.email, "role": user.role});
        let action = action_of(ACTOR, "user.create", format!("user:{}", user.id), None, Some(after));
        Ok(stores.users.put_user(&user, &action).await?)
    })?;
    writeln!(out, "{} may log in as {}; the id is {}.", user.email, arguments_role(role), user.id)?;
    Ok(ExitCode::SUCCESS)
}

fn arguments_role(role: router_core::principal::Role) -> &'static str {
    use router_core::principal::Role;
    match role {
        Role::Admin => "admin",
        Role::Analyst => "analyst",
        Role::Caller | Role::System => "caller",
    }
}

/// The first line of the file, or of the standard input. Never an argument: others see those.
fn read_password(file: Option<&Path>) -> anyhow::Result<SecretString> {
    let mut line = String::new();
    match file {
        Some(path) => {
            let file = File::open(path).with_context(|| format!("{} cannot be read", path.display()))?;
            BufReader::new(file).read_line(&mut line)?;
        }
        None => {
            let input = io::stdin();
            if input.is_terminal() {
                write!(io::stderr(), "Password (it is shown as you type): ")?;
            }
            input.lock().read_line(&mut line)?;
        }
    }
    Ok(SecretString::from(line.trim_end_matches(['\r', '\n'])))
}
