//! A range that becomes narrower, a person's word on it, and everything that may happen between.

mod interrupted;
mod unfinished;

use std::collections::BTreeSet;

use jiff::SignedDuration;
use org_model::{DepartmentId, InternalId, ItemKey, ItemKind, ItemState};
use org_plan::{Action, Item};
use simulation::World;
use sync_run::{AffectedPeople, NoticeKind, RowResult, RunMode, RunRecord, RunStatus};

/// Sixty people in departments 1 to 6; the app soon sees 2, 3 and 6 only: thirty are affected.
async fn narrowed() -> World {
    let mut world = World::new(60, 6);
    world.run().await;
    world.corp().range = Some([2, 3].into());
    world
}

fn in_state(world: &World, kind: ItemKind, state: ItemState) -> BTreeSet<String> {
    let shelf = world.shelf();
    let items = shelf.items.values();
    let items = items.filter(|item| item.kind() == kind && item.state() == state);
    items.map(Item::id).collect()
}

fn people(world: &World, state: ItemState) -> usize {
    in_state(world, ItemKind::User, state).len()
}

fn internal_ids(world: &World) -> BTreeSet<(ItemKey, InternalId)> {
    let shelf = world.shelf();
    let items = shelf.items.iter();
    items
        .map(|(key, item)| (key.clone(), item.internal_id().clone()))
        .collect()
}

fn rows_of(record: &RunRecord, kind: &str, action: Action, result: RowResult) -> u64 {
    let actions = record.counts.get(kind);
    let results = actions.and_then(|actions| actions.get(&action));
    results
        .and_then(|results| results.get(&result))
        .copied()
        .unwrap_or_default()
}

/// Nobody attached stands in a department that is not.
fn assert_sound(world: &World) {
    let attached = in_state(world, ItemKind::Department, ItemState::Live);
    let shelf = world.shelf();
    let live = shelf
        .items
        .values()
        .filter(|item| item.state() == ItemState::Live);
    for item in live {
        for id in item.departments() {
            assert!(
                attached.contains(&id.to_string()),
                "{} stands in {id}",
                item.id()
            );
        }
    }
}

/// Story 10, and what a person can do about it.
#[tokio::test]
async fn a_narrower_range_waits_is_accepted_and_the_kept_are_detached() {
    let mut world = narrowed().await;
    let before = internal_ids(&world);
    let seen = world.run().await;
    assert_eq!(seen.status, RunStatus::Partial);
    assert_eq!(people(&world, ItemState::Live), 60, "nobody goes for it");
    let standing = world.shelf().standing.clone().unwrap();
    assert_eq!(
        (standing.affected_users, standing.affected_departments),
        (30, 3)
    );
    assert_eq!(world.shelf().affected.len(), 33);
    let notice = world.shelf().notices.last().cloned().unwrap();
    assert_eq!(notice.kind, NoticeKind::RangeShrank);
    let call = format!(
        "/sources/hq/range/accept {{\"fingerprint\":\"{}\"",
        standing.fingerprint
    );
    assert!(notice.text.contains("GET /sources/hq/range") && notice.text.contains(&call));

    world.accept_range(AffectedPeople::Keep);
    let accepted = world.run().await;
    assert_eq!(accepted.status, RunStatus::Succeeded, "{accepted:?}");
    assert_eq!(
        rows_of(&accepted, "users", Action::Detach, RowResult::Done),
        30
    );
    assert_eq!(
        rows_of(&accepted, "departments", Action::Detach, RowResult::Done),
        3
    );
    world.assert_honest(&accepted);
    assert_sound(&world);
    assert!(world.shelf().standing.is_none(), "the word is spent");
    let size = world.shelf().state.mirror_size.unwrap();
    assert_eq!((size.users, size.departments), (30, 3));

    let quiet = world.run().await;
    assert_eq!(quiet.status, RunStatus::Succeeded);
    assert!(
        quiet.counts.is_empty(),
        "never candidates again: {:?}",
        quiet.counts
    );
    world.corp().range = None;
    let wide = world.run().await;
    assert_eq!(rows_of(&wide, "users", Action::Adopt, RowResult::Done), 30);
    assert_eq!(
        rows_of(&wide, "departments", Action::Adopt, RowResult::Done),
        3
    );
    world.assert_mirrors(&BTreeSet::new());
    assert_eq!(internal_ids(&world), before, "everybody is who they were");
}

