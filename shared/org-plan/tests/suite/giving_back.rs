//! Giving back what a run removed (ADR 0018).

use std::collections::BTreeSet;

use org_model::{DepartmentId, Generation, InternalId, ItemKey, ItemKind, UserId, UserStatus};
use org_plan::notation::{Reading, World, lost};
use org_plan::{Action, GivenBack, GivenBackBy, Item, Limits, Lost, give_back};

const ACME: &str = "
1 Acme
  2 Law
    3 Patents
      - an An; leader; main; title=Boss
      - bo Bo; active
  4 Hr
    - an
    - k0 Keep
  5 It
    - k1 Keep
    - k2 Keep
";

/// The same without Law, Patents, and whoever stands there alone.
const SMALLER: &str = "
1 Acme
  4 Hr
    - k0 Keep
  5 It
    - k1 Keep
    - k2 Keep
";

/// A world where only what is meant to trip trips.
fn lax(mut world: World) -> World {
    let limits = Limits {
        floor: 1_000,
        max_count: 1_000,
        max_percent: 50,
    };
    world.rules.users = limits;
    world.rules.departments = limits;
    world
}

/// The source after a run that removed what the second text lacks, and what was lost.
fn after(before: &str, after: &str) -> (World, Vec<Lost>) {
    let mut world = lax(World::holding(before));
    let verdict = world.run(&Reading::sealed(after));
    world.pass_hours(1);
    (world, lost(&verdict))
}

fn user(userid: &str) -> ItemKey {
    ItemKey::User(UserId::new(userid).key())
}

fn department(id: u32) -> ItemKey {
    ItemKey::Department(DepartmentId(id))
}

/// The changes, what is skipped with its code, and whom it keeps.
fn told(given: &GivenBack) -> String {
    let changes = given
        .permitted
        .changes()
        .map(|change| format!("{}\n", *change).replace(", status", ",\n  status"));
    let skipped = given.skipped.iter();
    let skipped = skipped.map(|(item, note)| format!("skip {item} [{}]\n", note.code));
    let kept = given.kept.iter().map(|item| {
        let homes: Vec<u32> = item.departments.iter().map(|id| id.0).collect();
        format!("keep {item} in {homes:?}\n")
    });
    changes.chain(skipped).chain(kept).collect()
}

fn user_mut<'a>(world: &'a mut World, userid: &str) -> &'a mut org_model::DirectoryUser {
    match world.mirror.items.get_mut(&user(userid)) {
        Some(Item::User(user)) => user,
        _ => panic!("{userid} is a person"),
    }
}

