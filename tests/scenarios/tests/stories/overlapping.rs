//! Two starts at once, deliveries that come twice, and processes that wake too late.

use std::sync::Arc;

use scenarios::{Directory, World};
use sync_run::{RunOutcome, RunRequest, RunStatus, Trigger};
use testkit::Faults;
use testkit::crash::CrashMoment;
use wecom_sim::Command;

/// An eventful hour before the run.
async fn eventful() -> Arc<World> {
    let world = World::synced(30, 5).await;
    let people = world.active();
    world.dismiss(&people[2..5]);
    world.hire();
    world.tell(Command::Rename {
        userid: people[8].clone(),
        name: "改名".to_owned(),
    });
    world.pass_hours(1);
    Arc::new(world)
}

/// Story 8.
#[tokio::test]
async fn two_starts_at_once_have_the_effect_of_one_run() {
    let world = eventful().await;
    let (one, mut other) = (world.request("hq"), world.request("hq"));
    other.scheduled_at = None;
    let clean = Faults::default();
    let (first, second) = tokio::join!(world.deliver(&one, &clean), world.deliver(&other, &clean));
    let outcomes = [first.unwrap(), second.unwrap()];
    let finished: Vec<_> = outcomes
        .iter()
        .filter_map(|outcome| match outcome {
            RunOutcome::Finished(record) => Some(record),
            _ => None,
        })
        .collect();
    let [live] = finished.as_slice() else {
        panic!("one of them runs: {outcomes:?}");
    };
    let skipped = outcomes.iter().find_map(|outcome| match outcome {
        RunOutcome::Skipped(record) => Some(record),
        _ => None,
    });
    assert_eq!(skipped.unwrap().live_run.as_ref(), Some(&live.run));
    world.assert_equal().await;
}

/// Story 8: EventBridge delivers twice, at once and later; a retry carries another execution id.
#[tokio::test]
async fn a_delivery_that_comes_twice_is_served_once() {
    let world = eventful().await;
    let request = world.request("hq");
    let retried = RunRequest {
        run: org_model::RunId::new("another-execution"),
        ..request.clone()
    };
    let clean = Faults::default();
    let (first, second) = tokio::join!(
        world.deliver(&request, &clean),
        world.deliver(&retried, &clean)
    );
    let outcomes = [first.unwrap(), second.unwrap()];
    let finished = outcomes
        .iter()
        .filter(|outcome| matches!(outcome, RunOutcome::Finished(_)));
    assert_eq!(finished.count(), 1, "{outcomes:?}");
    for request in [&request, &retried] {
        let late = world.deliver(request, &clean).await.unwrap();
        assert!(matches!(late, RunOutcome::AlreadyServed(_)), "{late:?}");
    }
    world.assert_equal().await;
}

/// Story 8: who was killed holding the lease blocks nobody for longer than it lasts.
#[tokio::test]
async fn a_killed_holder_is_waited_for_and_then_succeeded() {
    let world = eventful().await;
    let request = world.request("hq");
    let killed = Faults::crash_at(40, CrashMoment::BeforeSent);
    world.deliver(&request, &killed).await.unwrap_err();
    world.pass(jiff::SignedDuration::from_mins(10));
    let clean = Faults::default();
    let early = world.deliver(&world.request("hq"), &clean).await.unwrap();
    let RunOutcome::Skipped(skipped) = early else {
        panic!("the lease still stands: {early:?}");
    };
    assert_eq!(skipped.live_run, Some(request.run.clone()));
    let record = world.run().await;
    assert_eq!(record.status, RunStatus::Succeeded);
    world.assert_equal().await;
    let dead = world.admin().run("hq", request.run.as_str()).await.unwrap();
    assert_eq!(dead.status, RunStatus::Failed);
    assert_eq!(dead.error.unwrap().code, "killed");
}

/// Whoever was live still is, and may do what they might.
fn assert_nobody_lost(before: &Directory, after: &Directory, case: &str) {
    for person in before.people().filter(|user| user.deleted_at.is_none()) {
        let now = after.person(person.userid.as_str());
        let status = now.map(|user| user.status);
        assert_eq!(status, Some(person.status), "{}: {case}", person.userid);
    }
    for department in before.departments().filter(|it| it.deleted_at.is_none()) {
        let now = after.department(department.id.0);
        assert!(now.is_some(), "{}: {case}", department.id);
    }
}

/// Story 8: a process that was frozen anywhere and wakes after its successor has finished. What it
/// may still do is an update of an item that its successor left as it was; the next run heals it.
#[tokio::test]
async fn a_late_zombie_removes_nobody_and_the_next_run_heals_what_it_wrote() {
    // Eighty partitions of the directory are read one after another: one sleep among them stands
    // for all, since nothing was written yet.
    let places = [2, 5, 8, 40].into_iter().chain((86..).step_by(3));
    for (slept, request) in places.enumerate() {
        let world = eventful().await;
        let faults = Faults::stalling_at(request);
        let zombie = {
            let (world, faults) = (Arc::clone(&world), faults.clone());
            let request = world.request("hq");
            tokio::spawn(async move { sync_run::run(&world.ports(&faults), &request).await })
        };
        let asleep = tokio::select! {
            () = faults.stalled() => true,
            () = async { while !zombie.is_finished() { tokio::task::yield_now().await } } => false,
        };
        if !asleep {
            assert!(slept > 8, "it slept at {slept} places only");
            return;
        }
        // Who left comes back before the next run; the sleeper still thinks they are gone.
        let everybody = world.directory().await;
        for userid in scenarios::live_people(&everybody) {
            if world
                .control()
                .member(&userid, wecom_sim::View::Everything)
                .is_none()
            {
                world.tell(Command::Rehire { userid });
            }
        }
        let record = world.run().await;
        assert_eq!(record.status, RunStatus::Succeeded, "asleep at {request}");
        world.assert_equal().await;
        let before = world.directory().await;
        faults.wake();
        let ended = zombie.await.unwrap();
        assert_nobody_lost(
            &before,
            &world.directory().await,
            &format!("{request}: {ended:?}"),
        );
        let healed = world.run().await;
        assert_eq!(healed.status, RunStatus::Succeeded, "at {request}");
        world.assert_equal().await;
    }
}

/// Story 30.
#[tokio::test]
async fn an_approval_that_arrives_during_a_run_is_consumed_by_the_next() {
    let world = Arc::new(World::synced(40, 4).await);
    world.tell(Command::DismissRandom { count: 20, seed: 1 });
    let watched = Faults::default();
    world.run().await;
    world.run_with(&watched).await.unwrap();
    let list = world.waiting().await.remove(0);
    world.pass_hours(1);
    // Three from the end of a run like this one: lists and directory are read, nothing is closed.
    let faults = Faults::stalling_at(watched.requests() - 3);
    let live = {
        let (world, faults) = (Arc::clone(&world), faults.clone());
        let request = world.request("hq");
        tokio::spawn(async move { sync_run::run(&world.ports(&faults), &request).await })
    };
    faults.stalled().await;
    let live_run = world.decide(&list).await.live_run;
    assert!(live_run.is_some(), "the caller is told");
    faults.wake();
    let RunOutcome::Finished(record) = live.await.unwrap().unwrap() else {
        panic!("the live run ends as it would have");
    };
    assert_eq!(Some(&record.run), live_run.as_ref());
    assert_eq!(record.trigger, Trigger::Schedule);
    assert_eq!(
        record.status,
        RunStatus::Held,
        "it had read the lists before"
    );
    let next = world.run().await;
    assert_eq!(next.status, RunStatus::Succeeded, "{next:?}");
    world.assert_equal().await;
}
