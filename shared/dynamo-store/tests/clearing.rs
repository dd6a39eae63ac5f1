//! Clearing a source: it begins when no run can, goes on wherever it was killed, and takes nobody.

#![allow(clippy::unwrap_used, reason = "tests fail loudly")]

mod common;

use std::collections::BTreeSet;

use common::{
    CRASHES, World, claimed, deletion, department, first, hq, is_conflict, permitted, renamed,
    settings, stamp, sync_keys, user, world,
};
use jiff::SignedDuration;
use org_model::{
    DepartmentId, ExpandedRange, Fingerprint, InternalId, ItemKey, ItemKind, ItemState,
    RangeNarrowing, RunId, UserId, VisibleRange,
};
use org_plan::{Action, HeldItem, HeldList, Item};
use source_admin::ports::{
    Author, ClearStart, Clearings, DirectoryReader, Enqueued, Expected, History, HistoryAction,
    RunQueue, SettingsStore, SourceStanding, Unsettled,
};
use source_settings::{AgentId, AgentSettings, SecretRef};
use sync_run::ports::{
    Clearing, HeldLists, Leases, Mirror, Outbox, Ranges, RunLog, Sources, StoreError, WriteOutcome,
};
use sync_run::{
    Clearance, Decision, HeldState, OutboxItem, OutboxPayload, Row, RowResult, RowsPage, RunLease,
    RunRecord, RunStatus, SourceState, StandingRange, StoredHeldList,
};
use testkit::Faults;

fn nothing() -> Unsettled {
    Unsettled::default()
}

async fn begin(world: &World, version: u64, remove: bool, left: &Unsettled) -> ClearStart {
    let author = world.author("bob");
    let begun = world
        .store
        .begin_clearing(&hq(), version, remove, left, &author)
        .await;
    begun.unwrap()
}

/// A source that is being cleared, with nothing left to do outside.
async fn clearing(world: &World, remove: bool) -> Clearance {
    world.add_source().await;
    match begin(world, 1, remove, &nothing()).await {
        ClearStart::Begun(clearance) => clearance,
        other => panic!("not begun: {other:?}"),
    }
}

async fn clear_all(world: &World, lease: &RunLease) {
    while world.store.clear_some(lease).await.unwrap() {}
}

fn lost<T: std::fmt::Debug>(result: Result<T, StoreError>) -> bool {
    matches!(result, Err(StoreError::LeaseLost { .. }))
}

#[tokio::test]
async fn a_clearance_takes_the_settings_place_and_nobody_finds_a_source_there() {
    let world = world().await;
    world.add_source().await;
    assert_eq!(
        world.store.standing_of(&hq()).await.unwrap(),
        SourceStanding::Settled
    );
    assert!(world.store.cleared_sources().await.unwrap().is_empty());
    world.clock.advance(SignedDuration::from_mins(1));
    let left = Unsettled {
        schedule: true,
        contacts: true,
        secrets: vec![SecretRef {
            arn: "arn:s".to_owned(),
            version: "v1".to_owned(),
        }],
    };
    assert_eq!(begin(&world, 2, true, &left).await, ClearStart::Stale);
    let clearance = Clearance {
        source: hq(),
        remove: false,
        by: "bob".to_owned(),
        at: world.clock.now(),
        outside_done: false,
    };
    let begun = ClearStart::Begun(clearance.clone());
    let (store, author) = (
        world.store_with(&Faults::repeating_writes()),
        world.author("bob"),
    );
    let twice = store.begin_clearing(&hq(), 1, false, &left, &author).await;
    assert_eq!(twice.unwrap(), begun, "sent twice");
    assert_eq!(begin(&world, 1, false, &left).await, begun, "called twice");
    let stands = SourceStanding::Clearing(clearance.clone());
    assert_eq!(store.standing_of(&hq()).await.unwrap(), stands);
    assert_eq!(
        store.clearance(&hq()).await.unwrap(),
        Some(clearance.clone())
    );
    assert_eq!(store.cleared_sources().await.unwrap(), [clearance]);
    assert!(Sources::source(&store, &hq()).await.unwrap().is_none());
    assert!(
        SettingsStore::source(&store, &hq())
            .await
            .unwrap()
            .is_none()
    );
    assert!(store.all_sources().await.unwrap().is_empty());
    assert_eq!(
        store.sources().await.unwrap(),
        [hq()],
        "housekeeping goes on with it"
    );
    assert!(!store.is_vacant(&hq()).await.unwrap());
    let history = store.history(&hq(), &first(9)).await.unwrap().items;
    assert_eq!(
        (history.len(), history[0].action),
        (2, HistoryAction::Replaced)
    );
    for expected in [Expected::Absent, Expected::Version(1), Expected::Version(2)] {
        let put = world.put(&hq(), &settings(), expected, "carol").await;
        assert!(is_conflict(put), "{expected:?}");
    }
    world.clock.advance(SignedDuration::from_secs(1));
    assert_eq!(
        begin(&world, 1, false, &left).await,
        ClearStart::Stale,
        "another call"
    );
}

