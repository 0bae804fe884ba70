//! `deadlines = { firstEventSeconds = 600, idleSeconds = 120, answerSeconds = 900 }`: any of the three.

use std::time::Duration;

use crate::model::ModelDeadlines;
use crate::registry::fields::{Field, Fields, Report};

/// A day: longer than any model has been seen to answer.
const LONGEST: f64 = 86_400.0;

pub(super) fn read(field: &Field<'_>, report: &mut Report) -> Option<ModelDeadlines> {
    let mut fields = field.table("a table with firstEventSeconds, idleSeconds or answerSeconds", report)?;
    let mut wait = |fields: &mut Fields<'_>, name| fields.take(name).map(|field| seconds(&field, report));
    let first_event = wait(&mut fields, "firstEventSeconds");
    let idle = wait(&mut fields, "idleSeconds");
    let answer = wait(&mut fields, "answerSeconds");
    fields.finish(report);
    Some(ModelDeadlines { first_event: first_event.flatten(), idle: idle.flatten(), answer: answer.flatten() })
}

fn seconds(field: &Field<'_>, report: &mut Report) -> Option<Duration> {
    let fits = |seconds: f64| (1e-3..=LONGEST).contains(&seconds);
    field.number_in(fits, "from 0.001 to 86400", report).map(Duration::from_secs_f64)
}
