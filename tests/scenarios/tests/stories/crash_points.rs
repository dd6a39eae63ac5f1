//! Crash points, exhaustive (ring 4): a first sync, a held run, an approval, a run in segments, an
//! undo, and what administrators say, each killed at each of its requests to the database, before
//! it is sent and after it was applied (`scenarios::deaths`: each death that leaves something else
//! once). Then clean runs must end where they would have ended, with no forbidden deletion and
//! every notice sent. A churn run, at every single request: `crashes.rs`.

use std::collections::BTreeSet;

use jiff::SignedDuration;
use org_model::InternalId;
use scenarios::{World, deaths, live_people};
use source_admin::HeldView;
use sync_run::ports::Ports;
use sync_run::{HeldState, NoticeKind, RowResult, RunOutcome, RunRequest, RunStatus, run};
use testkit::Faults;
use testkit::crash::CrashMoment;
use wecom_sim::{Command, DepartmentPeople};

const MOMENTS: [CrashMoment; 2] = [CrashMoment::BeforeSent, CrashMoment::AfterApplied];

/// What is killed: a world in which everything is ready, and one delivery.
struct Plot {
    world: World,
    request: RunRequest,
    /// Who may be deleted by it and its successors.
    doomed: BTreeSet<String>,
}

fn set(userids: &[String]) -> BTreeSet<String> {
    userids.iter().cloned().collect()
}

/// Serves a delivery with every segment that it hands over to, until it ends or dies.
async fn serve(world: &World, request: &RunRequest, ports: &Ports) {
    let mut outcome = run(ports, request).await;
    while let Ok(RunOutcome::HandedOver(_)) = outcome {
        let next = RunRequest {
            deadline: world.clock.now() + MINUTE,
            ..world.started_segment()
        };
        outcome = run(ports, &next).await;
    }
}

/// An invocation of a minute, where one is to hand over.
const MINUTE: SignedDuration = SignedDuration::from_mins(1);

/// Kills the plot's delivery at every request. `mended`: what clean runs make of it.
async fn kill_everywhere(
    plot: impl AsyncFn() -> Plot,
    ports: impl Fn(&World, &Faults) -> Ports,
    mended: impl AsyncFn(&Plot, &str),
) {
    let watched = Faults::default();
    let whole = plot().await;
    serve(&whole.world, &whole.request, &ports(&whole.world, &watched)).await;
    let deaths = deaths(&watched.operations());
    assert!(deaths.len() > 12, "{deaths:?}");
    for (request, moment) in deaths {
        let plot = plot().await;
        let world = &plot.world;
        let before = live_people(&world.directory().await);
        let faults = Faults::crash_at(request, moment);
        serve(world, &plot.request, &ports(world, &faults)).await;
        let case = format!("a crash at request {request}, {moment:?}");
        assert_nobody_else_went(&plot, &before, &case).await;
        assert!(faults.crashed(), "{case}: it ended before");
        // What it asked to be started died with it.
        world.standins.take_segments();
        mended(&plot, &case).await;
        assert_nobody_else_went(&plot, &before, &case).await;
        // A delivery that died before it was claimed is still queued: housekeeping starts it once
        // more, or says that nobody waits for it any longer.
        if world.has_unfinished().await {
            world.tidy().await;
            if world.has_unfinished().await {
                world.deliver_started().await;
            }
            assert_nobody_else_went(&plot, &before, &case).await;
        }
        world.assert_all_told(&case).await;
    }
}

async fn assert_nobody_else_went(plot: &Plot, before: &BTreeSet<String>, case: &str) {
    let live = live_people(&plot.world.directory().await);
    let gone: BTreeSet<String> = before - &live;
    assert!(gone.is_subset(&plot.doomed), "{gone:?} after {case}");
}

fn as_ever(world: &World, faults: &Faults) -> Ports {
    world.ports(faults)
}

async fn first_sync() -> Plot {
    let world = World::of(10, 3).await;
    world.pass_hours(1);
    let request = world.request("hq");
    Plot {
        world,
        request,
        doomed: BTreeSet::new(),
    }
}

