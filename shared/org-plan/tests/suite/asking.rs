//! The first look by fingerprint, which questions follow from it, and what the answers prove.

use std::collections::{BTreeMap, BTreeSet};

use jiff::{SignedDuration, Timestamp};
use org_model::{Absence, AbsenceAnswer, DepartmentId, ItemKey, ItemState, UserId};
use org_plan::notation::{Reading, World, mapped};
use org_plan::{AbsenceBudget, AbsenceFinding, Item, Question, compare, judge_absence, questions};

const TEXT: &str = "1 Acme\n  2 Law\n  3 Tax\n  - an An\n  - bo Bo\n  - cy Cy\n  - di Di";

const BUDGET: AbsenceBudget = AbsenceBudget {
    users: 2,
    departments: 1,
};

fn user(userid: &str) -> ItemKey {
    ItemKey::User(UserId::new(userid).key())
}

fn keys<const N: usize>(userids: [&str; N]) -> BTreeSet<ItemKey> {
    userids.map(user).into()
}

fn asked(questions: &[Question]) -> Vec<String> {
    questions
        .iter()
        .map(|question| question.key.to_string())
        .collect()
}

/// A mirror whose people were marked with this answer so many hours ago.
fn marked(world: &World, answer: AbsenceAnswer, hours_ago: i64) -> BTreeMap<ItemKey, Item> {
    let at: Timestamp = world.now - SignedDuration::from_hours(hours_ago);
    let mut items = world.mirror.items.clone();
    for item in items.values_mut() {
        if let Item::User(user) = item {
            user.absence = Some(Absence {
                first_missed_at: at,
                asked_at: at,
                answer,
                accepted: false,
            });
        }
    }
    items.retain(|key, _| matches!(key, ItemKey::User(_)));
    items
}

#[test]
fn as_many_of_each_kind_are_asked_about_as_the_budget_has() {
    let world = World::holding(TEXT);
    let none = BTreeSet::new();
    let questions = questions(&world.mirror.items, &none, &none, &none, BUDGET, world.now);
    assert_eq!(asked(&questions), ["an", "bo", "1"]);
    assert!(questions.iter().all(|question| !question.approved));
}

#[test]
fn those_who_wait_are_not_asked_about_and_those_approved_always_are() {
    let world = World::holding(TEXT);
    let (waiting, approved) = (keys(["an", "di"]), keys(["cy", "di"]));
    let budget = AbsenceBudget {
        users: 0,
        departments: 0,
    };
    let none = questions(
        &world.mirror.items,
        &waiting,
        &approved,
        &BTreeSet::new(),
        budget,
        world.now,
    );
    assert_eq!(asked(&none), ["cy", "di"]);
    assert!(none.iter().all(|question| question.approved));
    let two = questions(
        &world.mirror.items,
        &waiting,
        &keys(["cy"]),
        &BTreeSet::new(),
        BUDGET,
        world.now,
    );
    assert_eq!(asked(&two), ["bo", "cy", "1"]);
}

#[test]
fn out_of_range_and_unknown_are_asked_again_after_a_day_and_absent_always() {
    let world = World::holding(TEXT);
    let none = BTreeSet::new();
    let count = |answer, hours| {
        let missing = marked(&world, answer, hours);
        questions(&missing, &none, &none, &none, BUDGET, world.now).len()
    };
    for answer in [AbsenceAnswer::OutOfRange, AbsenceAnswer::Unknown] {
        assert_eq!((count(answer, 23), count(answer, 24)), (0, 2));
    }
    assert_eq!(count(AbsenceAnswer::Absent, 1), 2);
}

#[test]
fn an_answer_proves_a_departure_only_where_everything_is_visible() {
    let world = World::holding(TEXT);
    let missing = world.mirror.items.clone();
    let answers = BTreeMap::from([
        (user("an"), AbsenceAnswer::Absent),
        (user("bo"), AbsenceAnswer::OutOfRange),
        (user("cy"), AbsenceAnswer::Unknown),
        (ItemKey::Department(DepartmentId(2)), AbsenceAnswer::Absent),
    ]);
    let whole = judge_absence(&missing, &answers, &BTreeSet::new(), true, world.now);
    let part = judge_absence(&missing, &answers, &BTreeSet::new(), false, world.now);
    let of = |findings: &BTreeMap<ItemKey, AbsenceFinding>, key| findings[&key];
    assert_eq!(of(&whole, user("an")), AbsenceFinding::Gone);
    assert_eq!(of(&part, user("an")), AbsenceFinding::AbsentOnce);
    let department = ItemKey::Department(DepartmentId(2));
    assert_eq!(of(&whole, department.clone()), AbsenceFinding::Gone);
    assert_eq!(of(&part, department), AbsenceFinding::AbsentOnce);
    for findings in [whole, part] {
        assert_eq!(of(&findings, user("bo")), AbsenceFinding::OutOfRange);
        assert_eq!(of(&findings, user("cy")), AbsenceFinding::Unknown);
        assert_eq!(of(&findings, user("di")), AbsenceFinding::Unasked);
        assert_eq!(findings.len(), missing.len());
    }
}

