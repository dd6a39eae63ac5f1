//! The work of a clearing: people are detached, logs go in bounded parts, and a worker that was
//! killed or lost its lease does no harm.

use std::collections::BTreeSet;

use crate::common::{
    CRASHES, World, claimed, deletion, department, first, hq, nothing_decided, permitted, renamed,
    settings, stamp, sync_keys, user, world,
};
use org_model::{
    DepartmentId, ExpandedRange, Fingerprint, InternalId, ItemKey, ItemKind, ItemState,
    RangeNarrowing, UserId, VisibleRange,
};
use org_plan::{Action, DecidedRemoval, HeldItem, HeldList, Item, Resolution};
use source_admin::ports::{
    Cancelled, ClearStart, Clearings, DirectoryReader, Enqueued, Expected, History, KeptMarks,
    RunQueue, Unsettled,
};
use sync_run::ports::{
    Clearing, Decisions, HeldLists, Leases, Mirror, Outbox, Ranges, RunLog, StoreError,
    WriteOutcome,
};
use sync_run::{
    Clearance, Decision, HeldState, KeptSet, KeptWhy, OtherRecord, OutboxItem, OutboxPayload, Row,
    RowResult, RowsPage, RunRecord, RunStatus, SourceState, StandingRange, StoredHeldList,
    StoredResolution,
};
use testkit::Faults;

/// Begins to clear the source, with nothing left to do outside.
async fn begin(world: &World, remove: bool) -> Clearance {
    let author = world.author("bob");
    let begun = world
        .store
        .begin_clearing(&hq(), 1, remove, &Unsettled::default(), &author)
        .await;
    match begun.unwrap() {
        ClearStart::Begun(clearance) => clearance,
        other => panic!("not begun: {other:?}"),
    }
}

fn lost<T: std::fmt::Debug>(result: Result<T, StoreError>) -> bool {
    matches!(result, Err(StoreError::LeaseLost { .. }))
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
async fn what_is_too_much_for_one_transaction_is_detached_in_parts() {
    let world = world().await;
    let lease = world.lease("a").await;
    let people: Vec<Item> = (0..9)
        .map(|i| user(&format!("u{i}"), stamp(&lease, "1")))
        .collect();
    world.create(&lease, &people).await;
    // A key of more than 1,024 bytes spoils a whole transaction, as too many bytes do.
    let mut keys: Vec<ItemKey> = people.iter().map(Item::key).collect();
    keys.push(ItemKey::User(UserId::new("z".repeat(1_100)).key()));
    let refused = world.store.detach(&lease, &keys).await;
    assert!(matches!(refused, Err(StoreError::Refused { .. })));
    assert_eq!(states(&world).await, [ItemState::Detached; 9]);
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
        vec![crate::common::change(Action::Update, Some(before), after)],
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
    world.add_source().await;
    let mut skipped = world.record("skipped");
    skipped.status = RunStatus::Skipped;
    world.store.put_unleased(&skipped).await.unwrap();
    let clearance = begin(&world, true).await;
    let late = world.lease("a").await;
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
        suspected_rename: None,
    }
}

fn finished(record: &RunRecord, id: &str) -> OutboxItem {
    OutboxItem {
        id: id.to_owned(),
        at: record.queued_at,
        payload: OutboxPayload::RunFinished(Box::new(record.clone())),
    }
}

/// A decision that holds somebody, removes somebody, and has two things to say.
fn decision(record: &RunRecord) -> Decision {
    let (run, at) = (record.run.clone(), record.queued_at);
    let list = HeldList::new(hq(), run, at, Vec::new(), vec![held_item()]);
    let held = StoredHeldList {
        list,
        state: HeldState::Waiting,
        decided_by: None,
        decided_at: None,
        released: BTreeSet::new(),
        consumed_by: None,
    };
    let baseline = ExpandedRange {
        departments: (1..500).map(DepartmentId).collect(),
        ..ExpandedRange::default()
    };
    Decision {
        held: vec![held],
        removals: vec![DecidedRemoval {
            kind: ItemKind::User,
            internal_id: InternalId::new("id"),
            action: Action::Delete,
            approved: false,
        }],
        kept: many_kept(record),
        outbox: vec![finished(record, "unsent"), finished(record, "sent")],
        state: SourceState {
            baseline: Some(baseline),
            has_mirror: true,
            ..SourceState::default()
        },
        ..nothing_decided(record)
    }
}

/// Sets that no single transaction could delete.
fn many_kept(record: &RunRecord) -> Vec<KeptSet> {
    let noise = crate::common::noise(1_900);
    let item = |i: usize| HeldItem {
        id: format!("user{i}"),
        internal_id: InternalId::new(format!("id{i}")),
        name: noise[i % 900..][..1_000].to_owned(),
        ..held_item()
    };
    let why = KeptWhy::Undone {
        run: record.run.clone(),
    };
    let items: Vec<HeldItem> = (0..40).map(item).collect();
    let sets = items.chunks(2).enumerate().map(|(number, items)| KeptSet {
        id: format!("{number:03}"),
        why: why.clone(),
        by: "alice".to_owned(),
        at: record.queued_at,
        items: items.to_vec(),
        released: BTreeSet::new(),
    });
    sets.collect()
}

fn narrow_range(record: &RunRecord) -> StandingRange {
    StandingRange {
        fingerprint: Fingerprint::of("narrow"),
        run: record.run.clone(),
        seen_at: record.queued_at,
        agent_id: 1,
        declared: VisibleRange::default(),
        departments: 1,
        narrowing: RangeNarrowing::default(),
        affected_users: 1,
        affected_departments: 0,
        acceptance: None,
    }
}

/// A run that decided, held, saw a range, noticed and closed: one of everything a run leaves.
async fn eventful_run(world: &World) {
    let (store, now) = (&world.store, world.clock.now());
    let mut record = world.record("run-0");
    let queued = store.enqueue(&record, Some("key")).await;
    assert_eq!(queued.unwrap(), Enqueued::New);
    let mut request = world.request("run-0");
    request.scheduled_at = Some(now);
    let lease = claimed(store, &request).await;
    record.generation = Some(lease.generation());
    record.status = RunStatus::Running;
    let decision = decision(&record);
    store.decide(&lease, &decision).await.unwrap();
    let author = world.author("alice");
    let asked = store.cancel(&hq(), &record.run, &author).await.unwrap();
    assert!(matches!(asked, Cancelled::Asked(_)));
    let word = StoredResolution {
        userid: UserId::new("zhang"),
        choice: Resolution::New,
        other: OtherRecord::Aside,
        other_userid: UserId::new("zhang"),
        other_internal_id: InternalId::new("other"),
        by: "alice".to_owned(),
        at: now,
    };
    store.put_resolution(&hq(), &word).await.unwrap();
    store.sent(&hq(), "sent", now).await.unwrap();
    let (seen, affected) = (narrow_range(&record), [held_item()]);
    store.see(&lease, &seen, &affected, None).await.unwrap();
    record.status = RunStatus::Succeeded;
    let closed = store.close(&lease, &record, &[], &decision.state).await;
    closed.unwrap();
    store.release(&lease).await.unwrap();
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
    begin(&world, false).await;
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
    assert_eq!(Decisions::kept(&world.store, &hq()).await, Ok(vec![]));
    assert_eq!(world.store.resolutions(&hq()).await, Ok(vec![]));
    let zhang = UserId::new("zhang").key();
    assert_eq!(world.store.settled(&hq(), &zhang).await, Ok(None));
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
        begin(&world, true).await;
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