#[tokio::test]
async fn what_is_left_outside_is_written_down_until_nothing_is() {
    let world = world().await;
    world.add_source().await;
    let store = &world.store;
    assert_eq!(store.clearing_unsettled(&hq()).await.unwrap(), None);
    let left = Unsettled {
        schedule: true,
        contacts: true,
        ..nothing()
    };
    let ClearStart::Begun(clearance) = begin(&world, 1, false, &left).await else {
        panic!("not begun");
    };
    let lease = world.lease("worker").await;
    assert!(
        is_conflict(store.finish(&lease, &clearance).await),
        "not done outside"
    );
    let less = Unsettled {
        contacts: true,
        ..nothing()
    };
    store.settle_clearing(&hq(), &less).await.unwrap();
    assert_eq!(
        store.clearing_unsettled(&hq()).await.unwrap(),
        Some(less.clone())
    );
    store.settle_clearing(&hq(), &nothing()).await.unwrap();
    store.settle_clearing(&hq(), &less).await.unwrap();
    assert_eq!(
        store.clearing_unsettled(&hq()).await.unwrap(),
        Some(nothing()),
        "done is done"
    );
    let done = store.clearance(&hq()).await.unwrap().unwrap();
    assert!(done.outside_done);
    store.finish(&lease, &done).await.unwrap();
    store.settle_clearing(&hq(), &less).await.unwrap();
    assert!(store.is_vacant(&hq()).await.unwrap());
}

#[tokio::test]
async fn a_cleared_source_is_vacant_and_is_put_anew_under_a_later_version() {
    let world = world().await;
    let clearance = clearing(&world, false).await;
    let lease = world.lease("worker").await;
    let store = world.store_with(&Faults::repeating_writes());
    store.finish(&lease, &clearance).await.unwrap();
    store.finish(&lease, &clearance).await.unwrap();
    let vacant = SourceStanding::Vacant(clearance.clone());
    assert_eq!(store.standing_of(&hq()).await.unwrap(), vacant);
    assert_eq!(store.clearance(&hq()).await.unwrap(), None);
    assert!(store.is_vacant(&hq()).await.unwrap());
    assert_eq!(store.cleared_sources().await.unwrap(), [clearance]);
    assert!(store.sources().await.unwrap().is_empty());
    assert!(Sources::source(&store, &hq()).await.unwrap().is_none());
    store.release(&lease).await.unwrap();
    assert!(is_conflict(
        world
            .put(&hq(), &settings(), Expected::Version(1), "bob")
            .await
    ));
    world.clock.advance(SignedDuration::from_mins(1));
    let anew = async || {
        let author = world.author("carol");
        common::put_by(&store, &hq(), &settings(), Expected::Absent, &author)
            .await
            .unwrap()
    };
    let put = anew().await;
    assert_eq!((put.version, put.created_at), (2, world.clock.now()));
    assert_eq!(anew().await.version, 2, "called twice");
    assert_eq!(
        store.standing_of(&hq()).await.unwrap(),
        SourceStanding::Settled
    );
    assert_eq!(store.sources().await.unwrap(), [hq()]);
    assert!(store.cleared_sources().await.unwrap().is_empty());
    assert!(
        is_conflict(store.remove_cleared(&hq()).await),
        "it is not cleared any more"
    );
    let history = store.history(&hq(), &first(9)).await.unwrap().items;
    assert_eq!(history.len(), 3, "it goes on");
}

