//! Stopping a run: a queued one is over at once, a live one is asked, and one of both wins.

use crate::common::{CRASHES, World, first, hq, is_conflict, stalled_run, sync_keys, world};
use jiff::SignedDuration;
use org_model::RunId;
use source_admin::ports::{Author, Cancelled, Clearings, Enqueued, RunQueue, Unsettled};
use sync_run::ports::{Leases, Outbox, RunLog};
use sync_run::{Cancellation, ClaimOutcome, RunLease, RunRecord, RunStatus, run_finished};
use testkit::Faults;

async fn queued(world: &World, run: &str) -> RunRecord {
    let record = world.record(run);
    let queued = world.store.enqueue(&record, None).await.unwrap();
    assert_eq!(queued, Enqueued::New);
    record
}

async fn running(world: &World, lease: &RunLease) -> RunRecord {
    let mut record = world.record(lease.run().as_str());
    record.status = RunStatus::Running;
    record.generation = Some(lease.generation());
    RunLog::put(&world.store, lease, &record).await.unwrap();
    record
}

async fn cancel(world: &World, run: &str, by: &str) -> Cancelled {
    let author = world.author(by);
    let ended = world.store.cancel(&hq(), &RunId::new(run), &author).await;
    ended.unwrap()
}

async fn asked(world: &World, run: &str) -> Option<Cancellation> {
    let run = RunId::new(run);
    world.store.cancellation(&hq(), &run).await.unwrap()
}

#[tokio::test]
async fn a_queued_run_is_over_at_once_and_never_starts() {
    let world = world().await;
    world.add_source().await;
    let record = queued(&world, "a").await;
    let Cancelled::Done(over) = cancel(&world, "a", "alice").await else {
        panic!("not cancelled");
    };
    assert_eq!(over.status, RunStatus::Cancelled);
    assert_eq!(over.finished_at, Some(world.clock.now()));
    let error = over.error.clone().unwrap();
    assert_eq!(error.code, "cancelled");
    assert_eq!((over.queued_at, over.started_at), (record.queued_at, None));
    let stored = RunQueue::run(&world.store, &hq(), &record.run).await;
    assert_eq!(stored.unwrap(), Some(*over.clone()));
    assert!(world.store.unfinished(&hq()).await.unwrap().is_empty());
    assert_eq!(asked(&world, "a").await, None);
    assert_eq!(
        world.store.unsent(&hq()).await.unwrap(),
        [run_finished(&over)]
    );
    let claim = world.store.claim(&world.request("a")).await.unwrap();
    let served = ClaimOutcome::AlreadyServed {
        run: RunId::new("a"),
    };
    assert_eq!(claim, served);
    world.clock.advance(SignedDuration::from_secs(1));
    assert_eq!(cancel(&world, "a", "bob").await, Cancelled::Over(over));
    // Nothing is in the way of the next one.
    queued(&world, "b").await;
}

#[tokio::test]
async fn a_live_run_is_asked_once_whoever_repeats_it() {
    let world = world().await;
    world.add_source().await;
    let lease = world.lease("a").await;
    let record = running(&world, &lease).await;
    assert_eq!(asked(&world, "a").await, None);
    let first = Cancellation {
        by: "alice".to_owned(),
        at: world.clock.now(),
    };
    for by in ["alice", "bob"] {
        let ended = cancel(&world, "a", by).await;
        assert_eq!(ended, Cancelled::Asked(Box::new(record.clone())));
        assert_eq!(asked(&world, "a").await, Some(first.clone()));
        world.clock.advance(SignedDuration::from_secs(1));
    }
    let mut over = record;
    over.status = RunStatus::Cancelled;
    RunLog::put(&world.store, &lease, &over).await.unwrap();
    let ended = cancel(&world, "a", "carol").await;
    assert_eq!(ended, Cancelled::Over(Box::new(over)));
    assert_eq!(asked(&world, "a").await, Some(first));
    let nobody = cancel(&world, "nobody", "alice").await;
    assert_eq!(nobody, Cancelled::NotFound);
}

#[tokio::test]
async fn a_claimed_run_whose_record_still_says_queued_is_asked() {
    let world = world().await;
    world.add_source().await;
    let record = queued(&world, "a").await;
    let _lease = world.lease("a").await;
    let ended = cancel(&world, "a", "alice").await;
    assert_eq!(ended, Cancelled::Asked(Box::new(record.clone())));
    assert!(asked(&world, "a").await.is_some());
    assert_eq!(world.store.unfinished(&hq()).await.unwrap(), [record]);
}

#[tokio::test]
async fn of_a_claim_and_a_cancellation_at_once_exactly_one_happens() {
    for _round in 0..8 {
        let world = world().await;
        world.add_source().await;
        queued(&world, "a").await;
        let request = world.request("a");
        let claim = world.store.claim(&request);
        let (claimed, ended) = futures::join!(claim, cancel(&world, "a", "alice"));
        match claimed.unwrap() {
            ClaimOutcome::Claimed { .. } => {
                assert!(matches!(ended, Cancelled::Asked(_)), "{ended:?}");
            }
            _ => assert!(matches!(ended, Cancelled::Done(_)), "{ended:?}"),
        }
    }
}