#[tokio::test]
async fn a_first_sync_killed_at_any_request_is_finished_by_the_next_run() {
    kill_everywhere(first_sync, as_ever, async |plot, case| {
        let record = plot.world.run().await;
        assert_eq!(record.status, RunStatus::Succeeded, "{case}: {record:?}");
        plot.world.assert_equal().await;
    })
    .await;
}

async fn held_run() -> Plot {
    let world = World::synced(20, 3).await;
    let leavers = world.active()[..12].to_vec();
    world.dismiss(&leavers);
    world.hire();
    world.pass_hours(1);
    let request = world.request("hq");
    // Gone, and still nobody may go: this run and the next may only hold them.
    Plot {
        world,
        request,
        doomed: BTreeSet::new(),
    }
}

async fn assert_held(plot: &Plot, case: &str) {
    let world = &plot.world;
    let record = world.run().await;
    assert_eq!(record.status, RunStatus::Held, "{case}: {record:?}");
    assert_eq!(record.rows_with(RowResult::Held), 12, "{case}");
    let leavers: Vec<String> = live_people(&world.directory().await)
        .into_iter()
        .filter(|id| {
            let member = world.control().member(id, wecom_sim::View::Everything);
            member.is_none()
        })
        .collect();
    let left: Vec<&str> = leavers.iter().map(String::as_str).collect();
    assert_eq!(left.len(), 12, "{case}");
    world.assert_equal_but(&left).await;
    let lists = world.waiting().await;
    let counts: Vec<u64> = lists.iter().map(|list| list.count).collect();
    assert_eq!(counts, [12], "{case}");
    let told = world.standins.notices_of(NoticeKind::Held).len();
    assert!(told >= 1, "{case}: nobody was told");
}

#[tokio::test]
async fn a_held_run_killed_at_any_request_holds_the_same_and_the_notice_leaves() {
    kill_everywhere(held_run, as_ever, assert_held).await;
}

/// Twelve of twenty left, their list waits.
async fn waiting_list() -> (World, Vec<String>, HeldView) {
    let world = World::synced(20, 3).await;
    let leavers = world.active()[..12].to_vec();
    world.dismiss(&leavers);
    world.run().await;
    let list = world.waiting().await.remove(0);
    (world, leavers, list)
}

async fn approval() -> Plot {
    let (world, leavers, list) = waiting_list().await;
    world.decide(&list).await;
    let request = world.started_request();
    Plot {
        world,
        request,
        doomed: set(&leavers),
    }
}

#[tokio::test]
async fn an_approval_killed_at_any_request_removes_what_was_approved_and_no_more() {
    kill_everywhere(approval, as_ever, async |plot, case| {
        let record = plot.world.run().await;
        assert_eq!(record.status, RunStatus::Succeeded, "{case}: {record:?}");
        plot.world.assert_equal().await;
        let deleted = plot.world.directory().await.deleted_people();
        assert_eq!(deleted, plot.doomed, "{case}");
        assert!(plot.world.waiting().await.is_empty(), "{case}");
    })
    .await;
}

/// Removals in three batches, each as long as an invocation.
async fn segmented() -> Plot {
    let world = World::of(12, 3).await;
    for (id, parent) in [(700, 2), (701, 700)] {
        world.tell(Command::CreateDepartment {
            id: Some(id),
            name: format!("短命部{id}"),
            parent,
        });
    }
    world.run().await;
    let leavers = world.active()[2..4].to_vec();
    world.dismiss(&leavers);
    world.hire();
    for id in [701, 700] {
        let people = DepartmentPeople::Leave;
        world.tell(Command::DeleteDepartment { id, people });
    }
    world.pass_hours(1);
    let request = RunRequest {
        deadline: world.clock.now() + MINUTE,
        ..world.request("hq")
    };
    Plot {
        world,
        request,
        doomed: set(&leavers),
    }
}

#[tokio::test]
async fn a_run_in_segments_killed_at_any_request_is_finished_by_the_next_run() {
    let slow = |world: &World, faults: &Faults| world.slow_to_remove(MINUTE, faults);
    kill_everywhere(segmented, slow, async |plot, case| {
        let record = plot.world.run().await;
        assert_eq!(record.status, RunStatus::Succeeded, "{case}: {record:?}");
        plot.world.assert_equal().await;
    })
    .await;
}

