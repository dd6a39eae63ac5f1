//! The log of runs: records, rows, decisions, all of it under the lease and harmless twice.

use std::collections::BTreeSet;

use crate::common::{World, hq, noise, nothing_decided, world};
use jiff::SignedDuration;
use org_model::{DepartmentId, ExpandedRange, InternalId, ItemKind, RunId, VisibleRange};
use org_plan::{Action, AttributeChange, DecidedRemoval, HeldItem, HeldList};
use sync_run::ports::{HeldLists, Outbox, RunLog, Sources, StoreError};
use sync_run::{
    Decision, HeldState, Notice, NoticeKind, OutboxItem, OutboxPayload, Row, RowResult, RowsPage,
    RunLease, RunMode, RunRecord, RunStatus, SourceState, StoredHeldList, Trigger,
};
use testkit::Faults;
use testkit::crash::CrashMoment;

fn row(seq: u64, text: &str) -> Row {
    Row {
        seq,
        kind: ItemKind::User,
        id: format!("user{seq}"),
        internal_id: InternalId::new(format!("id{seq}")),
        name: "张三".to_owned(),
        action: Action::Update,
        result: RowResult::Done,
        code: None,
        message: None,
        remedy: None,
        changes: vec![AttributeChange {
            attribute: "title".to_owned(),
            before: None,
            after: Some(text.into()),
        }],
    }
}

fn page(page: u32, rows: Vec<Row>) -> RowsPage {
    RowsPage { page, rows }
}

fn held_item(id: &str) -> HeldItem {
    HeldItem {
        kind: ItemKind::User,
        id: id.to_owned(),
        internal_id: InternalId::new(format!("id-of-{id}")),
        name: id.to_owned(),
        action: Action::Delete,
        departments: vec![DepartmentId(1)],
        suspected_rename: None,
    }
}

fn held_list(world: &World, run: &str, ids: &[&str]) -> StoredHeldList {
    let items = ids.iter().map(|id| held_item(id)).collect();
    StoredHeldList {
        list: HeldList::new(hq(), RunId::new(run), world.clock.now(), vec![], items),
        state: HeldState::Waiting,
        decided_by: None,
        decided_at: None,
        released: BTreeSet::new(),
        consumed_by: None,
    }
}

fn notice(world: &World, id: &str) -> OutboxItem {
    let at = world.clock.now();
    OutboxItem {
        id: id.to_owned(),
        at,
        payload: OutboxPayload::Notice(Notice {
            at,
            kind: NoticeKind::Held,
            source: hq(),
            run: None,
            subject: "held".to_owned(),
            text: "text".to_owned(),
            detail: serde_json::json!({ "held": 3 }),
        }),
    }
}

fn state(departments: u32) -> SourceState {
    SourceState {
        baseline: Some(ExpandedRange {
            declared: VisibleRange::default(),
            departments: (1..=departments).map(DepartmentId).collect(),
            tag_members: Default::default(),
        }),
        baseline_agent_id: Some(1_000_002),
        has_mirror: true,
        ..SourceState::default()
    }
}

fn decision(world: &World, record: RunRecord) -> Decision {
    Decision {
        held: vec![held_list(world, record.run.as_str(), &["a", "b", "c"])],
        outbox: vec![notice(world, "held-1")],
        state: state(30_000),
        ..nothing_decided(&record)
    }
}

async fn running(world: &World, lease: &RunLease) -> RunRecord {
    let mut record = world.record(lease.run().as_str());
    record.status = RunStatus::Running;
    record.generation = Some(lease.generation());
    RunLog::put(&world.store, lease, &record).await.unwrap();
    record
}

fn lost(result: Result<(), StoreError>) -> bool {
    matches!(result, Err(StoreError::LeaseLost { .. }))
}

