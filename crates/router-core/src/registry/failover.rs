//! Whether `failoverOrder` names models that exist, and comes to an end.
//!
//! A plan asks each model once, so a circle could not loop at run time. It is refused because it has no meaning: it
//! says of each of its models that the next one is what remains when it fails, and so of each that it is the spare of
//! itself. Two models that name each other are such a circle.

use std::collections::HashMap;

use crate::id::ModelId;
use crate::registry::draft::Draft;
use crate::registry::error::RegistryProblem;
use crate::registry::fields::{Place, Report};

/// The most circles that are reported: each is as long as the models on it, and an operator who let every model name
/// every other understands after a few.
const MAX_CIRCLES: usize = 100;

/// A step from one model to the next: where it leads, and where and as which member of `failoverOrder` it is written.
#[derive(Debug, Clone, Copy)]
struct Step {
    to: usize,
    place: Place,
    member: usize,
}

/// Reports targets that do not exist, and a circle for each step that closes one, up to [`MAX_CIRCLES`].
pub(super) fn check(drafts: &[Draft], report: &mut Report) {
    let steps = steps(drafts, report);
    let mut state = vec![State::New; drafts.len()];
    let mut circles_left = MAX_CIRCLES;
    for start in 0..drafts.len() {
        if state[start] == State::New {
            walk(start, drafts, &steps, &mut state, &mut circles_left, report);
        }
    }
    report.about(None);
}

/// The steps from each model. Targets that do not exist are reported and left out.
fn steps(drafts: &[Draft], report: &mut Report) -> Vec<Vec<Step>> {
    let positions: HashMap<&ModelId, usize> =
        drafts.iter().enumerate().map(|(position, draft)| (&draft.id.value, position)).collect();
    let mut all = Vec::with_capacity(drafts.len());
    for draft in drafts {
        report.about(Some(draft.id.value.to_string()));
        let mut known = Vec::new();
        for (member, target) in draft.failover_order.iter().flatten().enumerate() {
            match positions.get(&target.value) {
                Some(&to) => known.push(Step { to, place: target.place, member }),
                None => {
                    let problem = RegistryProblem::UnknownFailoverTarget { target: target.value.to_string() };
                    report.add(target.place, Some(field(member)), problem);
                }
            }
        }
        all.push(known);
    }
    all
}

/// How far the walk is with a model.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum State {
    New,
    /// On the path from the start to where the walk is now.
    OnPath,
    Done,
}

/// Depth first from `start`. A step back onto the path closes a circle. The path is a list of its own, because a long
/// chain of models must not exhaust the stack.
fn walk(
    start: usize,
    drafts: &[Draft],
    steps: &[Vec<Step>],
    state: &mut [State],
    circles_left: &mut usize,
    report: &mut Report,
) {
    let id = |position: usize| drafts[position].id.value.to_string();
    // Each model on the path with the next of its steps to take.
    let mut path = vec![(start, 0)];
    state[start] = State::OnPath;
    while let Some((position, next)) = path.last_mut() {
        let position = *position;
        let Some(&step) = steps[position].get(*next) else {
            state[position] = State::Done;
            path.pop();
            continue;
        };
        *next += 1;
        match state[step.to] {
            State::New => {
                state[step.to] = State::OnPath;
                path.push((step.to, 0));
            }
            State::OnPath if *circles_left > 0 => {
                *circles_left -= 1;
                let circle = path.iter().map(|&(position, _)| position).skip_while(|&position| position != step.to);
                let path = circle.chain([step.to]).map(id).collect();
                report.about(Some(id(position)));
                report.add(step.place, Some(field(step.member)), RegistryProblem::FailoverCycle { path });
            }
            State::OnPath | State::Done => {}
        }
    }
}

fn field(member: usize) -> String {
    format!("failoverOrder[{member}]")
}
