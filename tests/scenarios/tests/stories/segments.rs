//! A run that needs longer than one invocation hands over to itself, and ends as if it had not.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use jiff::SignedDuration;
use org_model::{InternalId, ItemKind};
use org_plan::Action;
use scenarios::{World, deaths, live_people};
use serde_json::json;
use sync_run::ports::RunLog;
use sync_run::{RowResult, RunOutcome, RunRecord, RunRequest, RunStatus, run};
use testkit::Faults;
use testkit::crash::Pace;
use wecom_sim::{Command, DepartmentPeople};

/// An invocation of a minute: ten seconds of it are for what is under way.
const MINUTE: SignedDuration = SignedDuration::from_mins(1);

fn done(record: &RunRecord, kind: &str, action: Action) -> u64 {
    let of_kind = record.counts.get(kind);
    let of_action = of_kind.and_then(|actions| actions.get(&action));
    let done = of_action.and_then(|results| results.get(&RowResult::Done));
    done.copied().unwrap_or_default()
}

/// Twenty thousand people, and requests to the store that take five milliseconds of a minute each.
#[tokio::test]
async fn a_first_sync_of_twenty_thousand_people_ends_as_if_it_were_one_run() {
    let mut world = World::of(20_000, 80).await;
    // Lists of hundreds take a busy machine a while.
    world.pace.request_timeout = Duration::from_secs(30);
    world.pass_hours(1);
    let request = world.request("hq");
    let slow = || {
        let each = Pace::Each(SignedDuration::from_millis(5));
        world.ports(&Faults::taking_time(&world.clock, each))
    };
    let record = world.deliver_whole(&request, MINUTE, |_| slow()).await;
    assert_eq!(record.status, RunStatus::Succeeded, "{record:?}");
    assert_eq!(record.sealed, Some(true));
    assert!(record.segments >= 2, "{} segments", record.segments);
    assert_eq!(done(&record, "users", Action::Create), 20_000);
    assert_eq!(done(&record, "departments", Action::Create), 80);
    let rows = world.rows(&record).await;
    assert_eq!(rows.len(), 20_080, "nobody has two rows");
    let told: BTreeSet<_> = rows.iter().map(|row| (row.kind, &row.id)).collect();
    assert_eq!(told.len(), rows.len(), "each exactly once");
    world.assert_equal().await;
    let finished = world.standins.events();
    assert_eq!(finished.len(), 1, "one run, told once");
    assert!(world.standins.notices().is_empty());
    world.assert_outbox_empty().await;
    let quiet = world.run().await;
    assert_eq!(quiet.status, RunStatus::Succeeded, "{quiet:?}");
    assert!(quiet.counts.is_empty(), "nothing was left undone");
}

/// What the run decided to delete, as its log remembers it.
async fn decided(world: &World, record: &RunRecord) -> BTreeSet<InternalId> {
    let store = world.store(&Faults::default());
    let decided = RunLog::decided(&store, &record.source, &record.run).await;
    let decided = decided.unwrap().unwrap().into_iter();
    decided.map(|removal| removal.internal_id).collect()
}

async fn deleted_ids(world: &World) -> BTreeSet<InternalId> {
    let directory = world.directory().await;
    let deleted = directory.people().filter(|user| user.deleted_at.is_some());
    deleted.map(|user| user.internal_id.clone()).collect()
}

/// 180 of 400 leave, which these limits let pass; each batch of 99 takes the whole minute.
#[tokio::test]
async fn a_mass_departure_that_is_interrupted_amid_its_removals_removes_what_was_decided() {
    let mut world = World::of(400, 6).await;
    let limits = json!({ "floor": 50, "max_count": 1000, "max_percent": 50 });
    world.settings["protection"] = json!({ "users": limits });
    world.put_source("hq").await.unwrap();
    world.run().await;
    let leavers = world.active()[..180].to_vec();
    world.dismiss(&leavers);
    world.pass_hours(1);
    let before = live_people(&world.directory().await).len();
    let request = world.request("hq");
    let ports = |_| world.slow_to_remove(MINUTE, &Faults::default());
    let record = world.deliver_whole(&request, MINUTE, ports).await;
    assert_eq!(record.status, RunStatus::Succeeded, "{record:?}");
    assert!(record.segments >= 2, "{record:?}");
    assert_eq!(done(&record, "users", Action::Delete), 180);
    assert_eq!(deleted_ids(&world).await, decided(&world, &record).await);
    let left = live_people(&world.directory().await).len();
    assert_eq!(left, before - 180);
    world.assert_equal().await;
    assert_eq!(world.standins.events().len(), 2);
}