#[tokio::test]
async fn a_record_is_open_until_it_is_final_and_then_stays() {
    let world = world().await;
    let lease = world.lease("a").await;
    let mut record = running(&world, &lease).await;
    assert_eq!(
        world.store.unfinished(&hq()).await.unwrap(),
        std::slice::from_ref(&record)
    );
    record.status = RunStatus::Succeeded;
    for _twice in 0..2 {
        RunLog::put(&world.store, &lease, &record).await.unwrap();
    }
    assert!(world.store.unfinished(&hq()).await.unwrap().is_empty());
    let mut buried = record.clone();
    buried.status = RunStatus::Failed;
    world.store.put_unleased(&buried).await.unwrap();
    let found = world.store.run(&hq(), lease.run()).await.unwrap();
    assert_eq!(found, Some(record));
    assert_eq!(
        RunLog::put(&world.store, &lease, &buried).await,
        Err(StoreError::Conflict {
            act: "write the record of a run"
        })
    );
}

#[tokio::test]
async fn unfinished_runs_come_oldest_first_and_no_others() {
    let world = world().await;
    let mut queued = Vec::new();
    for run in ["b", "a"] {
        let record = world.record(run);
        world.store.put_unleased(&record).await.unwrap();
        queued.push(record);
        world.clock.advance(SignedDuration::from_secs(1));
    }
    let mut done = world.record("c");
    done.status = RunStatus::Skipped;
    world.store.put_unleased(&done).await.unwrap();
    assert_eq!(world.store.unfinished(&hq()).await.unwrap(), queued);
}

#[tokio::test]
async fn a_zombie_writes_no_record_no_decision_and_no_close() {
    let world = world().await;
    let zombie = world.lease("zombie").await;
    let record = running(&world, &zombie).await;
    let live = world.takeover("live").await;
    running(&world, &live).await;
    assert!(lost(RunLog::put(&world.store, &zombie, &record).await));
    let decided = decision(&world, record.clone());
    assert!(lost(world.store.decide(&zombie, &decided).await));
    let state = state(3);
    let outbox = [notice(&world, "n")];
    assert!(lost(
        world.store.close(&zombie, &record, &outbox, &state).await
    ));
    assert!(world.store.standing(&hq()).await.unwrap().is_empty());
    assert!(world.store.unsent(&hq()).await.unwrap().is_empty());
}

#[tokio::test]
async fn rows_come_back_in_order_and_a_page_twice_is_one_page() {
    let world = world().await;
    let lease = world.lease("a").await;
    let rows: Vec<Row> = (1..=6).map(|seq| row(seq, "x")).collect();
    for (number, rows) in [(2, &rows[3..]), (1, &rows[..3]), (2, &rows[3..])] {
        let page = page(number, rows.to_vec());
        world
            .store
            .append_rows(&record_of(&lease), &page)
            .await
            .unwrap();
    }
    assert_eq!(world.store.rows(&hq(), lease.run()).await.unwrap(), rows);
    let other = world.store.rows(&hq(), &RunId::new("other")).await.unwrap();
    assert!(other.is_empty());
}

#[tokio::test]
async fn a_page_larger_than_an_item_is_split_and_a_row_larger_than_an_item_says_so() {
    let world = world().await;
    let lease = world.lease("a").await;
    let noise = noise(900_000);
    let mut rows: Vec<Row> = (0..9)
        .map(|i| row(i, &noise[i as usize * 100_000..][..100_000]))
        .collect();
    world
        .store
        .append_rows(&record_of(&lease), &page(1, rows.clone()))
        .await
        .unwrap();
    assert_eq!(world.store.rows(&hq(), lease.run()).await.unwrap(), rows);
    rows.push(row(10, &noise));
    world
        .store
        .append_rows(&record_of(&lease), &page(1, rows))
        .await
        .unwrap();
    let found = world.store.rows(&hq(), lease.run()).await.unwrap();
    let last = found.last().unwrap();
    assert_eq!(last.code.as_deref(), Some("changes_too_large"));
    assert_eq!(last.seq, 10);
}

#[tokio::test]
async fn what_became_of_a_page_takes_the_place_of_all_its_parts() {
    let world = world().await;
    let lease = world.lease("a").await;
    let noise = noise(900_000);
    let intended: Vec<Row> = (1..=9)
        .map(|i| row(i, &noise[(i as usize - 1) * 100_000..][..100_000]))
        .collect();
    let became = vec![row(1, "done"), row(2, "done")];
    let record = record_of(&lease);
    for rows in [intended, became.clone()] {
        let page = page(1, rows);
        world.store.append_rows(&record, &page).await.unwrap();
    }
    let found = world.store.rows(&hq(), lease.run()).await.unwrap();
    assert_eq!(found, became);
}

