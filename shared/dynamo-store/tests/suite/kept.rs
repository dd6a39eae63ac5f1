//! Kept sets: written with a decision, released by anybody at once, shown page by page.

use std::collections::BTreeSet;

use crate::common::{
    CRASHES, World, first, hq, is_conflict, nothing_decided, people_held, stalled_run, sync_keys,
    world,
};
use jiff::SignedDuration;
use org_model::{Fingerprint, ItemKey, RunId, UserId};
use org_plan::HeldItem;
use source_admin::ports::{History, HistoryAction, KeptItem, KeptMarks, PageRequest};
use sync_run::ports::{Decisions, RunLog, StoreError};
use sync_run::{Decision, KeptRelease, KeptSet, KeptWhy, RunLease, RunStatus};
use testkit::Faults;

fn undone(run: &str) -> KeptWhy {
    KeptWhy::Undone {
        run: RunId::new(run),
    }
}

fn sets(world: &World, run: &str, items: &[HeldItem]) -> Vec<KeptSet> {
    KeptSet::split(&undone(run), "alice", world.clock.now(), items)
}

/// More sets than one transaction takes.
fn many_sets(world: &World) -> Vec<KeptSet> {
    let (people, at) = (people_held(33), world.clock.now());
    let sets = people.chunks(3).enumerate().map(|(number, items)| KeptSet {
        id: format!("{:015}-{number:02}", at.as_millisecond()),
        why: undone("x"),
        by: "alice".to_owned(),
        at,
        items: items.to_vec(),
        released: BTreeSet::new(),
    });
    sets.collect()
}

fn release(set: &KeptSet, items: &[HeldItem]) -> KeptRelease {
    KeptRelease {
        set: set.id.clone(),
        items: ids(items),
    }
}

fn ids(items: &[HeldItem]) -> BTreeSet<(org_model::ItemKind, org_model::InternalId)> {
    let ids = items.iter();
    ids.map(|item| (item.kind, item.internal_id.clone()))
        .collect()
}

fn key(item: &HeldItem) -> ItemKey {
    item.key().unwrap()
}

fn deciding(world: &World, lease: &RunLease) -> Decision {
    let mut record = world.record(lease.run().as_str());
    record.status = RunStatus::Running;
    nothing_decided(&record)
}

async fn keep(world: &World, lease: &RunLease, kept: &[KeptSet]) {
    let decision = Decision {
        kept: kept.to_vec(),
        ..deciding(world, lease)
    };
    world.store.decide(lease, &decision).await.unwrap();
}

async fn let_go(world: &World, lease: &RunLease, released: Vec<KeptRelease>) {
    let decision = Decision {
        kept_released: released,
        ..deciding(world, lease)
    };
    world.store.decide(lease, &decision).await.unwrap();
}

async fn kept(world: &World) -> Vec<KeptSet> {
    Decisions::kept(&world.store, &hq()).await.unwrap()
}

async fn shown(
    world: &World,
    cursor: Option<String>,
    limit: u32,
) -> (Vec<KeptItem>, Option<String>) {
    let page = PageRequest { cursor, limit };
    let page = world.store.kept_items(&hq(), &page).await.unwrap();
    (page.items, page.next)
}

#[tokio::test]
async fn sets_come_back_as_they_were_decided_oldest_first() {
    let world = world().await;
    let lease = world.lease("a").await;
    assert_eq!(kept(&world).await, []);
    let first = sets(&world, "x", &people_held(4_100));
    world.clock.advance(SignedDuration::from_secs(1));
    let second = sets(&world, "y", &people_held(2));
    assert_eq!((first.len(), second.len()), (3, 1));
    for _twice in 0..2 {
        keep(&world, &lease, &second).await;
        keep(&world, &lease, &first).await;
    }
    assert_eq!(kept(&world).await, [first, second].concat());
}

