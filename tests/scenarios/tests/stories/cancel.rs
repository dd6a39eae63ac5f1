//! A run that somebody stops: whole rows, a true log, and a next run that does the rest.

use std::collections::BTreeSet;
use std::sync::Arc;

use scenarios::{World, deaths};
use source_admin::{AdminError, Stopping};
use sync_run::{RunMode, RunOutcome, RunRecord, RunStatus, run};
use testkit::Faults;
use wecom_sim::{Command, DepartmentPeople};

/// Rows of every kind, and removals in three batches: people, a department, the one above it.
async fn eventful() -> Arc<World> {
    let world = World::synced(24, 4).await;
    for (id, parent) in [(700, 2), (701, 700)] {
        world.tell(Command::CreateDepartment {
            id: Some(id),
            name: format!("短命部{id}"),
            parent,
        });
    }
    world.run().await;
    let people = world.active();
    world.dismiss(&people[2..5]);
    world.hire();
    world.tell(Command::Rename {
        userid: people[8].clone(),
        name: "改名".to_owned(),
    });
    for id in [701, 700] {
        let people = DepartmentPeople::Leave;
        world.tell(Command::DeleteDepartment { id, people });
    }
    world.pass_hours(1);
    Arc::new(world)
}

fn assert_cancelled(record: &RunRecord) {
    assert_eq!(record.status, RunStatus::Cancelled, "{record:?}");
    assert!(record.finished_at.is_some());
    let error = record.error.as_ref().unwrap();
    assert_eq!(error.code, "cancelled");
    assert!(error.message.contains("admin"), "who asked: {error:?}");
}

#[tokio::test]
async fn a_queued_run_that_is_cancelled_never_starts() {
    let world = eventful().await;
    let before = world.directory().await;
    let request = source_admin::RunRequest {
        mode: RunMode::Apply,
        plan: None,
        idempotency_key: None,
    };
    let asked = world.admin().request_run("hq", &request, "admin").await;
    let queued = asked.unwrap().record.run;
    for _ in 0..2 {
        let stopped = world.cancel(&queued).await.unwrap();
        let Stopping::Stopped(record) = stopped else {
            panic!("{stopped:?}");
        };
        assert_cancelled(&record);
    }
    world.control().reset_counts().unwrap();
    // The invocation that was on its way arrives all the same.
    let clean = Faults::default();
    let late = world.deliver(&world.started_request(), &clean).await;
    assert_eq!(late.unwrap(), RunOutcome::AlreadyServed(queued.clone()));
    assert!(world.sim.calls().is_empty(), "nothing was read");
    assert_eq!(world.directory().await, before);
    assert_cancelled(&world.stored(&queued).await.unwrap());
    assert_eq!(world.run().await.status, RunStatus::Succeeded);
    let told = world.standins.events();
    let told: Vec<_> = told.iter().filter(|event| event.run == queued).collect();
    assert_eq!(told.len(), 1, "{told:?}");
    assert_cancelled(told[0]);
    world.assert_equal().await;
}

/// Stopped at every request of a run: nothing of it is half written, its log is true, nobody is
/// told of trouble, and the next run does what is left.
#[tokio::test]
async fn a_live_run_stops_at_a_row_boundary_and_the_next_does_the_rest() {
    let (mut stopped, mut halfway) = (0, 0);
    let watched = Faults::default();
    let whole = eventful().await;
    whole.deliver(&whole.request("hq"), &watched).await.unwrap();
    let places: BTreeSet<u64> = deaths(&watched.operations())
        .into_iter()
        .map(|(request, _)| request)
        .collect();
    for request in places {
        let world = eventful().await;
        let before = world.directory().await;
        let faults = Faults::stalling_at(request);
        let wanted = world.request("hq");
        let live = {
            let (world, faults, wanted) = (Arc::clone(&world), faults.clone(), wanted.clone());
            tokio::spawn(async move { run(&world.ports(&faults), &wanted).await })
        };
        let mut live = live;
        tokio::select! {
            () = faults.stalled() => {}
            ended = &mut live => panic!("it ended before request {request}: {ended:?}"),
        }
        let asked = world.cancel(&wanted.run).await;
        faults.wake();
        let ended = live.await.unwrap().unwrap();
        let RunOutcome::Finished(record) = ended else {
            panic!("{request}: {ended:?}");
        };
        world.assert_told(&record, &before).await;
        if record.status == RunStatus::Cancelled {
            assert!(asked.is_ok(), "{request}: {asked:?}");
            assert_cancelled(&record);
            stopped += 1;
            let deleted = world.directory().await.deleted_people().len();
            let whole = world.directory().await.department(700).is_none();
            halfway += usize::from(deleted > 0 && !whole);
        } else {
            // Too late to be heard: then it ended as it would have.
            assert_eq!(record.status, RunStatus::Succeeded, "at {request}");
            world.assert_equal().await;
        }
        assert!(world.standins.notices().is_empty(), "at {request}");
        assert_eq!(world.run().await.status, RunStatus::Succeeded);
        world.assert_equal().await;
        world.assert_outbox_empty().await;
    }
    assert!(stopped > 5, "it was stopped at {stopped} places only");
    assert!(halfway > 0, "never amid its removals");
}

#[tokio::test]
async fn a_run_that_is_over_cannot_be_cancelled() {
    let world = World::synced(12, 3).await;
    let record = world.run().await;
    let late = world.cancel(&record.run).await;
    assert!(matches!(late, Err(AdminError::RunOver { .. })), "{late:?}");
    let unknown = world.cancel(&org_model::RunId::new("nobody")).await;
    assert!(
        matches!(unknown, Err(AdminError::NotFound { .. })),
        "{unknown:?}"
    );
    assert_eq!(world.stored(&record.run).await, Some(record));
}

/// It dies before it can stop: whoever finds it says that it was cancelled.
#[tokio::test]
async fn a_cancelled_run_that_dies_is_closed_as_cancelled() {
    let world = eventful().await;
    let faults = Faults::stalling_at(40);
    let wanted = world.request("hq");
    let live = {
        let (world, faults, wanted) = (Arc::clone(&world), faults.clone(), wanted.clone());
        tokio::spawn(async move { run(&world.ports(&faults), &wanted).await })
    };
    faults.stalled().await;
    let asked = world.cancel(&wanted.run).await.unwrap();
    assert!(matches!(asked, Stopping::Asked(_)), "{asked:?}");
    live.abort();
    world.pass_hours(1);
    world.tidy().await;
    let record = world.stored(&wanted.run).await.unwrap();
    assert_eq!(record.status, RunStatus::Cancelled, "{record:?}");
    assert_eq!(record.error.unwrap().code, "cancelled");
    assert!(world.standins.notices().is_empty());
    assert_eq!(world.run().await.status, RunStatus::Succeeded);
    world.assert_equal().await;
}