#[tokio::test]
async fn a_decision_is_durable_as_a_whole_and_twice_is_once() {
    let world = world().await;
    world.add_source().await;
    let lease = world.lease("a").await;
    let record = running(&world, &lease).await;
    let decided = decision(&world, record);
    for _twice in 0..2 {
        world.store.decide(&lease, &decided).await.unwrap();
    }
    assert_eq!(world.store.standing(&hq()).await.unwrap(), decided.held);
    assert_eq!(world.store.unsent(&hq()).await.unwrap(), decided.outbox);
    let source = world.store.source(&hq()).await.unwrap().unwrap();
    assert_eq!(source.state, decided.state);
}

fn removals(range: std::ops::Range<u32>) -> Vec<DecidedRemoval> {
    let removal = |number: u32| DecidedRemoval {
        kind: ItemKind::User,
        internal_id: InternalId::new(format!("{:08x}-0000-7000", number.wrapping_mul(2_654_435))),
        action: Action::Delete,
        approved: number.is_multiple_of(3),
    };
    range.map(removal).collect()
}

#[tokio::test]
async fn what_a_run_decided_to_remove_stays_readable_to_its_end() {
    let world = world().await;
    world.add_source().await;
    let lease = world.lease("a").await;
    let mut record = running(&world, &lease).await;
    let found = async || world.store.decided(&hq(), lease.run()).await;
    assert_eq!(found().await.unwrap(), None, "nothing is decided yet");
    for decided in [removals(0..3), removals(0..0), removals(0..100_000)] {
        let decision = Decision {
            held: vec![],
            removals: decided.clone(),
            ..decision(&world, record.clone())
        };
        for _twice in 0..2 {
            world.store.decide(&lease, &decision).await.unwrap();
        }
        assert_eq!(found().await.unwrap(), Some(decided));
    }
    record.status = RunStatus::Succeeded;
    world
        .store
        .close(&lease, &record, &[], &state(3))
        .await
        .unwrap();
    assert_eq!(found().await.unwrap().unwrap().len(), 100_000);
}

#[tokio::test]
async fn the_removals_of_a_zombie_are_never_those_of_its_successor() {
    let world = world().await;
    let zombie = world.lease("a").await;
    let record = running(&world, &zombie).await;
    let deciding = |removals| Decision {
        removals,
        ..decision(&world, record.clone())
    };
    world
        .store
        .decide(&zombie, &deciding(removals(0..2)))
        .await
        .unwrap();
    world.takeover("b").await;
    let late = deciding(removals(0..9));
    assert!(lost(world.store.decide(&zombie, &late).await));
    let found = world.store.decided(&hq(), zombie.run()).await;
    assert_eq!(found.unwrap(), Some(removals(0..2)));
}

#[tokio::test]
async fn a_decision_killed_at_any_request_is_whole_or_absent() {
    let mut outcomes = Vec::new();
    for request in 1.. {
        let world = world().await;
        world.add_source().await;
        let lease = world.lease("a").await;
        let record = running(&world, &lease).await;
        let decided = decision(&world, record);
        let faults = Faults::crash_at(request, CrashMoment::AfterApplied);
        let ended = world.store_with(&faults).decide(&lease, &decided).await;
        let held = world.store.standing(&hq()).await.unwrap();
        let unsent = world.store.unsent(&hq()).await.unwrap();
        let state = world.store.source(&hq()).await.unwrap().unwrap().state;
        let whole = held == decided.held && unsent == decided.outbox && state == decided.state;
        let absent = held.is_empty() && unsent.is_empty() && state == SourceState::default();
        assert!(whole || absent, "killed after request {request}");
        assert!(whole || ended.is_err());
        outcomes.push(whole);
        if !faults.crashed() {
            break;
        }
    }
    assert!(outcomes.contains(&false) && outcomes.ends_with(&[true]));
}

