//! Sorts the removals of a plan by what is known of them from earlier runs.

use std::collections::BTreeSet;

use org_model::{InternalId, ItemKind};

use super::known::Known;
use crate::held::RemovalId;
use crate::rules::{Count, DayCount};
use crate::{Action, Base, Change, HeldItem, Item, Plan, RemovalsOfDay};

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
    /// Decided before this run handed over: judged then, with all that was decided then.
    Decided,
    /// Missing only since this run handed over: the next run's.
    Later,
    /// Held by an earlier run.
    Waiting,
    /// An administrator decided that it stays: no removal, no row.
    KeptByAPerson,
    /// A department in which something stays.
    NotEmpty,
}

impl Decision {
    /// Somebody's word, or an earlier judgement, lets it go: no threshold of this run may hold it.
    pub(super) fn is_let_go(self) -> bool {
        matches!(self, Self::Approved | Self::Accepted | Self::Decided)
    }

    /// As things stand, this run removes it.
    pub(super) fn goes(self) -> bool {
        self == Self::New || self.is_let_go()
    }

    /// No earlier run held it and nobody decided about it.
    fn is_new(self) -> bool {
        matches!(self, Self::New | Self::Held)
    }
}

/// The decisions on a plan's removals, in their order, and on the items nobody asked about.
pub(super) struct Sorted {
    decisions: Vec<Decision>,
    unasked: Vec<Decision>,
}

impl Sorted {
    pub(super) fn sort(plan: &Plan, known: &Known<'_>) -> Self {
        let removals = plan.removals.iter();
        let unasked = plan.unasked.iter();
        Self {
            decisions: removals
                .map(|change| known.decision(&change.after, change.action))
                .collect(),
            unasked: unasked
                .map(|item| known.decision(item, Action::Delete))
                .collect(),
        }
    }

    /// One decision per removal of the plan, in its order.
    pub(super) fn decisions(&self) -> impl Iterator<Item = Decision> + '_ {
        self.decisions.iter().copied()
    }

    pub(super) fn decisions_mut(&mut self) -> impl Iterator<Item = &mut Decision> {
        self.decisions.iter_mut()
    }

    /// The removals that this run makes.
    pub(super) fn going<'a>(&'a self, plan: &'a Plan) -> impl Iterator<Item = RemovalId<'a>> {
        let removals = plan.removals.iter().zip(self.decisions());
        removals
            .filter(|(_, decision)| decision.goes())
            .map(|(change, _)| change.removal_id())
    }

    pub(super) fn hold_all_new(&mut self) {
        for decision in self.decisions.iter_mut().chain(&mut self.unasked) {
            if *decision == Decision::New {
                *decision = Decision::Held;
            }
        }
    }

    /// Holds the new deletions of people who may only have another userid now, and says how many.
    pub(super) fn hold_suspected_renames(&mut self, plan: &Plan) -> u64 {
        if plan.renames.is_empty() {
            return 0;
        }
        let mut held = 0;
        let removals = plan.removals.iter();
        let deletions = removals.map(|change| (change.action == Action::Delete, &change.after));
        let deletions = deletions.zip(&mut self.decisions);
        let unasked = plan.unasked.iter().map(|item| (true, item));
        for ((deletes, item), decision) in deletions.chain(unasked.zip(&mut self.unasked)) {
            let is_suspected = deletes && plan.renames.contains_key(&item.key());
            if *decision == Decision::New && is_suspected {
                *decision = Decision::Held;
                held += 1;
            }
        }
        held
    }

    /// What the thresholds see of one kind. Removals that are held already because of the other
    /// kind, or as suspected renames, still count for their own, so that the notice names every
    /// rule and a suspicion lets nobody else go.
    pub(super) fn count(&self, plan: &Plan, kind: ItemKind, day: &RemovalsOfDay) -> Count {
        let new = self.new_items(plan, kind);
        let earlier = day.removed.iter();
        let earlier = earlier.filter(|(of, id)| *of == kind && !new.contains(id));
        let base = self.base(plan, kind);
        let deletions = new.len() as u64;
        Count {
            kind,
            deletions,
            approved: self.how_many(plan, kind, Decision::Approved),
            base,
            day: DayCount {
                deletions: deletions + earlier.count() as u64,
                base: base.max(day.base.of(kind)),
            },
        }
    }

    /// Each once: those that would go and those that nobody could ask about.
    fn new_items<'a>(&self, plan: &'a Plan, kind: ItemKind) -> BTreeSet<&'a InternalId> {
        let removals = plan.removals.iter().map(|change| &change.after);
        let removals = removals.zip(&self.decisions);
        let all = removals.chain(plan.unasked.iter().zip(&self.unasked));
        all.filter(|(item, decision)| item.kind() == kind && decision.is_new())
            .map(|(item, _)| item.internal_id())
            .collect()
    }

    fn how_many(&self, plan: &Plan, kind: ItemKind, wanted: Decision) -> u64 {
        let kinds = plan.removals.iter().map(Change::kind);
        let decided = kinds.zip(self.decisions());
        decided.filter(|one| *one == (kind, wanted)).count() as u64
    }

    /// What the percentages are of: whoever is detached is no longer part of it.
    fn base(&self, plan: &Plan, kind: ItemKind) -> u64 {
        let detached = self.how_many(plan, kind, Decision::Accepted);
        plan.base.of(kind).saturating_sub(detached)
    }

    pub(super) fn bases(&self, plan: &Plan) -> Base {
        Base {
            users: self.base(plan, ItemKind::User),
            departments: self.base(plan, ItemKind::Department),
        }
    }

    /// Everything that this run holds, sorted.
    pub(super) fn held(&self, plan: &Plan) -> Vec<HeldItem> {
        let removals = plan.removals.iter();
        let removals = removals.map(|change| (&change.after, change.action));
        let removals = removals.zip(&self.decisions);
        let unasked = plan.unasked.iter().map(|item| (item, Action::Delete));
        let all = removals.chain(unasked.zip(&self.unasked));
        let held = all.filter(|(_, decision)| **decision == Decision::Held);
        let held = held.map(|((item, action), _)| held_item(plan, item, action));
        let mut held: Vec<HeldItem> = held.collect();
        held.sort();
        held
    }

    /// The approved items whose removal this run makes.
    pub(super) fn consumed(&self, plan: &Plan, known: &Known<'_>) -> Vec<HeldItem> {
        let removals = plan.removals.iter().zip(self.decisions());
        let going = removals.filter(|(_, decision)| *decision == Decision::Approved);
        let approved = going.filter_map(|(change, _)| known.approved(change.removal_id()));
        let mut consumed: Vec<HeldItem> = approved.cloned().collect();
        consumed.sort();
        consumed
    }
}

fn held_item(plan: &Plan, item: &Item, action: Action) -> HeldItem {
    let mut held = HeldItem::of(item, action);
    if action == Action::Delete && !plan.renames.is_empty() {
        held.suspected_rename = plan.renames.get(&item.key()).cloned();
    }
    held
}
