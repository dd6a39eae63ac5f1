//! Sorts the removals of a plan by what is known of them from earlier runs.

use std::collections::{BTreeMap, BTreeSet};

use org_model::ItemKind;

use crate::held::RemovalId;
use crate::rules::Count;
use crate::{Action, Change, HeldItem, Item, Plan, Standing};

/// What becomes of one removal.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Decision {
    /// Never held before: the thresholds judge it. Permitted if no rule trips.
    New,
    /// Never held before, and a rule tripped.
    Held,
    /// A person approved exactly this.
    Approved,
    /// Detached with a range that a person accepted: no threshold judges it.
    Accepted,
    /// Held by an earlier run.
    Waiting,
    /// An administrator decided that it stays: no removal, no row.
    KeptByAPerson,
    /// A department in which something stays.
    NotEmpty,
}

/// The decisions on a plan's removals, in their order, and on the items nobody asked about.
pub(super) struct Sorted {
    decisions: Vec<Decision>,
    unasked: Vec<Decision>,
    /// The approved items as they were approved.
    approved: Vec<HeldItem>,
}

impl Sorted {
    pub(super) fn sort(plan: &Plan, standing: &Standing) -> Self {
        let waiting: BTreeSet<RemovalId<'_>> =
            standing.waiting.iter().map(HeldItem::removal_id).collect();
        let approved: BTreeSet<RemovalId<'_>> =
            standing.approved.iter().map(HeldItem::removal_id).collect();
        let decision = |item: &Item, action: Action| {
            let id = (item.kind(), item.internal_id(), action);
            if action == Action::Detach {
                Decision::Accepted
            } else if standing.keeps(item) {
                Decision::KeptByAPerson
            } else if approved.contains(&id) {
                Decision::Approved
            } else if waiting.contains(&id) {
                Decision::Waiting
            } else {
                Decision::New
            }
        };
        let removal = |change: &Change| decision(&change.after, change.action);
        Self {
            decisions: plan.removals.iter().map(removal).collect(),
            unasked: plan
                .unasked
                .iter()
                .map(|item| decision(item, Action::Delete))
                .collect(),
            approved: standing.approved.clone(),
        }
    }

    /// One decision per removal of the plan, in its order.
    pub(super) fn decisions(&self) -> impl Iterator<Item = Decision> + '_ {
        self.decisions.iter().copied()
    }

    pub(super) fn decisions_mut(&mut self) -> impl Iterator<Item = &mut Decision> {
        self.decisions.iter_mut()
    }

    pub(super) fn hold_all_new(&mut self) {
        for decision in self.decisions.iter_mut().chain(&mut self.unasked) {
            if *decision == Decision::New {
                *decision = Decision::Held;
            }
        }
    }

    /// What the thresholds see of one kind. Removals that are held already because of the other
    /// kind still count for their own, so that the notice names every rule.
    pub(super) fn count(&self, plan: &Plan, kind: ItemKind) -> Count {
        let removals = plan.removals.iter().map(Change::kind);
        let unasked = plan.unasked.iter().map(Item::kind);
        let decided = removals.zip(&self.decisions);
        let of_kind =
            |wanted: &[Decision], pairs: &mut dyn Iterator<Item = (ItemKind, &Decision)>| {
                let hits = pairs.filter(|(k, decision)| *k == kind && wanted.contains(decision));
                hits.count() as u64
            };
        // Whoever is detached is no longer part of what the thresholds measure by.
        let detached = of_kind(&[Decision::Accepted], &mut decided.clone());
        let new = [Decision::New, Decision::Held];
        let deletions =
            of_kind(&new, &mut decided.clone()) + of_kind(&new, &mut unasked.zip(&self.unasked));
        Count {
            kind,
            deletions,
            approved: of_kind(&[Decision::Approved], &mut decided.clone()),
            base: plan.base.of(kind).saturating_sub(detached),
        }
    }

    /// Everything that this run holds, sorted.
    pub(super) fn held(&self, plan: &Plan) -> Vec<HeldItem> {
        let removals = plan.removals.iter().zip(&self.decisions);
        let removals = removals
            .filter(|(_, decision)| **decision == Decision::Held)
            .map(|(change, _)| HeldItem::of(&change.after, change.action));
        let unasked = plan.unasked.iter().zip(&self.unasked);
        let unasked = unasked
            .filter(|(_, decision)| **decision == Decision::Held)
            .map(|(item, _)| HeldItem::of(item, Action::Delete));
        let mut held: Vec<HeldItem> = removals.chain(unasked).collect();
        held.sort();
        held
    }

    /// The approved items whose removal this run makes.
    pub(super) fn consumed(&self, plan: &Plan) -> Vec<HeldItem> {
        let approved: BTreeMap<RemovalId<'_>, &HeldItem> = self
            .approved
            .iter()
            .map(|item| (item.removal_id(), item))
            .collect();
        let removals = plan.removals.iter().zip(&self.decisions);
        let going = removals.filter(|(_, decision)| **decision == Decision::Approved);
        let ids = going.map(|(change, _)| {
            let item = &change.after;
            (item.kind(), item.internal_id(), change.action)
        });
        let mut consumed: Vec<HeldItem> = ids
            .filter_map(|id| approved.get(&id))
            .map(|item| HeldItem::clone(item))
            .collect();
        consumed.sort();
        consumed
    }
}
