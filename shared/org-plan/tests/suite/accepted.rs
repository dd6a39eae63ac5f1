//! A range that a person accepted: whom it does not show is detached, or goes if protection lets
//! them.

use std::collections::BTreeSet;

use insta::assert_snapshot;
use org_model::{AbsenceAnswer, InternalId, ItemKey, ItemKind, ItemState};
use org_plan::notation::{Reading, World};
use org_plan::{AcceptedAbsences, Action, Change, HeldItem, Verdict};
use proptest::prelude::*;

const WIDE: &str = "
1 Acme
  2 Sales
    - an An
  3 Law
    - bo Bo
    4 Patents
      - cy Cy
";

/// The same as an app sees it that may see Sales only.
const NARROW: &str = "
2 Sales
  - an An
";

fn narrow() -> Reading {
    let mut raw = org_model::notation::raw_org(NARROW);
    for range in [&mut raw.range_before, &mut raw.range_after] {
        range.get_or_insert_default().departments = [org_model::DepartmentId(2)].into();
    }
    let snapshot = org_model::OrgSnapshot::judge(raw, &Default::default());
    Reading {
        whole_company: false,
        ..Reading::of(snapshot)
    }
}

fn missing(world: &World, reading: &Reading) -> BTreeSet<ItemKey> {
    let live = [ItemKind::User, ItemKind::Department].map(|kind| world.mirror.live(kind));
    let keys = live.into_iter().flatten().map(|item| item.key());
    keys.filter(|key| !reading.shows(key)).collect()
}

fn keeping(world: &World, reading: Reading) -> Reading {
    let accepted = AcceptedAbsences {
        detach: missing(world, &reading),
        ..AcceptedAbsences::default()
    };
    Reading {
        accepted,
        ..reading
    }
}

fn deleting(world: &World, reading: Reading, answer: AbsenceAnswer) -> Reading {
    let accepted = AcceptedAbsences {
        delete: missing(world, &reading),
        ..AcceptedAbsences::default()
    };
    Reading {
        accepted,
        otherwise: answer,
        ..reading
    }
}

fn states(world: &World, state: ItemState) -> Vec<String> {
    let items = world.mirror.items.values();
    let items = items.filter(|item| item.state() == state);
    items.map(|item| item.id()).collect()
}

fn removals(verdict: &Verdict) -> Vec<Change> {
    let removals = verdict.permitted.removals();
    removals.map(|change| Change::clone(&change)).collect()
}