#[tokio::test]
async fn two_who_set_up_a_vacant_source_do_not_both_land() {
    let world = world().await;
    let clearance = clearing(&world, false).await;
    let lease = world.lease("worker").await;
    world.store.finish(&lease, &clearance).await.unwrap();
    let names: Vec<String> = (0..5).map(|number| format!("admin{number}")).collect();
    let (source, settings) = (hq(), settings());
    let puts = names
        .iter()
        .map(|by| world.put(&source, &settings, Expected::Absent, by));
    let results = futures::future::join_all(puts).await;
    assert_eq!(results.iter().filter(|one| one.is_ok()).count(), 1);
    let conflicts = results.into_iter().filter(|one| is_conflict(one.clone()));
    assert_eq!(conflicts.count(), 4);
}

#[tokio::test]
async fn a_removed_source_leaves_nothing_and_a_vacant_one_may_be_removed_later() {
    for at_once in [true, false] {
        let world = world().await;
        let clearance = clearing(&world, at_once).await;
        let lease = world.lease("worker").await;
        let finish = async |clearance: &Clearance| {
            let store = world.store_with(&Faults::repeating_writes());
            clear_all(&world, &lease).await;
            store.finish(&lease, clearance).await
        };
        if !at_once {
            finish(&clearance).await.unwrap();
            world.store.remove_cleared(&hq()).await.unwrap();
            world.store.remove_cleared(&hq()).await.unwrap();
            assert_eq!(
                world.store.sources().await.unwrap(),
                [hq()],
                "there is work again"
            );
            assert!(
                is_conflict(finish(&clearance).await),
                "it was asked for more meanwhile"
            );
        }
        let asked = world.store.clearance(&hq()).await.unwrap().unwrap();
        assert!(asked.remove && asked.outside_done);
        finish(&asked).await.unwrap();
        world.store.finish(&lease, &asked).await.unwrap();
        world.store.release(&lease).await.unwrap();
        assert_eq!(sync_keys(&world).await, []);
        assert_eq!(
            world.store.standing_of(&hq()).await.unwrap(),
            SourceStanding::Unknown
        );
        world.store.remove_cleared(&hq()).await.unwrap();
        assert_eq!(sync_keys(&world).await, [], "nothing is revived");
    }
}

#[tokio::test]
async fn nothing_begins_beside_a_live_lease_or_a_run_that_will_start_at_any_time() {
    let world = world().await;
    world.add_source().await;
    let lease = world.lease("a").await;
    let live = ClearStart::RunLive(RunId::new("a"));
    assert_eq!(begin(&world, 1, false, &nothing()).await, live);
    world.store.release(&lease).await.unwrap();
    let queued = world.store.enqueue(&world.record("b"), None).await.unwrap();
    assert_eq!(queued, Enqueued::New);
    let live = ClearStart::RunLive(RunId::new("b"));
    assert_eq!(begin(&world, 1, false, &nothing()).await, live);
    // Nobody delivers it any more after five minutes; and an expired lease is nobody's.
    let _dead = world.lease("c").await;
    world.clock.advance(SignedDuration::from_hours(1));
    let begun = begin(&world, 1, false, &nothing()).await;
    assert!(matches!(begun, ClearStart::Begun(_)));
}

