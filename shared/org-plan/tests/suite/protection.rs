//! Deletion protection in text: what is held, what goes on, and what an approval covers.

use crate::companies::{company, numbers, people_in, with_limits};
use org_model::{AbsenceAnswer, DepartmentId, ItemKey, ItemKind, UserId};
use org_plan::notation::{Reading, World};
use org_plan::{Action, HeldItem, HeldList, Limits};

#[test]
fn up_to_the_floor_no_count_and_no_percentage_trips() {
    let mut world = World::holding(&company(0..20));
    let verdict = world.run(&Reading::sealed(&company(5..20)));
    insta::assert_snapshot!(numbers(&verdict), @"5 removals");
}

#[test]
fn beyond_the_floor_the_percentage_trips_and_creations_go_on() {
    let mut world = World::holding(&company(0..20));
    let verdict = world.run(&Reading::sealed(&company(6..23)));
    insta::assert_snapshot!(numbers(&verdict), @"3 changes, 6 held, users max_percent 10: 6 of 20");
}

#[test]
fn exactly_the_percentage_passes_and_one_more_does_not() {
    let mut world = World::holding(&company(0..100));
    let ten = world.judge(
        world.plan(&Reading::sealed(&company(10..100))),
        &Reading::sealed(&company(10..100)),
    );
    insta::assert_snapshot!(numbers(&ten), @"10 removals");
    let eleven = world.run(&Reading::sealed(&company(11..100)));
    insta::assert_snapshot!(numbers(&eleven), @"11 held, users max_percent 10: 11 of 100");
}

