//! What people say about held lists: approve but for some, reject; and who is kept by it.

use std::collections::BTreeSet;

use crate::common::{
    CRASHES, World, hq, is_conflict, nothing_decided, people_held, stalled_run, sync_keys, world,
};
use jiff::SignedDuration;
use org_model::{Fingerprint, RunId};
use org_plan::{HeldItem, HeldList};
use source_admin::ports::{Clearings, Decided, HeldDecisions, Unsettled};
use sync_run::ports::{Decisions, HeldLists, Leases, RunLog, StoreError};
use sync_run::{Decision, HeldState, KeptSet, KeptWhy, RunLease, RunStatus, StoredHeldList};
use testkit::Faults;

fn list_held(world: &World, run: &str, count: usize) -> StoredHeldList {
    let (now, items) = (world.clock.now(), people_held(count));
    StoredHeldList {
        list: HeldList::new(hq(), RunId::new(run), now, vec![], items),
        state: HeldState::Waiting,
        decided_by: None,
        decided_at: None,
        released: BTreeSet::new(),
        consumed_by: None,
    }
}

fn holding(
    world: &World,
    lease: &RunLease,
    held: Vec<StoredHeldList>,
    lists: Vec<StoredHeldList>,
) -> Decision {
    let mut record = world.record(lease.run().as_str());
    record.status = RunStatus::Running;
    record.started_at = Some(world.clock.now());
    Decision {
        held,
        lists,
        ..nothing_decided(&record)
    }
}

/// A list of so many that waits.
async fn waiting(world: &World, count: usize) -> (RunLease, StoredHeldList) {
    world.add_source().await;
    let lease = world.lease("a").await;
    let list = list_held(world, "a", count);
    let decision = holding(world, &lease, vec![list.clone()], vec![]);
    world.store.decide(&lease, &decision).await.unwrap();
    (lease, list)
}

fn released(list: &StoredHeldList, items: &[HeldItem]) -> StoredHeldList {
    let ids = items.iter();
    let ids = ids.map(|item| (item.kind, item.internal_id.clone()));
    StoredHeldList {
        released: ids.collect(),
        ..list.clone()
    }
}

async fn approve(
    world: &World,
    list: &StoredHeldList,
    except: &[HeldItem],
    by: &str,
) -> Result<Decided, StoreError> {
    let (fingerprint, author) = (list.list.fingerprint, world.author(by));
    let store = &world.store;
    store.approve(&hq(), fingerprint, except, &author).await
}