/// Clears in the background, asleep before its `request`-th request.
fn asleep(
    world: &World,
    request: u64,
) -> (
    Faults,
    tokio::task::JoinHandle<Result<ClearStart, StoreError>>,
) {
    let faults = Faults::stalling_at(request);
    let (sleepy, author) = (world.store_with(&faults), world.author("bob"));
    let begun = tokio::spawn(async move {
        sleepy
            .begin_clearing(&hq(), 1, false, &Unsettled::default(), &author)
            .await
    });
    (faults, begun)
}

#[tokio::test]
async fn a_run_that_is_queued_while_a_clearance_begins_is_not_overlooked() {
    let world = world().await;
    world.add_source().await;
    // What stands there, the open runs, then the clearance.
    let (faults, begun) = asleep(&world, 3);
    faults.stalled().await;
    let queued = world.store.enqueue(&world.record("a"), None).await.unwrap();
    assert_eq!(queued, Enqueued::New);
    faults.wake();
    assert_eq!(
        begun.await.unwrap().unwrap(),
        ClearStart::RunLive(RunId::new("a"))
    );
    assert_eq!(
        world.store.standing_of(&hq()).await.unwrap(),
        SourceStanding::Settled
    );
}

#[tokio::test]
async fn a_run_that_is_claimed_while_a_clearance_begins_is_not_overlooked() {
    let world = world().await;
    world.add_source().await;
    let (faults, begun) = asleep(&world, 3);
    faults.stalled().await;
    let _lease = world.lease("a").await;
    faults.wake();
    assert_eq!(
        begun.await.unwrap().unwrap(),
        ClearStart::RunLive(RunId::new("a"))
    );
}

#[tokio::test]
async fn settings_that_are_changed_while_a_clearance_begins_stay() {
    let world = world().await;
    world.add_source().await;
    let (faults, begun) = asleep(&world, 3);
    faults.stalled().await;
    world
        .put(&hq(), &settings(), Expected::Version(1), "carol")
        .await
        .unwrap();
    faults.wake();
    assert_eq!(begun.await.unwrap().unwrap(), ClearStart::Stale);
    assert_eq!(
        world.store.standing_of(&hq()).await.unwrap(),
        SourceStanding::Settled
    );
}

#[tokio::test]
async fn no_run_is_queued_for_a_source_whose_clearance_began_while_it_was_asked_for() {
    let world = world().await;
    world.add_source().await;
    // The open runs, the retention, then the queue.
    let faults = Faults::stalling_at(3);
    let (sleepy, record) = (world.store_with(&faults), world.record("a"));
    let queued = tokio::spawn(async move { sleepy.enqueue(&record, Some("key")).await });
    faults.stalled().await;
    assert!(matches!(
        begin(&world, 1, false, &nothing()).await,
        ClearStart::Begun(_)
    ));
    faults.wake();
    assert!(is_conflict(queued.await.unwrap()));
    assert!(world.store.unfinished(&hq()).await.unwrap().is_empty());
    let run = RunLog::run(&world.store, &hq(), &RunId::new("a"))
        .await
        .unwrap();
    assert_eq!(run, None);
}

#[tokio::test]
async fn an_agent_is_free_once_the_only_source_that_named_it_is_cleared() {
    let world = world().await;
    let id = AgentId::parse("dc-1").unwrap();
    let body = serde_json::json!({ "url": "http://127.0.0.1:3128" });
    let agent = AgentSettings::parse(&body, None).unwrap().settings;
    let author: Author = world.author("bob");
    world
        .store
        .put_agent(&id, &agent, Expected::Absent, &author)
        .await
        .unwrap();
    let mut naming = settings();
    naming.agents = vec![id.clone()];
    world
        .put(&hq(), &naming, Expected::Absent, "bob")
        .await
        .unwrap();
    begin(&world, 1, false, &nothing()).await;
    let deleted = source_admin::ports::AgentChecks::delete_agent(&world.store, &id, 1).await;
    assert_eq!(deleted.unwrap(), source_admin::ports::AgentDeleted::Done);
}

async fn states(world: &World) -> Vec<ItemState> {
    let marks = world.store.marks(&hq()).await.unwrap();
    marks.values().map(|mark| mark.state).collect()
}