#[tokio::test]
async fn a_range_that_widens_again_leaves_nothing_to_accept() {
    let mut world = narrowed().await;
    world.run().await;
    assert!(world.shelf().standing.is_some());
    world.corp().range = None;
    world.run().await;
    assert!(world.shelf().standing.is_none());
    world.assert_mirrors(&BTreeSet::new());
}

#[tokio::test]
async fn an_acceptance_covers_exactly_the_difference_that_was_shown() {
    let mut world = narrowed().await;
    world.run().await;
    world.accept_range(AffectedPeople::Keep);
    world.corp().range = Some([3].into());
    let narrower = world.run().await;
    assert_eq!(narrower.sealed, Some(false), "another difference");
    assert_eq!(people(&world, ItemState::Live), 60);
    let standing = world.shelf().standing.clone().unwrap();
    assert!(
        standing.acceptance.is_none(),
        "the old word does not cover it"
    );
    assert_eq!(standing.affected_users, 50);
    // Within the day, and a notice all the same: something else is missing now. Then no more.
    world.run().await;
    let notices = world.shelf().notices.clone();
    let told = notices.iter().filter(|n| n.kind == NoticeKind::RangeShrank);
    let named = |text: &str| text.contains(&standing.fingerprint.to_string());
    assert_eq!(
        told.map(|n| named(&n.text)).collect::<Vec<_>>(),
        [false, true]
    );
}

#[tokio::test]
async fn whoever_was_not_on_the_accepted_list_follows_the_ordinary_rule() {
    let mut world = narrowed().await;
    world.run().await;
    world.accept_range(AffectedPeople::Keep);
    // Person 1 stands in department 2, visible; nobody showed them to whoever accepted.
    world
        .corp()
        .people
        .get_mut("person.0001")
        .unwrap()
        .departments = [5].into();
    let accepted = world.run().await;
    assert_eq!(accepted.sealed, Some(true));
    assert_eq!(people(&world, ItemState::Detached), 30);
    let moved = in_state(&world, ItemKind::User, ItemState::Live);
    assert!(
        moved.contains("Person.0001"),
        "out of range, kept and marked"
    );
    assert_eq!(
        rows_of(&accepted, "users", Action::Delete, RowResult::Kept),
        1
    );
    assert_eq!(people(&world, ItemState::Deleted), 0);
}

/// The userid on the list is somebody else's by now.
#[tokio::test]
async fn an_acceptance_covers_nobody_who_took_over_the_userid_of_one_that_was_listed() {
    for word in [AffectedPeople::Keep, AffectedPeople::Delete] {
        let mut world = narrowed().await;
        world.run().await;
        world.accept_range(word);
        let key = somebody_in(&world, 5);
        if let Some(Item::User(user)) = world.shelf().items.get_mut(&key) {
            user.internal_id = InternalId::new("of-another");
        }
        world.run().await;
        world.approve_all();
        world.run().await;
        let state = world.shelf().items[&key].state();
        assert_eq!(state, ItemState::Live, "{word:?}");
        assert_eq!(people(&world, ItemState::Live), 31, "{word:?}");
    }
}

/// Somebody in this department.
fn somebody_in(world: &World, department: u32) -> ItemKey {
    let shelf = world.shelf();
    let mut people = shelf.items.values().filter_map(|item| match item {
        Item::User(_) if item.departments() == [DepartmentId(department)] => Some(item.key()),
        _ => None,
    });
    people.next().unwrap()
}