async fn reject(world: &World, list: &StoredHeldList, by: &str) -> Result<Decided, StoreError> {
    let (fingerprint, author) = (list.list.fingerprint, world.author(by));
    world.store.reject(&hq(), fingerprint, &author).await
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

fn live(decided: Result<Decided, StoreError>) -> RunId {
    match decided {
        Ok(Decided::RunLive(run)) => run,
        other => panic!("no run is in the way: {other:?}"),
    }
}

async fn kept(world: &World) -> Vec<KeptSet> {
    Decisions::kept(&world.store, &hq()).await.unwrap()
}

async fn stored(world: &World, list: &StoredHeldList) -> StoredHeldList {
    let found = world.store.list(&hq(), list.list.fingerprint).await;
    found.unwrap().unwrap()
}

fn items_of(sets: &[KeptSet]) -> Vec<HeldItem> {
    sets.iter().flat_map(|set| set.items.clone()).collect()
}

#[tokio::test]
async fn whom_an_approval_excepts_is_kept_and_leaves_the_list() {
    let world = world().await;
    let (_lease, list) = waiting(&world, 20).await;
    let except = &list.list.items[4..7];
    let at = world.clock.now();
    let first = done(approve(&world, &list, except, "alice").await);
    assert_eq!(first.state, HeldState::Approved);
    assert_eq!(first.decided_by.as_deref(), Some("alice"));
    assert_eq!(first.decided_at, Some(at));
    assert_eq!(first.remaining().count(), 17);
    assert_eq!(stored(&world, &list).await, first);
    let sets = kept(&world).await;
    assert_eq!(items_of(&sets), except);
    let fingerprint = list.list.fingerprint;
    assert_eq!(sets[0].why, KeptWhy::Excepted { list: fingerprint });
    assert_eq!((sets[0].by.as_str(), sets[0].at), ("alice", at));
    let headers = world.store.lists(&hq()).await.unwrap();
    assert_eq!(headers[0].remaining, 17, "by the header alone");
    // The same word again, by anybody and in any order; then other words.
    world.clock.advance(SignedDuration::from_mins(1));
    let turned: Vec<_> = except.iter().rev().cloned().collect();
    assert_eq!(done(approve(&world, &list, &turned, "bob").await), first);
    for other in [&list.list.items[4..6], &[]] {
        let state = refused(approve(&world, &list, other, "bob").await);
        assert_eq!(state, HeldState::Approved);
    }
    assert_eq!(live(reject(&world, &list, "bob").await), RunId::new("a"));
    assert_eq!(kept(&world).await, sets);
}

#[tokio::test]
async fn whoever_is_rejected_is_kept_and_the_list_is_over() {
    let world = world().await;
    let (lease, list) = waiting(&world, 20).await;
    // One came back before.
    let returned = released(&list, &list.list.items[..1]);
    let decision = holding(&world, &lease, vec![], vec![returned]);
    world.store.decide(&lease, &decision).await.unwrap();
    let first = done(reject(&world, &list, "alice").await);
    assert_eq!(first.state, HeldState::Rejected);
    assert_eq!(stored(&world, &list).await, first);
    let sets = kept(&world).await;
    assert_eq!(items_of(&sets), list.list.items[1..]);
    let fingerprint = list.list.fingerprint;
    assert_eq!(sets[0].why, KeptWhy::Rejected { list: fingerprint });
    assert!(world.store.standing(&hq()).await.unwrap().is_empty());
    assert_eq!(dated(&world).await, [true, true], "header and page");
    world.clock.advance(SignedDuration::from_mins(1));
    assert_eq!(done(reject(&world, &list, "bob").await), first);
    assert_eq!(
        refused(approve(&world, &list, &[], "bob").await),
        HeldState::Rejected
    );
    assert_eq!(kept(&world).await, sets);
}

/// Which items of held lists carry a date, in the order of their keys.
async fn dated(world: &World) -> Vec<bool> {
    let client = world.dynamo.client();
    let found = client.scan().table_name("SyncTable").send().await.unwrap();
    let text = |item: &std::collections::HashMap<String, _>, name: &str| {
        let value: &aws_sdk_dynamodb::types::AttributeValue = &item[name];
        value.as_s().unwrap().clone()
    };
    let items = found.items().iter().filter(|item| {
        text(item, "pk").contains("#HELD#") || text(item, "sk").starts_with("HELD#")
    });
    items.map(|item| item.contains_key("expires_at")).collect()
}

#[tokio::test]
async fn a_word_on_no_list_or_one_that_expired_keeps_nobody() {
    let world = world().await;
    let (_lease, list) = waiting(&world, 5).await;
    let (unknown, alice) = (Fingerprint::of("unknown"), world.author("alice"));
    let found = world.store.reject(&hq(), unknown, &alice).await;
    assert_eq!(found.unwrap(), Decided::NotFound);
    let found = world.store.approve(&hq(), unknown, &[], &alice).await;
    assert_eq!(found.unwrap(), Decided::NotFound);
    world.clock.advance(SignedDuration::from_hours(72));
    assert_eq!(
        refused(reject(&world, &list, "alice").await),
        HeldState::Waiting
    );
    let except = &list.list.items[..1];
    let late = approve(&world, &list, except, "alice").await;
    assert_eq!(refused(late), HeldState::Waiting);
    assert_eq!(kept(&world).await, []);
}

#[tokio::test]
async fn what_the_list_does_not_name_is_not_kept_for_its_sake() {
    let world = world().await;
    let (_lease, list) = waiting(&world, 3).await;
    let stranger = &people_held(4)[3..];
    let approved = done(approve(&world, &list, stranger, "alice").await);
    assert_eq!(approved.remaining().count(), 3);
    assert_eq!(kept(&world).await, []);
}

#[tokio::test]
async fn a_run_that_read_the_list_before_takes_no_exception_back() {
    let world = world().await;
    let (lease, list) = waiting(&world, 9).await;
    let except = list.list.items[..2].to_vec();
    // The run has read the list as it waits, and says that another one came back.
    let returned = released(&list, &list.list.items[5..6]);
    let decision = holding(&world, &lease, vec![], vec![returned]);
    let (faults, run) = stalled_run(&world, 2, |store| async move {
        store.decide(&lease, &decision).await
    });
    faults.stalled().await;
    done(approve(&world, &list, &except, "alice").await);
    faults.wake();
    run.await.unwrap().unwrap();
    let after = stored(&world, &list).await;
    assert_eq!(after.state, HeldState::Approved);
    let left: Vec<&HeldItem> = after.remaining().collect();
    let wanted = list.list.items.iter().enumerate();
    let wanted = wanted.filter(|(index, _)| ![0, 1, 5].contains(index));
    assert_eq!(left, wanted.map(|(_, item)| item).collect::<Vec<_>>());
    assert_eq!(world.store.lists(&hq()).await.unwrap()[0].remaining, 6);
}

#[tokio::test]
async fn what_comes_back_while_a_person_excepts_is_no_reason_to_refuse() {
    let world = world().await;
    let (lease, list) = waiting(&world, 9).await;
    let fingerprint = list.list.fingerprint;
    let (except, alice) = (list.list.items[..2].to_vec(), world.author("alice"));
    // The header and its page are read, the retention is looked up; the transaction sleeps.
    let (faults, word) = stalled_run(&world, 3, |store| async move {
        store.approve(&hq(), fingerprint, &except, &alice).await
    });
    faults.stalled().await;
    let returned = released(&list, &list.list.items[5..6]);
    let decision = holding(&world, &lease, vec![], vec![returned]);
    world.store.decide(&lease, &decision).await.unwrap();
    faults.wake();
    done(word.await.unwrap());
    assert_eq!(stored(&world, &list).await.remaining().count(), 6);
}

#[tokio::test]
async fn a_run_that_lets_a_rejected_list_expire_or_holds_it_anew_is_refused() {
    let world = world().await;
    let (lease, list) = waiting(&world, 3).await;
    world.store.release(&lease).await.unwrap();
    world.clock.advance(SignedDuration::from_hours(71));
    let late = world.lease("b").await;
    let mut expired = list.clone();
    expired.state = HeldState::Expired;
    let expiring = holding(&world, &late, vec![], vec![expired]);
    let anew = list_held(&world, "b", 3);
    let holding_anew = holding(&world, &late, vec![anew], vec![]);
    world.clock.advance(SignedDuration::from_secs(1));
    let rejected = done(reject(&world, &list, "alice").await);
    for decision in [expiring, holding_anew] {
        let ended = world.store.decide(&late, &decision).await;
        assert!(is_conflict(ended));
        assert_eq!(stored(&world, &list).await, rejected);
    }
    // A run that began later knows of the rejection: what it holds it holds knowingly.
    let next = world.takeover("c").await;
    let knowing = list_held(&world, "c", 3);
    let decision = holding(&world, &next, vec![knowing.clone()], vec![]);
    world.store.decide(&next, &decision).await.unwrap();
    assert_eq!(world.store.standing(&hq()).await.unwrap(), [knowing]);
    assert_eq!(kept(&world).await.len(), 1, "and they are kept until seen");
}

#[tokio::test]
async fn a_word_about_a_list_that_is_held_anew_meanwhile_looks_again() {
    let world = world().await;
    let (lease, old) = waiting(&world, 3).await;
    let (fingerprint, alice) = (old.list.fingerprint, world.author("alice"));
    let (faults, word) = stalled_run(&world, 4, |store| async move {
        store.reject(&hq(), fingerprint, &alice).await
    });
    faults.stalled().await;
    world.store.release(&lease).await.unwrap();
    world.clock.advance(SignedDuration::from_hours(73));
    let next = world.lease("b").await;
    let anew = list_held(&world, "b", 3);
    let decision = holding(&world, &next, vec![anew.clone()], vec![]);
    world.store.decide(&next, &decision).await.unwrap();
    faults.wake();
    let rejected = done(word.await.unwrap());
    assert_eq!(rejected.list.run, RunId::new("b"));
    assert_eq!(stored(&world, &anew).await, rejected);
}

#[tokio::test]
async fn two_people_who_decide_at_once_make_one_decision() {
    let world = world().await;
    let (_lease, list) = waiting(&world, 8).await;
    let words = (0..4).map(|i| approve(&world, &list, &list.list.items[i..=i], "alice"));
    let rejections = (0..4).map(|_| reject(&world, &list, "bob"));
    let approvals = futures::future::join_all(words);
    let rejections = futures::future::join_all(rejections);
    let (approvals, rejections) = futures::join!(approvals, rejections);
    let is_done = |one: &&Result<Decided, StoreError>| matches!(one, Ok(Decided::Done(_)));
    let approved = approvals.iter().filter(is_done).count();
    let rejected = rejections.iter().filter(is_done).count();
    // Rejections are all the same word; of the approvals each is another.
    assert!([(1, 0), (0, 4)].contains(&(approved, rejected)));
    let keeps: usize = kept(&world).await.iter().map(|set| set.items.len()).sum();
    assert_eq!(keeps, if approved == 1 { 1 } else { 8 });
}

#[tokio::test]
async fn a_word_sent_twice_or_killed_at_any_request_is_whole_or_unsaid() {
    let world = world().await;
    let (_lease, list) = waiting(&world, 5).await;
    let store = world.store_with(&Faults::repeating_writes());
    let (fingerprint, alice) = (list.list.fingerprint, world.author("alice"));
    let word = store.reject(&hq(), fingerprint, &alice).await;
    assert_eq!(done(word).state, HeldState::Rejected);
    assert_eq!(items_of(&kept(&world).await), list.list.items);
    for moment in CRASHES {
        for request in 1.. {
            let world = crate::common::world().await;
            let (_lease, list) = waiting(&world, 5).await;
            let faults = Faults::crash_at(request, moment);
            let dying = world.store_with(&faults);
            let except = &list.list.items[..2];
            let ended = dying.approve(&hq(), fingerprint, except, &alice).await;
            let (after, sets) = (stored(&world, &list).await, kept(&world).await);
            let whole = after.state == HeldState::Approved && items_of(&sets) == except;
            assert!(whole || (after == list && sets.is_empty()), "{request}");
            assert!(whole || ended.is_err());
            if !faults.crashed() {
                break;
            }
        }
    }
}

/// People whose sets are more than one transaction takes.
fn many() -> Vec<HeldItem> {
    let noise = crate::common::noise(4_000 * 1_000);
    let named = people_held(4_000).into_iter().enumerate();
    let named = named.map(|(i, item)| HeldItem {
        name: noise[i * 1_000..][..1_000].to_owned(),
        ..item
    });
    named.collect()
}

#[tokio::test]
async fn what_is_more_than_a_transaction_takes_is_kept_before_the_word_stands() {
    let world = world().await;
    world.add_source().await;
    let lease = world.lease("a").await;
    let mut large = list_held(&world, "a", 1);
    let (run, now) = (RunId::new("a"), world.clock.now());
    large.list = HeldList::new(hq(), run, now, vec![], many());
    let decision = holding(&world, &lease, vec![large.clone()], vec![]);
    world.store.decide(&lease, &decision).await.unwrap();
    let (fingerprint, alice) = (large.list.fingerprint, world.author("alice"));
    // Killed in the middle: nothing is said, and whoever is kept is kept for nothing.
    let dying = world.store_with(&Faults::crash_at(9, crate::common::CRASHES[1]));
    let died = dying.reject(&hq(), fingerprint, &alice).await;
    assert!(died.is_err());
    assert_eq!(stored(&world, &large).await.state, HeldState::Waiting);
    assert!(!kept(&world).await.is_empty());
    let faults = Faults::default();
    let store = world.store_with(&faults);
    let rejected = done(store.reject(&hq(), fingerprint, &alice).await);
    assert_eq!(rejected.state, HeldState::Rejected);
    let sets = kept(&world).await;
    let mut items = items_of(&sets);
    items.sort();
    assert_eq!(items.len(), 4_000);
    assert_eq!(items, large.list.items);
}

#[tokio::test]
async fn sets_that_were_written_for_a_word_that_came_too_late_go_again() {
    let world = world().await;
    world.add_source().await;
    let lease = world.lease("a").await;
    let mut large = list_held(&world, "a", 1);
    let (run, now) = (RunId::new("a"), world.clock.now());
    large.list = HeldList::new(hq(), run, now, vec![], many());
    let decision = holding(&world, &lease, vec![large.clone()], vec![]);
    world.store.decide(&lease, &decision).await.unwrap();
    let (fingerprint, alice) = (large.list.fingerprint, world.author("alice"));
    let (faults, word) = stalled_run(&world, 9, |store| async move {
        store.reject(&hq(), fingerprint, &alice).await
    });
    faults.stalled().await;
    assert!(!kept(&world).await.is_empty(), "some are written already");
    done(approve(&world, &large, &[], "bob").await);
    faults.wake();
    assert_eq!(live(word.await.unwrap()), RunId::new("a"));
    let keys = sync_keys(&world).await;
    let sets = keys.iter().filter(|(_, sk)| sk.starts_with("KEPT#"));
    assert_eq!(sets.count(), 0);
}

#[tokio::test]
async fn a_source_that_is_being_cleared_takes_no_word() {
    let world = world().await;
    let (lease, list) = waiting(&world, 3).await;
    world.store.release(&lease).await.unwrap();
    let (nothing, bob) = (Unsettled::default(), world.author("bob"));
    let store = &world.store;
    let begun = store.begin_clearing(&hq(), 1, false, &nothing, &bob).await;
    begun.unwrap();
    assert!(is_conflict(reject(&world, &list, "alice").await));
    assert!(is_conflict(approve(&world, &list, &[], "alice").await));
    assert_eq!(kept(&world).await, []);
}
