//! A person's word on a range, and whatever happens between the look and the deed: crashes,
//! sleeping runs, people who come and go.

use jiff::SignedDuration;
use org_model::{DepartmentId, ItemKind, ItemState};
use org_plan::Action;
use simulation::{Faults, World, faults_at};
use sync_run::{AffectedPeople, HeldState, RowResult, RunOutcome, RunStatus};

use super::{assert_sound, in_state, narrowed, people, rows_of};

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
