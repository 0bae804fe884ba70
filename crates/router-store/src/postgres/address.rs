//! Where a server is, and how it is spoken to.

use std::str::FromStr;
use std::sync::Arc;
use std::time::Duration;

use tokio_postgres::config::{Host, SslMode};

use crate::error::StoreError;
use crate::tables::UNKNOWN_TABLES;

/// Keeps an idle connection known to be alive, through address translation that forgets it.
const KEEPALIVE: Duration = Duration::from_secs(30);

/// Where a server is. Cheap to clone. Shows no password.
#[derive(Clone)]
pub(super) struct Address {
    config: Arc<tokio_postgres::Config>,
    place: Arc<str>,
    encrypted: bool,
}

impl Address {
    pub(super) fn parse(url: &str) -> Result<Self, StoreError> {
        let (url, mode) = without_mode(url);
        let wrong = |message: String| StoreError::Open {
            place: "that DATABASE_URL names".to_owned(),
            message,
            remedy: "write postgres://user:password@host:port/database",
        };
        let encrypted = match mode.as_deref() {
            None | Some("disable" | "allow" | "prefer") => false,
            Some("require" | "verify-ca" | "verify-full") => true,
            Some(_) => return Err(wrong("its sslmode is none of disable, prefer, require and verify-full".to_owned())),
        };
        // The driver's words name the part that is wrong, not what is written there.
        let mut config = tokio_postgres::Config::from_str(&url).map_err(|error| wrong(error.to_string()))?;
        if config.get_hosts().is_empty() {
            return Err(wrong("it names no host".to_owned()));
        }
        config.ssl_mode(if encrypted { SslMode::Require } else { SslMode::Disable });
        config.keepalives_idle(KEEPALIVE);
        if config.get_application_name().is_none() {
            config.application_name("llm-router");
        }
        let place = place(&config).into();
        Ok(Self { config: Arc::new(config), place, encrypted })
    }

    /// Host, port and database.
    pub(super) fn place(&self) -> &str {
        &self.place
    }

    pub(super) fn config(&self) -> &tokio_postgres::Config {
        &self.config
    }

    pub(super) const fn encrypted(&self) -> bool {
        self.encrypted
    }

    /// It is there and cannot be used. The operator can act.
    pub(super) fn cannot_open(&self, error: impl ToString) -> StoreError {
        let message = error.to_string();
        let is_missing = message.contains("relation") && message.contains("does not exist");
        let remedy = if is_missing || message.contains("already exists") {
            UNKNOWN_TABLES
        } else {
            "check that this program's user owns the tables, and that they were made by it"
        };
        StoreError::Open { place: self.place().to_owned(), message, remedy }
    }
}

/// The driver knows fewer words for `sslmode` than libpq does, so it is read here.
fn without_mode(url: &str) -> (String, Option<String>) {
    let Some((rest, query)) = url.split_once('?') else { return (url.to_owned(), None) };
    let mut mode = None;
    let others = query.split('&').filter(|pair| match pair.split_once('=') {
        Some(("sslmode", value)) => {
            mode = Some(value.to_owned());
            false
        }
        _ => true,
    });
    let others = others.collect::<Vec<_>>().join("&");
    (if others.is_empty() { rest.to_owned() } else { format!("{rest}?{others}") }, mode)
}

fn place(config: &tokio_postgres::Config) -> String {
    let ports = config.get_ports();
    let hosts = config.get_hosts().iter().enumerate().map(|(index, host)| {
        let port = ports.get(index).or_else(|| ports.first()).unwrap_or(&5432);
        match host {
            Host::Tcp(name) => format!("{name}:{port}"),
            #[cfg(unix)]
            Host::Unix(path) => format!("{}:{port}", path.display()),
        }
    });
    let hosts = hosts.collect::<Vec<_>>().join(",");
    format!("postgres://{hosts}/{}", config.get_dbname().or_else(|| config.get_user()).unwrap_or_default())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_is_told_without_user_and_password() {
        let address = Address::parse("postgres://me:geheim@db.example:6543/router?sslmode=verify-full").unwrap();
        assert_eq!((address.place(), address.encrypted()), ("postgres://db.example:6543/router", true));
        assert!(!Address::parse("postgresql://me@db.example").unwrap().encrypted());
    }

    #[test]
    fn what_is_no_address_is_refused_without_repeating_it() {
        for url in [
            "postgres://me:geheim@:x/y",
            "postgres:///geheim",
            "postgres://h/d?sslmode=geheim",
            "postgres://h/d?geheim=1",
        ] {
            let error = Address::parse(url).map(drop).unwrap_err().to_string();
            assert!(error.contains("write postgres://user") && !error.contains("me:geheim"), "{error}");
        }
    }
}
