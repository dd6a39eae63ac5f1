//! Held lists: written by runs, decided by people, in any order.

use std::collections::BTreeSet;

use crate::common::{World, hq, nothing_decided, people_held, world};
use jiff::SignedDuration;
use org_model::RunId;
use org_plan::HeldList;
use source_admin::ports::{Decided, HeldDecisions, PageRequest};
use sync_run::ports::{HeldLists, RunLog, StoreError};
use sync_run::{Decision, HeldState, RunLease, RunStatus, StoredHeldList};

fn list(world: &World, run: &str, count: usize) -> StoredHeldList {
    StoredHeldList {
        list: HeldList::new(
            hq(),
            RunId::new(run),
            world.clock.now(),
            vec![],
            people_held(count),
        ),
        state: HeldState::Waiting,
        decided_by: None,
        decided_at: None,
        released: BTreeSet::new(),
        consumed_by: None,
    }
}

async fn decide(
    world: &World,
    lease: &RunLease,
    held: Vec<StoredHeldList>,
    lists: Vec<StoredHeldList>,
) -> Result<(), StoreError> {
    let mut record = world.record(lease.run().as_str());
    record.status = RunStatus::Running;
    let decision = Decision {
        held,
        lists,
        ..nothing_decided(&record)
    };
    world.store.decide(lease, &decision).await
}

fn release(list: &mut StoredHeldList, indexes: std::ops::Range<usize>) {
    let items = list.list.items[indexes].iter();
    list.released
        .extend(items.map(|item| (item.kind, item.internal_id.clone())));
}

#[tokio::test]
async fn a_list_of_twenty_thousand_comes_back_whole_with_what_was_released() {
    let world = world().await;
    let lease = world.lease("a").await;
    let mut list = list(&world, "a", 20_000);
    decide(&world, &lease, vec![list.clone()], vec![])
        .await
        .unwrap();
    assert_eq!(
        world.store.standing(&hq()).await.unwrap(),
        std::slice::from_ref(&list)
    );
    release(&mut list, 7..19_990);
    for _twice in 0..2 {
        decide(&world, &lease, vec![], vec![list.clone()])
            .await
            .unwrap();
    }
    assert_eq!(
        world.store.standing(&hq()).await.unwrap(),
        std::slice::from_ref(&list)
    );
    let request = |cursor| PageRequest { cursor, limit: 10 };
    let fingerprint = list.list.fingerprint;
    let items = async |cursor| {
        let page = world
            .store
            .items(&hq(), fingerprint, &request(cursor))
            .await;
        page.unwrap().unwrap()
    };
    let first = items(None).await;
    assert_eq!(first.items.len(), 10);
    let second = items(first.next).await;
    assert_eq!((second.items.len(), second.next), (7, None));
    let shown: Vec<_> = first.items.iter().chain(&second.items).cloned().collect();
    assert_eq!(shown, list.remaining().cloned().collect::<Vec<_>>());
}

#[tokio::test]
async fn an_approval_stands_and_repeating_it_changes_nothing() {
    let world = world().await;
    let lease = world.lease("a").await;
    let waiting = list(&world, "a", 3);
    let fingerprint = waiting.list.fingerprint;
    decide(&world, &lease, vec![waiting.clone()], vec![])
        .await
        .unwrap();
    let alice = world.author("alice");
    let Decided::Done(first) = world
        .store
        .approve(&hq(), fingerprint, &[], &alice)
        .await
        .unwrap()
    else {
        panic!("not approved");
    };
    assert_eq!(first.state, HeldState::Approved);
    assert_eq!(first.decided_by.as_deref(), Some("alice"));
    assert_eq!(first.list, waiting.list);
    world.clock.advance(SignedDuration::from_mins(5));
    let again = world
        .store
        .approve(&hq(), fingerprint, &[], &world.author("bob"))
        .await;
    assert_eq!(again.unwrap(), Decided::Done(first.clone()));
    // The decision of the run is sent once more: it does not undo the approval.
    decide(&world, &lease, vec![waiting], vec![]).await.unwrap();
    assert_eq!(
        world.store.list(&hq(), fingerprint).await.unwrap(),
        Some(*first)
    );
}

