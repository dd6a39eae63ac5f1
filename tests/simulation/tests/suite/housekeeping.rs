//! Housekeeping: what dead runs, failing stores and unheard approvals leave, one promise each.

use std::collections::BTreeSet;

use jiff::SignedDuration;
use org_model::{ItemKey, RunId, SourceId};
use simulation::{Faults, World, faults_at};
use sync_run::{
    HeldState, NoticeKind, OutboxPayload, RunMode, RunOutcome, RunRecord, RunRequest, RunStatus,
    Trigger, run,
};

/// A source with a mirror and a run that was killed while it applied.
async fn with_dead_run() -> World {
    let mut world = World::new(60, 6);
    world.run().await;
    world.corp().hire(500, [2].into());
    let killed = Faults {
        die_before: Some(8),
        ..Faults::default()
    };
    let (outcome, _) = world.try_run(killed).await;
    outcome.unwrap_err();
    world
}

fn notices(world: &World, kind: NoticeKind) -> usize {
    let shelf = world.shelf();
    shelf.notices.iter().filter(|one| one.kind == kind).count()
}

/// How often the end of this run was announced.
fn events(world: &World, run: &RunId) -> usize {
    let shelf = world.shelf();
    shelf.events.iter().filter(|one| one.run == *run).count()
}

#[tokio::test]
async fn a_dead_run_is_told_whatever_becomes_of_the_housekeeping_that_buries_it() {
    for request in 0.. {
        let mut reached = false;
        for faults in faults_at(request) {
            let mut world = with_dead_run().await;
            let [dead] = world.open_runs().try_into().unwrap();
            world.pass(SignedDuration::from_hours(1));
            let named = format!("{faults:?}");
            let (_, requests) = world.round("round-1", faults).await;
            reached |= request < requests;
            world.pass(SignedDuration::from_mins(5));
            world.tidy().await;
            assert_eq!(world.open_runs(), [], "{named}");
            assert!(world.shelf().outbox.is_empty(), "{named}");
            assert!(events(&world, &dead) >= 1, "{named}");
            assert!(notices(&world, NoticeKind::RunFailed) >= 1, "{named}");
        }
        if !reached {
            assert!(request > 8, "housekeeping made {request} requests only");
            return;
        }
    }
}

#[tokio::test]
async fn a_dead_run_is_told_whatever_becomes_of_the_run_that_succeeds_it() {
    for request in 0.. {
        let mut reached = false;
        for faults in faults_at(request) {
            let mut world = with_dead_run().await;
            let [dead] = world.open_runs().try_into().unwrap();
            let named = format!("{faults:?}");
            let (_, requests) = world.try_run(faults).await;
            reached |= request < requests;
            world.pass(SignedDuration::from_hours(1));
            world.tidy().await;
            assert_eq!(world.open_runs(), [], "{named}");
            assert!(world.shelf().outbox.is_empty(), "{named}");
            assert!(events(&world, &dead) >= 1, "{named}");
            assert!(notices(&world, NoticeKind::RunFailed) >= 1, "{named}");
        }
        if !reached {
            return;
        }
    }
}

/// Story 17: one notice a day, however many runs die; each is announced all the same.
#[tokio::test]
async fn many_dead_runs_are_one_notice_a_day() {
    let mut world = with_dead_run().await;
    for again in 0..3 {
        world.corp().hire(501 + again, [2].into());
        let killed = Faults {
            die_before: Some(8),
            ..Faults::default()
        };
        world.try_run(killed).await.0.unwrap_err();
        world.pass(SignedDuration::from_hours(1));
        world.tidy().await;
    }
    assert_eq!(notices(&world, NoticeKind::RunFailed), 1);
    let dead = world.shelf().records.clone();
    let dead = dead.values().filter(|r| r.status == RunStatus::Failed);
    let dead: Vec<_> = dead.map(|record| record.run.clone()).collect();
    assert_eq!(dead.len(), 4);
    assert!(dead.iter().all(|run| events(&world, run) == 1));
    world.pass(SignedDuration::from_hours(24));
    world.corp().hire(505, [2].into());
    world
        .try_run(Faults {
            die_before: Some(8),
            ..Faults::default()
        })
        .await
        .0
        .unwrap_err();
    world.pass(SignedDuration::from_hours(1));
    world.tidy().await;
    assert_eq!(notices(&world, NoticeKind::RunFailed), 2, "a day later");
}

/// Notices that are durable, whether they left or not.
fn put(world: &World, kind: NoticeKind) -> usize {
    let shelf = world.shelf();
    let items = shelf.outbox.values().chain(&shelf.sent);
    let of_kind = items.filter(|item| match &item.payload {
        OutboxPayload::Notice(notice) => notice.kind == kind,
        OutboxPayload::RunFinished(_) => false,
    });
    let ids: BTreeSet<_> = of_kind.map(|item| &item.id).collect();
    ids.len()
}

