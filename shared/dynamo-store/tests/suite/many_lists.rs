//! Decisions over more lists than one transaction takes: written in several, and killed between any
//! two of them they end the same.

use std::collections::BTreeSet;

use crate::common::{CRASHES, World, hq, nothing_decided, people_held, stalled_run, world};
use aws_sdk_dynamodb::types::AttributeValue;
use futures::future::join_all;
use org_model::{InternalId, RunId};
use org_plan::{HeldItem, HeldList};
use source_admin::ports::HeldDecisions;
use sync_run::ports::{HeldLists, Outbox, RunLog, StoreError};
use sync_run::{
    Decision, HeldState, Notice, NoticeKind, OutboxItem, OutboxPayload, RunLease, RunRecord,
    RunStatus, StoredHeldList,
};
use testkit::Faults;

/// What one run finds, and what it does about it: these expire, these lose somebody, these lose
/// everybody, and of these, approved, everybody is gone.
const LISTS: usize = 250;
const EXPIRE: std::ops::Range<usize> = 0..110;
const RELEASE: std::ops::Range<usize> = 110..190;
const EMPTY: std::ops::Range<usize> = 190..220;
const SPENT: std::ops::Range<usize> = 220..LISTS;

fn list(world: &World, run: &str, items: Vec<HeldItem>) -> StoredHeldList {
    StoredHeldList {
        list: HeldList::new(hq(), RunId::new(run), world.clock.now(), vec![], items),
        state: HeldState::Waiting,
        decided_by: None,
        decided_at: None,
        released: BTreeSet::new(),
        consumed_by: None,
    }
}

/// Lists of two people each, written by a run that is over.
async fn lists(world: &World, count: usize) -> Vec<StoredHeldList> {
    world.add_source().await;
    let lease = world.lease("old").await;
    let people = people_held(2 * count);
    let held: Vec<_> = people
        .chunks(2)
        .map(|two| list(world, "old", two.to_vec()))
        .collect();
    let decision = Decision {
        held: held.clone(),
        ..deciding(world, &lease)
    };
    world.store.decide(&lease, &decision).await.unwrap();
    held
}

fn deciding(world: &World, lease: &RunLease) -> Decision {
    nothing_decided(&running(world, lease))
}

pub fn running(world: &World, lease: &RunLease) -> RunRecord {
    let mut record = world.record(lease.run().as_str());
    record.status = RunStatus::Running;
    record.generation = Some(lease.generation());
    record.started_at = Some(record.queued_at);
    record
}

/// Approves these behind the store's back, which is quicker.
async fn approve(world: &World, lists: &mut [StoredHeldList]) {
    let (client, now) = (world.dynamo.client(), world.clock.now());
    let text = |text: String| AttributeValue::S(text);
    let approving = lists.iter().map(|list| {
        let fingerprint = list.list.fingerprint;
        let update = client
            .update_item()
            .table_name(testkit::dynamo::SYNC_TABLE)
            .key("pk", text("SOURCE#hq".to_owned()))
            .key("sk", text(format!("HELD#{fingerprint}")))
            .update_expression("SET #state = :state, decided_by = :by, decided_at = :at")
            .expression_attribute_names("#state", "state")
            .expression_attribute_values(":state", text("approved".to_owned()))
            .expression_attribute_values(":by", text("alice".to_owned()))
            .expression_attribute_values(":at", text(now.to_string()))
            .condition_expression("attribute_exists(pk)");
        update.send()
    });
    for approved in join_all(approving).await {
        approved.unwrap();
    }
    for list in lists {
        list.state = HeldState::Approved;
        list.decided_by = Some("alice".to_owned());
        list.decided_at = Some(now);
    }
}

fn release(list: &mut StoredHeldList, items: usize) {
    let gone = list.list.items[..items].iter();
    list.released
        .extend(gone.map(|item| (item.kind, item.internal_id.clone())));
}

pub fn notice(world: &World, id: &str) -> OutboxItem {
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
            detail: serde_json::Value::Null,
        }),
    }
}