#[tokio::test]
async fn live_people_and_departments_are_detached_and_otherwise_as_they_were() {
    let world = world().await;
    let lease = world.lease("a").await;
    let people: Vec<Item> = (0..90)
        .map(|i| user(&format!("u{i}"), stamp(&lease, "1")))
        .collect();
    let departments: Vec<Item> = (1..9)
        .map(|id| department(id, stamp(&lease, "1")))
        .collect();
    world.create(&lease, &people).await;
    world.create(&lease, &departments).await;
    let gone = deletion(&people[0], world.clock.now(), stamp(&lease, "gone"));
    let plan = permitted(vec![], vec![gone]);
    let removals: Vec<_> = plan.removals().collect();
    assert_eq!(
        world.store.remove(&lease, &removals).await,
        [Ok(WriteOutcome::Done)]
    );
    let worker = world.takeover("worker").await;
    let mut keys: Vec<ItemKey> = people.iter().chain(&departments).map(Item::key).collect();
    keys.push(ItemKey::User(UserId::new("nobody").key()));
    let store = world.store_with(&Faults::repeating_writes());
    store.detach(&worker, &keys).await.unwrap();
    store.detach(&worker, &keys).await.unwrap();
    store.detach(&worker, &[]).await.unwrap();
    let states = states(&world).await;
    let deleted = states.iter().filter(|state| **state == ItemState::Deleted);
    assert_eq!(
        (states.len(), deleted.count()),
        (98, 1),
        "the deleted one stays so"
    );
    assert!(!states.contains(&ItemState::Live));
    let one = store
        .user(&hq(), &UserId::new("u7").key())
        .await
        .unwrap()
        .unwrap();
    assert!(one.detached && one.absence.is_none());
    assert_ne!(one.stamp.fingerprint, people[7].stamp().fingerprint);
    assert_eq!(one.stamp.generation, worker.generation());
    let Item::User(before) = &people[7] else {
        panic!("no user")
    };
    let as_before = org_model::DirectoryUser {
        detached: false,
        stamp: before.stamp,
        ..one
    };
    assert_eq!(&as_before, before);
    let found = store
        .department(&hq(), DepartmentId(3))
        .await
        .unwrap()
        .unwrap();
    assert!(found.detached);
}

#[tokio::test]
async fn whoever_was_read_before_is_not_written_back_after_detaching() {
    let world = world().await;
    let late = world.lease("a").await;
    let before = user("zhang", stamp(&late, "1"));
    world.create(&late, std::slice::from_ref(&before)).await;
    let worker = world.takeover("worker").await;
    world.store.detach(&worker, &[before.key()]).await.unwrap();
    let after = renamed(&before, "Late", stamp(&late, "2"));
    let plan = permitted(
        vec![common::change(Action::Update, Some(before), after)],
        vec![],
    );
    let written = world
        .store
        .write(&late, plan.changes().next().unwrap())
        .await;
    assert_eq!(written.unwrap(), WriteOutcome::ChangedMeanwhile);
    assert_eq!(states(&world).await, [ItemState::Detached]);
}

#[tokio::test]
async fn a_worker_without_its_lease_detaches_clears_and_finishes_nothing() {
    let world = world().await;
    let early = world.lease("early").await;
    let person = user("zhang", stamp(&early, "1"));
    world.create(&early, std::slice::from_ref(&person)).await;
    world.store.release(&early).await.unwrap();
    let clearance = clearing(&world, true).await;
    let late = world.lease("a").await;
    let mut skipped = world.record("skipped");
    skipped.status = RunStatus::Skipped;
    world.store.put_unleased(&skipped).await.unwrap();
    let _live = world.takeover("b").await;
    let before = sync_keys(&world).await;
    assert!(lost(world.store.detach(&late, &[person.key()]).await));
    assert!(lost(world.store.clear_some(&late).await));
    assert!(lost(world.store.finish(&late, &clearance).await));
    assert_eq!(states(&world).await, [ItemState::Live]);
    assert_eq!(sync_keys(&world).await, before);
}

