//! Story 7, the whole table: who or what comes back, and whose internal id it gets.

use org_model::{DepartmentId, InternalId, ItemKey, ItemState, UserId};
use org_plan::notation::{Reading, World};
use org_plan::{Action, Change, Item};

const OTHERS: &str = "  4 Hr\n    - k0 Keep\n    - k1 Keep\n  5 It\n    - k2 Keep\n";

fn company(lines: &str) -> String {
    format!("1 Acme\n{lines}{OTHERS}")
}

fn user(userid: &str) -> ItemKey {
    ItemKey::User(UserId::new(userid).key())
}

const LAW: ItemKey = ItemKey::Department(DepartmentId(2));

fn id(world: &World, key: &ItemKey) -> InternalId {
    world.mirror.items[key].internal_id().clone()
}

/// What the run that shows `back` does with `key`, which was gone for these hours.
struct Return {
    change: Change,
    same_id: bool,
    aside: usize,
}

fn come_back(before: &str, back: &str, key: &ItemKey, hours: i64) -> Return {
    let mut world = World::holding(&company(before));
    let old = id(&world, key);
    world.run(&Reading::sealed(&company("")));
    assert_eq!(world.mirror.items[key].state(), ItemState::Deleted);
    world.pass_hours(hours);
    let reading = Reading::sealed(&company(back));
    let plan = world.plan(&reading);
    let change = plan.changes.iter().find(|change| change.key() == *key);
    world.run(&reading);
    assert_eq!(world.mirror.items[key].state(), ItemState::Live);
    assert_eq!(world.mirror.flaws(), Vec::<String>::new());
    let quiet = world.plan(&reading);
    assert!(
        quiet.changes.is_empty() && quiet.removals.is_empty(),
        "{quiet}"
    );
    Return {
        change: change.cloned().unwrap(),
        same_id: id(&world, key) == old,
        aside: world.mirror.aside.len(),
    }
}

const DAYS: i64 = 24;

#[test]
fn a_person_is_the_same_by_name_and_within_the_retention() {
    use Action::{Create, Restore};
    for (name, hours, action, same_id, code) in [
        ("An", 1, Restore, true, None),
        ("An", 30 * DAYS, Restore, true, None),
        ("An", 30 * DAYS + 1, Create, false, None),
        ("An", 40 * DAYS, Create, false, None),
        ("Anna", 1, Create, false, Some("userid_reused")),
        ("Anna", 30 * DAYS, Create, false, Some("userid_reused")),
        // Nobody waits for a word on somebody who is forgotten anyway.
        ("Anna", 40 * DAYS, Create, false, None),
    ] {
        let back = format!("  - an {name}\n");
        let returned = come_back("  - an An\n", &back, &user("an"), hours);
        let told = returned.change.note.as_ref().map(|note| note.code.as_str());
        let case = format!("{name} after {hours} hours");
        assert_eq!(returned.change.action, action, "{case}");
        assert_eq!((returned.same_id, told), (same_id, code), "{case}");
        assert_eq!(returned.change.displaces, !same_id, "{case}");
        assert_eq!(
            returned.aside,
            usize::from(!same_id),
            "nobody's record is lost: {case}"
        );
    }
}

#[test]
fn a_department_is_the_same_by_its_id_within_the_retention_whatever_its_name() {
    use Action::{Create, Restore};
    for (name, hours, action, same_id) in [
        ("Law", 1, Restore, true),
        ("Justice", 1, Restore, true),
        ("Justice", 30 * DAYS, Restore, true),
        ("Law", 30 * DAYS + 1, Create, false),
        ("Justice", 40 * DAYS, Create, false),
    ] {
        let back = format!("  2 {name}\n    - an An\n");
        let returned = come_back("  2 Law\n    - an An\n", &back, &LAW, hours);
        let case = format!("{name} after {hours} hours");
        assert_eq!(returned.change.action, action, "{case}");
        assert_eq!(
            (returned.same_id, &returned.change.note),
            (same_id, &None),
            "{case}"
        );
        assert_eq!(returned.change.displaces, !same_id, "{case}");
        // The person in it is displaced after the retention as well.
        assert_eq!(returned.aside, if same_id { 0 } else { 2 }, "{case}");
    }
}

