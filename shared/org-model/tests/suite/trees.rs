//! The department tree: sound by construction, and nothing in it is guessed.

use org_model::notation::raw_org;
use org_model::{DepartmentId, DepartmentTree, TreeFlaw};

/// The tree of a text and what is wrong with it, one line each.
fn grown(text: &str, whole_company: bool) -> String {
    let (tree, flaws) = DepartmentTree::grow(&raw_org(text).departments, whole_company);
    let mut lines: Vec<String> = tree
        .iter()
        .map(|one| match one.parent {
            Some(parent) => format!("{} in {parent}", one.id),
            None => format!("{} on top", one.id),
        })
        .collect();
    lines.extend(flaws.iter().map(|flaw| format!("! {flaw}")));
    lines.join("\n")
}

#[test]
fn a_child_may_be_listed_before_its_parent() {
    insta::assert_snapshot!(grown("3 Tax; parent=2\n2 Law; parent=1\n1 Acme", true), @r"
    1 on top
    2 in 1
    3 in 2
    ");
}

#[test]
fn a_cycle_is_left_out_with_everything_below_it() {
    let text = "1 Acme\n2 Law; parent=3\n3 Tax; parent=2\n4 Vat; parent=3\n5 Hr; parent=1";
    insta::assert_snapshot!(grown(text, true), @r"
    1 on top
    5 in 1
    ! 3 departments stand in a cycle
    ");
}

#[test]
fn a_department_is_not_its_own_parent() {
    insta::assert_snapshot!(grown("1 Acme\n2 Law; parent=2", true), @r"
    1 on top
    ! 1 departments stand in a cycle
    ");
}

#[test]
fn a_root_in_a_cycle_leaves_no_tree() {
    insta::assert_snapshot!(grown("1 Acme; parent=2\n2 Law; parent=1", true), @r"
    ! the root department was not listed
    ! 2 departments stand in a cycle
    ");
}

#[test]
fn of_two_roots_only_the_company_stays() {
    insta::assert_snapshot!(grown("1 Acme\n2 Law\n3 Tax; parent=2\n4 Hr; parent=1", true), @r"
    1 on top
    4 in 1
    ! 2 departments have no parent
    ");
}

#[test]
fn without_the_root_nothing_has_a_place() {
    insta::assert_snapshot!(grown("2 Law; parent=1\n3 Tax; parent=2", true), @r"
    ! the parent of department 2 was not listed
    ! the root department was not listed
    ");
}

#[test]
fn a_lost_parent_takes_its_children_out_where_all_is_visible() {
    insta::assert_snapshot!(grown("1 Acme\n3 Tax; parent=2\n4 Vat; parent=3", true), @r"
    1 on top
    ! the parent of department 3 was not listed
    ");
}

#[test]
fn a_scoped_app_sees_departments_without_their_parents() {
    insta::assert_snapshot!(grown("3 Tax; parent=2\n4 Vat; parent=3\n9 Hr; parent=8", false), @r"
    3 on top
    4 in 3
    9 on top
    ");
}

#[test]
fn a_department_with_two_records_is_left_out_with_its_children() {
    let text = "1 Acme\n2 Law; parent=1\n2 Law; parent=1; leaders=an\n3 Tax; parent=2";
    insta::assert_snapshot!(grown(text, true), @r"
    1 on top
    ! department 2 was listed twice, differently
    ");
    insta::assert_snapshot!(grown("1 Acme\n2 Law; parent=1\n2 Law; parent=1", true), @r"
    1 on top
    2 in 1
    ");
}

#[test]
fn two_departments_of_one_name_are_two_departments() {
    insta::assert_snapshot!(grown("1 Acme\n  2 Law\n    4 Team\n  3 Tax\n    5 Team", true), @r"
    1 on top
    2 in 1
    3 in 1
    4 in 2
    5 in 3
    ");
}

#[test]
fn an_empty_listing_is_an_empty_tree() {
    let (tree, flaws) = DepartmentTree::grow(&[], false);
    assert!(tree.is_empty() && flaws.is_empty());
    let (_, flaws) = DepartmentTree::grow(&[], true);
    assert_eq!(flaws, [TreeFlaw::NoRoot]);
}

#[test]
fn a_chain_of_30_000_departments_is_walked_once() {
    let text: String = (2..30_000)
        .map(|n| format!("{n} Team; parent={}\n", n - 1))
        .collect();
    let listing = raw_org(&("1 Acme\n".to_owned() + &text)).departments;
    let (tree, flaws) = DepartmentTree::grow(&listing, true);
    assert_eq!((tree.len(), flaws.len()), (29_999, 0));
    assert!(tree.contains(DepartmentId(29_999)));
}