fn row(seq: u64) -> Row {
    Row {
        seq,
        kind: ItemKind::User,
        id: format!("user{seq}"),
        internal_id: InternalId::new(format!("id{seq}")),
        name: "张三".to_owned(),
        action: Action::Create,
        result: RowResult::Done,
        code: None,
        message: None,
        remedy: None,
        changes: Vec::new(),
    }
}

fn held_item() -> HeldItem {
    HeldItem {
        kind: ItemKind::User,
        id: "zhang".to_owned(),
        internal_id: InternalId::new("id-of-zhang"),
        name: "张三".to_owned(),
        action: Action::Delete,
        departments: vec![DepartmentId(16)],
    }
}

fn finished(record: &RunRecord, id: &str) -> OutboxItem {
    OutboxItem {
        id: id.to_owned(),
        at: record.queued_at,
        payload: OutboxPayload::RunFinished(Box::new(record.clone())),
    }
}

/// A run that decided, held, saw a range, noticed and closed: one of everything a run leaves.
async fn eventful_run(world: &World) {
    let queued = world
        .store
        .enqueue(&world.record("run-0"), Some("key"))
        .await;
    assert_eq!(queued.unwrap(), Enqueued::New);
    let mut request = world.request("run-0");
    request.scheduled_at = Some(world.clock.now());
    let lease = claimed(&world.store, &request).await;
    let mut record = world.record("run-0");
    record.generation = Some(lease.generation());
    record.status = RunStatus::Running;
    let list = HeldList::new(
        hq(),
        lease.run().clone(),
        world.clock.now(),
        Vec::new(),
        vec![held_item()],
    );
    let held = StoredHeldList {
        list,
        state: HeldState::Waiting,
        decided_by: None,
        decided_at: None,
        released: BTreeSet::new(),
        consumed_by: None,
    };
    let state = SourceState {
        baseline: Some(ExpandedRange {
            departments: (1..500).map(DepartmentId).collect(),
            ..ExpandedRange::default()
        }),
        has_mirror: true,
        ..SourceState::default()
    };
    let decision = Decision {
        record: record.clone(),
        held: vec![held],
        lists: Vec::new(),
        removals: vec![(ItemKind::User, InternalId::new("id"))],
        outbox: vec![finished(&record, "unsent"), finished(&record, "sent")],
        state: state.clone(),
    };
    world.store.decide(&lease, &decision).await.unwrap();
    world
        .store
        .sent(&hq(), "sent", world.clock.now())
        .await
        .unwrap();
    let seen = StandingRange {
        fingerprint: Fingerprint::of("narrow"),
        run: lease.run().clone(),
        seen_at: world.clock.now(),
        agent_id: 1,
        declared: VisibleRange::default(),
        departments: 1,
        narrowing: RangeNarrowing::default(),
        affected_users: 1,
        affected_departments: 0,
        acceptance: None,
    };
    world
        .store
        .see(&lease, &seen, &[held_item()])
        .await
        .unwrap();
    record.status = RunStatus::Succeeded;
    world
        .store
        .close(&lease, &record, &[], &state)
        .await
        .unwrap();
    world.store.release(&lease).await.unwrap();
}

/// Ended runs with two pages of rows each.
async fn many_runs(world: &World, runs: u32) {
    let put = async |number: u32| {
        let mut record = world.record(&format!("run-{number}"));
        record.status = RunStatus::Succeeded;
        for page in 1..=2 {
            let rows = RowsPage {
                page,
                rows: vec![row(page.into())],
            };
            world.store.append_rows(&record, &rows).await.unwrap();
        }
        world.store.put_unleased(&record).await.unwrap();
    };
    for number in (1..=runs).collect::<Vec<_>>().chunks(20) {
        futures::future::join_all(number.iter().map(|number| put(*number))).await;
    }
}

