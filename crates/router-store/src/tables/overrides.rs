//! Rows of overrides of the configuration.

use diesel::prelude::*;

use super::columns::Row;
use super::schema::overrides;
use crate::error::StoreError;
use crate::overrides::Override;

pub(crate) const WHAT: &str = "configuration override";

#[derive(Debug, Queryable, Selectable, Insertable, AsChangeset)]
#[diesel(table_name = overrides)]
pub(crate) struct OverrideRow {
    pub(crate) path: String,
    pub(crate) value: String,
    pub(crate) actor: String,
    pub(crate) at_us: i64,
}

impl OverrideRow {
    pub(crate) fn from_override(change: &Override) -> Result<Self, StoreError> {
        let row = Row { what: WHAT, id: &change.path };
        Ok(Self {
            path: change.path.clone(),
            value: row.to_json("value", &change.value)?,
            actor: change.actor.clone(),
            at_us: change.at.as_microsecond(),
        })
    }

    pub(crate) fn into_override(self) -> Result<Override, StoreError> {
        let row = Row { what: WHAT, id: &self.path };
        let (value, at) = (row.json("value", &self.value)?, row.time("at_us", self.at_us)?);
        Ok(Override { path: self.path, value, actor: self.actor, at })
    }
}