#[tokio::test]
async fn what_is_more_than_a_transaction_takes_is_kept_before_it_and_released_after_it() {
    let world = world().await;
    let lease = world.lease("a").await;
    let all = many_sets(&world);
    assert_eq!(all.len(), 11);
    let store = world.store_with(&Faults::repeating_writes());
    let decision = Decision {
        kept: all.clone(),
        ..deciding(&world, &lease)
    };
    store.decide(&lease, &decision).await.unwrap();
    assert_eq!(kept(&world).await, all);
    let gone = all
        .iter()
        .map(|set| release(set, &set.items[1..]))
        .collect();
    let decision = Decision {
        kept_released: gone,
        ..deciding(&world, &lease)
    };
    store.decide(&lease, &decision).await.unwrap();
    let left = kept(&world).await;
    assert_eq!(left.len(), 11);
    assert!(left.iter().all(|set| set.remaining().count() == 1));
}

#[tokio::test]
async fn a_full_set_with_everybody_but_one_released_still_fits_its_item() {
    let world = world().await;
    let lease = world.lease("a").await;
    // Names and ids as long and as unlike as they come.
    let noise = crate::common::noise(2_000 * 200);
    let long = people_held(2_000)
        .into_iter()
        .enumerate()
        .map(|(i, item)| HeldItem {
            name: noise[i * 200..][..190].to_owned(),
            ..item
        });
    let long: Vec<HeldItem> = long.collect();
    keep(&world, &lease, &sets(&world, "x", &long)).await;
    let stored = kept(&world).await;
    assert_eq!(stored.len(), 2, "in halves");
    let items: Vec<HeldItem> = stored.iter().flat_map(|set| set.items.clone()).collect();
    assert_eq!(items, long);
    let gone = stored.iter().map(|set| release(set, &set.items[1..]));
    let_go(&world, &lease, gone.collect()).await;
    let left: usize = kept(&world)
        .await
        .iter()
        .map(|set| set.remaining().count())
        .sum();
    assert_eq!(left, 2);
}

#[tokio::test]
async fn a_set_written_again_does_not_take_its_releases_back() {
    let world = world().await;
    let lease = world.lease("a").await;
    let people = people_held(3);
    let all = sets(&world, "x", &people);
    keep(&world, &lease, &all).await;
    let_go(&world, &lease, vec![release(&all[0], &people[..1])]).await;
    keep(&world, &lease, &all).await;
    assert_eq!(kept(&world).await[0].released, ids(&people[..1]));
}

#[tokio::test]
async fn a_run_and_an_administrator_release_at_once_and_the_spent_set_expires() {
    let world = world().await;
    world.add_source().await;
    let lease = world.lease("a").await;
    let people = people_held(2);
    let all = sets(&world, "x", &people);
    keep(&world, &lease, &all).await;
    // The run has read the set, and sleeps before its transaction.
    let decision = Decision {
        kept_released: vec![release(&all[0], &people[..1])],
        ..deciding(&world, &lease)
    };
    let (faults, run) = stalled_run(&world, 2, |store| async move {
        store.decide(&lease, &decision).await
    });
    faults.stalled().await;
    let (author, late) = (world.author("bob"), key(&people[1]));
    let cleared = world.store.clear_kept(&hq(), &late, &author).await;
    assert_eq!(cleared.unwrap().len(), 1);
    faults.wake();
    run.await.unwrap().unwrap();
    assert_eq!(dated(&world).await, [false], "neither saw that it is spent");
    assert_eq!(kept(&world).await, []);
    assert_eq!(dated(&world).await, [true]);
    assert_eq!(shown(&world, None, 9).await, (vec![], None));
}

/// Which kept sets carry a date.
async fn dated(world: &World) -> Vec<bool> {
    let client = world.dynamo.client();
    let found = client.scan().table_name("SyncTable").send().await.unwrap();
    let sets = found.items().iter();
    let sets = sets.filter(|item| item["sk"].as_s().unwrap().starts_with("KEPT#"));
    sets.map(|set| set.contains_key("expires_at")).collect()
}