/// A run that was queued, claimed, and killed before its record said so: nobody else would tell.
#[tokio::test]
async fn a_queued_run_that_died_at_once_is_buried_when_its_lease_ends() {
    let mut world = World::new(20, 3);
    world.run().await;
    let request = world.queue_manual_run(RunMode::Apply, None);
    let killed = Faults {
        die_before: Some(1),
        ..Faults::default()
    };
    let (_, ports) = world.process(killed);
    sync_run::run(&ports, &request).await.unwrap_err();
    world.pass(SignedDuration::from_mins(30));
    world.tidy().await;
    let record = world.shelf().records[&request.run].clone();
    assert_eq!(record.error.unwrap().code, "killed");
    assert_eq!(notices(&world, NoticeKind::RunFailed), 1);
}

/// Whichever request fails, what other steps are for happens in the same round.
#[tokio::test]
async fn a_step_that_fails_keeps_no_other_from_happening() {
    let mut world = with_dead_run().await;
    (0..40).for_each(|n| world.corp().dismiss(n));
    world.run().await;
    world.corp().hire(501, [2].into());
    let killed = Faults {
        die_before: Some(8),
        ..Faults::default()
    };
    world.try_run(killed).await.0.unwrap_err();
    world.pass(SignedDuration::from_hours(25));
    let told = |world: &World| {
        use NoticeKind::{HeldReminder, RunFailed, Silence};
        let purged = world.shelf().state.last_purged_at == Some(world.now());
        let [failed, held, silence] = [RunFailed, HeldReminder, Silence].map(|k| put(world, k));
        [failed - 1, held, silence, usize::from(purged)]
    };
    let before = world.shelf().clone();
    let (_, requests) = world.round("round", Faults::default()).await;
    assert_eq!(told(&world), [1, 1, 1, 1]);
    for request in 1..requests {
        *world.shelf() = before.clone();
        let fault = Faults {
            fail_once: Some(request),
            ..Faults::default()
        };
        let (tidied, _) = world.round("round", fault).await;
        let done: usize = told(&world).iter().sum();
        // Reading the source is the one thing that three steps need.
        let source_read = request == 2;
        assert!(
            done >= if source_read { 1 } else { 3 },
            "{request}: {:?}",
            told(&world)
        );
        // An item that was sent and not marked is sent again: nothing to be troubled about.
        assert!(tidied.unwrap().troubled.len() <= 1, "{request}");
    }
}

#[tokio::test]
async fn a_run_that_never_started_is_told() {
    let mut world = World::new(20, 3);
    world.run().await;
    let queued = queue(&world, "asked");
    world.pass(SignedDuration::from_mins(10));
    world.tidy().await;
    assert_eq!(world.shelf().started, std::slice::from_ref(&queued));
    world.pass(SignedDuration::from_hours(24));
    world.tidy().await;
    assert_eq!(events(&world, &queued), 1);
    let notices = world.shelf().notices.clone();
    let told = notices
        .iter()
        .filter(|notice| notice.run.as_ref() == Some(&queued));
    let subjects: Vec<_> = told.map(|notice| notice.subject.as_str()).collect();
    assert_eq!(subjects, ["[wecom-sync] hq: run failed: never_started"]);
    let record = world.shelf().records[&queued].clone();
    assert_eq!(record.error.unwrap().code, "never_started");
}

/// As an administrator's call leaves it.
fn queue(world: &World, run: &str) -> RunId {
    let (source, run) = (SourceId::new("hq"), RunId::new(run));
    let (trigger, mode) = (Trigger::Manual, RunMode::Apply);
    let record = RunRecord::new(source, run.clone(), trigger, mode, world.now());
    world.shelf().records.insert(run.clone(), record);
    run
}

/// A hundred people held, and nobody has decided.
async fn with_held_list() -> World {
    let mut world = World::new(200, 10);
    world.run().await;
    (0..100).for_each(|n| world.corp().dismiss(n));
    assert_eq!(world.run().await.status, RunStatus::Held);
    world
}

/// Serves the run that housekeeping started last.
async fn serve_started(world: &World, faults: Faults) -> Option<RunRecord> {
    let run_id = world.shelf().started.last().cloned().unwrap();
    let request = RunRequest {
        source: SourceId::new("hq"),
        run: run_id,
        trigger: Trigger::Approval,
        scheduled_at: None,
        execution: None,
        segment: None,
        deadline: world.now() + SignedDuration::from_mins(15),
    };
    let (_, ports) = world.process(faults);
    match run(&ports, &request).await {
        Ok(RunOutcome::Finished(record)) => Some(*record),
        Ok(other) => panic!("{other:?}"),
        Err(_) => None,
    }
}