/// The decision of a run that changes all lists at once.
fn of_all(world: &World, lease: &RunLease, mut lists: Vec<StoredHeldList>) -> Decision {
    let still_missing = lists[EXPIRE]
        .iter()
        .flat_map(|list| list.list.items.clone());
    let successor = list(world, lease.run().as_str(), still_missing.collect());
    for (index, list) in lists.iter_mut().enumerate() {
        if EXPIRE.contains(&index) {
            list.state = HeldState::Expired;
        } else if RELEASE.contains(&index) {
            release(list, 1);
        } else if EMPTY.contains(&index) {
            release(list, 2);
            list.state = HeldState::Superseded;
        } else {
            list.consumed_by = Some(lease.run().clone());
        }
    }
    Decision {
        held: vec![successor],
        lists,
        outbox: vec![notice(world, "held-1")],
        ..deciding(world, lease)
    }
}

/// A world in which a run is to decide about all lists.
async fn before_the_decision() -> (World, RunLease, Decision) {
    let world = world().await;
    let mut lists = lists(&world, LISTS).await;
    approve(&world, &mut lists[SPENT]).await;
    let lease = world.takeover("new").await;
    let decision = of_all(&world, &lease, lists);
    (world, lease, decision)
}

async fn standing(world: &World) -> Vec<StoredHeldList> {
    world.store.standing(&hq()).await.unwrap()
}

fn people(lists: &[StoredHeldList]) -> BTreeSet<InternalId> {
    let remaining = lists.iter().flat_map(StoredHeldList::remaining);
    remaining.map(|item| item.internal_id.clone()).collect()
}

/// What must hold whenever the run dies.
async fn assert_sound(world: &World, decision: &Decision, killed: &str) {
    let held = people(&standing(world).await);
    let expired = decision.lists[EXPIRE].iter();
    let mut expired = expired.flat_map(|list| &list.list.items);
    assert!(
        expired.all(|item| held.contains(&item.internal_id)),
        "somebody stands in neither list, {killed}"
    );
    let run = &decision.record.run;
    let decided = world.store.decided(&hq(), run).await.unwrap();
    let mut released = decision.lists.iter().flat_map(|list| &list.released);
    assert!(
        decided.is_none() || released.all(|(_, id)| !held.contains(id)),
        "decided, and somebody who was seen waits, {killed}"
    );
}

/// The decision as it must stand in the end.
async fn assert_decided(world: &World, decision: &Decision, killed: &str) {
    let mut wanted: Vec<_> = decision.lists[RELEASE].to_vec();
    wanted.extend(decision.held.clone());
    wanted.sort_by_key(|list| (list.list.held_at, list.list.fingerprint));
    assert!(standing(world).await == wanted, "{killed}");
    let unsent = world.store.unsent(&hq()).await.unwrap();
    assert_eq!(unsent, decision.outbox, "{killed}");
    for index in [0, 109, 190, 219, 220, 249] {
        let wanted = &decision.lists[index];
        let fingerprint = wanted.list.fingerprint;
        let found = world.store.list(&hq(), fingerprint).await.unwrap().unwrap();
        assert_eq!(found.state, wanted.state, "{killed}");
        assert_eq!(found.consumed_by, wanted.consumed_by, "{killed}");
    }
}

/// The requests at which it matters whether a process dies, counted from 1: those that write, but
/// of those that only date the pages of old lists the first and the last.
fn moments(faults: &Faults) -> Vec<u64> {
    let operations = faults.operations();
    let dates = |name: &String| name == "UpdateItem";
    let first = operations.iter().position(dates);
    let last = operations.iter().rposition(dates);
    let matters = |index: &usize| match operations[*index].as_str() {
        "UpdateItem" => Some(*index) == first || Some(*index) == last,
        name => !matches!(name, "GetItem" | "BatchGetItem" | "Query"),
    };
    let indexes = (0..operations.len()).filter(matters);
    indexes.map(|index| index as u64 + 1).collect()
}

