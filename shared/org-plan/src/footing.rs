//! What may still be written when something before it was not.
//!
//! A plan is sound at every prefix, and one write that fails is no prefix: whatever follows it
//! counts on it. Of a parent and a child that swap places, the new parent's move fails; were the
//! other one still made, each would hang from the other. So a change that builds on one that did
//! not happen does not happen either, and the next run plans both anew. All others go on: one
//! write that fails holds up only what stands on it.

use std::collections::BTreeSet;

use org_model::{DepartmentId, DepartmentTree, ItemState};

use crate::{Change, Item, Note, notes};

/// The departments that are not where the plan put them.
#[derive(Clone, Debug, Default)]
pub struct Footing {
    /// Not there: nobody can stand in it.
    absent: BTreeSet<DepartmentId>,
    /// There, and perhaps still below its old parent.
    misplaced: BTreeSet<DepartmentId>,
}

impl Footing {
    /// This creation or update did not happen, or nobody knows whether it did.
    pub fn lose(&mut self, change: &Change) {
        let Item::Department(after) = &change.after else {
            return;
        };
        if !is_live(change) {
            self.absent.insert(after.id);
        } else if places(change) {
            self.misplaced.insert(after.id);
        }
    }

    /// Does everything stand that this creation or update builds on? `tree`: the snapshot's, after
    /// which departments are placed; for what is given back there is none.
    pub fn carries(&self, change: &Change, tree: Option<&DepartmentTree>) -> bool {
        let homes = change.after.departments();
        if homes.iter().any(|home| self.absent.contains(home)) {
            return false;
        }
        match &change.after {
            Item::Department(after) if places(change) => after
                .parent
                .is_none_or(|parent| self.reaches_top(parent, tree)),
            _ => true,
        }
    }

    /// Why a change that is not carried was not made.
    pub fn no_footing() -> Note {
        notes::no_footing()
    }

    /// Every department from here to the top is where the plan put it.
    fn reaches_top(&self, from: DepartmentId, tree: Option<&DepartmentTree>) -> bool {
        let above = |id: &DepartmentId| tree?.get(*id)?.parent;
        std::iter::successors(Some(from), above)
            .all(|id| !self.absent.contains(&id) && !self.misplaced.contains(&id))
    }
}

fn is_live(change: &Change) -> bool {
    let before = change.before.as_ref();
    !change.displaces && before.is_some_and(|item| item.state() == ItemState::Live)
}

/// Does it give a department a place that it did not have?
fn places(change: &Change) -> bool {
    let stood = change.before.as_ref().map(Item::departments);
    !is_live(change) || stood != Some(change.after.departments())
}
