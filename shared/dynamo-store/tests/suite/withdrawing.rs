//! An approval is taken back: the list is rejected after it was approved, and before it was used.

use std::collections::BTreeSet;

use crate::common::{
    CRASHES, World, hq, is_conflict, nothing_decided, people_held, stalled_run, world,
};
use jiff::SignedDuration;
use org_model::RunId;
use org_plan::{HeldItem, HeldList};
use source_admin::ports::{Decided, HeldDecisions};
use sync_run::ports::{Decisions, HeldLists, Leases, RunLog, StoreError};
use sync_run::{
    Decision, HeldState, KeptSet, KeptWhy, RunLease, RunStatus, SourceState, StoredHeldList,
};
use testkit::Faults;

fn changing(world: &World, lease: &RunLease, lists: Vec<StoredHeldList>) -> Decision {
    let mut record = world.record(lease.run().as_str());
    record.status = RunStatus::Running;
    record.started_at = Some(world.clock.now());
    Decision {
        lists,
        ..nothing_decided(&record)
    }
}

/// A list of so many that run `a` held, approved but for the first `except`; no run is live.
async fn approved(world: &World, count: usize, except: usize) -> StoredHeldList {
    world.add_source().await;
    let lease = world.lease("a").await;
    let (now, items) = (world.clock.now(), people_held(count));
    let waiting = StoredHeldList {
        list: HeldList::new(hq(), RunId::new("a"), now, vec![], items),
        state: HeldState::Waiting,
        decided_by: None,
        decided_at: None,
        released: BTreeSet::new(),
        consumed_by: None,
    };
    let holding = Decision {
        held: vec![waiting.clone()],
        ..changing(world, &lease, vec![])
    };
    world.store.decide(&lease, &holding).await.unwrap();
    world.store.release(&lease).await.unwrap();
    let (alice, except) = (world.author("alice"), &waiting.list.items[..except]);
    let fingerprint = waiting.list.fingerprint;
    let word = world
        .store
        .approve(&hq(), fingerprint, except, &alice)
        .await;
    let approved = done(word);
    world.clock.advance(SignedDuration::from_mins(1));
    approved
}

async fn reject(world: &World, list: &StoredHeldList) -> Result<Decided, StoreError> {
    let bob = world.author("bob");
    let store = &world.store;
    store.reject(&hq(), list.list.fingerprint, &bob).await
}

fn done(decided: Result<Decided, StoreError>) -> StoredHeldList {
    match decided {
        Ok(Decided::Done(list)) => *list,
        other => panic!("not done: {other:?}"),
    }
}

fn refused(decided: Result<Decided, StoreError>) -> HeldState {
    match decided {
        Ok(Decided::NotWaiting(list)) => list.state,
        other => panic!("not refused: {other:?}"),
    }
}

fn is_live(decided: &Result<Decided, StoreError>, run: &str) -> bool {
    *decided == Ok(Decided::RunLive(RunId::new(run)))
}

async fn stored(world: &World, list: &StoredHeldList) -> StoredHeldList {
    let found = world.store.list(&hq(), list.list.fingerprint).await;
    found.unwrap().unwrap()
}

/// Whom rejections keep.
async fn kept(world: &World) -> Vec<HeldItem> {
    let sets: Vec<KeptSet> = Decisions::kept(&world.store, &hq()).await.unwrap();
    let rejected = sets
        .into_iter()
        .filter(|set| matches!(set.why, KeptWhy::Rejected { .. }));
    rejected.flat_map(|set| set.items).collect()
}

fn consumed(list: &StoredHeldList, run: &str) -> StoredHeldList {
    StoredHeldList {
        consumed_by: Some(RunId::new(run)),
        ..list.clone()
    }
}

#[tokio::test]
async fn a_rejected_approval_is_over_and_everybody_left_of_it_is_kept() {
    let world = world().await;
    let list = approved(&world, 20, 3).await;
    let at = world.clock.now();
    let rejected = done(reject(&world, &list).await);
    assert_eq!(rejected.state, HeldState::Rejected);
    assert_eq!(rejected.decided_by.as_deref(), Some("bob"));
    assert_eq!(rejected.decided_at, Some(at));
    assert_eq!(stored(&world, &list).await, rejected);
    assert_eq!(kept(&world).await, list.list.items[3..]);
    let all = Decisions::kept(&world.store, &hq()).await.unwrap();
    assert_eq!(all.iter().map(|set| set.items.len()).sum::<usize>(), 20);
    assert!(world.store.standing(&hq()).await.unwrap().is_empty());
    // The same again is the same; the approval, as it was or otherwise, does not come back.
    world.clock.advance(SignedDuration::from_mins(1));
    assert_eq!(done(reject(&world, &list).await), rejected);
    for except in [&list.list.items[..3], &[]] {
        let (store, alice) = (&world.store, world.author("alice"));
        let late = store
            .approve(&hq(), list.list.fingerprint, except, &alice)
            .await;
        assert_eq!(refused(late), HeldState::Rejected);
    }
    assert_eq!(kept(&world).await, list.list.items[3..]);
}