/// Between two segments somebody of the decided returns, and somebody else leaves.
#[tokio::test]
async fn who_returns_between_segments_stays_and_who_leaves_waits_for_the_next_run() {
    let mut world = World::of(400, 6).await;
    let limits = json!({ "floor": 50, "max_count": 1000, "max_percent": 50 });
    world.settings["protection"] = json!({ "users": limits });
    world.put_source("hq").await.unwrap();
    world.run().await;
    let people = world.active();
    let (leavers, late) = (people[..150].to_vec(), people[200].clone());
    world.dismiss(&leavers);
    world.pass_hours(1);
    let before = world.directory().await;
    let request = RunRequest {
        deadline: world.clock.now() + MINUTE,
        ..world.request("hq")
    };
    let outcome = run(&world.slow_to_remove(MINUTE, &Faults::default()), &request)
        .await
        .unwrap();
    let RunOutcome::HandedOver(open) = outcome else {
        panic!("{outcome:?}");
    };
    let wanted = decided(&world, &open).await;
    let halfway = world.directory().await;
    let not_yet: Vec<String> = leavers
        .iter()
        .filter(|id| halfway.person(id).is_some())
        .cloned()
        .collect();
    assert_eq!(not_yet.len(), 51, "one batch was removed");
    world.rehire(&not_yet[..3]);
    world.dismiss(std::slice::from_ref(&late));
    let newcomer = world.hire();

    let clean = world.ports(&Faults::default());
    let ended = run(&clean, &world.started_segment()).await.unwrap();
    let RunOutcome::Finished(record) = ended else {
        panic!("{ended:?}");
    };
    world.assert_told(&record, &before).await;
    assert_eq!(record.status, RunStatus::Succeeded, "{record:?}");
    let deleted = deleted_ids(&world).await;
    assert!(deleted.is_subset(&wanted), "never more than was decided");
    assert_eq!(deleted.len(), 147);
    let directory = world.directory().await;
    for userid in not_yet[..3].iter().chain([&late]) {
        assert!(directory.person(userid).is_some(), "{userid}");
    }
    assert!(directory.person(&newcomer).is_some(), "additions go on");
    let rows = world.rows(&record).await;
    assert!(rows.iter().all(|row| row.id != late), "told by the next");
    assert_eq!(world.run().await.status, RunStatus::Succeeded);
    world.assert_equal().await;
}

/// A small day with everything, and removals in three batches.
async fn eventful() -> World {
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
    world.tell(Command::SetStatus {
        userids: people[9..10].to_vec(),
        status: 2,
    });
    for id in [701, 700] {
        let people = DepartmentPeople::Leave;
        world.tell(Command::DeleteDepartment { id, people });
    }
    world.pass_hours(1);
    world
}

/// What a run says it did, person by person.
async fn told(
    world: &World,
    record: &RunRecord,
) -> BTreeMap<(ItemKind, String), (Action, RowResult)> {
    let rows = world.rows(record).await;
    let told = rows.into_iter();
    told.map(|row| ((row.kind, row.id), (row.action, row.result)))
        .collect()
}

