//! How far the writing has come, and what is known of those that did not happen.

use std::collections::BTreeSet;

use org_model::{DepartmentId, DepartmentTree};
use org_plan::{Change, Footing, Item, PermittedPlan};

use crate::book::Book;
use crate::ports::WriteOutcome;

/// How far the hand has come.
pub(super) struct Hand {
    /// How many changes have not been sent yet.
    pub left: usize,
    total: usize,
    /// Departments that are not empty, whatever the plan expected: somebody could not be moved out
    /// of them or removed from them.
    pub occupied: BTreeSet<DepartmentId>,
    /// Departments that are not where the plan put them.
    footing: Footing,
}

impl Hand {
    pub fn over(plan: &PermittedPlan) -> Self {
        let total = plan.changes().len() + plan.removals().len();
        Self {
            left: total,
            total,
            occupied: BTreeSet::new(),
            footing: Footing::default(),
        }
    }

    /// So many changes are settled, one way or another.
    pub fn sent(&mut self, book: &Book<'_>, changes: usize) {
        self.left -= changes;
        book.ports
            .progress
            .advance((self.total - self.left) as u64, self.total as u64);
    }

    /// A change that did not happen leaves its item where it stood, and nothing to build on.
    pub fn note(&mut self, change: &Change, outcome: &WriteOutcome) {
        if *outcome == WriteOutcome::Done {
            return;
        }
        self.footing.lose(change);
        if let Some(before) = &change.before {
            self.occupied.extend(before.departments());
        }
    }

    /// Does everything stand that this creation or update builds on?
    pub fn carries(&self, change: &Change, tree: Option<&DepartmentTree>) -> bool {
        self.footing.carries(change, tree)
    }

    /// This department has somebody in it.
    pub fn keeps(&self, change: &Change) -> bool {
        matches!(&change.after, Item::Department(d) if self.occupied.contains(&d.id))
    }
}
