//! Whom administrators keep (story 22), and for how long.

use std::collections::BTreeSet;

use jiff::SignedDuration;
use org_model::{ItemKey, MemberStatus, UserId};
use simulation::{Faults, World};
use sync_run::{RowResult, RunMode, RunStatus, Trigger};

fn person(number: u32) -> ItemKey {
    ItemKey::User(UserId::new(format!("person.{number:04}")).key())
}

fn names(people: impl IntoIterator<Item = u32>) -> BTreeSet<String> {
    people
        .into_iter()
        .map(|n| format!("person.{n:04}"))
        .collect()
}

/// 200 people of whom 100 left: one list waits.
async fn held() -> World {
    let mut world = World::new(200, 10);
    world.run().await;
    (0..100).for_each(|n| world.corp().dismiss(n));
    assert_eq!(world.run().await.status, RunStatus::Held);
    world
}

/// Story 22: approved except three.
#[tokio::test]
async fn the_excepted_stay_and_no_later_run_speaks_of_them() {
    let mut world = held().await;
    let list = world.waiting_lists().pop().unwrap().list.fingerprint;
    let except = (0..3).map(person).collect();
    assert!(world.approve(list, &except));
    let approved = world.run().await;
    assert_eq!(approved.status, RunStatus::Succeeded, "{approved:?}");
    assert_eq!(approved.rows_with(RowResult::Done), 97);
    for _ in 0..3 {
        let (_, _) = world.try_run(Faults::default()).await;
        world.pass(SignedDuration::from_hours(30));
    }
    let quiet = world.run().await;
    assert_eq!(quiet.status, RunStatus::Succeeded);
    assert!(quiet.counts.is_empty(), "{:?}", quiet.counts);
    world.assert_mirrors(&names(0..3));
}

#[tokio::test]
async fn a_rejected_list_is_kept_for_good() {
    let mut world = held().await;
    let list = world.waiting_lists().pop().unwrap().list.fingerprint;
    assert!(world.reject(list));
    for _ in 0..3 {
        let record = world.run().await;
        assert_eq!(record.status, RunStatus::Succeeded, "{record:?}");
        assert!(record.counts.is_empty(), "{:?}", record.counts);
        world.pass(SignedDuration::from_hours(80));
    }
    assert!(world.waiting_lists().is_empty(), "nothing is held anew");
    world.assert_mirrors(&names(0..100));
}

/// Approved by mistake: the approval's run is cancelled, and the list rejected.
#[tokio::test]
async fn an_approval_that_is_rejected_deletes_nobody() {
    let mut world = held().await;
    let list = world.waiting_lists().pop().unwrap().list.fingerprint;
    assert!(world.approve(list, &(0..3).map(person).collect()));
    let request = world.queue(Trigger::Approval, RunMode::Apply, |_| {});
    world.cancel(&request.run);
    assert!(world.reject(list));
    assert!(!world.reject(list), "it was rejected before");
    assert!(!world.approve(list, &BTreeSet::new()));
    for _ in 0..3 {
        let record = world.run().await;
        assert_eq!(record.status, RunStatus::Succeeded, "{record:?}");
        assert!(record.counts.is_empty(), "{:?}", record.counts);
        world.pass(SignedDuration::from_hours(20));
    }
    world.assert_mirrors(&names(0..100));
}

/// Kept people count nowhere: whoever else leaves is judged without them.
#[tokio::test]
async fn the_kept_do_not_count_when_others_leave() {
    let mut world = held().await;
    let list = world.waiting_lists().pop().unwrap().list.fingerprint;
    world.reject(list);
    (100..103).for_each(|n| world.corp().dismiss(n));
    let record = world.run().await;
    assert_eq!(record.status, RunStatus::Succeeded, "{record:?}");
    assert_eq!(record.rows_with(RowResult::Done), 3);
    world.assert_mirrors(&names(0..100));
}

