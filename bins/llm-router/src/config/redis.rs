//! `[redis]`: what replicas share for a while. Its address holds a password most often, so it comes from the environment.

use std::num::NonZeroU32;
use std::time::Duration;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::duration_text;
use super::secret::Secret;
use super::server::count;

/// What replicas share for a while: limits, budgets and remembered answers.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct Redis {
    /// `REDIS_URL`, with `REDIS_PASSWORD` and `REDIS_DB` in it; none for a server that shares nothing.
    #[serde(skip)]
    pub url: Option<Secret>,
    /// What every key begins with. In a cluster it must hold a hash tag (`{…}`), so that all keys are on one slot.
    pub prefix: String,
    /// How long a request waits for it at most; at most 50 ms.
    #[serde(with = "duration_text")]
    #[schemars(with = "duration_text::Text")]
    pub timeout: Duration,
    /// What becomes of requests while it does not answer.
    pub when_down: WhenDown,
    /// How many replicas share it: what each one's share of a limit is.
    pub replicas: NonZeroU32,
}

/// What becomes of requests while Redis does not answer.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum WhenDown {
    /// Each replica admits its share of every limit.
    LocalShare,
    /// None is admitted.
    Refuse,
}

impl Default for Redis {
    fn default() -> Self {
        Self {
            url: None,
            prefix: "{llm-router}:".to_owned(),
            timeout: Duration::from_millis(40),
            when_down: WhenDown::LocalShare,
            replicas: count(1),
        }
    }
}

/// The address with password and database in it.
///
/// # Errors
/// It is not an address of Redis, or says a second time what another variable says: without repeating it.
pub(super) fn address(url: &str, password: Option<&str>, database: Option<&str>) -> Result<Secret, String> {
    let Some(rest) = url.strip_prefix("redis://") else {
        let tls = url.starts_with("rediss://");
        return Err(if tls {
            "this build does not speak TLS to Redis; use a private network or a tunnel"
        } else {
            SHAPE
        }
        .to_owned());
    };
    let (authority, path) = rest.split_once('/').unwrap_or((rest, ""));
    let credentials = match (authority.rsplit_once('@'), password) {
        (Some((given, _)), None) => given.to_owned(),
        (Some((user, _)), Some(password)) if !user.contains(':') => format!("{user}:{}", encoded(password)),
        (Some(_), Some(_)) => return Err("has a password, and REDIS_PASSWORD is set as well".to_owned()),
        (None, Some(password)) => format!(":{}", encoded(password)),
        (None, None) => String::new(),
    };
    let host = authority.rsplit_once('@').map_or(authority, |(_, host)| host);
    let path = match (path, database) {
        ("", Some(database)) if database.parse::<u8>().is_err() => {
            return Err("REDIS_DB is not a number from 0 to 255".to_owned());
        }
        ("", database) => database.unwrap_or_default(),
        (path, Some(database)) if path != database => return Err("names another database than REDIS_DB".to_owned()),
        (path, _) => path,
    };
    if host.is_empty() {
        return Err(SHAPE.to_owned());
    }
    let at = if credentials.is_empty() { "" } else { "@" };
    let slash = if path.is_empty() { "" } else { "/" };
    Secret::new(&format!("redis://{credentials}{at}{host}{slash}{path}")).map_err(|_| SHAPE.to_owned())
}

const SHAPE: &str = "is not an address of Redis; write redis://[user:password@]host[:port][/database]";

/// As a part of an address.
fn encoded(text: &str) -> String {
    let plain = |byte: u8| byte.is_ascii_alphanumeric() || b"-._~".contains(&byte);
    text.bytes().map(|byte| if plain(byte) { char::from(byte).to_string() } else { format!("%{byte:02X}") }).collect()
}

#[cfg(test)]
mod tests {
    use secrecy::ExposeSecret;

    use super::*;

    #[test]
    fn an_address_is_put_together_and_faults_do_not_repeat_it() {
        let read = |url, password, database| {
            address(url, password, database).map(|url| url.secret().expose_secret().to_owned())
        };
        for (given, whole) in [
            (("redis://r:6379", None, None), "redis://r:6379"),
            (("redis://r", Some("p@ss/"), Some("3")), "redis://:p%40ss%2F@r/3"),
            (("redis://user@r/2", Some("x"), Some("2")), "redis://user:x@r/2"),
            (("redis://u:p@r/2", None, None), "redis://u:p@r/2"),
        ] {
            assert_eq!(read(given.0, given.1, given.2).as_deref(), Ok(whole));
        }
        for (given, words) in [
            (("rediss://u:canary@r", None, None), "TLS"),
            (("http://u:canary@r", None, None), "redis://"),
            (("redis://", None, None), "redis://"),
            (("redis://u:canary@r", Some("x"), None), "REDIS_PASSWORD"),
            (("redis://u:canary@r/1", None, Some("2")), "REDIS_DB"),
            (("redis://u:canary@r", None, Some("two")), "REDIS_DB"),
        ] {
            let message = read(given.0, given.1, given.2).unwrap_err();
            assert!(message.contains(words) && !message.contains("canary"), "{message}");
        }
    }
}