#[test]
fn people_who_are_kept_are_detached_and_their_departments_after_them() {
    let mut world = World::holding(WIDE);
    let reading = keeping(&world, narrow());
    let verdict = world.run(&reading);
    assert_snapshot!(verdict, @r#"
    move department 2 "Sales", parent 1 -> -
    detach user bo "Bo" [range_accepted]
    detach user cy "Cy" [range_accepted]
    detach department 4 "Patents" [range_accepted]
    detach department 3 "Law" [range_accepted]
    detach department 1 "Acme" [range_accepted]
    "#);
    let again = world.run(&narrow());
    assert_snapshot!(again, @"");
}

#[test]
fn the_detached_come_back_as_who_they_were() {
    let mut world = World::holding(WIDE);
    let before = world.mirror.clone();
    let reading = keeping(&world, narrow());
    world.run(&reading);
    let verdict = world.run(&Reading::sealed(WIDE));
    assert_snapshot!(verdict, @r#"
    adopt department 1 "Acme", detached true -> -
    move department 2 "Sales", parent 1
    adopt department 3 "Law", detached true -> -
    adopt department 4 "Patents", detached true -> -
    adopt user bo "Bo", detached true -> -
    adopt user cy "Cy", detached true -> -
    "#);
    let ids = |world: &org_plan::notation::Mirror| -> Vec<InternalId> {
        let items = world.items.values();
        items.map(|item| item.internal_id().clone()).collect()
    };
    assert_eq!(ids(&before), ids(&world.mirror));
}

#[test]
fn a_department_stays_attached_while_somebody_in_it_does() {
    let mut world = World::holding(WIDE);
    let mut reading = keeping(&world, narrow());
    reading
        .accepted
        .detach
        .remove(&ItemKey::User(org_model::UserId::new("cy").key()));
    let verdict = world.run(&reading.answering(AbsenceAnswer::OutOfRange));
    assert_snapshot!(verdict, @r#"
    move department 2 "Sales", parent 1 -> -
    detach user bo "Bo" [range_accepted]
    keep user cy "Cy" [out_of_range], marked
    keep department 4 "Patents" [not_detached]
    keep department 3 "Law" [not_detached]
    keep department 1 "Acme" [not_detached]
    "#);
    assert_eq!(world.mirror.flaws(), Vec::<String>::new());
}

#[test]
fn whoever_waits_in_a_held_list_and_is_kept_leaves_it() {
    let mut world = World::holding(WIDE);
    world.rules.paused = true;
    world.run(&Reading::sealed(
        "1 Acme\n  2 Sales\n    - an An\n  3 Law\n    4 Patents\n      - cy Cy",
    ));
    let held = world.standing.waiting.clone();
    assert_eq!(held.len(), 1, "bo");
    let reading = keeping(&world, narrow());
    let verdict = world.run(&reading);
    assert_eq!(verdict.detaching, held);
    assert!(verdict.released.is_empty(), "not before it is done");
    assert!(verdict.still_held.is_empty() && verdict.held.is_empty());
    assert_eq!(states(&world, ItemState::Detached).len(), 5);
}

#[test]
fn whoever_is_to_go_with_an_accepted_range_is_judged_by_protection() {
    let mut world = World::holding(WIDE);
    world.rules.paused = true;
    let reading = deleting(&world, narrow(), AbsenceAnswer::OutOfRange);
    let verdict = world.run(&reading);
    assert_snapshot!(verdict, @r#"
    move department 2 "Sales", parent 1 -> -
    keep department 4 "Patents" [not_empty], marked
    keep department 3 "Law" [not_empty], marked
    keep department 1 "Acme" [not_empty], marked
    accepted user bo "Bo"
    accepted user cy "Cy"
    held: delete user bo "Bo"
    held: delete user cy "Cy"
    tripped: users paused 0: 2 of 3
    "#);
    world.pass_hours(1);
    world.approve();
    let later = narrow().answering(AbsenceAnswer::OutOfRange);
    let approved = world.run(&later);
    assert_eq!(approved.consumed.len(), 2, "{approved}");
    assert_eq!(states(&world, ItemState::Deleted), ["bo", "cy"]);
    // Their departments are empty only now: they are judged anew, on the same evidence.
    assert_eq!(approved.held.len(), 3, "{approved}");
    world.approve();
    world.run(&later);
    assert_eq!(states(&world, ItemState::Live), ["an", "2"]);
}

#[test]
fn without_an_acceptance_an_approval_removes_nobody_out_of_range() {
    let mut world = World::holding(WIDE);
    world.rules.paused = true;
    world.run(&Reading::sealed("1 Acme\n  2 Sales\n    - an An"));
    world.approve();
    let verdict = world.run(&narrow().answering(AbsenceAnswer::OutOfRange));
    assert!(removals(&verdict).is_empty(), "{verdict}");
}

#[test]
fn nobody_goes_on_the_word_of_an_answer_that_says_nothing() {
    let mut world = World::holding(WIDE);
    let reading = deleting(&world, narrow(), AbsenceAnswer::Unknown);
    let verdict = world.run(&reading);
    assert!(removals(&verdict).is_empty(), "{verdict}");
    assert_eq!(states(&world, ItemState::Deleted), Vec::<String>::new());
    // The person's word stands in the mark: once WeCom answers, it is evidence.
    world.pass_hours(25);
    let later = narrow().answering(AbsenceAnswer::OutOfRange);
    world.rules.users.max_percent = 50;
    world.rules.users.floor = 50;
    world.rules.departments = world.rules.users;
    // One of three and the root would be left: that is held, as ever.
    let verdict = world.run(&later);
    assert_snapshot!(verdict, @r#"
    keep department 4 "Patents" [not_empty], marked
    keep department 3 "Law" [not_empty], marked
    keep department 1 "Acme" [not_empty], marked
    held: delete user bo "Bo"
    held: delete user cy "Cy"
    tripped: users last_ones 1: 2 of 3
    "#);
}

#[test]
fn the_detached_are_no_part_of_what_percentages_are_of() {
    let mut text = String::from("1 Acme\n  2 Sales\n  3 Law\n");
    for n in 0..60 {
        let department = if n < 30 { 2 } else { 3 };
        text += &format!("- u{n:02} U; in={department}\n");
    }
    let mut world = World::holding(&text);
    let mut raw = org_model::notation::raw_org(
        &(0..24)
            .map(|n| format!("- u{n:02} U; in=2\n"))
            .fold("2 Sales\n".to_owned(), |text, line| text + &line),
    );
    for range in [&mut raw.range_before, &mut raw.range_after] {
        range.get_or_insert_default().departments = [org_model::DepartmentId(2)].into();
    }
    let snapshot = org_model::OrgSnapshot::judge(raw, &Default::default());
    let mut reading = Reading {
        whole_company: true,
        ..Reading::of(snapshot)
    };
    reading.accepted.detach = (30..60)
        .map(|n| ItemKey::User(org_model::UserId::new(format!("u{n}")).key()))
        .collect();
    // Six of sixty would be ten percent and pass; six of the thirty who are left do not.
    let verdict = world.run(&reading);
    let held: Vec<&HeldItem> = verdict
        .held
        .iter()
        .filter(|i| i.kind == ItemKind::User)
        .collect();
    assert_eq!(held.len(), 6, "{verdict}");
    let rules: Vec<String> = verdict.tripped.iter().map(ToString::to_string).collect();
    let rule = "users max_percent 10: 6 of 30".to_owned();
    assert!(rules.contains(&rule), "{rules:?}");
    assert_eq!(verdict.base.users, 30);
}

proptest! {
    #[test]
    fn detaching_deletes_nobody_is_sound_at_every_prefix_and_undone_by_a_wider_range(
        before in crate::orgs::organisation(),
        after in crate::orgs::organisation(),
        kept in any::<[bool; 16]>(),
    ) {
        let mut world = World::default();
        world.run(&Reading::sealed(&before));
        world.pass_hours(1);
        let held = world.mirror.clone();
        let mut reading = Reading::sealed(&after).answering(AbsenceAnswer::OutOfRange);
        reading.whole_company = false;
        // Any part of those who are missing may stand on the accepted list.
        let missing = missing(&world, &reading);
        let on_list = missing.iter().zip(kept.iter().cycle()).filter(|(_, kept)| **kept);
        reading.accepted.detach = on_list.map(|(key, _)| key.clone()).collect();
        let verdict = world.judge_reading(&reading);
        let mut mirror = held.clone();
        for change in verdict.permitted.changes().chain(verdict.permitted.removals()) {
            mirror.apply(&change);
            let once = mirror.clone();
            mirror.apply(&change);
            prop_assert_eq!(&mirror, &once, "twice is once");
            prop_assert_eq!(mirror.flaws(), Vec::<String>::new(), "after {}", *change);
        }
        world.run(&reading);
        for key in &missing {
            prop_assert_ne!(world.mirror.items[key].state(), ItemState::Deleted, "{}", key);
            let user = matches!(key, ItemKey::User(_));
            let detached = world.mirror.items[key].state() == ItemState::Detached;
            prop_assert!(!user || detached == reading.accepted.detach.contains(key));
        }
        reading.accepted = AcceptedAbsences::default();
        let again = world.plan(&reading);
        // Disables that a rule held are planned again.
        let disables = again.removals.iter().all(|change| change.action == Action::Disable);
        prop_assert!(disables, "never candidates again: {}", again);
        world.run(&Reading::sealed(&before));
        for (key, item) in &held.items {
            let now = &world.mirror.items[key];
            prop_assert_eq!(now.internal_id(), item.internal_id(), "{}", key);
            prop_assert_eq!(now.state(), item.state(), "{}", key);
        }
    }
}
