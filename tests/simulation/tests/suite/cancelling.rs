//! A run that somebody cancels stops at a row boundary.

use std::collections::BTreeSet;

use jiff::SignedDuration;
use simulation::{Faults, World};
use sync_run::{NoticeKind, RowResult, RunMode, RunOutcome, RunStatus, run};

/// A run of 1,200 creations that sleeps before request `n`; cancelled while it sleeps.
async fn cancelled_at(n: usize) -> (World, Option<sync_run::RunRecord>) {
    let mut world = World::new(1_200, 10);
    let request = world.queue_manual_run(RunMode::Apply, None);
    let faults = Faults {
        sleep_before: Some(n),
        ..Faults::default()
    };
    let (process, ports) = world.process(faults);
    let (wake, id) = (process.wake(), request.run.clone());
    let live = tokio::spawn(async move { run(&ports, &request).await });
    for _ in 0..3_000 {
        tokio::task::yield_now().await;
    }
    if live.is_finished() {
        return (world, None);
    }
    world.cancel(&id);
    wake.notify_one();
    match live.await.unwrap().unwrap() {
        RunOutcome::Finished(record) => (world, Some(*record)),
        // Claimed, and cancelled while its record still said `queued`.
        RunOutcome::AlreadyServed(run) => {
            let record = world.shelf().records[&run].clone();
            (world, Some(record))
        }
        other => panic!("{other:?}"),
    }
}

#[tokio::test]
async fn a_live_run_stops_between_two_pages_and_what_it_wrote_is_told() {
    // The first 500 people are on their way.
    let (mut world, record) = cancelled_at(400).await;
    let record = record.unwrap();
    assert_eq!(record.status, RunStatus::Cancelled, "{record:?}");
    let error = record.error.clone().unwrap();
    assert_eq!(error.code, "cancelled");
    assert!(error.message.contains("someone"), "{}", error.message);
    let done = record.rows_with(RowResult::Done);
    let here = world.shelf().items.len() as u64;
    assert_eq!(done, here, "rows and directory agree");
    assert!(done < 1_200);
    world.assert_honest(&record);
    assert!(world.shelf().notices.is_empty(), "whoever asked knows");
    assert_eq!(world.shelf().state.last_success_at, None);
    assert_eq!(
        world.shelf().events.last().unwrap().status,
        RunStatus::Cancelled
    );
    assert_eq!(world.run().await.status, RunStatus::Succeeded);
    world.assert_mirrors(&BTreeSet::new());
}

/// Wherever the wish arrives, the run ends in order: stopped, or done.
#[tokio::test]
async fn a_wish_at_any_moment_is_heard_or_comes_too_late() {
    let mut stopped = 0;
    for n in [
        1, 3, 5, 8, 10, 12, 14, 16, 20, 600, 1_100, 1_215, 1_225, 1_230,
    ] {
        let (mut world, record) = cancelled_at(n).await;
        let Some(record) = record else { continue };
        let is_stopped = record.status == RunStatus::Cancelled;
        assert!(
            is_stopped || record.status == RunStatus::Succeeded,
            "{n}: {record:?}"
        );
        stopped += u32::from(is_stopped);
        world.assert_honest(&record);
        assert_eq!(
            world.run().await.status,
            RunStatus::Succeeded,
            "cancelled at {n}"
        );
        world.assert_mirrors(&BTreeSet::new());
    }
    assert!(stopped > 5, "{stopped}");
}

#[tokio::test]
async fn nothing_is_removed_after_the_wish() {
    let mut world = World::new(200, 10);
    world.run().await;
    (0..3).for_each(|n| world.corp().dismiss(n));
    world.pass(SignedDuration::from_hours(1));
    let request = world.request();
    let faults = Faults {
        sleep_before: Some(3),
        ..Faults::default()
    };
    let (process, ports) = world.process(faults);
    let (wake, id) = (process.wake(), request.run.clone());
    let live = tokio::spawn(async move { run(&ports, &request).await });
    for _ in 0..200 {
        tokio::task::yield_now().await;
    }
    world.cancel(&id);
    wake.notify_one();
    let RunOutcome::Finished(record) = live.await.unwrap().unwrap() else {
        panic!("it ends in order");
    };
    assert_eq!(record.status, RunStatus::Cancelled);
    assert!(
        !world.shelf().decided.contains_key(&id),
        "it decided nothing"
    );
    assert_eq!(world.shelf().live_people().len(), 200);
}

#[tokio::test]
async fn a_queued_run_that_was_cancelled_never_starts() {
    let mut world = World::new(20, 5);
    let request = world.queue_manual_run(RunMode::Apply, None);
    world.cancel(&request.run);
    let (outcome, _) = world.serve(&request, Faults::default()).await;
    assert!(
        matches!(outcome, Ok(RunOutcome::AlreadyServed(_))),
        "{outcome:?}"
    );
    assert!(world.shelf().items.is_empty());
    assert_eq!(
        world.shelf().records[&request.run].status,
        RunStatus::Cancelled
    );
    assert_eq!(
        world.run().await.status,
        RunStatus::Succeeded,
        "the lease is free"
    );
}

/// It died before it could hear of it: nobody is alarmed.
#[tokio::test]
async fn a_run_that_was_cancelled_and_died_is_closed_as_cancelled() {
    let mut world = World::new(200, 10);
    let request = world.queue_manual_run(RunMode::Apply, None);
    let faults = Faults {
        die_after: Some(60),
        ..Faults::default()
    };
    let _dead = world.serve(&request, faults).await;
    world.cancel(&request.run);
    world.pass(SignedDuration::from_mins(20));
    assert_eq!(world.try_tidy(Faults::default()).await.dead_runs, 1);
    let record = world.shelf().records[&request.run].clone();
    assert_eq!(record.status, RunStatus::Cancelled);
    world.assert_honest(&record);
    let notices = world.shelf().notices.clone();
    assert!(notices.iter().all(|n| n.kind != NoticeKind::RunFailed));
}

#[tokio::test]
async fn a_continuation_that_was_cancelled_never_begins_its_work() {
    let mut world = World::new(2_000, 20);
    let mut request = world.queue_manual_run(RunMode::Apply, None);
    request.deadline = world.now() + SignedDuration::from_secs(20);
    let slow = Faults {
        slow: SignedDuration::from_millis(20),
        ..Faults::default()
    };
    let (outcome, _) = world.serve(&request, slow).await;
    assert!(
        matches!(outcome, Ok(RunOutcome::HandedOver(_))),
        "{outcome:?}"
    );
    let written = world.shelf().items.len();
    world.cancel(&request.run);
    let record = world.serve_segments(|_| Faults::default()).await.unwrap();
    assert_eq!(record.status, RunStatus::Cancelled);
    assert_eq!(world.shelf().items.len(), written);
    world.assert_honest(&record);
}