#[tokio::test]
async fn a_close_is_final_and_twice_is_once() {
    let world = world().await;
    world.add_source().await;
    let lease = world.lease("a").await;
    let mut record = running(&world, &lease).await;
    record.status = RunStatus::Succeeded;
    let outbox = [notice(&world, "one"), notice(&world, "two")];
    let mut state = state(3);
    let noticed = ("unsealed:incomplete".to_owned(), world.clock.now());
    state.noticed.extend([noticed]);
    let close = || world.store.close(&lease, &record, &outbox, &state);
    close().await.unwrap();
    world
        .store
        .sent(&hq(), "one", world.clock.now())
        .await
        .unwrap();
    close().await.unwrap();
    let unsent = world.store.unsent(&hq()).await.unwrap();
    assert_eq!(
        unsent,
        [outbox[1].clone()],
        "what was sent is not put again"
    );
    assert!(world.store.unfinished(&hq()).await.unwrap().is_empty());
    assert_eq!(
        world.store.source(&hq()).await.unwrap().unwrap().state,
        state
    );
}

#[tokio::test]
async fn an_unchanged_baseline_is_not_written_again_and_an_old_one_is_swept() {
    let world = world().await;
    world.add_source().await;
    let lease = world.lease("a").await;
    let record = running(&world, &lease).await;
    let close = async |departments: u32| {
        let faults = Faults::default();
        let store = world.store_with(&faults);
        let state = state(departments);
        store.source(&hq()).await.unwrap();
        let before = faults.requests();
        store.close(&lease, &record, &[], &state).await.unwrap();
        let found = store.source(&hq()).await.unwrap().unwrap();
        assert_eq!(found.state, state);
        faults.operations().split_off(before as usize)
    };
    // The page, the transaction, the look for old pages, and the read of the assertion.
    let reads = ["BatchGetItem", "BatchGetItem"];
    let first = ["PutItem", "TransactWriteItems", "Query"];
    assert_eq!(close(30_000).await, [&first[..], &reads].concat());
    assert_eq!(
        close(30_000).await,
        [&["TransactWriteItems"][..], &reads].concat()
    );
    let changed = ["PutItem", "TransactWriteItems", "Query", "DeleteItem"];
    assert_eq!(close(29_999).await, [&changed[..], &reads].concat());
}

#[tokio::test]
async fn logs_expire_with_the_settings_and_an_unsent_notice_never_does() {
    let world = world().await;
    world.add_source().await;
    let lease = world.lease("a").await;
    let record = running(&world, &lease).await;
    let outbox = [notice(&world, "sent"), notice(&world, "unsent")];
    world
        .store
        .close(&lease, &record, &outbox, &state(3))
        .await
        .unwrap();
    world
        .store
        .sent(&hq(), "sent", world.clock.now())
        .await
        .unwrap();
    let client = world.dynamo.client();
    let found = client.scan().table_name("SyncTable").send().await.unwrap();
    let expiry = |sk: &str| {
        let mut items = found.items().iter();
        let item = items.find(|item| item["sk"].as_s().unwrap() == sk).unwrap();
        item.get("expires_at")
            .map(|at| at.as_n().unwrap().parse::<i64>().unwrap())
    };
    let after_90_days = world.clock.now().as_second() + 90 * 86_400;
    assert_eq!(expiry("NOTICE#sent"), Some(after_90_days));
    assert_eq!(expiry("a"), Some(after_90_days));
    assert_eq!(expiry("OUTBOX#unsent"), None);
    assert_eq!(expiry("STATE"), None);
}

#[tokio::test]
async fn housekeeping_and_a_run_write_the_state_side_by_side() {
    use sync_run::ports::MirrorUpkeep;
    let world = world().await;
    world.add_source().await;
    let lease = world.lease("a").await;
    let record = running(&world, &lease).await;
    let at = world.clock.now();
    world.store.purged(&hq(), at).await.unwrap();
    // The run read its state before the purge.
    world
        .store
        .close(&lease, &record, &[], &state(3))
        .await
        .unwrap();
    let found = world.store.source(&hq()).await.unwrap().unwrap().state;
    assert_eq!(found.last_purged_at, Some(at));
}

fn record_of(lease: &sync_run::RunLease) -> RunRecord {
    let (source, run) = (lease.source().clone(), lease.run().clone());
    let mut record = RunRecord::new(
        source,
        run,
        Trigger::Schedule,
        RunMode::Apply,
        lease.expires_at(),
    );
    record.generation = Some(lease.generation());
    record
}