/// Story 24: a mark holds for one absence.
#[tokio::test]
async fn whoever_is_seen_again_is_kept_no_longer() {
    let mut world = held().await;
    let list = world.waiting_lists().pop().unwrap().list.fingerprint;
    world.reject(list);
    world.run().await;
    world.corp().hire(7, [1].into());
    world.run().await;
    assert!(!world.kept_keys().contains(&person(7)));
    assert_eq!(world.kept_keys().len(), 99);
    world.corp().dismiss(7);
    let record = world.run().await;
    assert_eq!(record.rows_with(RowResult::Done), 1, "{record:?}");
    let kept = (0..100).filter(|n| *n != 7);
    world.assert_mirrors(&names(kept));
}

/// Seen by a run that changes nothing else: that alone is worth a decision.
#[tokio::test]
async fn a_return_without_any_change_releases_the_mark() {
    let mut world = held().await;
    let before = world.corp().people.clone();
    let list = world.waiting_lists().pop().unwrap().list.fingerprint;
    world.reject(list);
    world.run().await;
    world.corp().hire(8, [9].into());
    assert_eq!(world.corp().people.len(), before.len() + 1);
    let record = world.run().await;
    assert_eq!(record.status, RunStatus::Succeeded);
    assert!(!world.kept_keys().contains(&person(8)));
}

#[tokio::test]
async fn a_mark_that_was_taken_back_makes_a_candidate_again() {
    let mut world = held().await;
    let list = world.waiting_lists().pop().unwrap().list.fingerprint;
    world.reject(list);
    world.run().await;
    assert_eq!(world.clear_kept(&person(5)), 1);
    let record = world.run().await;
    assert_eq!(record.rows_with(RowResult::Done), 1);
    assert_eq!(world.kept_keys().len(), 99);
}

/// Kept from being disabled, until a reading shows them open; then they are like all others.
#[tokio::test]
async fn who_is_kept_from_a_disable_stays_open_until_they_are_open_again() {
    let mut world = World::new(100, 5);
    world.run().await;
    let set = |world: &World, status| {
        let mut corp = world.corp();
        corp.people
            .values_mut()
            .take(50)
            .for_each(|p| p.status = status);
    };
    set(&world, MemberStatus::Disabled);
    assert_eq!(world.run().await.status, RunStatus::Held);
    let list = world.waiting_lists().pop().unwrap().list.fingerprint;
    world.reject(list);
    let record = world.run().await;
    assert_eq!(record.status, RunStatus::Succeeded, "{record:?}");
    assert_eq!(record.rows_with(RowResult::Held), 0);
    assert_eq!(world.kept_keys().len(), 50);
    set(&world, MemberStatus::Active);
    world.run().await;
    assert_eq!(world.kept_keys().len(), 0);
    world.assert_mirrors(&BTreeSet::new());
}

/// A department whose kept people stand in it stays too.
#[tokio::test]
async fn the_kept_keep_the_department_they_stand_in() {
    let mut world = held().await;
    let list = world.waiting_lists().pop().unwrap().list.fingerprint;
    world.reject(list);
    {
        // Everybody of department 10 who is left moves away, and it goes.
        let mut corp = world.corp();
        for person in corp.people.values_mut() {
            if person.departments.remove(&10) {
                person.departments.insert(1);
            }
        }
        corp.departments.remove(&10);
    }
    let record = world.run().await;
    let departments = &record.counts["departments"];
    let results = departments.values().flat_map(|results| results.keys());
    assert_eq!(
        results.collect::<Vec<_>>(),
        [&RowResult::Skipped],
        "not empty"
    );
    world.assert_mirrors(&names(0..100));
}

/// Killed at any request on the way, nobody who is kept ever goes.
#[tokio::test]
async fn no_crash_removes_whom_a_person_keeps() {
    for n in 0.. {
        let mut world = held().await;
        let list = world.waiting_lists().pop().unwrap().list.fingerprint;
        world.approve(list, &(0..3).map(person).collect());
        world.corp().hire(1, [1].into());
        let faults = Faults {
            die_after: Some(n),
            ..Faults::default()
        };
        let (_, requests) = world.try_run(faults).await;
        let record = world.run().await;
        assert_eq!(
            record.status,
            RunStatus::Succeeded,
            "killed at {n}: {record:?}"
        );
        world.assert_mirrors(&names([0, 2]));
        assert_eq!(world.kept_keys(), [0, 2].map(person).into());
        if n >= requests {
            return;
        }
    }
}