#[tokio::test]
async fn an_expired_or_unknown_list_is_not_approved() {
    let world = world().await;
    let lease = world.lease("a").await;
    let waiting = list(&world, "a", 3);
    let fingerprint = waiting.list.fingerprint;
    let early = world
        .store
        .approve(&hq(), fingerprint, &[], &world.author("alice"))
        .await;
    assert_eq!(early.unwrap(), Decided::NotFound);
    decide(&world, &lease, vec![waiting.clone()], vec![])
        .await
        .unwrap();
    world.clock.advance(SignedDuration::from_hours(72));
    let late = world
        .store
        .approve(&hq(), fingerprint, &[], &world.author("alice"))
        .await;
    assert_eq!(late.unwrap(), Decided::NotWaiting(Box::new(waiting)));
}

#[tokio::test]
async fn an_approval_that_arrives_during_a_run_survives_what_the_run_writes() {
    let world = world().await;
    let lease = world.lease("a").await;
    let mut seen_by_run = list(&world, "a", 3);
    let fingerprint = seen_by_run.list.fingerprint;
    decide(&world, &lease, vec![seen_by_run.clone()], vec![])
        .await
        .unwrap();
    world
        .store
        .approve(&hq(), fingerprint, &[], &world.author("alice"))
        .await
        .unwrap();
    // One came back: the run, which still thinks that the list waits, releases it.
    release(&mut seen_by_run, 0..1);
    decide(&world, &lease, vec![], vec![seen_by_run.clone()])
        .await
        .unwrap();
    let found = world.store.list(&hq(), fingerprint).await.unwrap().unwrap();
    assert_eq!(found.state, HeldState::Approved);
    assert_eq!(found.remaining().count(), 2);
    // To let it expire is refused, for the run has not seen the approval.
    seen_by_run.state = HeldState::Expired;
    let refused = decide(&world, &lease, vec![], vec![seen_by_run]).await;
    assert!(
        matches!(refused, Err(StoreError::Conflict { .. })),
        "{refused:?}"
    );
}

#[tokio::test]
async fn an_approval_is_consumed_by_one_run() {
    let world = world().await;
    let lease = world.lease("a").await;
    let waiting = list(&world, "a", 3);
    let fingerprint = waiting.list.fingerprint;
    decide(&world, &lease, vec![waiting], vec![]).await.unwrap();
    world
        .store
        .approve(&hq(), fingerprint, &[], &world.author("alice"))
        .await
        .unwrap();
    let mut approved = world.store.standing(&hq()).await.unwrap().remove(0);
    approved.consumed_by = Some(RunId::new("a"));
    for _twice in 0..2 {
        decide(&world, &lease, vec![], vec![approved.clone()])
            .await
            .unwrap();
    }
    assert!(world.store.standing(&hq()).await.unwrap().is_empty());
    approved.consumed_by = Some(RunId::new("b"));
    let second = decide(&world, &lease, vec![], vec![approved]).await;
    assert!(
        matches!(second, Err(StoreError::Conflict { .. })),
        "{second:?}"
    );
}

#[tokio::test]
async fn the_successor_of_an_expired_list_takes_its_place_and_waits_anew() {
    let world = world().await;
    let lease = world.lease("a").await;
    let old = list(&world, "a", 3);
    decide(&world, &lease, vec![old.clone()], vec![])
        .await
        .unwrap();
    world.clock.advance(SignedDuration::from_hours(73));
    let lease = world.lease("b").await;
    let new = list(&world, "b", 3);
    assert_eq!(new.list.fingerprint, old.list.fingerprint);
    decide(&world, &lease, vec![new.clone()], vec![])
        .await
        .unwrap();
    assert_eq!(
        world.store.standing(&hq()).await.unwrap(),
        std::slice::from_ref(&new)
    );
    let approved = world
        .store
        .approve(&hq(), new.list.fingerprint, &[], &world.author("alice"))
        .await;
    assert!(matches!(approved.unwrap(), Decided::Done(_)));
}

