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
    /// One id with two different records: it is left out, with everything below it.
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
        let (mut departments, mut left_out) = unique(listing);
        flaws.extend(left_out.iter().copied().map(TreeFlaw::Contradiction));
        if whole_company {
            let orphans = orphans(&departments);
            flaws.extend(orphans.iter().copied().map(TreeFlaw::MissingParent));
            left_out.extend(orphans);
            left_out.extend(false_roots(&departments, &mut flaws));
        } else {
            for orphan in orphans(&departments) {
                departments
                    .entry(orphan)
                    .and_modify(|one| one.parent = None);
            }
        }
        let fates = fates(&departments, &left_out);
        let in_cycle = |id: &DepartmentId| fates.get(id) == Some(&Fate::NeverEnds);
        let cyclic: BTreeSet<_> = departments.keys().copied().filter(in_cycle).collect();
        if !cyclic.is_empty() {
            flaws.push(TreeFlaw::Cycle(cyclic));
        }
        departments.retain(|id, _| fates.get(id) == Some(&Fate::ReachesTop));
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

/// The records by id, and the ids that have two different ones.
fn unique(
    listing: &[RawDepartment],
) -> (BTreeMap<DepartmentId, Department>, BTreeSet<DepartmentId>) {
    let mut departments: BTreeMap<DepartmentId, Department> = BTreeMap::new();
    let mut contradictions = BTreeSet::new();
    for raw in listing {
        let department = Department::from(raw);
        match departments.get_mut(&raw.id) {
            // It is left out, yet where it seems to stand must not depend on the listing.
            Some(known) if *known != department => {
                contradictions.insert(raw.id);
                if department < *known {
                    *known = department;
                }
            }
            Some(_) => {}
            None => {
                departments.insert(raw.id, department);
            }
        }
    }
    (departments, contradictions)
}

fn orphans(departments: &BTreeMap<DepartmentId, Department>) -> Vec<DepartmentId> {
    let is_orphan = |department: &&Department| {
        let parent = department.parent;
        parent.is_some_and(|parent| !departments.contains_key(&parent))
    };
    let orphans = departments.values().filter(is_orphan);
    orphans.map(|department| department.id).collect()
}

/// Where the whole company is visible, the root is the one department without a parent: any other
/// has lost its place.
fn false_roots(
    departments: &BTreeMap<DepartmentId, Department>,
    flaws: &mut Vec<TreeFlaw>,
) -> BTreeSet<DepartmentId> {
    let tops = departments.values().filter(|one| one.parent.is_none());
    let mut tops: BTreeSet<DepartmentId> = tops.map(|one| one.id).collect();
    if !tops.contains(&DepartmentId::ROOT) {
        flaws.push(TreeFlaw::NoRoot);
    }
    if tops.len() > 1 {
        flaws.push(TreeFlaw::SeveralRoots(tops.clone()));
    }
    tops.remove(&DepartmentId::ROOT);
    tops
}

/// Where the way up from a department ends.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Fate {
    ReachesTop,
    /// On or below a department that is left out.
    LeftOut,
    /// On or below a cycle.
    NeverEnds,
}

/// Walks up from every department, remembering what is known already, so that the whole walk is
/// linear in the number of departments.
fn fates(
    departments: &BTreeMap<DepartmentId, Department>,
    left_out: &BTreeSet<DepartmentId>,
) -> BTreeMap<DepartmentId, Fate> {
    let mut fates: BTreeMap<DepartmentId, Fate> = BTreeMap::new();
    fates.extend(left_out.iter().map(|id| (*id, Fate::LeftOut)));
    for &start in departments.keys() {
        let mut path = Vec::new();
        let mut on_path = BTreeSet::new();
        let mut next = Some(start);
        let fate = loop {
            let Some(id) = next else {
                break Fate::ReachesTop;
            };
            if let Some(&known) = fates.get(&id) {
                break known;
            }
            if !on_path.insert(id) {
                break Fate::NeverEnds;
            }
            path.push(id);
            next = departments.get(&id).and_then(|one| one.parent);
        };
        fates.extend(path.into_iter().map(|id| (id, fate)));
    }
    fates
}