#[tokio::test]
async fn those_who_go_with_a_range_are_held_and_an_approval_removes_them() {
    let mut world = narrowed().await;
    world.run().await;
    world.accept_range(AffectedPeople::Delete);
    let held = world.run().await;
    assert_eq!(held.status, RunStatus::Held, "{held:?}");
    assert_eq!(rows_of(&held, "users", Action::Delete, RowResult::Held), 30);
    assert_eq!(people(&world, ItemState::Deleted), 0);
    assert!(
        world.shelf().standing.is_none(),
        "the range is taken over all the same"
    );
    world.approve_all();
    let approved = world.run().await;
    assert_eq!(
        rows_of(&approved, "users", Action::Delete, RowResult::Done),
        30,
        "{approved:?}"
    );
    assert_eq!(people(&world, ItemState::Live), 30);
    assert_sound(&world);
}

#[tokio::test]
async fn a_few_who_go_with_a_range_pass_protection_at_once() {
    let mut world = World::new(60, 6);
    for person in world.corp().people.values_mut().take(57) {
        person.departments = [2].into();
    }
    world.shelf().settings.protection.departments.floor = 5;
    world.run().await;
    world.corp().range = Some([2, 3].into());
    world.run().await;
    world.accept_range(AffectedPeople::Delete);
    let accepted = world.run().await;
    let deleted = |kind| rows_of(&accepted, kind, Action::Delete, RowResult::Done);
    // Of the last three, one stands in a department below the range.
    assert_eq!(
        (deleted("users"), deleted("departments")),
        (2, 3),
        "{accepted:?}"
    );
    assert_eq!(people(&world, ItemState::Live), 58);
}

#[tokio::test]
async fn a_department_that_answers_by_name_is_not_gone_whatever_was_accepted() {
    let mut world = World::new(60, 6);
    world.shelf().settings.protection.departments.floor = 5;
    world.shelf().settings.protection.users.floor = 40;
    world.run().await;
    world.corp().range = Some([2, 3].into());
    world.run().await;
    world.accept_range(AffectedPeople::Delete);
    world.corp().unlisted_answer = true;
    let record = world.run().await;
    assert_eq!(record.sealed, Some(false), "{record:?}");
    assert_eq!(record.unsealed_reasons[0].code, "department_not_listed");
    assert_eq!(people(&world, ItemState::Live), 60);
    world.corp().unlisted_answer = false;
    world.run().await;
    assert_eq!(people(&world, ItemState::Live), 30, "the word stood");
}

#[tokio::test]
async fn nobody_goes_with_a_range_while_wecom_does_not_answer() {
    let mut world = narrowed().await;
    world.run().await;
    world.accept_range(AffectedPeople::Delete);
    world.corp().silent = true;
    world.run().await;
    assert_eq!(people(&world, ItemState::Deleted), 0);
    assert_eq!(people(&world, ItemState::Live), 60);
    // The person's word stands: answered a day later, they are judged like all others.
    world.corp().silent = false;
    world.pass(SignedDuration::from_hours(25));
    let later = world.run().await;
    assert_eq!(
        rows_of(&later, "users", Action::Delete, RowResult::Held),
        30,
        "{later:?}"
    );
}

#[tokio::test]
async fn a_planned_run_shows_what_an_acceptance_does_and_spends_nothing() {
    let mut world = narrowed().await;
    world.run().await;
    world.accept_range(AffectedPeople::Keep);
    let planned = world.run_manually(RunMode::Plan, None).await;
    assert_eq!(
        rows_of(&planned, "users", Action::Detach, RowResult::Planned),
        30
    );
    assert_eq!(people(&world, ItemState::Live), 60);
    let done = world.run_manually(RunMode::Apply, planned.plan).await;
    assert_eq!(
        rows_of(&done, "users", Action::Detach, RowResult::Done),
        30,
        "{done:?}"
    );
}