/// Whether the pages of a run's list carry a date, page by page.
async fn dated_pages(world: &World, run: &str) -> Vec<bool> {
    let client = world.dynamo.client();
    let found = client.scan().table_name("SyncTable").send().await.unwrap();
    let prefix = format!("{run}#");
    let pages = found.items().iter().filter(|item| {
        let (pk, sk) = (item["pk"].as_s().unwrap(), item["sk"].as_s().unwrap());
        pk.contains("#HELD#") && sk.starts_with(&prefix)
    });
    pages.map(|page| page.contains_key("expires_at")).collect()
}

#[tokio::test]
async fn items_of_a_list_that_is_over_expire_and_those_of_a_standing_one_do_not() {
    let world = world().await;
    let lease = world.lease("a").await;
    let mut over = list(&world, "a", 3);
    let replaced = list(&world, "a", 4);
    let held = vec![over.clone(), replaced.clone()];
    decide(&world, &lease, held, vec![]).await.unwrap();
    assert_eq!(dated_pages(&world, "a").await, [false, false]);
    let lease = world.takeover("b").await;
    over.state = HeldState::Superseded;
    let successor = list(&world, "b", 4);
    decide(&world, &lease, vec![successor], vec![over.clone()])
        .await
        .unwrap();
    assert_eq!(dated_pages(&world, "a").await, [true, true]);
    assert_eq!(dated_pages(&world, "b").await, [false]);
    let fingerprint = over.list.fingerprint;
    let found = world.store.list(&hq(), fingerprint).await.unwrap().unwrap();
    assert_eq!((found.state, found.list.items.len()), (over.state, 3));
}

#[tokio::test]
async fn lists_come_latest_first_without_their_items() {
    let world = world().await;
    let lease = world.lease("a").await;
    let first = list(&world, "a", 3);
    world.clock.advance(SignedDuration::from_mins(1));
    let second = list(&world, "a", 4);
    let held = vec![first.clone(), second.clone()];
    decide(&world, &lease, held, vec![]).await.unwrap();
    let lists = world.store.lists(&hq()).await.unwrap();
    let shown: Vec<_> = lists.iter().map(|one| one.list.list.fingerprint).collect();
    assert_eq!(shown, [second.list.fingerprint, first.list.fingerprint]);
    assert!(lists.iter().all(|one| one.list.list.items.is_empty()));
}

#[tokio::test]
async fn a_list_tells_by_its_header_alone_how_many_items_still_wait() {
    let world = world().await;
    let lease = world.lease("a").await;
    let mut held = list(&world, "a", 20);
    decide(&world, &lease, vec![held.clone()], vec![])
        .await
        .unwrap();
    let gone = held.list.items.iter().step_by(3);
    let gone: BTreeSet<_> = gone
        .map(|item| (item.kind, item.internal_id.clone()))
        .collect();
    held.released = gone;
    decide(&world, &lease, vec![], vec![held.clone()])
        .await
        .unwrap();
    let faults = testkit::Faults::default();
    let lists = world.store_with(&faults).lists(&hq()).await.unwrap();
    assert_eq!(lists[0].remaining, 13);
    assert_eq!(held.remaining().count(), 13);
    assert_eq!(faults.operations(), ["Query"]);
}

#[tokio::test]
async fn of_the_lists_that_are_over_the_latest_hundred_are_shown_and_of_the_others_all() {
    let world = world().await;
    let lease = world.lease("a").await;
    let waiting = list(&world, "a", 500);
    decide(&world, &lease, vec![waiting.clone()], vec![])
        .await
        .unwrap();
    for count in 1..=110 {
        world.clock.advance(SignedDuration::from_secs(1));
        let mut over = list(&world, "a", count);
        over.state = HeldState::Superseded;
        decide(&world, &lease, vec![over], vec![]).await.unwrap();
    }
    let lists = world.store.lists(&hq()).await.unwrap();
    assert_eq!(lists.len(), 101);
    assert_eq!(lists[0].remaining, 110);
    assert_eq!(lists[99].remaining, 11);
    assert_eq!(lists[100].list.list.fingerprint, waiting.list.fingerprint);
}
