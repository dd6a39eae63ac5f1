//! What housekeeping asks of the store: burying dead runs, and purging page by page.

use crate::common::{World, change, deletion, hq, permitted, stamp, user, world};
use jiff::{SignedDuration, Timestamp};
use org_plan::{Action, Item};
use sync_run::ports::{Mirror, MirrorUpkeep, Outbox, PURGE_MAX, RunLog, WriteOutcome};
use sync_run::{OutboxItem, OutboxPayload, RunLease, RunRecord, RunStatus};
use testkit::Faults;
use testkit::crash::CrashMoment;

fn finished(record: &RunRecord) -> OutboxItem {
    OutboxItem {
        id: format!("{}-finished", record.run),
        at: record.queued_at,
        payload: OutboxPayload::RunFinished(Box::new(record.clone())),
    }
}

/// A record that stands open, and how it is to be buried.
async fn open(world: &World, run: &str) -> (RunRecord, [OutboxItem; 1]) {
    let mut record = world.record(run);
    world.store.put_unleased(&record).await.unwrap();
    record.status = RunStatus::Failed;
    let outbox = [finished(&record)];
    (record, outbox)
}

#[tokio::test]
async fn a_buried_run_is_final_and_its_event_waits() {
    let world = world().await;
    let store = world.store_with(&Faults::repeating_writes());
    let (record, outbox) = open(&world, "a").await;
    assert!(store.bury(&record, &outbox).await.unwrap(), "sent twice");
    assert!(store.unfinished(&hq()).await.unwrap().is_empty());
    let found = RunLog::run(&store, &hq(), &record.run).await.unwrap();
    assert_eq!(found, Some(record));
    assert_eq!(store.unsent(&hq()).await.unwrap(), outbox);
}

#[tokio::test]
async fn a_run_that_was_closed_is_not_buried_and_nothing_is_said() {
    let world = world().await;
    let (record, outbox) = open(&world, "a").await;
    let mut closed = record.clone();
    closed.status = RunStatus::Succeeded;
    world.store.put_unleased(&closed).await.unwrap();
    assert!(!world.store.bury(&record, &outbox).await.unwrap());
    let found = RunLog::run(&world.store, &hq(), &record.run).await.unwrap();
    assert_eq!(found, Some(closed));
    assert!(world.store.unsent(&hq()).await.unwrap().is_empty());
}

#[tokio::test]
async fn a_burial_says_nothing_twice_that_left_before() {
    let world = world().await;
    let (record, outbox) = open(&world, "a").await;
    let store = &world.store;
    Outbox::put(store, &hq(), &outbox[0]).await.unwrap();
    let now = world.clock.now();
    store.sent(&hq(), &outbox[0].id, now).await.unwrap();
    assert!(store.bury(&record, &outbox).await.unwrap());
    assert!(store.unfinished(&hq()).await.unwrap().is_empty());
    assert!(store.unsent(&hq()).await.unwrap().is_empty());
}

#[tokio::test]
async fn a_burial_killed_at_any_request_is_whole_or_absent() {
    for moment in [CrashMoment::BeforeSent, CrashMoment::AfterApplied] {
        for request in 1.. {
            let world = world().await;
            let (record, outbox) = open(&world, "a").await;
            let dying = world.store_with(&Faults::crash_at(request, moment));
            let buried = dying.bury(&record, &outbox).await;
            let open = world.store.unfinished(&hq()).await.unwrap().len();
            let unsent = world.store.unsent(&hq()).await.unwrap().len();
            assert_eq!(open + unsent, 1, "killed at request {request}");
            if buried.is_ok() {
                assert!(request > 1);
                break;
            }
            assert!(world.store.bury(&record, &outbox).await.unwrap());
            assert_eq!(world.store.unsent(&hq()).await.unwrap(), outbox);
        }
    }
}

async fn delete(world: &World, lease: &RunLease, people: &[Item], at: Timestamp) -> Vec<Item> {
    let mut gone = Vec::new();
    for people in people.chunks(90) {
        let deletions = people
            .iter()
            .map(|one| deletion(one, at, stamp(lease, "gone")));
        let deletions: Vec<_> = deletions.collect();
        gone.extend(deletions.iter().map(|change| change.after.clone()));
        let plan = permitted(vec![], deletions);
        let removals: Vec<_> = plan.removals().collect();
        for removed in world.store.remove(lease, &removals).await {
            assert_eq!(removed, Ok(WriteOutcome::Done));
        }
    }
    gone
}

#[tokio::test]
async fn a_purge_takes_the_old_and_leaves_the_young_and_the_living() {
    let world = world().await;
    let lease = world.lease("a").await;
    let people = ["old", "young", "living"].map(|name| user(name, stamp(&lease, "1")));
    world.create(&lease, &people).await;
    let start = world.clock.now();
    let young_at = start + SignedDuration::from_hours(1);
    let old = delete(&world, &lease, &people[..1], start).await;
    delete(&world, &lease, &people[1..2], young_at).await;
    let store = world.store_with(&Faults::repeating_writes());
    let page = store.deleted_before(&hq(), young_at, 0).await.unwrap();
    let found: Vec<_> = page.items.iter().map(|found| found.item.clone()).collect();
    assert_eq!((found, page.next), (old, None));
    assert_eq!(store.purge(&hq(), &page.items).await, [Ok(true)]);
    assert_eq!(world.store.marks(&hq()).await.unwrap().len(), 2);
    let page = store.deleted_before(&hq(), young_at, 0).await.unwrap();
    assert!(page.items.is_empty());
}

#[tokio::test]
async fn who_came_back_between_look_and_purge_stays() {
    let world = world().await;
    let lease = world.lease("a").await;
    let person = user("back", stamp(&lease, "1"));
    world.create(&lease, std::slice::from_ref(&person)).await;
    let now = world.clock.now();
    let gone = delete(&world, &lease, std::slice::from_ref(&person), now).await;
    let later = world.clock.advance(SignedDuration::from_hours(1));
    let page = world.store.deleted_before(&hq(), later, 0).await.unwrap();
    let back = user("back", stamp(&lease, "back"));
    let restoring = change(Action::Restore, gone.first().cloned(), back.clone());
    let plan = permitted(vec![restoring], vec![]);
    let written = world.store.write(&lease, plan.changes().next().unwrap());
    assert_eq!(written.await.unwrap(), WriteOutcome::Done);
    assert_eq!(world.store.purge(&hq(), &page.items).await, [Ok(false)]);
    let keys = [back.key()];
    let found = world.store.before_images(&hq(), &keys).await.unwrap();
    assert_eq!(found.into_values().collect::<Vec<_>>(), [back]);
}

#[tokio::test]
async fn a_page_of_a_purge_is_bounded_and_the_next_begins_where_it_ended() {
    let world = world().await;
    let lease = world.lease("a").await;
    let people: Vec<_> = (0..PURGE_MAX + 20)
        .map(|number| user(&format!("person{number}"), stamp(&lease, "1")))
        .collect();
    world.create(&lease, &people).await;
    delete(&world, &lease, &people, world.clock.now()).await;
    let later = world.clock.advance(SignedDuration::from_hours(1));
    let store = &world.store;
    let first = store.deleted_before(&hq(), later, 0).await.unwrap();
    assert_eq!(first.items.len(), PURGE_MAX);
    let purged = store.purge(&hq(), &first.items).await;
    assert!(purged.iter().all(|one| *one == Ok(true)));
    let from = first.next.unwrap();
    let second = store.deleted_before(&hq(), later, from).await.unwrap();
    assert_eq!((second.items.len(), second.next), (20, None));
}