#[test]
fn without_an_answer_nobody_is_gone_whatever_the_mark() {
    let world = World::holding(TEXT);
    for answer in [
        AbsenceAnswer::Absent,
        AbsenceAnswer::OutOfRange,
        AbsenceAnswer::Unknown,
    ] {
        for hours in [1, 25, 1_000] {
            let missing = marked(&world, answer, hours);
            let findings = judge_absence(
                &missing,
                &BTreeMap::new(),
                &BTreeSet::new(),
                true,
                world.now,
            );
            let fresh = hours < 24 && answer != AbsenceAnswer::Absent;
            let expected = if fresh {
                AbsenceFinding::AskedToday(answer)
            } else {
                AbsenceFinding::Unasked
            };
            assert!(findings.values().all(|finding| *finding == expected));
        }
    }
}

#[test]
fn a_first_look_tells_new_changed_missing_and_unchanged_apart() {
    let mut world = World::holding(TEXT);
    if let Some(Item::User(bo)) = world.mirror.items.get_mut(&user("bo")) {
        bo.detached = true;
    }
    world.run(&Reading::sealed(
        "1 Acme\n  2 Law\n  3 Tax\n  - an An\n  - cy Cy",
    ));
    let reading = Reading::sealed("1 Acme\n  2 Law\n  - an An\n  - cy Chen\n  - di Di\n  - ed Ed");
    let people = mapped(&reading.snapshot);
    let found = compare(reading.fingerprints(&people), &world.mirror.marks());
    assert_eq!(world.mirror.items[&user("di")].state(), ItemState::Deleted);
    assert_eq!((found.base.users, found.base.departments), (2, 3));
    assert_eq!(found.unchanged, 3);
    assert_eq!(found.to_create, keys(["ed"]));
    assert_eq!(found.to_review, keys(["cy", "di"]));
    assert_eq!(found.missing, [ItemKey::Department(DepartmentId(3))].into());
}

#[test]
fn whoever_goes_with_an_accepted_range_needs_no_absence_but_an_answer_all_the_same() {
    let world = World::holding(TEXT);
    let items: BTreeMap<ItemKey, Item> = marked(&world, AbsenceAnswer::OutOfRange, 1);
    let none = BTreeSet::new();
    let accepted = keys(["an", "bo", "cy", "di"]);
    let wide = AbsenceBudget {
        users: 3,
        departments: 0,
    };
    let asked_now = questions(&items, &none, &none, &accepted, wide, world.now);
    assert_eq!(
        asked(&asked_now),
        ["an", "bo", "cy"],
        "although asked today"
    );
    let answers = BTreeMap::from([
        (user("an"), AbsenceAnswer::OutOfRange),
        (user("bo"), AbsenceAnswer::Absent),
        (user("cy"), AbsenceAnswer::Unknown),
    ]);
    let findings = judge_absence(&items, &answers, &accepted, false, world.now);
    assert_eq!(findings[&user("an")], AbsenceFinding::Gone);
    assert_eq!(findings[&user("bo")], AbsenceFinding::Gone);
    assert_eq!(findings[&user("cy")], AbsenceFinding::Unknown);
    assert_eq!(findings[&user("di")], AbsenceFinding::Unasked);
}

#[test]
fn a_mark_of_an_accepted_range_is_evidence_in_every_later_run() {
    let world = World::holding(TEXT);
    let mut items = marked(&world, AbsenceAnswer::OutOfRange, 30);
    for item in items.values_mut() {
        let Item::User(user) = item else { continue };
        user.absence.as_mut().unwrap().accepted = true;
    }
    let answers = BTreeMap::from([
        (user("an"), AbsenceAnswer::OutOfRange),
        (user("bo"), AbsenceAnswer::Unknown),
    ]);
    let findings = judge_absence(&items, &answers, &BTreeSet::new(), false, world.now);
    assert_eq!(findings[&user("an")], AbsenceFinding::Gone);
    assert_eq!(findings[&user("bo")], AbsenceFinding::Unknown);
    // Where everything is visible again, the word was about another range.
    let wide = judge_absence(&items, &answers, &BTreeSet::new(), true, world.now);
    assert_eq!(wide[&user("an")], AbsenceFinding::OutOfRange);
}