async fn ids_of(world: &World, userids: &BTreeSet<String>) -> BTreeSet<InternalId> {
    let directory = world.directory().await;
    let people = directory.people();
    let of_them = people.filter(|person| userids.contains(person.userid.as_str()));
    of_them.map(|person| person.internal_id.clone()).collect()
}

async fn undo() -> Plot {
    let world = World::synced(16, 3).await;
    let gone = world.active()[2..5].to_vec();
    world.dismiss(&gone);
    let record = world.run().await;
    let admin = world.admin();
    let asked = admin.undo_run("hq", record.run.as_str(), None, "admin");
    asked.await.unwrap();
    let request = world.started_request();
    Plot {
        world,
        request,
        doomed: BTreeSet::new(),
    }
}

/// Whoever came back before the death is kept: the next run finds them gone in WeCom.
#[tokio::test]
async fn an_undo_killed_at_any_request_keeps_whom_it_gave_back() {
    kill_everywhere(undo, as_ever, async |plot, case| {
        let world = &plot.world;
        let back = live_people(&world.directory().await);
        let record = world.run().await;
        assert_eq!(record.status, RunStatus::Succeeded, "{case}: {record:?}");
        assert_eq!(live_people(&world.directory().await), back, "{case}");
        // The same word once more does the rest.
        let everybody: BTreeSet<String> = world
            .directory()
            .await
            .0
            .values()
            .filter(|item| matches!(item, org_plan::Item::User(_)))
            .map(org_plan::Item::id)
            .collect();
        let ids = ids_of(world, &everybody).await;
        let undoes = world.stored(&plot.request.run).await.unwrap().undoes;
        let record = world.undo(&undoes.unwrap()).await;
        assert_eq!(record.status, RunStatus::Succeeded, "{case}: {record:?}");
        assert_eq!(live_people(&world.directory().await), everybody, "{case}");
        assert_eq!(ids_of(world, &everybody).await, ids, "{case}");
        assert_eq!(world.kept().await.len(), 3, "{case}");
        assert_eq!(world.run().await.status, RunStatus::Succeeded);
        assert_eq!(live_people(&world.directory().await), everybody, "{case}");
    })
    .await;
}

/// An administrator's call dies at any request: the word was given or it was not, and repeated it
/// is given.
async fn kill_a_word(except: usize) {
    for moment in MOMENTS {
        for request in 1.. {
            let (world, leavers, list) = waiting_list().await;
            let case = format!("a crash at request {request}, {moment:?}");
            let (kept, gone) = leavers.split_at(except);
            let fingerprint = list.stored.list.fingerprint.to_string();
            let faults = Faults::crash_at(request, moment);
            let admin = world.admin_with(&faults);
            let died = if gone.is_empty() {
                admin.reject("hq", &fingerprint, "admin").await.is_err()
            } else {
                let except = scenarios::people(kept);
                let said = admin.approve("hq", &fingerprint, &except, "admin");
                said.await.is_err()
            };
            let state = world.admin().held_lists("hq").await.unwrap()[0].state;
            if faults.crashed() && died && state == HeldState::Waiting {
                // Keeping harms nobody: it may be written before the word is.
                assert!(world.kept().await.is_subset(&set(kept)), "{case}");
            }
            world.standins.take_started();
            if gone.is_empty() {
                assert_eq!(world.reject(&list).await.state, HeldState::Rejected);
            } else {
                world.decide_but(&list, kept).await.unwrap();
            }
            assert_eq!(world.kept().await, set(kept), "{case}");
            let record = world.run().await;
            assert_eq!(record.status, RunStatus::Succeeded, "{case}: {record:?}");
            assert_eq!(
                world.directory().await.deleted_people(),
                set(gone),
                "{case}"
            );
            let kept: Vec<&str> = kept.iter().map(String::as_str).collect();
            world.assert_equal_but(&kept).await;
            if !faults.crashed() {
                assert!(request > 2, "killed at {request} places only");
                break;
            }
        }
    }
}

#[tokio::test]
async fn a_rejection_killed_at_any_request_is_given_or_not_and_never_half() {
    kill_a_word(12).await;
}

#[tokio::test]
async fn an_approval_with_exceptions_killed_at_any_request_is_given_or_not_and_never_half() {
    kill_a_word(3).await;
}
