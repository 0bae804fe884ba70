//! In which order to ask the candidates.

use crate::decision::Candidate;
use crate::model::Model;
use crate::registry::Registry;

/// A permutation of the indices of `ranked`: the leader, the same model elsewhere, the leader's own failover order, then
/// the rest by rank.
///
/// The leader is `requested`, the model the caller asked for by name, or else the first of `ranked`. A requested model that
/// is not a candidate still leads: what stands in for it is asked before what merely ranks well.
pub(crate) fn order(ranked: &[Candidate], requested: Option<&Model>, registry: &Registry) -> Vec<usize> {
    let Some(leader) = requested.or_else(|| ranked.first().map(|first| &*first.model)) else { return Vec::new() };
    let mut order = Order { plan: Vec::with_capacity(ranked.len()), placed: vec![false; ranked.len()] };
    let at = |position| ranked.iter().position(|candidate| candidate.position == position);

    order.extend(registry.position(leader.id.as_str()).and_then(at));
    if let Some(weights) = leader.same_as.as_deref() {
        let twins =
            ranked.iter().enumerate().filter(|(_, candidate)| candidate.model.same_as.as_deref() == Some(weights));
        order.extend(twins.map(|(index, _)| index));
    }
    let failover = leader.failover_order.iter().filter_map(|id| registry.position(id.as_str()));
    order.extend(failover.filter_map(at));
    order.extend(0..ranked.len());
    order.plan
}

/// A plan in the making: everyone at most once.
struct Order {
    plan: Vec<usize>,
    placed: Vec<bool>,
}

impl Order {
    fn extend(&mut self, indices: impl IntoIterator<Item = usize>) {
        for index in indices {
            if !std::mem::replace(&mut self.placed[index], true) {
                self.plan.push(index);
            }
        }
    }
}
