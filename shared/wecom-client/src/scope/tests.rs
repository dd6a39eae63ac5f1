use std::collections::BTreeSet;

use org_model::{DepartmentId, Membership, RawDepartment, RawMember, UserId};
use sync_run::ports::WecomScope;

use super::ScopedTree;

/// `(id, parent)`; parent 0 is the top.
fn tree(departments: &[(u32, u32)]) -> Vec<RawDepartment> {
    let department = |&(id, parent): &(u32, u32)| RawDepartment {
        id: DepartmentId(id),
        name: String::new(),
        parent: (parent > 0).then_some(DepartmentId(parent)),
        order: 0,
        leaders: None,
    };
    departments.iter().map(department).collect()
}

fn ids(ids: &[u32]) -> BTreeSet<DepartmentId> {
    ids.iter().copied().map(DepartmentId).collect()
}

fn scoped(departments: &[(u32, u32)], include: &[u32], exclude: &[u32]) -> ScopedTree {
    let scope = WecomScope {
        include: ids(include),
        exclude: ids(exclude),
    };
    ScopedTree::of(&tree(departments), &scope)
}

const COMPANY: &[(u32, u32)] = &[(1, 0), (2, 1), (3, 1), (4, 2), (5, 4), (6, 3)];

fn kept(tree: &ScopedTree) -> Vec<u32> {
    (1..=9).filter(|id| tree.keeps(DepartmentId(*id))).collect()
}

fn person(departments: &[u32]) -> RawMember {
    let seat = |id: &u32| Membership {
        department: DepartmentId(*id),
        order: 0,
        leader: false,
    };
    RawMember {
        userid: UserId::new("a"),
        name: None,
        memberships: Some(departments.iter().map(seat).collect()),
        listed_in: None,
        main_department: None,
        status: None,
        direct_leaders: None,
        fields: "{}".into(),
    }
}

#[test]
fn no_scope_takes_everything() {
    let tree = scoped(COMPANY, &[], &[]);
    assert_eq!(kept(&tree), [1, 2, 3, 4, 5, 6]);
    assert!(!tree.leaves_something_out());
    assert!(tree.keeps_member(&person(&[])) && tree.keeps_member(&person(&[99])));
}

#[test]
fn include_and_exclude_mean_everything_below() {
    let included = scoped(COMPANY, &[2], &[]);
    assert_eq!(kept(&included), [2, 4, 5]);
    assert!(included.leaves_something_out());
    let both = scoped(COMPANY, &[2], &[4]);
    assert_eq!(kept(&both), [2]);
    let excluded = scoped(COMPANY, &[], &[2]);
    assert_eq!(kept(&excluded), [1, 3, 6]);
}

#[test]
fn including_the_top_leaves_nothing_out() {
    let tree = scoped(COMPANY, &[1], &[]);
    assert!(!tree.leaves_something_out());
    assert!(tree.keeps_member(&person(&[])));
}

#[test]
fn a_department_below_one_that_nobody_lists_is_still_below_it() {
    let tree = scoped(&[(8, 7), (3, 0)], &[], &[7]);
    assert_eq!(kept(&tree), [3]);
}

#[test]
fn a_cycle_ends() {
    let tree = scoped(&[(1, 0), (2, 3), (3, 2)], &[2], &[]);
    assert_eq!(kept(&tree), [2, 3]);
}

#[test]
fn a_person_by_name_is_in_when_one_of_their_departments_is() {
    let included = scoped(COMPANY, &[2], &[]);
    assert!(included.keeps_member(&person(&[3, 4])));
    assert!(!included.keeps_member(&person(&[3])));
    assert!(
        !included.keeps_member(&person(&[])),
        "nowhere is not below 2"
    );
    let excluded = scoped(COMPANY, &[], &[2]);
    assert!(excluded.keeps_member(&person(&[])));
    assert!(!excluded.keeps_member(&person(&[5])));
}

#[test]
fn what_the_scope_names_and_the_tree_lacks_is_missing() {
    let missing = |include: &[u32], exclude: &[u32]| {
        let tree = scoped(COMPANY, include, exclude);
        let ids: Vec<u32> = tree.missing().iter().map(|id| id.0).collect();
        ids
    };
    assert!(missing(&[], &[]).is_empty());
    assert!(missing(&[2, 4], &[5]).is_empty());
    assert_eq!(missing(&[2, 8], &[]), [8]);
    assert_eq!(missing(&[], &[9, 3]), [9]);
    assert_eq!(missing(&[9, 8], &[8, 7]), [7, 8, 9]);
}

#[test]
fn a_department_that_is_only_somebodys_parent_is_missing() {
    // Nobody lists 7: it may be out of the range, and what else stood below it is not known.
    let tree = scoped(&[(8, 7), (3, 0)], &[], &[7]);
    assert_eq!(tree.missing(), &ids(&[7]));
}