pub fn transactions(faults: &Faults) -> Vec<u64> {
    let operations = faults.operations();
    let numbered = operations.iter().zip(1..);
    let sent = numbered.filter(|(name, _)| *name == "TransactWriteItems");
    sent.map(|(_, number)| number).collect()
}

#[tokio::test]
async fn few_lists_are_decided_in_one_transaction_and_many_in_several() {
    // Beside lists: the lease, the record, its marker and the state.
    for (count, wanted) in [(5, 1), (96, 1), (97, 2), (96 + 98, 2), (96 + 99, 3)] {
        let world = world().await;
        let mut lists = lists(&world, count).await;
        let lease = world.takeover("new").await;
        for list in &mut lists {
            release(list, 1);
        }
        let faults = Faults::default();
        let decision = Decision {
            lists: lists.clone(),
            ..deciding(&world, &lease)
        };
        let ended = world.store_with(&faults).decide(&lease, &decision).await;
        ended.unwrap();
        assert_eq!(transactions(&faults).len(), wanted, "{count} lists");
        assert!(
            standing(&world)
                .await
                .iter()
                .all(|list| list.released.len() == 1)
        );
    }
}

#[tokio::test]
async fn a_decision_of_all_parts_that_fit_is_one_transaction() {
    let world = world().await;
    let lists = lists(&world, LISTS).await;
    let lease = world.takeover("new").await;
    let mut decision = of_all(&world, &lease, lists);
    decision.lists = decision.lists[100..120].to_vec();
    decision.outbox.push(notice(&world, "held-2"));
    let faults = Faults::default();
    let store = world.store_with(&faults);
    store.decide(&lease, &decision).await.unwrap();
    assert_eq!(transactions(&faults).len(), 1);
}

#[tokio::test]
async fn a_decision_over_many_lists_killed_at_any_request_ends_the_same() {
    let (world, lease, decision) = before_the_decision().await;
    let faults = Faults::default();
    for faults in [&faults, &Faults::repeating_writes()] {
        let store = world.store_with(faults);
        store.decide(&lease, &decision).await.unwrap();
        assert_decided(&world, &decision, "not at all").await;
    }
    assert_eq!(transactions(&faults).len(), 4, "two before, inside, after");
    for request in moments(&faults) {
        for moment in CRASHES {
            let killed = format!("killed {moment:?} {request}");
            let (world, lease, decision) = before_the_decision().await;
            let faults = Faults::crash_at(request, moment);
            let _died = world.store_with(&faults).decide(&lease, &decision).await;
            assert!(faults.crashed(), "{killed}");
            assert_sound(&world, &decision, &killed).await;
            let again = world.store.metered().decide(&lease, &decision).await;
            assert_eq!(again, Ok(()), "{killed}");
            assert_decided(&world, &decision, &killed).await;
        }
    }
}

/// A world in which a run has removed everybody of lists that were approved.
async fn before_the_settling() -> (World, RunLease, Decision) {
    let world = world().await;
    let mut lists = lists(&world, LISTS).await;
    approve(&world, &mut lists).await;
    let lease = world.takeover("new").await;
    for list in &mut lists {
        list.consumed_by = Some(lease.run().clone());
    }
    let decision = Decision {
        lists,
        ..deciding(&world, &lease)
    };
    (world, lease, decision)
}

#[tokio::test]
async fn a_settling_of_many_lists_killed_at_any_request_ends_the_same() {
    let (world, lease, decision) = before_the_settling().await;
    let faults = Faults::default();
    for faults in [&faults, &Faults::repeating_writes()] {
        let store = world.store_with(faults);
        store.decide(&lease, &decision).await.unwrap();
        assert_eq!(standing(&world).await, []);
    }
    for request in moments(&faults) {
        for moment in CRASHES {
            let killed = format!("killed {moment:?} {request}");
            let (world, lease, decision) = before_the_settling().await;
            let faults = Faults::crash_at(request, moment);
            let _died = world.store_with(&faults).decide(&lease, &decision).await;
            assert!(faults.crashed(), "{killed}");
            // Each as it was, or spent.
            let left = standing(&world).await;
            let is_whole = |list: &StoredHeldList| {
                list.state == HeldState::Approved && list.remaining().count() == 2
            };
            assert!(left.iter().all(is_whole), "{killed}");
            let again = world.store.metered().decide(&lease, &decision).await;
            assert_eq!(again, Ok(()), "{killed}");
            assert_eq!(standing(&world).await, [], "{killed}");
        }
    }
}