fn in_the_background(world: &World, request: u64) -> (Faults, tokio::task::JoinHandle<Cancelled>) {
    let author: Author = world.author("alice");
    stalled_run(world, request, |store| async move {
        let run = RunId::new("a");
        store.cancel(&hq(), &run, &author).await.unwrap()
    })
}

#[tokio::test]
async fn a_run_that_is_claimed_after_it_was_looked_at_is_asked() {
    let world = world().await;
    world.add_source().await;
    queued(&world, "a").await;
    let (faults, ended) = in_the_background(&world, 2);
    faults.stalled().await;
    let lease = world.lease("a").await;
    let record = running(&world, &lease).await;
    faults.wake();
    let ended = ended.await.unwrap();
    assert!(matches!(ended, Cancelled::Asked(_)), "{ended:?}");
    assert!(asked(&world, "a").await.is_some());
    assert_eq!(world.store.unfinished(&hq()).await.unwrap(), [record]);
}

#[tokio::test]
async fn a_claim_that_looked_before_the_run_was_cancelled_is_refused() {
    let world = world().await;
    world.add_source().await;
    queued(&world, "a").await;
    let request = world.request("a");
    let (faults, claim) = stalled_run(&world, 2, |store| async move {
        store.claim(&request).await.unwrap()
    });
    faults.stalled().await;
    let ended = cancel(&world, "a", "alice").await;
    assert!(matches!(ended, Cancelled::Done(_)));
    faults.wake();
    let claim = claim.await.unwrap();
    assert!(matches!(claim, ClaimOutcome::AlreadyServed { .. }));
    assert_eq!(world.store.holder(&hq()).await.unwrap(), None);
}

#[tokio::test]
async fn nobody_is_told_that_a_run_will_stop_which_closed_meanwhile() {
    let world = world().await;
    world.add_source().await;
    let lease = world.lease("a").await;
    let mut record = running(&world, &lease).await;
    // The record, the retention; then the word itself.
    let (faults, ended) = in_the_background(&world, 3);
    faults.stalled().await;
    record.status = RunStatus::Succeeded;
    RunLog::put(&world.store, &lease, &record).await.unwrap();
    faults.wake();
    assert_eq!(ended.await.unwrap(), Cancelled::Over(Box::new(record)));
    assert_eq!(asked(&world, "a").await, None);
}

#[tokio::test]
async fn a_cancellation_sent_twice_or_killed_at_any_request_is_one_or_none() {
    let world = world().await;
    world.add_source().await;
    queued(&world, "a").await;
    let (run, alice) = (RunId::new("a"), world.author("alice"));
    let twice = world.store_with(&Faults::repeating_writes());
    let ended = twice.cancel(&hq(), &run, &alice).await.unwrap();
    assert!(matches!(ended, Cancelled::Done(_)), "{ended:?}");
    for moment in CRASHES {
        for (live, request) in [(false, 1), (false, 2), (true, 1), (true, 2), (true, 3)] {
            let world = crate::common::world().await;
            world.add_source().await;
            queued(&world, "a").await;
            let lease = match live {
                true => Some(world.lease("a").await),
                false => None,
            };
            if let Some(lease) = &lease {
                running(&world, lease).await;
            }
            let dying = world.store_with(&Faults::crash_at(request, moment));
            let died = dying.cancel(&hq(), &run, &alice).await;
            assert!(died.is_err(), "{moment:?} {request}");
            let again = world.store.cancel(&hq(), &run, &alice).await.unwrap();
            match live {
                true => assert!(matches!(again, Cancelled::Asked(_))),
                false => assert!(matches!(again, Cancelled::Done(_)), "{again:?}"),
            }
            assert_eq!(asked(&world, "a").await.is_some(), live);
        }
    }
}

#[tokio::test]
async fn a_word_to_stop_expires_with_the_log_of_its_run() {
    let world = world().await;
    world.add_source().await;
    let lease = world.lease("a").await;
    running(&world, &lease).await;
    let queued_at = world.clock.now().as_second();
    world.clock.advance(SignedDuration::from_mins(1));
    cancel(&world, "a", "alice").await;
    let client = world.dynamo.client();
    let found = client.scan().table_name("SyncTable").send().await.unwrap();
    let mut items = found.items().iter();
    let word = items.find(|item| item["sk"].as_s().unwrap() == "CANCEL#a");
    let expiry = word.unwrap()["expires_at"].as_n().unwrap();
    assert_eq!(expiry.parse::<i64>(), Ok(queued_at + 90 * 86_400));
}

#[tokio::test]
async fn a_dead_run_of_a_source_that_is_being_cleared_is_not_asked() {
    let world = world().await;
    world.add_source().await;
    let lease = world.lease("a").await;
    running(&world, &lease).await;
    world.clock.advance(SignedDuration::from_hours(1));
    let (nothing, bob) = (Unsettled::default(), world.author("bob"));
    let store = &world.store;
    let begun = store.begin_clearing(&hq(), 1, false, &nothing, &bob).await;
    begun.unwrap();
    let run = RunId::new("a");
    assert!(is_conflict(store.cancel(&hq(), &run, &bob).await));
    let keys = sync_keys(&world).await;
    assert!(keys.iter().all(|(_, sk)| !sk.starts_with("CANCEL#")));
    assert_eq!(store.runs(&hq(), &first(9)).await.unwrap().items.len(), 1);
}