#[tokio::test]
async fn an_approval_without_a_run_gets_one_and_only_one() {
    let mut world = with_held_list().await;
    world.tidy().await;
    assert!(world.shelf().started.is_empty(), "nobody approved");
    world.approve_all();
    world.tidy().await;
    assert!(
        world.shelf().started.is_empty(),
        "the call itself asks for a run"
    );
    for _round in 0..3 {
        world.pass(SignedDuration::from_mins(5));
        world.tidy().await;
    }
    // Not claimed for six minutes, it is started once more: the same run.
    let started: BTreeSet<_> = world.shelf().started.iter().cloned().collect();
    assert_eq!(started.len(), 1, "{started:?}");
    let record = serve_started(&world, Faults::default()).await.unwrap();
    assert_eq!(
        (record.status, record.trigger),
        (RunStatus::Succeeded, Trigger::Approval)
    );
    world.assert_mirrors(&BTreeSet::new());
    world.pass(SignedDuration::from_hours(2));
    world.tidy().await;
    let started: BTreeSet<_> = world.shelf().started.iter().cloned().collect();
    assert_eq!(started.len(), 1, "the approval is consumed");
}

/// A run sees everybody of a list but one again; that one is excepted while the list is approved.
#[tokio::test]
async fn an_approval_of_nobody_starts_no_run_and_is_superseded_by_the_next() {
    let mut world = with_held_list().await;
    let list = world.waiting_lists().remove(0).list;
    let kept = list.items[0].key().unwrap();
    assert!(world.approve(list.fingerprint, &[kept.clone()].into()));
    {
        // What the run wrote that had read the list before it was approved.
        let mut shelf = world.shelf();
        let stands = shelf.lists.get_mut(&list.fingerprint.to_string()).unwrap();
        let items = stands.list.items[1..].iter();
        let seen = items.map(|item| (item.kind, item.internal_id.clone()));
        stands.released.extend(seen.collect::<Vec<_>>());
    }
    (0..100).for_each(|n| world.corp().hire(n, [1].into()));
    let ItemKey::User(key) = &kept else {
        panic!("{kept}");
    };
    world.corp().people.remove(&key.to_string());
    world.pass(SignedDuration::from_mins(5));
    world.tidy().await;
    assert_eq!(world.shelf().started, [], "there is nobody to remove");
    world.run().await;
    let stands = world.shelf().lists[&list.fingerprint.to_string()].clone();
    assert_eq!(stands.state, HeldState::Superseded);
    assert_eq!(stands.consumed_by, None);
    world.assert_mirrors(&[key.to_string()].into());
}

#[tokio::test]
async fn an_approval_whose_run_died_gets_another_after_an_hour() {
    let mut world = with_held_list().await;
    world.approve_all();
    world.pass(SignedDuration::from_mins(5));
    world.tidy().await;
    let killed = Faults {
        die_before: Some(4),
        ..Faults::default()
    };
    assert_eq!(serve_started(&world, killed).await, None);
    let mut rounds = 0;
    while world.shelf().started.len() < 2 {
        world.pass(SignedDuration::from_mins(5));
        world.tidy().await;
        rounds += 1;
        assert!(rounds < 15);
    }
    assert!(rounds >= 12, "not before an hour: {rounds} rounds");
    let record = serve_started(&world, Faults::default()).await.unwrap();
    assert_eq!(record.status, RunStatus::Succeeded);
    world.assert_mirrors(&BTreeSet::new());
}

#[tokio::test]
async fn no_fault_in_housekeeping_loses_an_approval() {
    for request in 0.. {
        let mut reached = false;
        for faults in faults_at(request) {
            let mut world = with_held_list().await;
            world.approve_all();
            world.pass(SignedDuration::from_mins(5));
            let named = format!("{faults:?}");
            let (_, requests) = world.round("round", faults).await;
            reached |= request < requests;
            world.pass(SignedDuration::from_mins(10));
            world.tidy().await;
            assert!(!world.shelf().started.is_empty(), "{named}");
        }
        if !reached {
            return;
        }
    }
}

/// Housekeeping starts nothing for an approval that lapsed; the next run holds anew, and says so.
#[tokio::test]
async fn an_approval_that_lapses_is_held_anew_with_a_notice() {
    let mut world = with_held_list().await;
    world.approve_all();
    world.pass(SignedDuration::from_hours(25));
    world.tidy().await;
    assert!(world.shelf().started.is_empty());
    assert_eq!(notices(&world, NoticeKind::Held), 1);
    assert_eq!(world.run().await.status, RunStatus::Held);
    assert_eq!(notices(&world, NoticeKind::Held), 2);
    let lists = world.shelf().lists.clone();
    let waiting = lists.values().filter(|l| l.state == HeldState::Waiting);
    assert_eq!(waiting.count(), 1);
}
