//! The visible range that waits: seen by runs, accepted by people, and neither overrules the other.

use std::collections::BTreeSet;

use crate::common::{CRASHES, World, first, hq, sync_keys, world};
use jiff::SignedDuration;
use org_model::{
    DepartmentId, Fingerprint, InternalId, ItemKind, RangeNarrowing, RunId, VisibleRange,
};
use org_plan::{Action, HeldItem};
use source_admin::ports::{
    History, HistoryAction, PageRequest, READ_A_CURSOR, RangeAccepted, RangeDecisions,
};
use sync_run::ports::{Ranges, StoreError};
use sync_run::{AffectedPeople, RangeAcceptance, RunLease, StandingRange};
use testkit::Faults;

fn people(count: usize) -> Vec<HeldItem> {
    let person = |number: usize| HeldItem {
        kind: ItemKind::User,
        id: format!("user{number}"),
        internal_id: InternalId::new(format!("id-of-user{number}")),
        name: format!("Name of {number}"),
        action: Action::Delete,
        departments: vec![DepartmentId(16)],
        suspected_rename: None,
    };
    (0..count).map(person).collect()
}

/// What a run saw; `what` is the difference.
fn range(lease: &RunLease, what: &str, affected: &[HeldItem]) -> StandingRange {
    StandingRange {
        fingerprint: Fingerprint::of(what),
        run: lease.run().clone(),
        seen_at: lease.expires_at(),
        agent_id: 1_000_002,
        declared: VisibleRange {
            departments: BTreeSet::from([DepartmentId(2)]),
            ..VisibleRange::default()
        },
        departments: 7,
        narrowing: RangeNarrowing {
            departments: (10..2_000).map(DepartmentId).collect(),
            root_lost: true,
            ..RangeNarrowing::default()
        },
        affected_users: affected.len() as u64,
        affected_departments: 0,
        acceptance: None,
    }
}

async fn see(world: &World, lease: &RunLease, what: &str, affected: &[HeldItem]) -> StandingRange {
    let seen = range(lease, what, affected);
    world.store.see(lease, &seen, affected, None).await.unwrap();
    seen
}

async fn accept(world: &World, what: &str, people: AffectedPeople, by: &str) -> RangeAccepted {
    let (fingerprint, author) = (Fingerprint::of(what), world.author(by));
    let store = &world.store;
    let accepted = store
        .accept_range(&hq(), fingerprint, people, &author)
        .await;
    accepted.unwrap()
}

async fn standing(world: &World) -> Option<StandingRange> {
    world.store.standing_range(&hq()).await.unwrap()
}

async fn affected(world: &World, what: &str) -> Vec<HeldItem> {
    let fingerprint = Fingerprint::of(what);
    world.store.affected(&hq(), fingerprint).await.unwrap()
}

/// The pages that lie beside the header.
async fn pages(world: &World) -> usize {
    let keys = sync_keys(world).await;
    keys.iter()
        .filter(|(pk, _)| pk == "SOURCE#hq#RANGE")
        .count()
}

#[tokio::test]
async fn a_range_is_told_with_everybody_it_does_not_show_page_by_page() {
    let world = world().await;
    let lease = world.lease("a").await;
    assert_eq!(standing(&world).await, None);
    let everybody = people(20_000);
    let seen = see(&world, &lease, "narrow", &everybody).await;
    assert_eq!(standing(&world).await, Some(seen));
    assert_eq!(affected(&world, "narrow").await, everybody);
    assert_eq!(affected(&world, "other").await, []);
    let fingerprint = Fingerprint::of("narrow");
    let (mut shown, mut request) = (Vec::new(), first(999));
    let faults = Faults::default();
    let store = world.store_with(&faults);
    loop {
        let page = store.affected_items(&hq(), fingerprint, &request).await;
        let page = page.unwrap().unwrap();
        shown.extend(page.items);
        request.cursor = page.next;
        if request.cursor.is_none() {
            break;
        }
    }
    assert_eq!(shown, everybody);
    // 21 pages: the header, and at most two pages of a thousand.
    assert!(faults.requests() <= 63, "{}", faults.requests());
    let other = Fingerprint::of("other");
    let none = store.affected_items(&hq(), other, &first(9)).await;
    assert_eq!(none.unwrap(), None);
    let past = PageRequest {
        cursor: Some("30000".to_owned()),
        limit: 9,
    };
    let past = store.affected_items(&hq(), fingerprint, &past).await;
    let past = past.unwrap().unwrap();
    assert!(past.items.is_empty() && past.next.is_none());
    request.cursor = Some("nonsense".to_owned());
    let refused = store.affected_items(&hq(), fingerprint, &request).await;
    assert!(matches!(refused, Err(StoreError::Unreadable { act, .. }) if act == READ_A_CURSOR));
}

