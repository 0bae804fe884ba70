//! Reads the file. All errors at once: a value that is refused is taken out, and the rest read again.

use std::collections::BTreeMap;
use std::ops::Range;
use std::path::Path;

use schemars::JsonSchema;
use serde::Deserialize;
use toml::Spanned;
use toml::de::{DeTable, DeValue};

use super::auth::Auth;
use super::error::ConfigError;
use super::failover::{Deadlines, Failover};
use super::limits::{Budgets, Cache, RateLimit};
use super::observe::{Log, Metrics};
use super::origin::{Origin, Origins};
use super::provider::ProviderSection;
use super::records::{Data, Records};
use super::redis::Redis;
use super::routing::{Models, Routing};
use super::server::Server;
use super::suggest;

/// The configuration of LLM Router. Every value has a default; durations and sizes are text with a unit.
#[derive(Debug, Clone, Default, PartialEq, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
#[schemars(title = "llm-router.toml")]
pub struct ConfigFile {
    /// Where the server listens, for whom, and how much it takes.
    pub server: Server,
    /// Who is let in.
    pub auth: Auth,
    /// Where things are kept.
    pub data: Data,
    /// Who answers, by a name of your choice. `openai`, `anthropic` and `openrouter` exist without being configured.
    pub providers: BTreeMap<String, ProviderSection>,
    /// Which models there are.
    pub models: Models,
    /// What matters where a caller does not say.
    pub routing: Routing,
    /// What happens when a provider fails.
    pub failover: Failover,
    /// How long to wait for a provider.
    pub deadlines: Deadlines,
    /// What is remembered.
    pub cache: Cache,
    /// What replicas share for a while.
    pub redis: Redis,
    /// How often a caller may ask.
    pub rate_limit: RateLimit,
    /// What budgets pay for.
    pub budgets: Budgets,
    /// Which records are kept, and how safely.
    pub records: Records,
    /// What is logged.
    pub log: Log,
    /// What is measured.
    pub metrics: Metrics,
}

/// Reads `text`, the contents of the file at `path`; says where its values stand in `origins`, what is wrong in `errors`.
pub(super) fn read(path: &Path, text: &str, origins: &mut Origins, errors: &mut Vec<ConfigError>) -> ConfigFile {
    let origin = |span: &Range<usize>| Origin::File { path: path.to_owned(), line: line(text, span.start) };
    let (document, syntax) = DeTable::parse_recoverable(text);
    if !syntax.is_empty() {
        errors.extend(syntax.iter().map(|error| ConfigError::Syntax {
            origin: origin(&error.span().unwrap_or_default()),
            message: error.message().to_owned(),
        }));
        return ConfigFile::default();
    }
    let mut document = document;
    note_origins(document.get_ref(), "", &origin, origins);
    refuse_lists(document.get_mut(), "", &origin, errors);
    loop {
        let refused = match ConfigFile::deserialize(toml::Deserializer::from(document.clone())) {
            Ok(file) => return file,
            Err(refused) => refused,
        };
        let span = refused.span().unwrap_or_default();
        let taken = take(document.get_mut(), &span);
        let field = taken.as_deref().unwrap_or("(the whole file)");
        errors.push(ConfigError::value(origin(&span), field, suggest::explain(field, refused.message())));
        match taken {
            Some(field) => origins.forget(&field),
            // Every error of a value stands in an entry; without one there is nothing left that could be read.
            None => return ConfigFile::default(),
        }
    }
}

fn line(text: &str, offset: usize) -> usize {
    1 + text.bytes().take(offset).filter(|&byte| byte == b'\n').count()
}

/// Notes for every value, at whatever depth, where it stands.
fn note_origins(table: &DeTable<'_>, above: &str, origin: &impl Fn(&Range<usize>) -> Origin, origins: &mut Origins) {
    for (key, value) in table {
        let path = join(above, key.get_ref());
        origins.set(path.clone(), origin(&key.span()));
        if let DeValue::Table(below) = value.get_ref() {
            note_origins(below, &path, origin, origins);
        }
    }
}

/// Sections that are lists: serde would take their members for the fields, in order.
fn refuse_lists(
    table: &mut DeTable<'_>,
    above: &str,
    origin: &impl Fn(&Range<usize>) -> Origin,
    errors: &mut Vec<ConfigError>,
) {
    let mut lists = Vec::new();
    for (key, value) in table.iter_mut() {
        let path = join(above, key.get_ref());
        match value.get_mut() {
            DeValue::Table(below) if path == "providers" => refuse_lists(below, &path, origin, errors),
            DeValue::Array(_) => {
                let message = format!("is a list; write [{path}] once, and its values below");
                errors.push(ConfigError::value(origin(&key.span()), path, message));
                lists.push(key.get_ref().to_string());
            }
            _ => {}
        }
    }
    for name in lists {
        table.remove(name.as_str());
    }
}

/// Takes out the innermost entry that the error at `span` is about, and returns its path.
fn take(table: &mut DeTable<'_>, span: &Range<usize>) -> Option<String> {
    let mut about = None;
    for (key, value) in table.iter_mut() {
        let name = key.get_ref().to_string();
        if let DeValue::Table(below) = value.get_mut()
            && let Some(field) = take(below, span)
        {
            return Some(join(&name, &field));
        }
        if key.span() == *span || encloses(value, span) {
            about = Some(name);
        }
    }
    let name = about?;
    table.remove(name.as_str());
    Some(name)
}

/// An error within a list is about the list. The span of a table is its header, so an error at it is about the table.
fn encloses(value: &Spanned<DeValue<'_>>, span: &Range<usize>) -> bool {
    value.span().start <= span.start && span.end <= value.span().end
}

fn join(above: &str, name: &str) -> String {
    if above.is_empty() { name.to_owned() } else { format!("{above}.{name}") }
}
