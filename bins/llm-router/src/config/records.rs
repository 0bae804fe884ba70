//! `[data]` and `[records]`: where things are kept, which, and how safely.

use std::borrow::Cow;
use std::num::NonZeroU32;
use std::path::PathBuf;
use std::time::Duration;

use router_core::grants::KeepText;
use router_store::postgres::PostgresSettings;
use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use secrecy::ExposeSecret;
use serde::{Deserialize, Deserializer, Serialize, Serializer};

use super::secret::Secret;
use super::server::count;
use super::{duration_text, size_text, text_value};

/// Where things are kept.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct Data {
    /// The directory of database and journal.
    pub dir: PathBuf,
    /// The database: the SQLite file `llm-router.db` in `dir`, unless `DATABASE_URL` says otherwise.
    #[serde(skip)]
    pub database: Database,
    /// Connections to PostgreSQL at once, for each replica.
    pub connections: NonZeroU32,
    /// How long PostgreSQL may take for one call, the wait for a connection included.
    #[serde(with = "duration_text")]
    #[schemars(with = "duration_text::Text")]
    pub deadline: Duration,
}

impl Default for Data {
    fn default() -> Self {
        let PostgresSettings { connections, deadline, .. } = PostgresSettings::default();
        let connections = count(u32::try_from(connections).unwrap_or(u32::MAX));
        Self { dir: "./data".into(), database: Database::Sqlite(PathBuf::new()), connections, deadline }
    }
}

/// Which database.
#[derive(Debug, Clone, PartialEq)]
pub enum Database {
    /// A file of this machine.
    Sqlite(PathBuf),
    /// A server that replicas share: its address, which holds a password most often.
    Postgres(Secret),
}

impl Default for Database {
    fn default() -> Self {
        Self::Sqlite(PathBuf::new())
    }
}

impl Database {
    /// Where it is, without user and password.
    #[must_use]
    pub fn place(&self) -> String {
        match self {
            Self::Sqlite(path) => path.display().to_string(),
            Self::Postgres(url) => router_store::postgres::place(url.secret().expose_secret()).unwrap_or_default(),
        }
    }
}

/// When the journal is forced to the disk: what power loss may cost. A killed process loses nothing either way.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Fsync {
    /// When the operating system sees fit: up to 30 s on Linux.
    Never,
    /// At most this long after the write.
    Every(Duration),
    /// Before each request goes on.
    Always,
}

impl Serialize for Fsync {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self {
            Self::Never => serializer.serialize_str("never"),
            Self::Every(interval) => duration_text::serialize(interval, serializer),
            Self::Always => serializer.serialize_str("always"),
        }
    }
}

impl<'de> Deserialize<'de> for Fsync {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let expected = r#""never", "always", or a time like "1s""#;
        text_value::read(deserializer, expected, |text| match text {
            "never" => Ok(Self::Never),
            "always" => Ok(Self::Always),
            _ => match duration_text::parse(text) {
                Ok(interval) if interval > Duration::ZERO => Ok(Self::Every(interval)),
                _ => Err(format!("`{text}` is not known; write {expected}")),
            },
        })
    }
}

impl JsonSchema for Fsync {
    fn inline_schema() -> bool {
        true
    }

    fn schema_name() -> Cow<'static, str> {
        "Fsync".into()
    }

    fn json_schema(generator: &mut SchemaGenerator) -> Schema {
        let interval = generator.subschema_for::<duration_text::Text>();
        json_schema!({"anyOf": [{"enum": ["never", "always"]}, interval]})
    }
}

/// What happens to a request whose record cannot be kept (journal full, or the disk fails).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum OnRecordLoss {
    /// It is refused: nothing is billed without a record.
    Refuse,
    /// It is served, and the loss counted.
    Serve,
}

/// Which records are kept, and how safely.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct Records {
    /// How much the journal may hold while the database does not take it; at least 1MiB.
    #[serde(with = "size_text")]
    #[schemars(with = "size_text::Text")]
    pub journal_limit: u64,
    /// When the journal is forced to the disk: `"always"`, `"never"`, or an interval.
    pub journal_fsync: Fsync,
    /// What happens to a request whose record cannot be kept.
    pub on_record_loss: OnRecordLoss,
    /// What is kept of prompts and answers, where neither a key nor its tenant says: nothing, digests (`hashed`, needs
    /// `RECORDS_TEXT_SECRET`), the text without what looks like an address, a number of a person or a secret (`redacted`), or
    /// all of it (`whole`).
    pub text: KeepText,
    /// What digests are made with: `RECORDS_TEXT_SECRET`.
    #[serde(skip)]
    pub text_secret: Option<Secret>,
    /// How long records are kept, in days.
    pub retention_days: NonZeroU32,
}

impl Records {
    /// What is only read at start.
    pub(super) const fn kept(&self) -> (u64, Fsync, NonZeroU32) {
        (self.journal_limit, self.journal_fsync, self.retention_days)
    }
}

impl Default for Records {
    fn default() -> Self {
        Self {
            // Half a million records of 2 kB: more than an hour of a dead database at 100 requests/s.
            journal_limit: 1 << 30,
            journal_fsync: Fsync::Every(Duration::from_secs(1)),
            on_record_loss: OnRecordLoss::Refuse,
            text: KeepText::None,
            text_secret: None,
            retention_days: count(30),
        }
    }
}