#[tokio::test]
async fn the_same_range_seen_again_costs_no_page_and_another_one_takes_its_place() {
    let world = world().await;
    let everybody = people(2_500);
    let lease = world.lease("a").await;
    see(&world, &lease, "narrow", &everybody).await;
    assert_eq!(pages(&world).await, 4, "three of items, one of the range");
    let later = world.takeover("b").await;
    let faults = Faults::default();
    let seen = range(&later, "narrow", &everybody);
    let store = world.store_with(&faults);
    store.see(&later, &seen, &everybody, None).await.unwrap();
    assert_eq!(faults.operations(), ["GetItem", "TransactWriteItems"]);
    assert_eq!(
        standing(&world).await,
        Some(seen),
        "as the later run saw it"
    );
    let seen = see(&world, &later, "narrow", &everybody[1..]).await;
    assert_eq!(standing(&world).await, Some(seen), "others by now");
    let seen = see(&world, &later, "narrower", &everybody[..7]).await;
    assert_eq!(standing(&world).await, Some(seen));
    assert_eq!(affected(&world, "narrower").await, everybody[..7]);
    assert_eq!(affected(&world, "narrow").await, []);
    assert_eq!(
        pages(&world).await,
        2,
        "what nothing names any more is swept"
    );
}

#[tokio::test]
async fn a_range_is_accepted_once_with_one_entry_in_the_history() {
    let world = world().await;
    world.add_source().await;
    let lease = world.lease("a").await;
    let keep = AffectedPeople::Keep;
    assert_eq!(
        accept(&world, "narrow", keep, "bob").await,
        RangeAccepted::Nothing
    );
    let seen = see(&world, &lease, "narrow", &people(3)).await;
    let stale = RangeAccepted::Stale(Box::new(seen.clone()));
    assert_eq!(accept(&world, "other", keep, "bob").await, stale);
    world.clock.advance(SignedDuration::from_secs(1));
    let accepted = Box::new(StandingRange {
        acceptance: Some(RangeAcceptance {
            people: keep,
            by: "bob".to_owned(),
            at: world.clock.now(),
        }),
        ..seen
    });
    let done = RangeAccepted::Done(accepted.clone());
    assert_eq!(accept(&world, "narrow", keep, "bob").await, done);
    world.clock.advance(SignedDuration::from_secs(1));
    assert_eq!(accept(&world, "narrow", keep, "alice").await, done);
    let decided = RangeAccepted::Decided(accepted);
    assert_eq!(
        accept(&world, "narrow", AffectedPeople::Delete, "alice").await,
        decided
    );
    let history = world.store.history(&hq(), &first(9)).await.unwrap().items;
    let told: Vec<_> = history
        .iter()
        .map(|one| (one.action, one.by.as_str()))
        .collect();
    assert_eq!(told[0], (HistoryAction::RangeAccepted, "bob"));
    assert_eq!(told.len(), 2, "the source's creation is the other");
}

#[tokio::test]
async fn two_who_accept_at_once_with_different_words_do_not_both_have_their_way() {
    let world = world().await;
    let lease = world.lease("a").await;
    see(&world, &lease, "narrow", &people(3)).await;
    let words = [AffectedPeople::Keep, AffectedPeople::Delete]
        .into_iter()
        .cycle();
    let names: Vec<String> = (0..6).map(|number| format!("admin{number}")).collect();
    let calls = names.iter().zip(words);
    let calls = calls.map(|(by, people)| accept(&world, "narrow", people, by));
    let outcomes = futures::future::join_all(calls).await;
    let done = outcomes
        .iter()
        .filter(|one| matches!(one, RangeAccepted::Done(_)));
    let decided = outcomes
        .iter()
        .filter(|one| matches!(one, RangeAccepted::Decided(_)));
    assert_eq!((done.count(), decided.count()), (3, 3));
    let history = world.store.history(&hq(), &first(9)).await.unwrap();
    assert_eq!(history.items.len(), 1);
}

#[tokio::test]
async fn an_acceptance_that_is_cut_off_anywhere_stands_with_its_history_or_not_at_all() {
    for moment in CRASHES {
        for request in 1.. {
            let world = world().await;
            let lease = world.lease("a").await;
            see(&world, &lease, "narrow", &people(3)).await;
            let dying = world.store_with(&Faults::crash_at(request, moment));
            let (narrow, author) = (Fingerprint::of("narrow"), world.author("bob"));
            let keep = AffectedPeople::Keep;
            let ended = dying.accept_range(&hq(), narrow, keep, &author).await;
            let accepted = standing(&world).await.unwrap().acceptance.is_some();
            let told = world.store.history(&hq(), &first(9)).await.unwrap();
            assert_eq!(told.items.len(), usize::from(accepted), "request {request}");
            let again = accept(&world, "narrow", keep, "bob").await;
            assert!(matches!(again, RangeAccepted::Done(_)));
            let told = world.store.history(&hq(), &first(9)).await.unwrap();
            assert_eq!(told.items.len(), 1);
            if ended.is_ok() {
                break;
            }
        }
    }
}