#[tokio::test]
async fn whoever_is_released_from_a_set_that_is_gone_leaves_no_stub() {
    let world = world().await;
    let lease = world.lease("a").await;
    let people = people_held(2);
    let never_written = sets(&world, "x", &people);
    let gone = vec![release(&never_written[0], &people)];
    let_go(&world, &lease, gone).await;
    let_go(&world, &lease, vec![release(&never_written[0], &[])]).await;
    assert_eq!(kept(&world).await, []);
    let keys = sync_keys(&world).await;
    assert!(keys.iter().all(|(_, sk)| !sk.starts_with("KEPT#")));
}

#[tokio::test]
async fn a_zombie_keeps_and_releases_nobody() {
    let world = world().await;
    let zombie = world.lease("a").await;
    let all = many_sets(&world);
    keep(&world, &zombie, &all[..1]).await;
    world.takeover("b").await;
    for (kept, released) in [
        (all.clone(), vec![]),
        (vec![], vec![release(&all[0], &all[0].items)]),
    ] {
        let late = Decision {
            kept,
            kept_released: released,
            ..deciding(&world, &zombie)
        };
        let lost = world.store.decide(&zombie, &late).await;
        assert!(matches!(lost, Err(StoreError::LeaseLost { .. })));
    }
    assert_eq!(kept(&world).await, all[..1]);
}

#[tokio::test]
async fn a_decision_that_keeps_killed_at_any_request_keeps_whom_it_says_or_more() {
    for moment in CRASHES {
        for request in 1.. {
            let world = world().await;
            world.add_source().await;
            let lease = world.lease("a").await;
            let old = sets(&world, "old", &people_held(2));
            keep(&world, &lease, &old).await;
            let all = many_sets(&world);
            let decision = Decision {
                kept: all.clone(),
                kept_released: vec![release(&old[0], &old[0].items)],
                ..deciding(&world, &lease)
            };
            let faults = Faults::crash_at(request, moment);
            let ended = world.store_with(&faults).decide(&lease, &decision).await;
            let stored = kept(&world).await;
            let whole = stored == all;
            let still_kept = stored.contains(&old[0]);
            assert!(whole || still_kept, "{moment:?} {request}");
            assert!(whole || ended.is_err());
            world.store.decide(&lease, &decision).await.unwrap();
            assert_eq!(kept(&world).await, all);
            if !faults.crashed() {
                break;
            }
        }
    }
}

#[tokio::test]
async fn those_who_are_kept_are_shown_latest_decision_first_page_by_page() {
    let world = world().await;
    world.add_source().await;
    let lease = world.lease("a").await;
    let (old, late) = (people_held(5_000), people_held(7));
    let first_sets = sets(&world, "x", &old);
    keep(&world, &lease, &first_sets).await;
    world.clock.advance(SignedDuration::from_mins(1));
    let second = sets(&world, "y", &late);
    keep(&world, &lease, &second).await;
    let_go(&world, &lease, vec![release(&second[0], &late[2..4])]).await;
    let (mut all, mut cursor, mut pages) = (Vec::new(), None, 0);
    loop {
        let (items, next) = shown(&world, cursor, 700).await;
        assert!(items.len() <= 700);
        all.extend(items);
        pages += 1;
        cursor = next;
        if cursor.is_none() {
            break;
        }
    }
    assert_eq!((all.len(), pages), (5_005, 8));
    assert_eq!(all[0].item, late[0]);
    assert_eq!((&all[0].why, all[0].by.as_str()), (&undone("y"), "alice"));
    assert_eq!(all[0].at, second[0].at);
    assert!(all[..5].iter().all(|one| !late[2..4].contains(&one.item)));
    assert!(all[5..].iter().all(|one| one.why == undone("x")));
    let names: BTreeSet<&str> = all[5..].iter().map(|one| one.item.id.as_str()).collect();
    assert_eq!(names.len(), 5_000, "each once");
}

#[tokio::test]
async fn a_cursor_of_another_list_is_refused() {
    let world = world().await;
    for nonsense in ["", ".", "x", "x.", ".1", "x y.1", "a.b", "a.-1"] {
        let page = PageRequest {
            cursor: Some(nonsense.to_owned()),
            limit: 1,
        };
        let refused = world.store.kept_items(&hq(), &page).await;
        let act = source_admin::ports::READ_A_CURSOR;
        assert!(
            matches!(refused, Err(StoreError::Unreadable { act: told, .. }) if told == act),
            "{nonsense}"
        );
    }
}

