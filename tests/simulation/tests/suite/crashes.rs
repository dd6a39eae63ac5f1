//! Killed at every request, before and after it reached the store; then a clean run converges.

use std::collections::BTreeSet;

use jiff::SignedDuration;
use simulation::{Faults, World};
use sync_run::{NoticeKind, OutboxPayload, RunOutcome, RunStatus, run};

/// A source with a mirror, and a day on which something of everything happens.
async fn eventful_day() -> World {
    let mut world = World::new(60, 6);
    world.run().await;
    (0..3).for_each(|n| world.corp().dismiss(n));
    world.corp().hire(500, [2, 3].into());
    let mut corp = world.corp();
    corp.people.get_mut("person.0010").unwrap().title = "Lead".to_owned();
    corp.people.get_mut("person.0011").unwrap().departments = [5].into();
    corp.departments.insert(7, Some(2));
    drop(corp);
    world
}

async fn crash_everywhere(at: impl Fn(usize) -> Faults) {
    for n in 0.. {
        let mut world = eventful_day().await;
        let (outcome, requests) = world.try_run(at(n)).await;
        if n >= requests {
            assert!(outcome.is_ok(), "no crash, no error");
            assert!(n > 15, "the run was crashed at {n} places only");
            return;
        }
        let record = world.run().await;
        assert_eq!(
            record.status,
            RunStatus::Succeeded,
            "after a crash at {n}: {record:?}"
        );
        world.assert_mirrors(&BTreeSet::new());
        world.assert_honest(&record);
        let shelf = world.shelf();
        assert_every_write_is_told(&shelf, n);
        assert!(shelf.outbox.is_empty(), "unsent after a crash at {n}");
        assert!(
            shelf
                .records
                .values()
                .all(|record| record.status.is_final()),
            "open at {n}"
        );
    }
}

/// Every person stands in a row of the run whose generation wrote them: done, or in flight.
fn assert_every_write_is_told(shelf: &simulation::Shelf, at: usize) {
    for item in shelf
        .items
        .values()
        .filter(|item| item.kind() == org_model::ItemKind::User)
    {
        let generation = item.stamp().generation;
        let wrote = shelf
            .records
            .values()
            .find(|run| run.generation == Some(generation));
        let run = &wrote.expect("a run wrote it").run;
        let pages = shelf.pages.iter().filter(|((of, _, _), _)| of == run);
        let mut rows = pages.flat_map(|(_, page)| &page.rows);
        assert!(
            rows.any(|row| row.id == item.id()),
            "{} is not told, crash at {at}",
            item.id()
        );
    }
}

#[tokio::test]
async fn a_run_killed_before_any_request_is_finished_by_the_next() {
    crash_everywhere(|n| Faults {
        die_before: Some(n),
        ..Faults::default()
    })
    .await;
}

#[tokio::test]
async fn a_run_killed_after_any_request_is_finished_by_the_next() {
    crash_everywhere(|n| Faults {
        die_after: Some(n),
        ..Faults::default()
    })
    .await;
}

/// Story 5: an interruption never makes the set of deletions larger.
#[tokio::test]
async fn a_crash_while_many_would_be_deleted_deletes_nobody_and_the_notice_leaves() {
    for n in 0.. {
        let mut world = World::new(200, 10);
        world.run().await;
        (0..100).for_each(|n| world.corp().dismiss(n));
        let faults = Faults {
            die_after: Some(n),
            ..Faults::default()
        };
        let (_, requests) = world.try_run(faults).await;
        let record = world.run().await;
        assert_eq!(record.status, RunStatus::Held, "after a crash at {n}");
        let kept = (0..100).map(|n| format!("person.{n:04}")).collect();
        world.assert_mirrors(&kept);
        let notices = world.shelf().notices.clone();
        assert!(
            notices.iter().any(|notice| notice.kind == NoticeKind::Held),
            "crash at {n}"
        );
        if n >= requests {
            return;
        }
    }
}

