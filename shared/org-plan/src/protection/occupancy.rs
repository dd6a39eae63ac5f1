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
    /// What the plan leaves where it is, and what waits from earlier runs or is kept, unseen.
    pub(super) fn of(plan: &Plan, standing: &Standing, seen: &dyn Fn(&ItemKey) -> bool) -> Self {
        let mut departments = plan.occupied.clone();
        let mut unaccounted: BTreeSet<&ItemKey> = plan.unaccounted.iter().collect();
        let lists = standing.waiting.iter().chain(&standing.approved);
        for item in lists.chain(&standing.kept) {
            // While somebody waits to be deleted, or is kept from it, nobody moves them: the list
            // knows where they stand. Whoever waits to be disabled may have moved since.
            if item.action != Action::Delete || unaccounted.is_empty() {
                continue;
            }
            let key = item.key().filter(|key| !seen(key));
            if key.is_some_and(|key| unaccounted.remove(&key)) {
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
            let is_held = *decision == Decision::Held;
            if (decision.goes() || is_held) && self.is_occupied(change) {
                *decision = Decision::NotEmpty;
            }
            // A department that is held for another's sake would go with those below it: the
            // approval that frees one frees the other.
            let goes_or_waits_alike = match change.kind() {
                ItemKind::User => decision.goes(),
                ItemKind::Department => decision.goes() || *decision == Decision::Held,
            };
            if !goes_or_waits_alike {
                self.stay(change);
            }
        }
        self.keep_approved_departments(plan, sorted);
    }

    /// Takes the departments out that were let go and in which something stays that is held after
    /// all.
    pub(super) fn keep_approved_departments(&mut self, plan: &Plan, sorted: &mut Sorted) {
        for (change, decision) in plan.removals.iter().zip(sorted.decisions_mut()) {
            if decision.is_let_go() && self.is_occupied(change) {
                *decision = Decision::NotEmpty;
            }
            if !decision.goes() {
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
