//! A range that becomes narrower, a person's word on it, and everything that may happen between.
#![allow(clippy::unwrap_used, clippy::expect_used, reason = "tests fail loudly")]

use std::collections::BTreeSet;

use jiff::SignedDuration;
use org_model::{DepartmentId, InternalId, ItemKey, ItemKind, ItemState};
use org_plan::{Action, Item};
use simulation::{Faults, World, faults_at};
use sync_run::{
    AffectedPeople, HeldState, NoticeKind, RowResult, RunMode, RunOutcome, RunRecord, RunStatus,
};

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
    assert_eq!(notice.kind, NoticeKind::RunUnsealed);
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
    let told = notices.iter().filter(|n| n.kind == NoticeKind::RunUnsealed);
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

async fn crashed_acceptance(people_word: AffectedPeople, faults: Faults) -> (World, usize) {
    let mut world = narrowed().await;
    world.run().await;
    world.accept_range(people_word);
    let (_, requests) = world.try_run(faults).await;
    (world, requests)
}

/// The word is spent once, whole, however often the run that uses it is killed.
#[tokio::test]
async fn an_acceptance_killed_at_any_request_ends_as_if_it_had_run_once() {
    for n in 0.. {
        let mut last = 0;
        for faults in faults_at(n) {
            let (mut world, requests) = crashed_acceptance(AffectedPeople::Keep, faults).await;
            last = requests;
            world.run().await;
            let record = world.run().await;
            assert_eq!(
                record.status,
                RunStatus::Succeeded,
                "crash at {n}: {record:?}"
            );
            assert_eq!(people(&world, ItemState::Detached), 30, "crash at {n}");
            assert_eq!(people(&world, ItemState::Live), 30, "crash at {n}");
            assert_sound(&world);
            let shelf = world.shelf();
            assert!(
                shelf.standing.is_none(),
                "crash at {n}: a spent word stands"
            );
            let baseline = shelf.state.baseline.clone().unwrap();
            assert_eq!(
                baseline.departments,
                [2, 3, 6].map(DepartmentId).into(),
                "crash at {n}"
            );
        }
        if n >= last {
            assert!(n > 15, "crashed at {n} places only");
            return;
        }
    }
}

#[tokio::test]
async fn those_who_go_killed_at_any_request_are_held_and_approved_as_if_it_had_run_once() {
    for n in 0.. {
        let mut last = 0;
        for faults in faults_at(n) {
            let (mut world, requests) = crashed_acceptance(AffectedPeople::Delete, faults).await;
            last = requests;
            world.run().await;
            assert_eq!(people(&world, ItemState::Deleted), 0, "crash at {n}");
            for _ in 0..2 {
                world.approve_all();
                world.run().await;
            }
            world.approve_all();
            let record = world.run().await;
            assert_eq!(
                record.status,
                RunStatus::Succeeded,
                "crash at {n}: {record:?}"
            );
            assert_eq!(people(&world, ItemState::Live), 30, "crash at {n}");
            let departments = in_state(&world, ItemKind::Department, ItemState::Live);
            assert_eq!(departments.len(), 3, "crash at {n}: {departments:?}");
            assert!(world.shelf().standing.is_none(), "crash at {n}");
        }
        if n >= last {
            return;
        }
    }
}

/// One person who cannot be written keeps the word alive: nobody who was to stay attached to
/// nothing is left to the ordinary rule.
#[tokio::test]
async fn a_detachment_that_fails_keeps_the_acceptance_until_it_is_done() {
    let mut world = narrowed().await;
    world.run().await;
    world.accept_range(AffectedPeople::Keep);
    let poison = Faults {
        poison: Some("person.0000".to_owned()),
        ..Faults::default()
    };
    world.try_run(poison).await.0.unwrap();
    assert_eq!(people(&world, ItemState::Detached), 29);
    assert!(world.shelf().standing.is_some());
    assert_sound(&world);
    let record = world.run().await;
    assert_eq!(record.status, RunStatus::Succeeded, "{record:?}");
    assert_eq!(people(&world, ItemState::Detached), 30);
    assert!(world.shelf().standing.is_none());
}

/// Nobody goes with a range whom nobody was shown: another list is another thing to accept.
#[tokio::test]
async fn a_range_that_affects_others_by_now_is_no_longer_the_one_that_was_shown() {
    let mut world = narrowed().await;
    world.run().await;
    let shown = world.shelf().standing.clone().unwrap().fingerprint;
    world.run().await;
    let again = world.shelf().standing.clone().unwrap().fingerprint;
    assert_eq!(again, shown, "the same people");
    move_out_of_sight(&world);
    world.run().await;
    let standing = world.shelf().standing.clone().unwrap();
    assert_eq!(standing.affected_users, 31);
    assert_ne!(
        standing.fingerprint, shown,
        "an old look does not cover them"
    );
    assert!(!world.accept_range_shown(shown, AffectedPeople::Delete));
    world.run().await;
    assert_eq!(people(&world, ItemState::Live), 60);
}

