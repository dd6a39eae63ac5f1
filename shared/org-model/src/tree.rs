//! The department tree: grown from whatever order WeCom listed, sound by construction.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;

use serde::{Deserialize, Serialize};

use crate::{Department, DepartmentId, RawDepartment};

/// Departments without a cycle: following `parent` from any of them ends at a top department.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct DepartmentTree {
    departments: BTreeMap<DepartmentId, Department>,
}

/// Why a listing is no sound tree. What a flaw touches is left out of the tree, never guessed.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum TreeFlaw {
    /// These departments are their own ancestors, or stand below such.
    Cycle(BTreeSet<DepartmentId>),
    /// One id with two different records.
    Contradiction(DepartmentId),
    /// A parent that the listing does not have, although the whole company is visible.
    MissingParent(DepartmentId),
    /// More than one department without a parent, although the whole company is visible.
    SeveralRoots(BTreeSet<DepartmentId>),
    NoRoot,
}

impl fmt::Display for TreeFlaw {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Cycle(ids) => write!(f, "{} departments stand in a cycle", ids.len()),
            Self::Contradiction(id) => write!(f, "department {id} was listed twice, differently"),
            Self::MissingParent(id) => write!(f, "the parent of department {id} was not listed"),
            Self::SeveralRoots(ids) => write!(f, "{} departments have no parent", ids.len()),
            Self::NoRoot => f.write_str("the root department was not listed"),
        }
    }
}

impl DepartmentTree {
    /// Grows the tree from a listing in any order. `whole_company`: the range includes the root,
    /// so that a missing parent is a flaw; otherwise such a department stands at the top
    /// (WECOM.md §3: a scoped app may see a `parentid` that is not in the answer).
    pub fn grow(listing: &[RawDepartment], whole_company: bool) -> (Self, Vec<TreeFlaw>) {
        let mut flaws = Vec::new();
        let mut departments = unique(listing, &mut flaws);
        attach_orphans(&mut departments, whole_company, &mut flaws);
        let cyclic = on_or_below_a_cycle(&departments);
        if !cyclic.is_empty() {
            departments.retain(|id, _| !cyclic.contains(id));
            flaws.push(TreeFlaw::Cycle(cyclic));
        }
        if whole_company {
            flaws.extend(root_flaw(&departments));
        }
        (Self { departments }, flaws)
    }

    pub fn get(&self, id: DepartmentId) -> Option<&Department> {
        self.departments.get(&id)
    }

    pub fn contains(&self, id: DepartmentId) -> bool {
        self.departments.contains_key(&id)
    }

    pub fn len(&self) -> usize {
        self.departments.len()
    }

    pub fn is_empty(&self) -> bool {
        self.departments.is_empty()
    }

    pub fn iter(&self) -> impl Iterator<Item = &Department> {
        self.departments.values()
    }

    pub fn ids(&self) -> BTreeSet<DepartmentId> {
        self.departments.keys().copied().collect()
    }
}

fn unique(
    listing: &[RawDepartment],
    flaws: &mut Vec<TreeFlaw>,
) -> BTreeMap<DepartmentId, Department> {
    let mut departments: BTreeMap<DepartmentId, Department> = BTreeMap::new();
    let mut contradictions = BTreeSet::new();
    // Sorted, so that which of two contradicting records stays does not depend on the listing.
    let mut sorted: Vec<&RawDepartment> = listing.iter().collect();
    sorted.sort_by_key(|raw| (raw.id, raw.parent, raw.order, raw.name.clone()));
    for raw in sorted {
        let department = Department::from(raw);
        match departments.get(&raw.id) {
            Some(known) if *known != department => {
                contradictions.insert(raw.id);
            }
            Some(_) => {}
            None => {
                departments.insert(raw.id, department);
            }
        }
    }
    flaws.extend(contradictions.into_iter().map(TreeFlaw::Contradiction));
    departments
}

fn attach_orphans(
    departments: &mut BTreeMap<DepartmentId, Department>,
    whole_company: bool,
    flaws: &mut Vec<TreeFlaw>,
) {
    let known: BTreeSet<DepartmentId> = departments.keys().copied().collect();
    for department in departments.values_mut() {
        if department
            .parent
            .is_some_and(|parent| !known.contains(&parent))
        {
            department.parent = None;
            if whole_company {
                flaws.push(TreeFlaw::MissingParent(department.id));
            }
        }
    }
}

/// Walks up from every department, remembering which are known to reach the top, so that the
/// whole walk is linear in the number of departments.
fn on_or_below_a_cycle(departments: &BTreeMap<DepartmentId, Department>) -> BTreeSet<DepartmentId> {
    let mut reaches_top: BTreeMap<DepartmentId, bool> = BTreeMap::new();
    for &start in departments.keys() {
        let mut path = Vec::new();
        let mut on_path = BTreeSet::new();
        let mut next = Some(start);
        let verdict = loop {
            let Some(id) = next else { break true };
            if let Some(&known) = reaches_top.get(&id) {
                break known;
            }
            if !on_path.insert(id) {
                break false;
            }
            path.push(id);
            next = departments
                .get(&id)
                .and_then(|department| department.parent);
        };
        reaches_top.extend(path.into_iter().map(|id| (id, verdict)));
    }
    reaches_top
        .into_iter()
        .filter(|&(_, top)| !top)
        .map(|(id, _)| id)
        .collect()
}

fn root_flaw(departments: &BTreeMap<DepartmentId, Department>) -> Option<TreeFlaw> {
    if departments
        .get(&DepartmentId::ROOT)
        .is_none_or(|root| root.parent.is_some())
    {
        return Some(TreeFlaw::NoRoot);
    }
    let tops = departments
        .values()
        .filter(|department| department.parent.is_none());
    let tops: BTreeSet<DepartmentId> = tops.map(|department| department.id).collect();
    (tops.len() > 1).then_some(TreeFlaw::SeveralRoots(tops))
}