/// The time is over at any one request, in turn: read too late it removes nobody, decided it goes
/// on, and what it did and told is what an uninterrupted run does and tells.
#[tokio::test]
async fn wherever_the_time_ends_the_run_ends_as_if_it_had_not() {
    let whole = eventful().await;
    let watched = Faults::default();
    let outcome = whole.deliver(&whole.request("hq"), &watched).await;
    let RunOutcome::Finished(uninterrupted) = outcome.unwrap() else {
        panic!("it has the time it needs");
    };
    let wanted = told(&whole, &uninterrupted).await;
    let mut handed_over = 0;
    let places: BTreeSet<u64> = deaths(&watched.operations())
        .into_iter()
        .map(|(request, _)| request)
        .collect();
    for request in places {
        let world = eventful().await;
        let before = world.directory().await;
        let ports = |segment| match segment {
            1 => {
                let late = Pace::One(request, MINUTE);
                world.ports(&Faults::taking_time(&world.clock, late))
            }
            _ => world.ports(&Faults::default()),
        };
        let delivery = world.request("hq");
        let record = world.deliver_whole(&delivery, MINUTE, ports).await;
        if record.status != RunStatus::Succeeded {
            // Too late to ask anything, or to finish reading.
            let too_early = record
                .error
                .as_ref()
                .is_some_and(|e| e.code == "out_of_budget");
            let partial = record.status == RunStatus::Partial;
            assert!(too_early || partial, "{request}: {record:?}");
            let directory = world.directory().await;
            assert_eq!(directory.deleted_people(), before.deleted_people());
            assert!(directory.department(701).is_some(), "at {request}");
            assert_eq!(world.run().await.status, RunStatus::Succeeded);
        } else {
            assert_eq!(told(&world, &record).await, wanted, "at {request}");
            handed_over += usize::from(record.segments > 1);
        }
        world.assert_equal().await;
        world.assert_outbox_empty().await;
    }
    assert!(handed_over > 4, "it handed over at {handed_over} places");
}

/// The next segment is asked for and never arrives: housekeeping starts it again.
#[tokio::test]
async fn a_segment_that_nobody_started_is_started_by_housekeeping() {
    let world = eventful().await;
    world.standins.set_out(&["starter"]);
    let request = RunRequest {
        deadline: world.clock.now() + MINUTE,
        ..world.request("hq")
    };
    let outcome = run(&world.slow_to_remove(MINUTE, &Faults::default()), &request)
        .await
        .unwrap();
    let RunOutcome::HandedOver(open) = outcome else {
        panic!("{outcome:?}");
    };
    world.standins.set_out(&[]);
    assert!(world.standins.take_segments().is_empty());
    // A schedule that fires meanwhile leaves the run alone.
    let clean = Faults::default();
    let skipped = world.deliver(&world.request("hq"), &clean).await.unwrap();
    let RunOutcome::Skipped(skipped) = skipped else {
        panic!("{skipped:?}");
    };
    assert_eq!(skipped.live_run.as_ref(), Some(&open.run));
    world.pass(SignedDuration::from_mins(7));
    world.tidy().await;
    let segment = world.started_segment();
    assert_eq!((&segment.run, segment.segment), (&open.run, Some(2)));
    // It arrives twice: served once.
    let clean = world.ports(&Faults::default());
    let ended = run(&clean, &segment).await.unwrap();
    let RunOutcome::Finished(record) = ended else {
        panic!("{ended:?}");
    };
    assert_eq!(record.status, RunStatus::Succeeded, "{record:?}");
    let again = run(&clean, &segment).await.unwrap();
    assert!(matches!(again, RunOutcome::AlreadyServed(_)), "{again:?}");
    world.assert_equal().await;
    assert!(world.standins.notices().is_empty());
}

/// Nobody takes the run up in its time: it is buried as lost, and the next run does the rest.
#[tokio::test]
async fn a_hand_over_that_nobody_takes_up_is_told_and_done_by_the_next_run() {
    let world = eventful().await;
    let request = RunRequest {
        deadline: world.clock.now() + MINUTE,
        ..world.request("hq")
    };
    let outcome = run(&world.slow_to_remove(MINUTE, &Faults::default()), &request)
        .await
        .unwrap();
    assert!(matches!(outcome, RunOutcome::HandedOver(_)), "{outcome:?}");
    let late = world.started_segment();
    let record = world.run().await;
    assert_eq!(record.status, RunStatus::Succeeded, "{record:?}");
    world.assert_equal().await;
    let lost = world.stored(&request.run).await.unwrap();
    assert_eq!(lost.status, RunStatus::Failed, "{lost:?}");
    assert_eq!(lost.error.unwrap().code, "segment_lost");
    let clean = world.ports(&Faults::default());
    let ended = run(&clean, &late).await.unwrap();
    assert!(matches!(ended, RunOutcome::AlreadyServed(_)), "{ended:?}");
}