#[tokio::test]
async fn many_new_lists_stand_with_their_notices() {
    let world = world().await;
    let held = lists(&world, LISTS).await;
    let mut stands = standing(&world).await;
    let mut wanted = held;
    for lists in [&mut stands, &mut wanted] {
        lists.sort_by_key(|list| list.list.fingerprint);
    }
    assert_eq!(stands, wanted);
}

#[tokio::test]
async fn an_approval_since_the_run_looked_refuses_a_decision_over_many_lists_as_a_whole() {
    let (world, lease, decision) = before_the_decision().await;
    let before = standing(&world).await;
    // The last to expire would be written after the record.
    let mut late = decision.lists[EXPIRE.end - 1..EXPIRE.end].to_vec();
    approve(&world, &mut late).await;
    let refused = world.store.decide(&lease, &decision).await;
    assert!(
        matches!(refused, Err(StoreError::Conflict { .. })),
        "{refused:?}"
    );
    let decided = world.store.decided(&hq(), lease.run()).await.unwrap();
    assert_eq!(decided, None);
    assert!(world.store.unsent(&hq()).await.unwrap().is_empty());
    let after = standing(&world).await;
    assert_eq!(after.len(), before.len(), "no successor, nothing expired");
    assert_eq!(people(&after), people(&before));
}

/// The decision of a run that sleeps before its last transaction, and how it ended.
async fn asleep_before_the_last(
    meanwhile: impl AsyncFnOnce(&World, &Decision),
) -> (World, Decision, Result<(), StoreError>) {
    let (world, lease, decision) = before_the_decision().await;
    let faults = Faults::default();
    let store = world.store_with(&faults);
    store.decide(&lease, &decision).await.unwrap();
    let last = *transactions(&faults).last().unwrap();
    let (world, lease, decision) = before_the_decision().await;
    let decided = decision.clone();
    let (faults, run) = stalled_run(&world, last, |store| async move {
        store.decide(&lease, &decided).await
    });
    faults.stalled().await;
    assert_sound(&world, &decision, "asleep").await;
    meanwhile(&world, &decision).await;
    faults.wake();
    let ended = run.await.unwrap();
    assert_sound(&world, &decision, "awake").await;
    (world, decision, ended)
}

#[tokio::test]
async fn an_approval_between_record_and_expiry_stands_and_the_run_applies_nothing() {
    let slept = asleep_before_the_last(async |world, decision| {
        let mut late = decision.lists[EXPIRE].to_vec();
        approve(world, &mut late).await;
    });
    let (world, decision, ended) = slept.await;
    assert!(
        matches!(ended, Err(StoreError::Conflict { .. })),
        "{ended:?}"
    );
    let stands = standing(&world).await;
    let approved = stands.iter().filter(|one| one.decided_by.is_some());
    assert!(approved.count() > SPENT.len(), "whatever was not over yet");
    assert!(stands.contains(&decision.held[0]));
}

#[tokio::test]
async fn a_run_that_lost_its_lease_writes_no_further_part_of_its_decision() {
    let slept = asleep_before_the_last(async |world, _| {
        world.takeover("next").await;
    });
    let (world, decision, ended) = slept.await;
    assert!(
        matches!(ended, Err(StoreError::LeaseLost { .. })),
        "{ended:?}"
    );
    let stands = standing(&world).await.len();
    assert!(stands >= decision.lists[RELEASE].len() + SPENT.len());
}