#[tokio::test]
async fn what_was_accepted_stays_as_it_was_shown_until_it_is_settled() {
    let world = world().await;
    let lease = world.lease("a").await;
    let everybody = people(1_200);
    see(&world, &lease, "narrow", &everybody).await;
    accept(&world, "narrow", AffectedPeople::Delete, "bob").await;
    let accepted = standing(&world).await;
    let later = world.takeover("b").await;
    see(&world, &later, "narrow", &people(1_300)).await;
    assert_eq!(standing(&world).await, accepted);
    assert_eq!(affected(&world, "narrow").await, everybody);
    world
        .store
        .settle(&later, Fingerprint::of("other"))
        .await
        .unwrap();
    assert_eq!(standing(&world).await, accepted);
    let store = world.store_with(&Faults::repeating_writes());
    store
        .settle(&later, Fingerprint::of("narrow"))
        .await
        .unwrap();
    store
        .settle(&later, Fingerprint::of("narrow"))
        .await
        .unwrap();
    assert_eq!(standing(&world).await, None);
    assert_eq!(pages(&world).await, 0);
}

#[tokio::test]
async fn only_an_acceptance_that_the_run_knew_of_makes_way_for_another_range() {
    let world = world().await;
    let lease = world.lease("a").await;
    see(&world, &lease, "narrow", &people(3)).await;
    accept(&world, "narrow", AffectedPeople::Keep, "bob").await;
    let accepted = standing(&world).await;
    let other = range(&lease, "other", &people(4));
    for unheard in [None, Some(Fingerprint::of("older"))] {
        let seen = world.store.see(&lease, &other, &people(4), unheard).await;
        seen.unwrap();
        assert_eq!(standing(&world).await, accepted);
    }
    let store = world.store_with(&Faults::repeating_writes());
    let narrow = Some(Fingerprint::of("narrow"));
    let seen = store.see(&lease, &other, &people(4), narrow).await;
    seen.unwrap();
    assert_eq!(standing(&world).await, Some(other));
    assert_eq!(affected(&world, "other").await, people(4));
}

#[tokio::test]
async fn an_acceptance_that_comes_while_a_run_replaces_the_list_is_not_lost() {
    let world = world().await;
    let lease = world.lease("a").await;
    let shown = people(3);
    see(&world, &lease, "narrow", &shown).await;
    // The header, a page of items, a page of the range, then the header anew.
    let faults = Faults::stalling_at(4);
    let sleepy = world.store_with(&faults);
    let run = tokio::spawn(async move {
        let others = people(4);
        let seen = range(&lease, "narrow", &others);
        sleepy.see(&lease, &seen, &others, None).await
    });
    faults.stalled().await;
    accept(&world, "narrow", AffectedPeople::Keep, "bob").await;
    let accepted = standing(&world).await;
    faults.wake();
    run.await.unwrap().unwrap();
    assert_eq!(standing(&world).await, accepted);
    assert_eq!(affected(&world, "narrow").await, shown);
}

#[tokio::test]
async fn a_late_run_neither_writes_nor_settles_nor_sweeps_a_range() {
    let world = world().await;
    let late = world.lease("a").await;
    see(&world, &late, "old", &people(3)).await;
    let lease = world.takeover("b").await;
    let everybody = people(5);
    let seen = see(&world, &lease, "narrow", &everybody).await;
    let zombie = range(&late, "old", &people(3));
    let lost = world.store.see(&late, &zombie, &people(3), None).await;
    assert!(matches!(lost, Err(StoreError::LeaseLost { .. })));
    let lost = world.store.settle(&late, Fingerprint::of("narrow")).await;
    assert!(matches!(lost, Err(StoreError::LeaseLost { .. })));
    assert_eq!(standing(&world).await, Some(seen));
    assert_eq!(affected(&world, "narrow").await, everybody);
}

#[tokio::test]
async fn a_run_that_dies_while_it_sees_a_range_leaves_the_one_that_stood() {
    for moment in CRASHES {
        for request in 1.. {
            let world = world().await;
            let lease = world.lease("a").await;
            let before = see(&world, &lease, "narrow", &people(3)).await;
            let dying = world.store_with(&Faults::crash_at(request, moment));
            let others = people(1_001);
            let seen = range(&lease, "narrower", &others);
            let ended = dying.see(&lease, &seen, &others, None).await;
            let stands = standing(&world).await.unwrap();
            match stands.fingerprint == seen.fingerprint {
                true => assert_eq!(affected(&world, "narrower").await, others),
                false => assert_eq!(stands, before, "request {request}"),
            }
            let next = world.takeover("b").await;
            let seen = see(&world, &next, "narrowest", &others).await;
            assert_eq!(standing(&world).await, Some(seen));
            assert_eq!(pages(&world).await, 3, "garbage goes with the next change");
            if ended.is_ok() && request > 9 {
                break;
            }
        }
    }
}

#[tokio::test]
async fn a_reader_whose_pages_are_swept_meanwhile_looks_again() {
    let world = world().await;
    let lease = world.lease("a").await;
    see(&world, &lease, "narrow", &people(3)).await;
    // The header, then the page.
    let faults = Faults::stalling_at(2);
    let sleepy = world.store_with(&faults);
    let reading = tokio::spawn(async move { sleepy.standing_range(&hq()).await });
    faults.stalled().await;
    let seen = see(&world, &lease, "narrower", &people(2)).await;
    faults.wake();
    assert_eq!(reading.await.unwrap().unwrap(), Some(seen));
    assert_eq!(standing(&world).await.unwrap().run, RunId::new("a"));
}