/// Person 1 goes from department 2, which the app sees, to 5, which it does not.
fn move_out_of_sight(world: &World) {
    let mut corp = world.corp();
    let person = corp.people.get_mut("person.0001").unwrap();
    person.departments = [5].into();
}

/// As below, but somebody else is missing by now: the word is on those who were shown.
#[tokio::test]
async fn an_acceptance_given_while_a_run_sees_others_missing_is_not_lost() {
    let (mut accepted, mut stale) = (0, 0);
    for n in 1.. {
        let mut world = narrowed().await;
        world.run().await;
        let shown = world.shelf().standing.clone().unwrap().fingerprint;
        move_out_of_sight(&world);
        world.pass(SignedDuration::from_hours(1));
        let request = world.request();
        let sleeping = Faults {
            sleep_before: Some(n),
            ..Faults::default()
        };
        let (process, ports) = world.process(sleeping);
        let wake = process.wake();
        let running = tokio::spawn(async move { sync_run::run(&ports, &request).await });
        for _ in 0..200 {
            tokio::task::yield_now().await;
        }
        if running.is_finished() {
            assert!(
                accepted > 5 && stale > 0,
                "{accepted} accepted, {stale} stale"
            );
            return;
        }
        let is_accepted = world.accept_range_shown(shown, AffectedPeople::Keep);
        wake.notify_one();
        running.await.unwrap().unwrap();
        world.run().await;
        let detached = if is_accepted { 30 } else { 0 };
        assert_eq!(
            people(&world, ItemState::Detached),
            detached,
            "slept at {n}"
        );
        (accepted, stale) = match is_accepted {
            true => (accepted + 1, stale),
            false => (accepted, stale + 1),
        };
    }
}

/// Accepted between the reading and the writing of a run that saw the same range.
#[tokio::test]
async fn an_acceptance_given_while_a_run_sees_the_range_is_not_lost() {
    for n in 1.. {
        let mut world = narrowed().await;
        world.run().await;
        world.pass(SignedDuration::from_hours(1));
        let request = world.request();
        let sleeping = Faults {
            sleep_before: Some(n),
            ..Faults::default()
        };
        let (process, ports) = world.process(sleeping);
        let wake = process.wake();
        let running = tokio::spawn(async move { sync_run::run(&ports, &request).await });
        for _ in 0..200 {
            tokio::task::yield_now().await;
        }
        if running.is_finished() {
            assert!(n > 5, "slept at {n} places only");
            return;
        }
        world.accept_range(AffectedPeople::Keep);
        wake.notify_one();
        running.await.unwrap().unwrap();
        world.run().await;
        assert_eq!(people(&world, ItemState::Detached), 30, "slept at {n}");
    }
}

/// Three of ten who were held are still missing: below every threshold, and held all the same.
async fn with_three_held() -> World {
    let mut world = World::new(60, 6);
    world.run().await;
    let everybody = world.corp().people.clone();
    let keys: Vec<String> = everybody.keys().take(10).cloned().collect();
    for key in &keys {
        world.corp().people.remove(key);
    }
    let held = world.run().await;
    assert_eq!(rows_of(&held, "users", Action::Delete, RowResult::Held), 10);
    for key in &keys[3..] {
        let person = everybody[key].clone();
        world.corp().people.insert(key.clone(), person);
    }
    world.run().await;
    assert_eq!(waiting(&world), 3);
    world
}

/// How many items the lists that wait still have.
fn waiting(world: &World) -> usize {
    let shelf = world.shelf();
    let lists = shelf.lists.values();
    let waiting = lists.filter(|list| list.state == HeldState::Waiting);
    waiting.map(|list| list.remaining().count()).sum()
}

/// A hold is sticky until what a person accepted in its place is done, not only decided.
#[tokio::test]
async fn whoever_is_held_stays_held_if_the_run_that_detaches_them_is_killed_and_the_range_returns()
{
    for n in 0.. {
        let mut last = 0;
        for faults in faults_at(n) {
            let mut world = with_three_held().await;
            world.corp().range = Some([2, 3].into());
            world.run().await;
            world.accept_range(AffectedPeople::Keep);
            let (ended, requests) = world.try_run(faults).await;
            last = requests;
            if matches!(ended, Ok(RunOutcome::Finished(run)) if run.status == RunStatus::Succeeded)
            {
                assert_eq!(waiting(&world), 0, "crash at {n}: all are detached");
            }
            world.corp().range = None;
            world.run().await;
            world.run().await;
            assert_eq!(people(&world, ItemState::Deleted), 0, "crash at {n}");
            let detached = people(&world, ItemState::Detached);
            assert_eq!(waiting(&world) + detached, 3, "crash at {n}");
        }
        if n >= last {
            assert!(n > 15, "crashed at {n} places only");
            return;
        }
    }
}