#[test]
fn the_retention_is_what_the_settings_say() {
    for (days, same) in [(0, false), (1, false), (2, true), (365, true)] {
        let mut world = World::holding(&company("  - an An\n"));
        world.retention_days = days;
        let an = id(&world, &user("an"));
        world.run(&Reading::sealed(&company("")));
        world.pass_hours(47);
        world.run(&Reading::sealed(&company("  - an An\n")));
        assert_eq!(id(&world, &user("an")) == an, same, "{days} days");
    }
}

#[test]
fn who_was_deleted_nobody_knows_when_is_the_same() {
    let mut world = World::holding(&company("  2 Law\n    - an An\n"));
    let old = [id(&world, &user("an")), id(&world, &LAW)];
    world.run(&Reading::sealed(&company("")));
    for item in world.mirror.items.values_mut() {
        match item {
            Item::User(user) => user.deleted_at = None,
            // Without the date a department would not be deleted.
            Item::Department(_) => {}
        }
    }
    world.pass_hours(29 * DAYS);
    world.run(&Reading::sealed(&company("  2 Law\n    - an An\n")));
    assert_eq!([id(&world, &user("an")), id(&world, &LAW)], old);
}

#[test]
fn another_spelling_of_the_userid_is_the_same_person() {
    let returned = come_back("  - an An\n", "  - AN An\n", &user("an"), DAYS);
    assert_eq!(
        (returned.change.action, returned.same_id),
        (Action::Restore, true)
    );
}

#[test]
fn who_has_no_name_is_compared_by_the_userid() {
    let returned = come_back("  - an\n", "  - an\n", &user("an"), DAYS);
    assert!(returned.same_id);
    let returned = come_back("  - an\n", "  - an An\n", &user("an"), DAYS);
    assert!(!returned.same_id);
}

#[test]
fn whoever_returns_is_welcome_in_an_incomplete_reading_too() {
    let mut world = World::holding(&company("  2 Law\n    - an An\n"));
    let old = [id(&world, &user("an")), id(&world, &LAW)];
    world.run(&Reading::sealed(&company("")));
    world.pass_hours(1);
    world.run(&Reading::unsealed(&company("  2 Law\n    - an An\n")));
    assert_eq!([id(&world, &user("an")), id(&world, &LAW)], old);
    assert_eq!(world.mirror.flaws(), Vec::<String>::new());
}

#[test]
fn people_who_stayed_go_back_into_a_department_that_is_created_again() {
    let with = company("  2 Law\n    - an An; leader\n    - bo Bo\n");
    let mut world = World::holding(&with);
    let old = [&LAW, &user("an"), &user("bo")].map(|key| id(&world, key));
    world.run(&Reading::sealed(&company("  - an An\n  - bo Bo\n")));
    world.pass_hours(DAYS);
    insta::assert_snapshot!(world.run(&Reading::sealed(&with)), @r#"
    restore department 2 "Law", status "deleted" -> -
    move user an "An", departments [1] -> [2], leads [2]
    move user bo "Bo", departments [1] -> [2]
    "#);
    assert_eq!(
        [&LAW, &user("an"), &user("bo")].map(|key| id(&world, key)),
        old
    );
}

#[test]
fn a_department_of_another_id_is_another_department_whatever_its_name() {
    let mut world = World::holding(&company("  2 Law\n    - an An\n"));
    let (law, an) = (id(&world, &LAW), id(&world, &user("an")));
    world.run(&Reading::sealed(&company("")));
    world.run(&Reading::sealed(&company("  3 Law\n    - an An\n")));
    let three = ItemKey::Department(DepartmentId(3));
    assert_ne!(id(&world, &three), law);
    assert_eq!(
        id(&world, &user("an")),
        an,
        "the person is the same all the same"
    );
    assert_eq!(world.mirror.items[&LAW].state(), ItemState::Deleted);
}

/// An, then Anna, then An again: the userid belongs to a deleted person of another name each time.
#[test]
fn a_userid_that_changes_hands_twice_is_three_records() {
    let mut world = World::holding(&company("  - an An\n"));
    let mut ids = vec![id(&world, &user("an"))];
    for name in ["Anna", "An"] {
        world.run(&Reading::sealed(&company("")));
        world.pass_hours(DAYS);
        world.run(&Reading::sealed(&company(&format!("  - an {name}\n"))));
        let new = id(&world, &user("an"));
        assert!(!ids.contains(&new), "{name}");
        ids.push(new);
    }
    let aside = world
        .mirror
        .aside
        .iter()
        .map(|item| item.internal_id().clone());
    assert_eq!(aside.collect::<Vec<_>>(), ids[..2]);
}
