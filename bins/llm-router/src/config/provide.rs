//! Finds what is not written in the file itself: keys, addresses, the database.

use std::collections::BTreeMap;
use std::path::Path;

use router_core::grants::KeepText;
use router_core::id::ProviderId;

use super::auth::{AuthSecrets, SHORTEST_SECRET};
use super::error::ConfigError;
use super::http_url::HttpUrl;
use super::observe::Metrics;
use super::origin::Origins;
use super::provider::{Provider, ProviderKind, ProviderSection, WellKnown};
use super::records::{Data, Database, Records};
use super::redis::{Redis, address};
use super::secret::Secret;
use super::sources::{Value, Variables};
use super::variables::switch;

/// What is read from, and what is added to.
pub(super) struct Scope<'a> {
    pub(super) variables: &'a Variables,
    pub(super) origins: &'a mut Origins,
    pub(super) errors: &'a mut Vec<ConfigError>,
}

impl Scope<'_> {
    fn refuse(&mut self, field: &str, message: impl Into<String>) {
        self.errors.push(ConfigError::value(self.origins.of(field), field, message));
    }

    /// A field that has to be there; nothing is said where it is there and refused already.
    fn refuse_missing(&mut self, table: &str, name: &str, expected: &str) {
        let path = format!("{table}.{name}");
        let known = |error: &ConfigError| matches!(error, ConfigError::Value { field, .. } if *field == path);
        if !self.errors.iter().any(known) {
            self.errors.push(ConfigError::value(self.origins.of(table), path, format!("is missing; write {expected}")));
        }
    }

    fn refuse_variable(&mut self, name: &str, field: &str, message: impl Into<String>) {
        self.errors.push(ConfigError::value(self.variables.origin(name), field, message));
    }

    /// `DATABASE_URL`, or the file that `DATABASE_URL_FILE` names. One that cannot be served stops the start: records that were
    /// meant for a shared database must not end up in a file on one machine.
    pub(super) fn database(&mut self, data: &mut Data, directory: &Path) {
        let Some((name, read)) = self.text_or_file("DATABASE_URL", "DATABASE_URL_FILE", directory) else { return };
        match read.and_then(|text| database(text.trim(), directory)) {
            Ok(database) => {
                data.database = database;
                self.origins.set("data.database", self.variables.origin(name));
            }
            Err(message) => self.refuse_variable(name, "data.database", message),
        }
    }

    /// What credentials are proved with: each from its variable, or from the file that the variable with `_FILE` names.
    pub(super) fn secrets(&mut self, directory: &Path) -> AuthSecrets {
        AuthSecrets {
            api_key: self.auth_secret("API_KEY_SECRET", "API_KEY_SECRET_FILE", directory),
            api_key_previous: self.auth_secret("API_KEY_SECRET_PREVIOUS", "API_KEY_SECRET_PREVIOUS_FILE", directory),
            jwt: self.auth_secret("JWT_SECRET", "JWT_SECRET_FILE", directory),
            metrics_token: self.auth_secret("METRICS_TOKEN", "METRICS_TOKEN_FILE", directory),
        }
    }

    /// The text of a variable, or of the file that another variable names; with the name of the one that has it.
    fn text_or_file<'n>(
        &mut self,
        variable: &'n str,
        file: &'n str,
        directory: &Path,
    ) -> Option<(&'n str, Result<String, String>)> {
        match (self.variables.value(variable), self.variables.value(file)) {
            (Value::Set(_), Value::Set(_)) => {
                self.refuse_variable(file, file, format!("{variable} is set too; unset one of them"));
                None
            }
            (Value::Set(text), _) => Some((variable, Ok(text.to_owned()))),
            (_, Value::Set(path)) => {
                let read = std::fs::read_to_string(directory.join(path));
                Some((file, read.map_err(|error| format!("{path} cannot be read: {error}"))))
            }
            _ => None,
        }
    }

    fn auth_secret(&mut self, variable: &str, file: &str, directory: &Path) -> Option<Secret> {
        let (name, read) = self.text_or_file(variable, file, directory)?;
        match read.and_then(|text| Secret::new(text.trim())) {
            Ok(secret) if secret.len() >= SHORTEST_SECRET => Some(secret),
            Ok(_) => {
                let message =
                    format!("shorter than {SHORTEST_SECRET} characters; `openssl rand -hex 32` makes a good one");
                self.refuse_variable(name, name, message);
                None
            }
            Err(message) => {
                self.refuse_variable(name, name, message);
                None
            }
        }
    }

    /// `REDIS_URL`, with `REDIS_PASSWORD` and `REDIS_DB`.
    pub(super) fn redis(&mut self, redis: &mut Redis) {
        let variables = self.variables;
        let set = |name| match variables.value(name) {
            Value::Set(text) => Some(text),
            _ => None,
        };
        let Some(url) = set("REDIS_URL") else { return };
        match address(url, set("REDIS_PASSWORD"), set("REDIS_DB")) {
            Ok(url) => redis.url = Some(url),
            // The address is not repeated: it holds a password most often.
            Err(message) => self.refuse_variable("REDIS_URL", "redis.url", message),
        }
    }

    /// `RECORDS_TEXT_SECRET`, which digests of texts are made with.
    pub(super) fn text_secret(&mut self, records: &mut Records) {
        if let Value::Set(text) = self.variables.value("RECORDS_TEXT_SECRET") {
            match Secret::new(text).ok().filter(|_| text.len() >= SHORTEST_SECRET) {
                Some(secret) => records.text_secret = Some(secret),
                None => self.refuse_variable(
                    "RECORDS_TEXT_SECRET",
                    "records.text",
                    "needs 32 characters or more, without spaces (value not shown)",
                ),
            }
        } else if records.text == KeepText::Hashed {
            self.refuse(
                "records.text",
                "`hashed` needs RECORDS_TEXT_SECRET: whoever can guess a text could test its digest",
            );
        }
    }

    /// `GRAFANA_ENABLED`, which shows or hides the link to `GRAFANA_URL`.
    pub(super) fn grafana(&mut self, metrics: &mut Metrics, warnings: &mut Vec<String>) {
        let Value::Set(text) = self.variables.value("GRAFANA_ENABLED") else { return };
        match switch(text) {
            Some(true) if metrics.grafana_url.is_none() => {
                warnings.push("GRAFANA_ENABLED is set without effect: GRAFANA_URL says nothing to link to".to_owned());
            }
            Some(true) => {}
            Some(false) => {
                metrics.grafana_url = None;
                self.origins.set("metrics.grafana_url", self.variables.origin("GRAFANA_ENABLED"));
            }
            None => {
                let message = format!("`{text}` is not allowed; write true or false");
                self.refuse_variable("GRAFANA_ENABLED", "metrics.grafana_url", message);
            }
        }
    }

    /// The configured instances and the well-known ones, with their keys.
    pub(super) fn providers(
        &mut self,
        mut sections: BTreeMap<String, ProviderSection>,
    ) -> BTreeMap<ProviderId, Provider> {
        for known in WellKnown::ALL {
            sections.entry(known.name.to_owned()).or_default();
        }
        sections.into_iter().filter_map(|(name, section)| self.provider(&name, section)).collect()
    }

    fn provider(&mut self, name: &str, section: ProviderSection) -> Option<(ProviderId, Provider)> {
        let field = format!("providers.{name}");
        if name.is_empty() || !name.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"-_".contains(&byte)) {
            // Names end up in metric labels and in model ids.
            self.refuse(&field, "a provider's name is made of letters, digits, `-` and `_`");
            return None;
        }
        let known = WellKnown::named(name);
        let Some(kind) = section.kind.or(known.map(|known| known.kind)) else {
            self.refuse_missing(&field, "kind", "openai, anthropic, openrouter or openai_compatible");
            return None;
        };
        let base_url = self.base_url(&field, kind, known, section.base_url);
        let (key_variable, api_key) = match (section.api_key_env, section.api_key_file) {
            (Some(_), Some(_)) => {
                self.refuse(&format!("{field}.api_key_file"), "api_key_env names the key's place already; remove one");
                return None;
            }
            (None, Some(file)) => (None, self.key_from_file(&format!("{field}.api_key_file"), &file)),
            (Some(variable), None) => self.key_from_named(&field, variable),
            (None, None) => match known {
                Some(known) => (Some(known.key_variable.to_owned()), self.key_from(&field, known.key_variable)),
                None => (None, None),
            },
        };
        let provider = Provider { kind, base_url: base_url?, api_key, key_variable, models: section.models };
        Some((ProviderId::from(name), provider))
    }

    fn base_url(
        &mut self,
        field: &str,
        kind: ProviderKind,
        known: Option<WellKnown>,
        given: Option<HttpUrl>,
    ) -> Option<HttpUrl> {
        if let Some(known) = known
            && let Value::Set(text) = self.variables.value(known.url_variable)
        {
            return match text.parse() {
                Ok(url) => {
                    self.origins.set(format!("{field}.base_url"), self.variables.origin(known.url_variable));
                    Some(url)
                }
                Err(message) => {
                    self.refuse_variable(known.url_variable, &format!("{field}.base_url"), message);
                    None
                }
            };
        }
        let url = given.or_else(|| kind.default_base_url()?.parse().ok());
        if url.is_none() {
            self.refuse_missing(field, "base_url", "where it is, like \"http://127.0.0.1:11434/v1\"");
        }
        url
    }

    /// A key from the variable that the file names.
    fn key_from_named(&mut self, field: &str, variable: String) -> (Option<String>, Option<Secret>) {
        let valid = |byte: u8| byte.is_ascii_uppercase() || byte.is_ascii_digit() || byte == b'_';
        if variable.is_empty() || !variable.bytes().all(valid) {
            // Not repeated: someone may have written the key itself here.
            let message = "is not the name of a variable (capitals, digits and `_`); if it is the key itself, remove it \
                           from this file and replace it at the provider (value not shown)";
            self.refuse(&format!("{field}.api_key_env"), message);
            return (None, None);
        }
        let key = self.key_from(field, &variable);
        (Some(variable), key)
    }

    fn key_from(&mut self, field: &str, variable: &str) -> Option<Secret> {
        let Value::Set(text) = self.variables.value(variable) else { return None };
        let field = format!("{field}.api_key");
        match Secret::new(text) {
            Ok(key) => {
                self.origins.set(field, self.variables.origin(variable));
                Some(key)
            }
            Err(message) => {
                self.refuse_variable(variable, &field, message);
                None
            }
        }
    }

    fn key_from_file(&mut self, field: &str, file: &Path) -> Option<Secret> {
        let key = std::fs::read_to_string(file).map_err(|error| error.to_string());
        match key.and_then(|text| Secret::new(text.trim())) {
            Ok(key) => {
                let origin = self.origins.of(field);
                self.origins.set(field.replace("api_key_file", "api_key"), origin);
                Some(key)
            }
            Err(reason) => {
                self.refuse(field, format!("{}: {reason}", file.display()));
                None
            }
        }
    }
}

/// The database at an address. The address itself is not repeated in errors: it holds a password most often.
fn database(url: &str, directory: &Path) -> Result<Database, String> {
    let (scheme, rest) = url.split_once(':').unwrap_or(("", url));
    let path = rest.strip_prefix("//").unwrap_or(rest);
    match scheme {
        "sqlite" | "file" if !path.is_empty() => Ok(Database::Sqlite(directory.join(path))),
        "postgres" | "postgresql" => {
            router_store::postgres::place(url).and_then(|_| Secret::new(url)).map(Database::Postgres)
        }
        _ => Err("not a database this version knows; write postgres://user:password@host:port/database or sqlite:PATH"
            .to_owned()),
    }
}
