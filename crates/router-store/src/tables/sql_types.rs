//! The two kinds of column that databases keep each in its own way, and what goes into them.

use std::fmt;

use diesel::deserialize::{self, FromSql, FromSqlRow};
use diesel::expression::AsExpression;
use diesel::query_builder::QueryId;
use diesel::serialize::{self, Output, ToSql};
use diesel::sql_types::SqlType;
use jiff::civil;
use router_core::id::RequestId;
use uuid::Uuid;

/// A UUID (public, because diesel makes its tables public, and they name it): 16 bytes in SQLite, `uuid` in PostgreSQL. Either sorts by time.
#[derive(Debug, Clone, Copy, SqlType, QueryId)]
#[cfg_attr(feature = "sqlite", diesel(sqlite_type(name = "Binary")))]
#[cfg_attr(feature = "postgres", diesel(postgres_type(oid = 2950, array_oid = 2951)))]
pub struct Identifier;

/// A day in UTC: `2026-11-23` in SQLite, `date` in PostgreSQL.
#[derive(Debug, Clone, Copy, SqlType, QueryId)]
#[cfg_attr(feature = "sqlite", diesel(sqlite_type(name = "Text")))]
#[cfg_attr(feature = "postgres", diesel(postgres_type(oid = 1082, array_oid = 1182)))]
pub struct UtcDay;

/// What goes into an [`Identifier`].
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, AsExpression, FromSqlRow)]
#[diesel(sql_type = Identifier)]
pub(crate) struct Id(pub(crate) Uuid);

/// What goes into a [`UtcDay`].
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, AsExpression, FromSqlRow)]
#[diesel(sql_type = UtcDay)]
pub(crate) struct Day(pub(crate) civil::Date);

impl From<RequestId> for Id {
    fn from(RequestId(id): RequestId) -> Self {
        Self(id)
    }
}

impl From<Id> for RequestId {
    fn from(Id(id): Id) -> Self {
        Self(id)
    }
}

impl fmt::Debug for Id {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

impl fmt::Debug for Day {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

#[cfg(feature = "sqlite")]
mod sqlite {
    use diesel::sql_types::{Binary, Text};
    use diesel::sqlite::{Sqlite, SqliteValue};

    use super::*;

    impl ToSql<Identifier, Sqlite> for Id {
        fn to_sql<'b>(&'b self, out: &mut Output<'b, '_, Sqlite>) -> serialize::Result {
            <[u8] as ToSql<Binary, Sqlite>>::to_sql(self.0.as_bytes(), out)
        }
    }

    impl FromSql<Identifier, Sqlite> for Id {
        fn from_sql(bytes: SqliteValue<'_, '_, '_>) -> deserialize::Result<Self> {
            let bytes = <Vec<u8> as FromSql<Binary, Sqlite>>::from_sql(bytes)?;
            Ok(Self(Uuid::from_slice(&bytes)?))
        }
    }

    impl ToSql<UtcDay, Sqlite> for Day {
        fn to_sql<'b>(&'b self, out: &mut Output<'b, '_, Sqlite>) -> serialize::Result {
            out.set_value(self.0.to_string());
            Ok(serialize::IsNull::No)
        }
    }

    impl FromSql<UtcDay, Sqlite> for Day {
        fn from_sql(text: SqliteValue<'_, '_, '_>) -> deserialize::Result<Self> {
            Ok(Self(<String as FromSql<Text, Sqlite>>::from_sql(text)?.parse()?))
        }
    }
}

#[cfg(feature = "postgres")]
mod postgres {
    use std::io::Write as _;

    use diesel::pg::{Pg, PgValue};
    use jiff::ToSpan as _;

    use super::*;

    /// PostgreSQL's days are counted from here.
    const EPOCH: civil::Date = civil::date(2000, 1, 1);

    impl ToSql<Identifier, Pg> for Id {
        fn to_sql<'b>(&'b self, out: &mut Output<'b, '_, Pg>) -> serialize::Result {
            out.write_all(self.0.as_bytes())?;
            Ok(serialize::IsNull::No)
        }
    }

    impl FromSql<Identifier, Pg> for Id {
        fn from_sql(value: PgValue<'_>) -> deserialize::Result<Self> {
            Ok(Self(Uuid::from_slice(value.as_bytes())?))
        }
    }

    impl ToSql<UtcDay, Pg> for Day {
        fn to_sql<'b>(&'b self, out: &mut Output<'b, '_, Pg>) -> serialize::Result {
            let days = EPOCH.until(self.0)?.get_days();
            out.write_all(&days.to_be_bytes())?;
            Ok(serialize::IsNull::No)
        }
    }

    impl FromSql<UtcDay, Pg> for Day {
        fn from_sql(value: PgValue<'_>) -> deserialize::Result<Self> {
            let days = i32::from_be_bytes(value.as_bytes().try_into()?);
            Ok(Self(EPOCH.checked_add(days.days())?))
        }
    }
}