#[tokio::test]
async fn clearing_takes_back_every_mark_of_one_item_and_says_so_in_the_history() {
    let world = world().await;
    world.add_source().await;
    let lease = world.lease("a").await;
    let people = people_held(3);
    keep(&world, &lease, &sets(&world, "x", &people)).await;
    world.clock.advance(SignedDuration::from_secs(1));
    keep(&world, &lease, &sets(&world, "y", &people[1..])).await;
    let store = world.store_with(&Faults::repeating_writes());
    let bob = world.author("bob");
    let cleared = store.clear_kept(&hq(), &key(&people[1]), &bob).await;
    let cleared = cleared.unwrap();
    let why: Vec<_> = cleared.iter().map(|one| one.why.clone()).collect();
    assert_eq!(why, [undone("y"), undone("x")], "latest first");
    assert!(cleared.iter().all(|one| one.item == people[1]));
    let left: Vec<usize> = kept(&world)
        .await
        .iter()
        .map(|set| set.remaining().count())
        .collect();
    assert_eq!(left, [2, 1]);
    let history = store.history(&hq(), &first(9)).await.unwrap().items;
    assert_eq!(history[0].action, HistoryAction::KeptCleared);
    assert_eq!((history.len(), history[0].by.as_str()), (2, "bob"));
    // Nothing keeps it any more, nor somebody who was never kept: no entry.
    for nobody in [key(&people[1]), ItemKey::User(UserId::new("nobody").key())] {
        let nothing = store.clear_kept(&hq(), &nobody, &bob).await.unwrap();
        assert_eq!(nothing, []);
    }
    assert_eq!(
        store.history(&hq(), &first(9)).await.unwrap().items.len(),
        2
    );
}

#[tokio::test]
async fn a_mark_cleared_and_killed_at_any_request_is_kept_or_cleared_with_its_entry() {
    for moment in CRASHES {
        for request in 1.. {
            let world = world().await;
            world.add_source().await;
            let lease = world.lease("a").await;
            let people = people_held(2);
            keep(&world, &lease, &sets(&world, "x", &people)).await;
            let faults = Faults::crash_at(request, moment);
            let (store, bob) = (world.store_with(&faults), world.author("bob"));
            let ended = store.clear_kept(&hq(), &key(&people[0]), &bob).await;
            let left = kept(&world).await[0].remaining().count();
            let told = world.store.history(&hq(), &first(9)).await.unwrap();
            assert!(
                (left, told.items.len()) == (2, 1) || (left, told.items.len()) == (1, 2),
                "{moment:?} {request}"
            );
            if !faults.crashed() {
                assert!(ended.is_ok() && left == 1);
                break;
            }
        }
    }
}

#[tokio::test]
async fn a_source_that_is_being_cleared_takes_no_word_about_anybody() {
    use source_admin::ports::{Clearings, Unsettled};
    let world = world().await;
    world.add_source().await;
    let lease = world.lease("a").await;
    let people = people_held(1);
    keep(&world, &lease, &sets(&world, "x", &people)).await;
    sync_run::ports::Leases::release(&world.store, &lease)
        .await
        .unwrap();
    let bob = world.author("bob");
    let begun = world
        .store
        .begin_clearing(&hq(), 1, false, &Unsettled::default(), &bob)
        .await;
    begun.unwrap();
    let refused = world.store.clear_kept(&hq(), &key(&people[0]), &bob).await;
    assert!(is_conflict(refused));
}

#[tokio::test]
async fn ids_begin_with_the_time_of_their_decision() {
    let world = world().await;
    let list = Fingerprint::of("list");
    let early = KeptSet::split(
        &KeptWhy::Rejected { list },
        "alice",
        world.clock.now(),
        &people_held(1),
    );
    world.clock.advance(SignedDuration::from_hours(24 * 400));
    let late = sets(&world, "x", &people_held(1));
    assert!(early[0].id < late[0].id);
}