#[test]
fn of_three_people_two_never_go_without_a_word() {
    let mut world = World::holding(&company(0..3));
    insta::assert_snapshot!(world.run(&Reading::sealed(&company(0..1))), @r#"
    held: delete user u001 "Person 1"
    held: delete user u002 "Person 2"
    tripped: users last_ones 1: 2 of 3
    "#);
}

#[test]
fn of_two_people_one_may_go() {
    let mut world = World::holding(&company(0..2));
    insta::assert_snapshot!(world.run(&Reading::sealed(&company(0..1))),
        @r#"delete user u001 "Person 1""#);
}

#[test]
fn the_last_departments_besides_the_root_are_held() {
    let mut world = World::holding("1 Acme\n  2 Law\n  3 Tax\n  - an An");
    insta::assert_snapshot!(world.run(&Reading::sealed("1 Acme\n  3 Tax\n  - an An")), @r#"
    held: delete department 2 "Law"
    tripped: departments last_ones 1: 1 of 3
    "#);
}

#[test]
fn paused_deletions_hold_the_first_one() {
    let mut world = World::holding(&company(0..20));
    world.rules.paused = true;
    insta::assert_snapshot!(world.run(&Reading::sealed(&company(1..20))), @r#"
    held: delete user u000 "Person 0"
    tripped: users paused 0: 1 of 20
    "#);
}

#[test]
fn departments_with_held_people_are_not_empty_and_do_not_count() {
    let before = people_in("1 Acme\n  7 Law\n    - zz Zz\n  3 Tax\n    4 Vat\n", 0..8);
    let mut world = World::holding(&before);
    insta::assert_snapshot!(world.run(&Reading::sealed("1 Acme\n  7 Law\n    - zz Zz")), @r#"
    keep department 3 "Tax" [not_empty], marked
    held: delete user u000 "Person 0"
    held: delete user u001 "Person 1"
    held: delete user u002 "Person 2"
    held: delete user u003 "Person 3"
    held: delete user u004 "Person 4"
    held: delete user u005 "Person 5"
    held: delete user u006 "Person 6"
    held: delete user u007 "Person 7"
    held: delete department 4 "Vat"
    tripped: users max_percent 10: 8 of 9
    tripped: users last_ones 1: 8 of 9
    "#);
    world.approve();
    world.pass_hours(1);
    let approved = world.run(&Reading::sealed("1 Acme\n  7 Law\n    - zz Zz"));
    insta::assert_snapshot!(numbers(&approved),
        @"9 removals, 1 held, 9 consumed, departments last_ones 1: 1 of 4");
}

#[test]
fn too_many_departments_hold_their_people_with_them() {
    let staff = people_in("1 Acme\n  2 Sales\n", 0..40);
    let mut before = staff.clone();
    for n in 0..3 {
        before += &format!("  {} Team {n}\n    - t{n} Member {n}\n", n + 10);
    }
    let mut world = World::holding(&before);
    insta::assert_snapshot!(world.run(&Reading::sealed(&staff)), @r#"
    held: delete user t0 "Member 0"
    held: delete user t1 "Member 1"
    held: delete user t2 "Member 2"
    held: delete department 10 "Team 0"
    held: delete department 11 "Team 1"
    held: delete department 12 "Team 2"
    tripped: departments max_percent 10: 3 of 5
    tripped: departments last_ones 1: 3 of 5
    "#);
    world.approve();
    world.pass_hours(1);
    insta::assert_snapshot!(numbers(&world.run(&Reading::sealed(&staff))),
        @"6 removals, 6 consumed");
}

#[test]
fn an_approved_department_waits_for_its_held_people() {
    let staff = people_in("1 Acme\n  7 Law\n  8 Tax\n  2 Sales\n", 0..40);
    let team = "  9 Team\n    - t1 Member\n";
    let mut world = World::holding(&(staff.clone() + team));
    world.rules.paused = true;
    world.run(&Reading::sealed(&staff));
    let (people, departments): (Vec<HeldItem>, Vec<HeldItem>) = world
        .standing
        .waiting
        .drain(..)
        .partition(|item| item.kind == ItemKind::User);
    assert_eq!((people.len(), departments.len()), (1, 0));
    world.standing.waiting = people;
    let team = world.mirror.items[&ItemKey::Department(DepartmentId(9))].clone();
    world.standing.approved = vec![HeldItem::of(&team, Action::Delete)];
    insta::assert_snapshot!(world.run(&Reading::sealed(&staff)), @r#"
    keep department 9 "Team" [not_empty]
    still held: delete user t1 "Member"
    "#);
    assert_eq!(world.standing.approved.len(), 1);
}

#[test]
fn an_approved_department_waits_for_a_held_department_below() {
    let staff = people_in("1 Acme\n  7 Law\n  8 Tax\n  2 Sales\n", 0..20);
    let mut world = World::holding(&(staff.clone() + "  9 Team\n    10 Group\n"));
    let team = world.mirror.items[&ItemKey::Department(DepartmentId(9))].clone();
    world.standing.approved = vec![HeldItem::of(&team, Action::Delete)];
    // The people trip, the departments alone would not.
    let fewer = people_in("1 Acme\n  7 Law\n  8 Tax\n  2 Sales\n", 10..20);
    let verdict = world.run(&Reading::sealed(&fewer));
    insta::assert_snapshot!(numbers(&verdict), @"11 held, users max_percent 10: 10 of 20");
    assert_eq!(verdict.permitted.kept().count(), 1);
    assert!(world.mirror.flaws().is_empty());
}

#[test]
fn nothing_is_empty_while_somebody_is_unaccounted_for() {
    let world = World::holding("1 Acme\n  2 Law\n  3 Tax\n  4 Hr\n  - an An\n  - bo Bo");
    let reading = Reading::sealed("1 Acme\n  3 Tax\n  4 Hr\n  - an An\n  - bo Bo");
    let mut plan = world.plan(&reading);
    let verdict = world.judge(plan.clone(), &reading);
    assert_eq!(verdict.permitted.removals().count(), 1);
    plan.unaccounted
        .push(ItemKey::User(UserId::new("cy").key()));
    insta::assert_snapshot!(world.judge(plan, &reading),
        @r#"keep department 2 "Law" [not_empty], marked"#);
}

#[test]
fn a_department_that_holds_somebody_out_of_range_stays_and_so_does_the_one_above() {
    let mut world = World::holding("1 Acme\n  2 Law\n    3 Tax\n      - an An\n  - bo Bo");
    let mut reading = Reading::sealed("1 Acme\n  - bo Bo");
    let an = ItemKey::User(UserId::new("an").key());
    reading.answers.insert(an, AbsenceAnswer::OutOfRange);
    insta::assert_snapshot!(world.run(&reading), @r#"
    keep user an "An" [out_of_range], marked
    keep department 3 "Tax" [not_empty], marked
    keep department 2 "Law" [not_empty], marked
    "#);
    world.pass_hours(1);
    insta::assert_snapshot!(world.run(&reading), @r#"
    keep user an "An" [out_of_range]
    keep department 3 "Tax" [not_empty]
    keep department 2 "Law" [not_empty]
    "#);
}

#[test]
fn a_hold_is_sticky_below_the_threshold_too() {
    let mut world = World::holding(&company(0..40));
    let first = world.run(&Reading::sealed(&company(10..40)));
    let later = world.run(&Reading::sealed(&company(8..40)));
    insta::assert_snapshot!(format!("{}\n{}", numbers(&first), numbers(&later)), @r"
    10 held, users max_percent 10: 10 of 40
    8 still held, 2 released
    ");
    insta::assert_snapshot!(
        numbers(&world.run(&Reading::sealed(&company(2..40)))), @"2 still held, 6 released"
    );
}

#[test]
fn new_candidates_are_judged_without_those_that_wait() {
    let mut world = World::holding(&company(0..60));
    world.run(&Reading::sealed(&company(10..60)));
    let verdict = world.run(&Reading::sealed(&company(13..60)));
    insta::assert_snapshot!(numbers(&verdict), @"3 removals, 10 still held");
    let verdict = world.run(&Reading::sealed(&company(20..60)));
    insta::assert_snapshot!(numbers(&verdict).replace(", users", ",\nusers"), @r"
    7 held, 10 still held,
    users max_percent 10: 7 of 57,
    users max_percent 10: 10 of 60 in a day
    ");
}

#[test]
fn an_approval_removes_exactly_what_was_shown() {
    let mut world = World::holding(&company(0..60));
    world.run(&Reading::sealed(&company(10..60)));
    world.approve();
    let verdict = world.run(&Reading::sealed(&company(20..60)));
    insta::assert_snapshot!(numbers(&verdict),
        @"10 removals, 10 held, 10 consumed, users max_percent 10: 10 of 60");
    assert_eq!(world.count(ItemKind::User), 50);
}

#[test]
fn an_approved_person_of_whom_nobody_can_tell_is_kept_and_stays_approved() {
    let mut world = World::holding(&company(0..20));
    world.run(&Reading::sealed(&company(6..20)));
    world.approve();
    let unsure = Reading::sealed(&company(6..20)).answering(AbsenceAnswer::Unknown);
    let verdict = world.run(&unsure);
    insta::assert_snapshot!(numbers(&verdict), @"");
    assert_eq!(world.standing.approved.len(), 6);
    let sure = world.run(&Reading::sealed(&company(6..20)));
    insta::assert_snapshot!(numbers(&sure), @"6 removals, 6 consumed");
}

#[test]
fn an_approval_does_nothing_in_an_unsealed_run() {
    let mut world = World::holding(&company(0..20));
    world.run(&Reading::sealed(&company(6..20)));
    world.approve();
    let verdict = world.run(&Reading::unsealed(&company(4..20)));
    insta::assert_snapshot!(numbers(&verdict), @"2 released");
    assert_eq!(world.standing.approved.len(), 4);
}

#[test]
fn those_beyond_the_budget_count_and_are_held_without_a_question() {
    let limits = Limits {
        floor: 2,
        max_count: 3,
        max_percent: 50,
    };
    let mut world = with_limits(&company(0..40), limits);
    let reading = Reading::sealed(&company(9..40));
    let plan = world.plan(&reading);
    assert_eq!((plan.removals.len(), plan.unasked.len()), (4, 5));
    insta::assert_snapshot!(numbers(&world.run(&reading)), @"9 held, users max_count 3: 9 of 40");
}

#[test]
fn a_floor_above_the_count_leaves_those_beyond_the_budget_for_the_next_run() {
    let limits = Limits {
        floor: 50,
        max_count: 3,
        max_percent: 50,
    };
    let mut world = with_limits(&company(0..40), limits);
    let reading = Reading::sealed(&company(9..40));
    let first = world.run(&reading);
    assert_eq!(world.count(ItemKind::User), 36);
    let second = world.run(&reading);
    insta::assert_snapshot!(format!("{}\n{}", numbers(&first), numbers(&second)), @r"
    4 removals
    4 removals
    ");
}

#[test]
fn those_beyond_the_budget_alone_never_go() {
    let limits = Limits {
        floor: 2,
        max_count: 3,
        max_percent: 50,
    };
    let mut world = with_limits(&company(0..40), limits);
    let reading = Reading::sealed(&company(9..40)).answering(AbsenceAnswer::OutOfRange);
    insta::assert_snapshot!(numbers(&world.run(&reading)), @"5 held, users max_count 3: 5 of 40");
    assert_eq!(world.count(ItemKind::User), 40);
}

#[test]
fn a_department_stays_while_nobody_can_tell_what_becomes_of_its_people() {
    let world = World::holding("1 Acme\n  2 Law\n    - an An\n  3 Tax\n  4 Hr\n  - bo Bo");
    let reading = Reading::sealed("1 Acme\n  3 Tax\n    - an An\n  4 Hr\n  - bo Bo");
    let an = UserId::new("an").key();
    let unmapped = world.plan_from(&reading, |input| {
        input.people.remove(&an);
    });
    let unread = world.plan_from(&reading, |input| {
        input.before.remove(&ItemKey::User(an.clone()));
    });
    for plan in [unmapped, unread] {
        let verdict = world.judge(plan, &reading);
        insta::allow_duplicates! {
            insta::assert_snapshot!(verdict, @r#"keep department 2 "Law" [not_empty], marked"#);
        }
    }
}

#[test]
fn a_department_stays_while_nobody_can_tell_where_another_hangs() {
    let world = World::holding("1 Acme\n  2 Law\n    5 It\n  3 Tax\n  4 Hr\n  - bo Bo");
    let reading = Reading::sealed("1 Acme\n  5 It\n  3 Tax\n  4 Hr\n  - bo Bo");
    let plan = world.plan_from(&reading, |input| {
        input.before.remove(&ItemKey::Department(DepartmentId(5)));
    });
    insta::assert_snapshot!(world.judge(plan, &reading),
        @r#"keep department 2 "Law" [not_empty], marked"#);
}

#[test]
fn a_held_disable_waits_and_is_released_when_the_status_returns() {
    let mut world = World::holding(&company(0..20));
    let disabled = company(0..20).replace("active; mobile=1", "disabled; mobile=x");
    let first = world.run(&Reading::sealed(&disabled));
    let again = world.run(&Reading::sealed(&disabled));
    let unsealed = world.run(&Reading::unsealed(&disabled));
    let back = world.run(&Reading::sealed(&company(0..20)));
    let all = [first, again, unsealed, back];
    insta::assert_snapshot!(all.each_ref().map(numbers).join("\n"), @r"
    11 changes, 11 held, users max_percent 10: 11 of 20
    11 still held
    11 still held
    11 changes, 11 released
    ");
}

#[test]
fn an_approved_disable_is_consumed() {
    let mut world = World::holding(&company(0..20));
    let disabled = company(0..20).replace("active; mobile=1", "disabled; mobile=x");
    world.run(&Reading::sealed(&disabled));
    world.approve();
    insta::assert_snapshot!(numbers(&world.run(&Reading::sealed(&disabled))),
        @"11 removals, 11 consumed");
    insta::assert_snapshot!(world.plan(&Reading::sealed(&disabled)), @"sealed, 22 unchanged");
}

#[test]
fn an_approved_disable_does_not_delete_the_person_who_left() {
    let mut world = World::holding(&company(0..20));
    let disabled = company(0..20).replace("active; mobile=1", "disabled; mobile=x");
    world.run(&Reading::sealed(&disabled));
    world.approve();
    let gone = company((0..20).filter(|n| *n != 1 && !(10..20).contains(n)));
    insta::assert_snapshot!(numbers(&world.run(&Reading::sealed(&gone))),
        @"11 held, 11 released, users max_percent 10: 11 of 20");
}

#[test]
fn a_waiting_department_keeps_the_one_above_it() {
    let mut world = World::holding("1 Acme\n  2 Law\n    3 Tax\n  4 Hr\n  5 It\n  - an An");
    world.rules.paused = true;
    world.run(&Reading::sealed(
        "1 Acme\n  2 Law\n  4 Hr\n  5 It\n  - an An",
    ));
    world.rules.paused = false;
    let verdict = world.run(&Reading::sealed("1 Acme\n  4 Hr\n  5 It\n  - an An"));
    insta::assert_snapshot!(verdict, @r#"
    keep department 2 "Law" [not_empty], marked
    still held: delete department 3 "Tax"
    "#);
}

#[test]
fn a_held_list_is_known_by_its_removals_and_not_by_their_order() {
    let mut world = World::holding(&company(0..20));
    let held = world.run(&Reading::sealed(&company(6..20))).held;
    let mut backwards: Vec<HeldItem> = held.iter().rev().cloned().collect();
    backwards[0].name = "another".to_owned();
    assert_eq!(
        HeldList::fingerprint_of(&held),
        HeldList::fingerprint_of(&backwards)
    );
    assert_ne!(
        HeldList::fingerprint_of(&held),
        HeldList::fingerprint_of(&held[1..])
    );
    let list = HeldList::new(
        org_model::SourceId::new("hq"),
        org_model::RunId::new("run-1"),
        world.now,
        Vec::new(),
        backwards,
    );
    assert!(list.items.is_sorted());
    assert_eq!(list.expires_at.duration_since(list.held_at).as_hours(), 72);
}