#[tokio::test]
async fn an_approval_that_is_used_or_too_old_is_not_rejected() {
    let day = SignedDuration::from_hours(24) - SignedDuration::from_mins(1);
    let used = world().await;
    let list = approved(&used, 3, 0).await;
    let lease = used.lease("b").await;
    let decision = changing(&used, &lease, vec![consumed(&list, "b")]);
    used.store.decide(&lease, &decision).await.unwrap();
    used.store.release(&lease).await.unwrap();
    assert_eq!(refused(reject(&used, &list).await), HeldState::Approved);
    assert_eq!(kept(&used).await, []);
    let old = world().await;
    let list = approved(&old, 3, 0).await;
    old.clock.advance(day + SignedDuration::from_secs(1));
    assert_eq!(refused(reject(&old, &list).await), HeldState::Approved);
    assert_eq!(kept(&old).await, []);
    let last_moment = world().await;
    let list = approved(&last_moment, 3, 0).await;
    last_moment.clock.advance(day);
    done(reject(&last_moment, &list).await);
}

#[tokio::test]
async fn a_run_that_is_live_or_handed_over_stands_in_the_way_until_its_time_is_over() {
    let world = world().await;
    let list = approved(&world, 3, 0).await;
    let lease = world.lease("b").await;
    assert!(is_live(&reject(&world, &list).await, "b"));
    let mut record = world.record("b");
    record.status = RunStatus::Running;
    let until = world.clock.now() + SignedDuration::from_mins(15);
    let (store, state) = (&world.store, SourceState::default());
    let handed = store.hand_over(&lease, &record, &[], &state, 2, until);
    handed.await.unwrap();
    world.clock.advance(SignedDuration::from_mins(14));
    assert!(is_live(&reject(&world, &list).await, "b"));
    assert_eq!(stored(&world, &list).await, list);
    assert_eq!(kept(&world).await, []);
    world.clock.advance(SignedDuration::from_mins(1));
    done(reject(&world, &list).await);
    assert_eq!(kept(&world).await, list.list.items);
}

#[tokio::test]
async fn a_run_that_claims_while_an_approval_is_rejected_is_not_overlooked() {
    let world = world().await;
    let list = approved(&world, 3, 0).await;
    let (fingerprint, bob) = (list.list.fingerprint, world.author("bob"));
    // List, page, retention and lease are read; the transaction sleeps.
    let (faults, word) = stalled_run(&world, 5, |store| async move {
        store.reject(&hq(), fingerprint, &bob).await
    });
    faults.stalled().await;
    let lease = world.lease("b").await;
    let read = world.store.standing(&hq()).await.unwrap();
    assert_eq!(read, std::slice::from_ref(&list));
    faults.wake();
    assert!(is_live(&word.await.unwrap(), "b"));
    assert_eq!(kept(&world).await, []);
    // What the run does about the approval it read stands.
    let decision = changing(&world, &lease, vec![consumed(&list, "b")]);
    world.store.decide(&lease, &decision).await.unwrap();
    assert_eq!(stored(&world, &list).await, consumed(&list, "b"));
}

#[tokio::test]
async fn a_run_that_claims_after_the_rejection_finds_it_and_everybody_kept() {
    let world = world().await;
    let list = approved(&world, 3, 0).await;
    let request = world.request("b");
    // What stands there is read; taking the lease sleeps.
    let (faults, run) = stalled_run(&world, 2, |store| async move {
        let lease = crate::common::claimed(&store, &request).await;
        let standing = store.standing(&hq()).await.unwrap();
        (lease, standing)
    });
    faults.stalled().await;
    let rejected = done(reject(&world, &list).await);
    faults.wake();
    let (lease, standing) = run.await.unwrap();
    assert_eq!((lease.run().as_str(), standing), ("b", vec![]));
    assert_eq!(kept(&world).await, list.list.items);
    // Nor would one overrule it that had somehow read the approval.
    let mut emptied = list.clone();
    emptied.state = HeldState::Superseded;
    let mut expired = list.clone();
    expired.state = HeldState::Expired;
    for stale in [consumed(&list, "b"), emptied, expired] {
        let decision = changing(&world, &lease, vec![stale]);
        assert!(is_conflict(world.store.decide(&lease, &decision).await));
        assert_eq!(stored(&world, &list).await, rejected);
    }
}

#[tokio::test]
async fn a_run_that_lost_its_lease_to_time_does_not_go_by_a_rejected_approval() {
    let world = world().await;
    let list = approved(&world, 3, 0).await;
    let lease = world.lease("b").await;
    assert_eq!(world.store.standing(&hq()).await.unwrap().len(), 1);
    world.clock.advance(SignedDuration::from_mins(16));
    let rejected = done(reject(&world, &list).await);
    let decision = changing(&world, &lease, vec![consumed(&list, "b")]);
    let ended = world.store.decide(&lease, &decision).await;
    assert!(matches!(ended, Err(StoreError::LeaseLost { .. })));
    assert_eq!(stored(&world, &list).await, rejected);
}

#[tokio::test]
async fn the_rejection_of_an_approval_killed_at_any_request_is_whole_or_unsaid() {
    for moment in CRASHES {
        for request in 1.. {
            let world = world().await;
            let list = approved(&world, 5, 1).await;
            let (fingerprint, bob) = (list.list.fingerprint, world.author("bob"));
            let faults = Faults::crash_at(request, moment);
            let dying = world.store_with(&faults);
            let ended = dying.reject(&hq(), fingerprint, &bob).await;
            let (after, kept) = (stored(&world, &list).await, kept(&world).await);
            let whole = after.state == HeldState::Rejected && kept == list.list.items[1..];
            assert!(whole || (after == list && kept.is_empty()), "{request}");
            assert!(whole || ended.is_err());
            if !faults.crashed() {
                break;
            }
        }
    }
}