/// Story 8: a zombie that wakes after another run has finished removes nobody.
#[tokio::test]
async fn a_late_zombie_changes_nothing_that_a_later_run_wrote() {
    for n in 1.. {
        let mut world = eventful_day().await;
        world.pass(SignedDuration::from_hours(1));
        let request = world.request();
        let faults = Faults {
            sleep_before: Some(n),
            ..Faults::default()
        };
        let (process, ports) = world.process(faults);
        let wake = process.wake();
        let zombie = tokio::spawn(async move { run(&ports, &request).await });
        for _ in 0..200 {
            tokio::task::yield_now().await;
        }
        if zombie.is_finished() {
            assert!(n > 15, "the zombie slept at {n} places only");
            return;
        }
        // Everybody who left comes back before the next run; the zombie still thinks they are gone.
        (0..3).for_each(|n| world.corp().hire(n, [1].into()));
        let record = world.run().await;
        assert_eq!(
            record.status,
            RunStatus::Succeeded,
            "while a zombie sleeps at {n}"
        );
        world.assert_mirrors(&BTreeSet::new());
        wake.notify_one();
        let _whatever_the_zombie_says = zombie.await.unwrap();
        world.assert_mirrors(&BTreeSet::new());
    }
}

#[tokio::test]
async fn two_starts_at_once_are_one_run() {
    let mut world = eventful_day().await;
    world.pass(SignedDuration::from_hours(1));
    let (first, twin) = (world.request(), world.request());
    let sleeping = Faults {
        sleep_before: Some(5),
        ..Faults::default()
    };
    let (process, ports) = world.process(sleeping);
    let wake = process.wake();
    let running = tokio::spawn(async move { run(&ports, &first).await });
    for _ in 0..200 {
        tokio::task::yield_now().await;
    }
    let (_, ports) = world.process(Faults::default());
    let mut other = twin.clone();
    other.scheduled_at = None;
    let RunOutcome::Skipped(skipped) = run(&ports, &other).await.unwrap() else {
        panic!("the second start is skipped");
    };
    assert_eq!(skipped.live_run.unwrap().as_str(), "run-0002");
    let again = run(&ports, &twin).await.unwrap();
    assert!(
        matches!(again, RunOutcome::AlreadyServed(_)),
        "the same scheduled time: {again:?}"
    );
    wake.notify_one();
    assert!(matches!(
        running.await.unwrap().unwrap(),
        RunOutcome::Finished(_)
    ));
    world.assert_mirrors(&BTreeSet::new());
}

/// A killed approval run has not spent the approval: the next run does what it left.
#[tokio::test]
async fn an_approval_outlives_a_killed_run_until_everything_of_it_is_removed() {
    for n in 0.. {
        let mut world = World::new(200, 10);
        world.run().await;
        (0..100).for_each(|n| world.corp().dismiss(n));
        world.run().await;
        world.approve_all();
        let faults = Faults {
            die_before: Some(n),
            ..Faults::default()
        };
        let (_, requests) = world.try_run(faults).await;
        let record = world.run().await;
        assert_eq!(
            record.status,
            RunStatus::Succeeded,
            "after a crash at {n}: {record:?}"
        );
        world.assert_mirrors(&BTreeSet::new());
        if n >= requests {
            return;
        }
    }
}

#[tokio::test]
async fn a_notice_that_cannot_leave_stays_until_it_can() {
    let mut world = World::new(200, 10);
    world.run().await;
    (0..100).for_each(|n| world.corp().dismiss(n));
    let mute = Faults {
        mute: true,
        ..Faults::default()
    };
    let (outcome, _) = world.try_run(mute).await;
    assert!(
        matches!(outcome, Ok(RunOutcome::Finished(_))),
        "a mute run closes all the same"
    );
    assert!(world.shelf().notices.is_empty());
    let waits = world
        .shelf()
        .outbox
        .values()
        .any(|i| matches!(i.payload, OutboxPayload::Notice(_)));
    assert!(waits);
    world.pass(SignedDuration::from_mins(20));
    let mute = Faults {
        mute: true,
        ..Faults::default()
    };
    assert_eq!(
        world.try_tidy(mute).await.troubled.len(),
        1,
        "housekeeping says that it waits"
    );
    world.tidy().await;
    assert_eq!(world.shelf().notices.len(), 1);
    world.tidy().await;
    assert_eq!(world.shelf().notices.len(), 1, "sent once");
}