/// An incomplete reading is no difference that anybody could accept, nor does it spend a word.
#[tokio::test]
async fn a_reading_with_gaps_neither_stands_nor_spends_an_acceptance() {
    let mut world = narrowed().await;
    world.corp().deaf.insert(2);
    world.run().await;
    assert!(world.shelf().standing.is_none());
    world.corp().deaf.clear();
    world.run().await;
    world.accept_range(AffectedPeople::Keep);
    world.corp().deaf.insert(2);
    let incomplete = world.run().await;
    assert_eq!(incomplete.sealed, Some(false));
    assert_eq!(people(&world, ItemState::Live), 60);
    assert!(world.shelf().standing.is_some());
    world.corp().deaf.clear();
    world.run().await;
    assert_eq!(people(&world, ItemState::Detached), 30);
}

#[tokio::test]
async fn a_narrower_scope_is_treated_like_a_narrower_range() {
    let mut world = World::new(60, 6);
    world.run().await;
    world.shelf().settings.scope.exclude_departments = [DepartmentId(6)].into();
    let seen = world.run().await;
    assert!(
        seen.unsealed_reasons
            .iter()
            .any(|r| r.code == "range_narrower")
    );
    assert_eq!(world.shelf().standing.clone().unwrap().affected_users, 10);
    world.accept_range(AffectedPeople::Delete);
    let accepted = world.run().await;
    // They exist, and answer by name: the settings leave them out all the same.
    let held = rows_of(&accepted, "users", Action::Delete, RowResult::Held);
    assert_eq!(held, 10, "{accepted:?}");
    world.approve_all();
    let approved = world.run().await;
    let deleted = rows_of(&approved, "users", Action::Delete, RowResult::Done);
    assert_eq!(deleted, 10, "{approved:?}");
    assert_eq!(people(&world, ItemState::Live), 50);
    world
        .corp()
        .people
        .get_mut("person.0001")
        .unwrap()
        .departments = [6].into();
    let moved = world.run().await;
    assert_eq!(moved.sealed, Some(true), "{moved:?}");
    assert_eq!(
        people(&world, ItemState::Live),
        50,
        "moved out of scope, and kept"
    );
}

#[tokio::test]
async fn a_scope_that_names_a_department_nobody_has_is_no_range_to_accept() {
    let mut world = World::new(60, 6);
    world.run().await;
    world.shelf().settings.scope.exclude_departments = [DepartmentId(99)].into();
    let seen = world.run().await;
    assert_eq!(seen.sealed, Some(false));
    assert_eq!(seen.unsealed_reasons[0].code, "scope_missing");
    assert!(world.shelf().standing.is_none());
}

/// Story 23.
#[tokio::test]
async fn another_app_is_taken_over_if_it_sees_no_less_and_waits_if_it_does() {
    let mut world = World::new(60, 6);
    world.run().await;
    world.shelf().settings.credentials.agent_id = 1_000_003;
    let taken = world.run().await;
    assert_eq!(taken.status, RunStatus::Succeeded, "{taken:?}");
    assert_eq!(world.shelf().state.baseline_agent_id, Some(1_000_003));
    world.shelf().settings.credentials.agent_id = 1_000_004;
    world.corp().range = Some([2, 3].into());
    let waits = world.run().await;
    let codes: Vec<_> = waits
        .unsealed_reasons
        .iter()
        .map(|r| r.code.as_str())
        .collect();
    assert_eq!(codes, ["range_narrower", "agent_changed"]);
    world.accept_range(AffectedPeople::Keep);
    // The word was on what the fourth app sees, not the fifth.
    world.shelf().settings.credentials.agent_id = 1_000_005;
    assert_eq!(world.run().await.sealed, Some(false));
    world.accept_range(AffectedPeople::Keep);
    let accepted = world.run().await;
    assert_eq!(accepted.status, RunStatus::Succeeded, "{accepted:?}");
    assert_eq!(world.shelf().state.baseline_agent_id, Some(1_000_005));
    assert_eq!(people(&world, ItemState::Detached), 30);
}
