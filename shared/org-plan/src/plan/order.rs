//! Orders that are sound at every prefix.

use std::collections::BTreeMap;

use org_model::{DepartmentId, DepartmentTree};

/// Parents before children: level by level, ids ascending within a level.
pub(super) fn top_down(tree: &DepartmentTree) -> Vec<DepartmentId> {
    let mut children: BTreeMap<Option<DepartmentId>, Vec<DepartmentId>> = BTreeMap::new();
    for department in tree.iter() {
        children
            .entry(department.parent)
            .or_default()
            .push(department.id);
    }
    let mut order = Vec::with_capacity(tree.len());
    let mut level = children.remove(&None).unwrap_or_default();
    while !level.is_empty() {
        level.sort_unstable();
        let below = level.iter().filter_map(|id| children.get(&Some(*id)));
        let next = below.flatten().copied().collect();
        order.append(&mut level);
        level = next;
    }
    order
}

/// Children before parents: the deepest level first, ids ascending within a level. `parents` may
/// be a part of a tree; a parent outside of it counts as the top.
pub(super) fn leaf_first(
    parents: &BTreeMap<DepartmentId, Option<DepartmentId>>,
) -> Vec<DepartmentId> {
    let depths = depths(parents);
    let mut order: Vec<DepartmentId> = parents.keys().copied().collect();
    order.sort_by_key(|id| std::cmp::Reverse(depths.get(id).copied().unwrap_or_default()));
    order
}

/// Parents before children: the highest level first, ids ascending within a level. As with
/// [`leaf_first`], a parent outside of `parents` counts as the top.
pub(crate) fn parents_first(
    parents: &BTreeMap<DepartmentId, Option<DepartmentId>>,
) -> Vec<DepartmentId> {
    let depths = depths(parents);
    let mut order: Vec<DepartmentId> = parents.keys().copied().collect();
    order.sort_by_key(|id| depths.get(id).copied().unwrap_or_default());
    order
}

/// Each depth is found once and remembered, so that the walk is linear. A department that stands
/// in a cycle (no plan writes one) gets some depth, and the walk ends all the same.
fn depths(parents: &BTreeMap<DepartmentId, Option<DepartmentId>>) -> BTreeMap<DepartmentId, usize> {
    let mut depths: BTreeMap<DepartmentId, usize> = BTreeMap::new();
    for &start in parents.keys() {
        let mut path = Vec::new();
        let mut next = Some(start);
        while let Some(id) = next.filter(|id| parents.contains_key(id) && !depths.contains_key(id))
        {
            // 0 until the true depth is known: it also marks the id as visited.
            depths.insert(id, 0);
            path.push(id);
            next = parents.get(&id).copied().flatten();
        }
        let above = next
            .and_then(|id| depths.get(&id))
            .map_or(0, |depth| depth + 1);
        for (steps, id) in path.into_iter().rev().enumerate() {
            depths.insert(id, above + steps);
        }
    }
    depths
}
