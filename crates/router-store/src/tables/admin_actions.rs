//! Rows of what administrators did.

use diesel::prelude::*;

use super::columns::Row;
use super::schema::admin_actions;
use super::sql_types::Id;
use crate::audit::AdminAction;
use crate::error::StoreError;

pub(crate) const WHAT: &str = "admin action";

#[derive(Debug, Queryable, Selectable, Insertable)]
#[diesel(table_name = admin_actions, treat_none_as_default_value = false)]
pub(crate) struct ActionRow {
    pub(crate) id: Id,
    pub(crate) at_us: i64,
    pub(crate) actor: String,
    pub(crate) action: String,
    pub(crate) subject: String,
    pub(crate) value_before: Option<String>,
    pub(crate) value_after: Option<String>,
}

impl ActionRow {
    pub(crate) fn from_action(action: &AdminAction) -> Result<Self, StoreError> {
        let row = Row { what: WHAT, id: &action.id };
        let (before, after) = (action.before.as_ref(), action.after.as_ref());
        Ok(Self {
            id: action.id.into(),
            at_us: action.at.as_microsecond(),
            actor: action.actor.clone(),
            action: action.action.clone(),
            subject: action.subject.clone(),
            value_before: before.map(|value| row.to_json("value_before", value)).transpose()?,
            value_after: after.map(|value| row.to_json("value_after", value)).transpose()?,
        })
    }

    pub(crate) fn into_action(self) -> Result<AdminAction, StoreError> {
        let row = Row { what: WHAT, id: &self.id };
        Ok(AdminAction {
            id: self.id.into(),
            at: row.time("at_us", self.at_us)?,
            actor: self.actor,
            action: self.action,
            subject: self.subject,
            before: self.value_before.map(|text| row.json("value_before", &text)).transpose()?,
            after: self.value_after.map(|text| row.json("value_after", &text)).transpose()?,
        })
    }
}
