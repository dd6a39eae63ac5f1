//! Which departments something stays in: they are not deleted, whatever WeCom says.

use std::collections::BTreeSet;

use org_model::{AbsenceAnswer, DepartmentId, ItemKey, ItemKind};

use super::sorting::{Decision, Sorted};
use crate::absence::new_mark;
use crate::{Action, Change, Item, KeptItem, Plan, Standing, notes};

pub(super) struct Occupancy {
    departments: BTreeSet<DepartmentId>,
    /// Something stays of which nobody here knows where it stands: nothing is known to be empty.
    anywhere: bool,
}

impl Occupancy {
    /// What the plan leaves where it is, and what waits from earlier runs and is not seen.
    pub(super) fn of(plan: &Plan, standing: &Standing, seen: &dyn Fn(&ItemKey) -> bool) -> Self {
        let mut departments = plan.occupied.clone();
        let mut unaccounted: BTreeSet<&ItemKey> = plan.unaccounted.iter().collect();
        for item in standing.waiting.iter().chain(&standing.approved) {
            let Some(key) = item.key().filter(|key| !seen(key)) else {
                continue;
            };
            // While a deletion waits, nobody moves the person: the list knows where they stand.
            if item.action == Action::Delete && unaccounted.remove(&key) {
                departments.extend(&item.departments);
            }
        }
        Self {
            departments,
            anywhere: !unaccounted.is_empty(),
        }
    }

    /// Walks the removals, people first and then departments leaf first: whatever stays occupies
    /// the department above it.
    pub(super) fn keep_departments(&mut self, plan: &Plan, sorted: &mut Sorted) {
        for (change, decision) in plan.removals.iter().zip(sorted.decisions_mut()) {
            let goes = |decision: &Decision| {
                matches!(
                    decision,
                    Decision::New | Decision::Approved | Decision::Accepted
                )
            };
            if (goes(decision) || *decision == Decision::Held) && self.is_occupied(change) {
                *decision = Decision::NotEmpty;
            }
            // A department that is held for another's sake would go with those below it: the
            // approval that frees one frees the other.
            let goes_or_waits_alike = match change.kind() {
                ItemKind::User => goes(decision),
                ItemKind::Department => goes(decision) || *decision == Decision::Held,
            };
            if !goes_or_waits_alike {
                self.stay(change);
            }
        }
        self.keep_approved_departments(plan, sorted);
    }

    /// Takes the departments out that a person let go and in which something stays that is held
    /// after all.
    pub(super) fn keep_approved_departments(&mut self, plan: &Plan, sorted: &mut Sorted) {
        for (change, decision) in plan.removals.iter().zip(sorted.decisions_mut()) {
            let let_go = matches!(decision, Decision::Approved | Decision::Accepted);
            if let_go && self.is_occupied(change) {
                *decision = Decision::NotEmpty;
            }
            if *decision != Decision::New
                && !matches!(decision, Decision::Approved | Decision::Accepted)
            {
                self.stay(change);
            }
        }
    }

    fn is_occupied(&self, change: &Change) -> bool {
        match change.key() {
            ItemKey::Department(id) => self.anywhere || self.departments.contains(&id),
            ItemKey::User(_) => false,
        }
    }

    fn stay(&mut self, change: &Change) {
        // A disabled person stands where the snapshot shows them, held or not.
        if change.action != Action::Disable {
            self.departments.extend(change.after.departments());
        }
    }
}

/// The department stays, marked as gone in WeCom; the mark is new only once.
pub(super) fn not_empty(removal: &Change) -> Option<KeptItem> {
    let before = removal.before.clone()?;
    if removal.action == Action::Detach {
        return Some(KeptItem {
            before,
            absence: None,
            note: notes::not_detached(),
        });
    }
    let now = match &removal.after {
        Item::Department(department) => department.deleted_at,
        Item::User(user) => user.deleted_at,
    };
    Some(KeptItem {
        absence: now.and_then(|now| new_mark(&before, AbsenceAnswer::Absent, now)),
        before,
        note: notes::not_empty(),
    })
}