#[test]
fn what_a_run_deleted_comes_back_departments_parents_first() {
    let (mut world, lost) = after(ACME, SMALLER);
    insta::assert_snapshot!(told(&world.undo(&lost)), @r#"
    restore department 2 "Law",
      status "deleted" -> - [undone]
    restore department 3 "Patents",
      status "deleted" -> - [undone]
    restore user an "An",
      status "deleted" -> "active" [undone]
    restore user bo "Bo",
      status "deleted" -> "active" [undone]
    keep delete department 2 "Law" in [1]
    keep delete department 3 "Patents" in [2]
    keep delete user an "An" in [3, 4]
    keep delete user bo "Bo" in [3]
    "#);
    assert_eq!(world.mirror.flaws(), Vec::<String>::new());
}

#[test]
fn whoever_was_given_back_is_kept_until_they_are_seen() {
    let (mut world, lost) = after(ACME, SMALLER);
    world.undo(&lost);
    for _ in 0..3 {
        world.pass_hours(25);
        assert_eq!(world.run(&Reading::sealed(SMALLER)).to_string(), "");
    }
    let verdict = world.run(&Reading::sealed(ACME));
    assert_eq!(verdict.kept_released.len(), 4, "{verdict}");
    assert!(world.standing.kept.is_empty());
    let verdict = world.run(&Reading::sealed(SMALLER));
    assert_eq!(
        verdict.permitted.removals().len(),
        4,
        "seen again and gone again"
    );
}

#[test]
fn the_disabled_get_the_status_back_that_they_had() {
    let before = ACME.replace("- k0 Keep", "- k0 Keep; pending");
    let disabled = ACME
        .replace("Bo; active", "Bo; disabled")
        .replace("- k0 Keep", "- k0 Keep; left");
    let (mut world, lost) = after(&before, &disabled);
    insta::assert_snapshot!(told(&world.undo(&lost)), @r#"
    update user bo "Bo",
      status "disabled" -> "active" [undone]
    update user k0 "Keep",
      status "left" -> "pending" [undone]
    keep disable user bo "Bo" in [3]
    keep disable user k0 "Keep" in [4]
    "#);
    // WeCom still says disabled; a person said otherwise.
    insta::assert_snapshot!(world.run(&Reading::sealed(&disabled)), @"");
}

#[test]
fn who_was_disabled_and_then_deleted_comes_back_as_disabled() {
    let disabled = ACME.replace("Bo; active", "Bo; disabled");
    let gone = disabled.replace("      - bo Bo; disabled\n", "");
    let mut world = lax(World::holding(ACME));
    let first = lost(&world.run(&Reading::sealed(&disabled)));
    let second = lost(&world.run(&Reading::sealed(&gone)));
    insta::assert_snapshot!(told(&world.plan_back(&first)),
        @r#"skip disable user bo "Bo" [deleted_since]"#);
    world.undo(&second);
    assert_eq!(user_mut(&mut world, "bo").status, UserStatus::Disabled);
    // Of both at once the deletion counts.
    let (mut world, _) = after(&disabled, &gone);
    let both = [first, second].concat();
    assert_eq!(world.undo(&both).permitted.changes().len(), 1);
    assert_eq!(user_mut(&mut world, "bo").status, UserStatus::Disabled);
}

#[test]
fn what_the_directory_remembers_of_the_status_is_the_last_that_was() {
    let disabled = ACME.replace("Bo; active", "Bo; disabled");
    let (mut world, lost) = after(&disabled, SMALLER);
    let said = |status| -> Vec<Lost> {
        let each = lost.iter().cloned();
        each.map(|one| Lost { status, ..one }).collect()
    };
    for status in [None, Some(UserStatus::Active)] {
        let mut back = world.clone();
        back.undo(&said(status));
        assert_eq!(user_mut(&mut back, "bo").status, UserStatus::Disabled);
        assert_eq!(user_mut(&mut back, "bo").status_before, None);
    }
    // Deleted by a version that did not remember.
    user_mut(&mut world, "bo").status_before = None;
    for (status, expected) in [
        (None, UserStatus::Active),
        (Some(UserStatus::Left), UserStatus::Left),
    ] {
        let mut back = world.clone();
        back.undo(&said(status));
        assert_eq!(user_mut(&mut back, "bo").status, expected);
    }
}

#[test]
fn who_is_back_already_is_told_so_and_kept() {
    let (mut world, lost) = after(ACME, SMALLER);
    world.undo(&lost);
    let again = world.plan_back(&lost);
    assert_eq!(again.permitted.changes().len(), 0);
    let codes: BTreeSet<&str> = again.skipped.iter().map(|(_, n)| n.code.as_str()).collect();
    assert_eq!((again.skipped.len(), codes), (4, ["already_back"].into()));
    assert_eq!(again.kept.len(), 4);
}

#[test]
fn who_is_back_in_other_departments_is_kept_where_they_stand() {
    let (mut world, lost) = after(ACME, SMALLER);
    world.run(&Reading::sealed(
        &SMALLER.replace("- k0 Keep", "- bo Bo\n    - k0 Keep"),
    ));
    let given = world.plan_back(&lost);
    let bo = given.kept.iter().find(|item| item.id == "bo");
    assert_eq!(
        bo.map(|bo| bo.departments.clone()),
        Some(vec![DepartmentId(4)])
    );
}

#[test]
fn a_department_whose_parent_is_not_there_is_left_out_and_so_is_what_stands_below_it() {
    let (mut world, lost) = after(ACME, SMALLER);
    // The parent was purged in the meantime.
    world.mirror.items.remove(&department(2));
    insta::assert_snapshot!(told(&world.undo(&lost)), @r#"
    restore user an "An", departments [3,4] -> [4], leads [3] -> -, main_department 3 -> -,
      status "deleted" -> "active" [undone]
    restore user bo "Bo", departments [3] -> -,
      status "deleted" -> "active" [undone]
    skip delete department 2 "Law" [purged]
    skip delete department 3 "Patents" [no_parent]
    keep delete user an "An" in [4]
    keep delete user bo "Bo" in []
    "#);
    assert_eq!(world.mirror.flaws(), Vec::<String>::new());
}

#[test]
fn memberships_in_departments_that_are_not_there_fall_away() {
    let (mut world, lost) = after(ACME, SMALLER);
    let people: Vec<Lost> = lost
        .into_iter()
        .filter(|one| one.removed.kind == ItemKind::User)
        .collect();
    insta::assert_snapshot!(told(&world.undo(&people)), @r#"
    restore user an "An", departments [3,4] -> [4], leads [3] -> -, main_department 3 -> -,
      status "deleted" -> "active" [undone]
    restore user bo "Bo", departments [3] -> -,
      status "deleted" -> "active" [undone]
    keep delete user an "An" in [4]
    keep delete user bo "Bo" in []
    "#);
    assert_eq!(world.mirror.flaws(), Vec::<String>::new());
}

#[test]
fn who_was_purged_or_whose_userid_is_anothers_is_left_alone() {
    let (mut world, lost) = after(ACME, SMALLER);
    world.mirror.items.remove(&user("an"));
    world.run(&Reading::sealed(
        &SMALLER.replace("- k0 Keep", "- bo Bob\n    - k0 Keep"),
    ));
    user_mut(&mut world, "k0").detached = true;
    let mut all = lost.clone();
    let k0 = world.mirror.items[&user("k0")].clone();
    all.push(Lost {
        removed: org_plan::HeldItem::of(&k0, Action::Disable),
        status: Some(UserStatus::Active),
    });
    insta::assert_snapshot!(told(&world.plan_back(&all)), @r#"
    restore department 2 "Law",
      status "deleted" -> - [undone]
    restore department 3 "Patents",
      status "deleted" -> - [undone]
    skip delete user an "An" [purged]
    skip delete user bo "Bo" [userid_reused]
    skip disable user k0 "Keep" [detached]
    keep delete department 2 "Law" in [1]
    keep delete department 3 "Patents" in [2]
    "#);
}

#[test]
fn a_department_id_that_is_anothers_is_left_alone() {
    let (mut world, lost) = after(ACME, SMALLER);
    if let Some(Item::Department(law)) = world.mirror.items.get_mut(&department(2)) {
        law.internal_id = InternalId::new("another");
    }
    let given = world.plan_back(&lost);
    let codes: Vec<(&str, &str)> = given
        .skipped
        .iter()
        .map(|(item, note)| (item.id.as_str(), note.code.as_str()))
        .collect();
    assert_eq!(codes, [("2", "id_reused"), ("3", "no_parent")]);
}

#[test]
fn what_was_never_removed_is_not_given_back() {
    let (world, lost) = after(ACME, SMALLER);
    let mut never = lost[0].clone();
    never.removed.action = Action::Detach;
    let mut nothing = lost[0].clone();
    nothing.removed.kind = ItemKind::Department;
    let given = world.plan_back(&[never, nothing]);
    let codes: Vec<&str> = given.skipped.iter().map(|(_, n)| n.code.as_str()).collect();
    assert_eq!(codes, ["not_removed", "not_removed"]);
    assert_eq!((given.permitted.changes().len(), given.kept.len()), (0, 0));
}

/// A run wrote its intention and died before the write: nobody is gone.
#[test]
fn who_was_never_reached_is_kept() {
    let (world, lost) = after(ACME, SMALLER);
    let before = World::holding(ACME);
    let given = give_back(
        &lost,
        &before.mirror.items,
        &[1, 2, 3, 4, 5].map(DepartmentId).into(),
        GivenBackBy::Undo,
        world.generation,
    );
    assert_eq!((given.permitted.changes().len(), given.kept.len()), (0, 4));
}

#[test]
fn one_person_is_restored_by_a_word_of_its_own() {
    let (world, lost) = after(ACME, SMALLER);
    let bo = Lost {
        status: None,
        ..lost.into_iter().find(|one| one.removed.id == "bo").unwrap()
    };
    let given = give_back(
        &[bo],
        &world.mirror.items,
        &[1, 4, 5].map(DepartmentId).into(),
        GivenBackBy::Restore,
        Generation(9),
    );
    insta::assert_snapshot!(told(&given), @r#"
    restore user bo "Bo", departments [3] -> -,
      status "deleted" -> "active" [restored]
    keep delete user bo "Bo" in []
    "#);
}

#[test]
fn it_has_a_fingerprint_of_what_it_gives_back_and_takes_nothing_away() {
    let (mut world, lost) = after(ACME, SMALLER);
    let given = world.plan_back(&lost);
    let some = world.plan_back(&lost[1..]);
    assert_ne!(given.permitted.fingerprint(), some.permitted.fingerprint());
    world.generation.0 += 3;
    let later = world.plan_back(&lost);
    assert_eq!(given.permitted.fingerprint(), later.permitted.fingerprint());
    assert_eq!(given.permitted.removals().len(), 0);
    assert_eq!(
        given.permitted.kept().len() + given.permitted.accepted().len(),
        0
    );
}