/// What may be left of a source that is being cleared: entry, history, lease, clearance.
async fn is_bare(world: &World) -> bool {
    let stays = |(pk, sk): &(String, String)| {
        pk == "SOURCES"
            || pk == "SOURCE#hq#HISTORY"
            || (pk == "SOURCE#hq" && (sk == "LEASE" || sk == "SETTINGS"))
    };
    sync_keys(world).await.iter().all(stays)
}

#[tokio::test]
async fn everything_that_runs_leave_is_cleared_in_bounded_parts() {
    let world = world().await;
    world.add_source().await;
    eventful_run(&world).await;
    many_runs(&world, 300).await;
    let before = sync_keys(&world).await.len();
    assert!(before > 900 + 15, "{before}");
    begin(&world, 1, false, &nothing()).await;
    let lease = world.lease("worker").await;
    let mut calls = 0;
    loop {
        let left = sync_keys(&world).await.len();
        let faults = Faults::default();
        let more = world.store_with(&faults).clear_some(&lease).await.unwrap();
        calls += 1;
        assert!(left - sync_keys(&world).await.len() <= 400, "bounded");
        assert!(faults.requests() < 1_200, "{}", faults.requests());
        if !more {
            break;
        }
    }
    assert_eq!(calls, 3, "900 items of many runs, and some twenty more");
    assert!(is_bare(&world).await, "{:?}", sync_keys(&world).await);
    assert!(!world.store.clear_some(&lease).await.unwrap());
    assert_eq!(
        world
            .store
            .history(&hq(), &first(9))
            .await
            .unwrap()
            .items
            .len(),
        2
    );
    let clearance = world.store.clearance(&hq()).await.unwrap().unwrap();
    world.store.finish(&lease, &clearance).await.unwrap();
    let anew = world
        .put(&hq(), &settings(), Expected::Absent, "carol")
        .await
        .unwrap();
    assert_eq!(anew.state, SourceState::default(), "nothing is known of it");
    assert!(
        HeldLists::standing(&world.store, &hq())
            .await
            .unwrap()
            .is_empty()
    );
    assert!(
        Ranges::standing(&world.store, &hq())
            .await
            .unwrap()
            .is_none()
    );
    assert!(world.store.unsent(&hq()).await.unwrap().is_empty());
    assert!(
        world
            .store
            .runs(&hq(), &first(9))
            .await
            .unwrap()
            .items
            .is_empty()
    );
}

#[tokio::test]
async fn workers_that_are_killed_again_and_again_get_through_and_orphan_nothing() {
    for moment in CRASHES {
        let world = world().await;
        world.add_source().await;
        eventful_run(&world).await;
        many_runs(&world, 250).await;
        begin(&world, 1, true, &nothing()).await;
        let mut deaths = 0;
        loop {
            let lease = world.takeover(&format!("worker{deaths}")).await;
            let dying = world.store_with(&Faults::crash_at(90 + 17 * deaths, moment));
            if !orphans(&world).await.is_empty() {
                panic!("rows without a run: {:?}", orphans(&world).await);
            }
            let ended = async {
                while dying.clear_some(&lease).await? {}
                let clearance = dying.clearance(&hq()).await?;
                match clearance {
                    Some(clearance) => dying.finish(&lease, &clearance).await,
                    None => Ok(()),
                }
            };
            if ended.await.is_ok() {
                break;
            }
            deaths += 1;
        }
        assert!(deaths > 3, "{deaths}");
        assert_eq!(sync_keys(&world).await, []);
    }
}

/// Pages of rows whose run's record is gone: nobody would find them again.
async fn orphans(world: &World) -> Vec<String> {
    let keys = sync_keys(world).await;
    let runs: BTreeSet<&str> = keys
        .iter()
        .filter(|(pk, _)| pk == "SOURCE#hq#RUNS")
        .map(|(_, sk)| sk.as_str())
        .collect();
    let rows = keys
        .iter()
        .filter_map(|(pk, _)| pk.strip_prefix("SOURCE#hq#RUN#"));
    let orphans = rows.filter(|run| !runs.contains(run));
    orphans.map(str::to_owned).collect()
}
