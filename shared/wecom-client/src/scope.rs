//! Which departments of the tree the settings take in.

use std::collections::{BTreeSet, HashMap};

use org_model::{DepartmentId, RawDepartment, RawMember};
use sync_run::ports::WecomScope;

/// The scope applied to one tree. Cycles and departments nobody lists do no harm.
#[derive(Debug)]
pub(crate) struct ScopedTree {
    everything: bool,
    /// An include is set: whoever stands nowhere in it is left out.
    only_kept: bool,
    kept: BTreeSet<DepartmentId>,
    missing: BTreeSet<DepartmentId>,
}

impl ScopedTree {
    pub fn of(departments: &[RawDepartment], scope: &WecomScope) -> Self {
        let listed = || departments.iter().map(|department| department.id);
        let only_kept = !scope.include.is_empty();
        let mut kept: BTreeSet<DepartmentId> = if only_kept {
            below(departments, &scope.include)
        } else {
            listed().collect()
        };
        let known: BTreeSet<DepartmentId> = listed().collect();
        let named = scope.include.union(&scope.exclude);
        let missing = named.filter(|id| !known.contains(id)).copied().collect();
        let excluded = below(departments, &scope.exclude);
        kept.retain(|id| !excluded.contains(id));
        Self {
            everything: listed().all(|id| kept.contains(&id)),
            only_kept,
            kept,
            missing,
        }
    }

    /// Departments that the scope names and the tree does not have: deleted, out of the range, or
    /// never there. What the scope means is then not known.
    pub fn missing(&self) -> &BTreeSet<DepartmentId> {
        &self.missing
    }

    pub fn leaves_something_out(&self) -> bool {
        !self.everything
    }

    pub fn keeps(&self, id: DepartmentId) -> bool {
        self.kept.contains(&id)
    }

    /// A person who was read by name: in when one of their departments is in. Whoever shows no
    /// department is in unless the settings name what to include.
    pub fn keeps_member(&self, member: &RawMember) -> bool {
        let departments = member.memberships.as_deref().unwrap_or_default();
        self.everything
            || departments.iter().any(|m| self.keeps(m.department))
            || (departments.is_empty() && !self.only_kept)
    }
}

/// `tops` and everything below them.
fn below(departments: &[RawDepartment], tops: &BTreeSet<DepartmentId>) -> BTreeSet<DepartmentId> {
    let mut children: HashMap<DepartmentId, Vec<DepartmentId>> = HashMap::new();
    for department in departments {
        if let Some(parent) = department.parent {
            children.entry(parent).or_default().push(department.id);
        }
    }
    let mut found = BTreeSet::new();
    let mut waiting: Vec<DepartmentId> = tops.iter().copied().collect();
    while let Some(id) = waiting.pop() {
        if found.insert(id) {
            waiting.extend(children.remove(&id).unwrap_or_default());
        }
    }
    found
}

#[cfg(test)]
mod tests;
