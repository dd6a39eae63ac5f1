//! The lease: one live run, growing generations, deliveries served once.

use crate::common::{claimed, hq, world};
use jiff::SignedDuration;
use org_model::{Generation, RunId};
use sync_run::ports::{Leases, RunLog, StoreError};
use sync_run::{ClaimOutcome, RunStatus};
use testkit::Faults;
use testkit::crash::CrashMoment;

fn fresh(generation: u64, dead_run: Option<&str>) -> ClaimOutcome {
    ClaimOutcome::Claimed {
        generation: Generation(generation),
        dead_run: dead_run.map(RunId::new),
    }
}

fn served(run: &str) -> ClaimOutcome {
    ClaimOutcome::AlreadyServed {
        run: RunId::new(run),
    }
}

fn taken(run: &str) -> ClaimOutcome {
    ClaimOutcome::Taken {
        live_run: RunId::new(run),
    }
}

#[tokio::test]
async fn the_second_claim_names_the_live_run() {
    let world = world().await;
    assert_eq!(
        world.store.claim(&world.request("a")).await.unwrap(),
        fresh(1, None)
    );
    assert_eq!(
        world.store.claim(&world.request("b")).await.unwrap(),
        taken("a")
    );
    let holder = world.store.holder(&hq()).await.unwrap().unwrap();
    let until = world.request("a").expires_at;
    assert_eq!((holder.run.as_str(), holder.expires_at), ("a", until));
    assert_eq!(holder.handed_over, None);
}

#[tokio::test]
async fn two_claims_at_once_make_one_holder() {
    let world = world().await;
    let requests: Vec<_> = (0..8).map(|i| world.request(&format!("run-{i}"))).collect();
    let claims = requests.iter().map(|request| world.store.claim(request));
    let outcomes = futures::future::join_all(claims).await;
    let outcomes: Vec<_> = outcomes.into_iter().map(Result::unwrap).collect();
    let winners = outcomes
        .iter()
        .filter(|one| **one == fresh(1, None))
        .count();
    let losers = outcomes
        .iter()
        .filter(|one| matches!(one, ClaimOutcome::Taken { .. }))
        .count();
    assert_eq!((winners, losers), (1, 7));
}

#[tokio::test]
async fn the_same_delivery_at_once_is_served_once() {
    let world = world().await;
    let request = world.request("same");
    let claims = (0..8).map(|_| world.store.claim(&request));
    let outcomes = futures::future::join_all(claims).await;
    let outcomes: Vec<_> = outcomes.into_iter().map(Result::unwrap).collect();
    assert_eq!(
        outcomes
            .iter()
            .filter(|one| **one == fresh(1, None))
            .count(),
        1
    );
    assert_eq!(
        outcomes
            .iter()
            .filter(|one| **one == served("same"))
            .count(),
        7
    );
}

#[tokio::test]
async fn a_released_lease_is_claimed_with_the_next_generation() {
    let world = world().await;
    let lease = world.lease("a").await;
    world.store.release(&lease).await.unwrap();
    world.store.release(&lease).await.unwrap();
    assert_eq!(world.store.holder(&hq()).await.unwrap(), None);
    assert_eq!(
        world.store.claim(&world.request("b")).await.unwrap(),
        fresh(2, None)
    );
    // The zombie releases once more: the live run is not touched.
    world.store.release(&lease).await.unwrap();
    assert_eq!(
        world.store.claim(&world.request("c")).await.unwrap(),
        taken("b")
    );
}

#[tokio::test]
async fn an_expired_lease_is_taken_over_and_the_dead_run_named() {
    let world = world().await;
    world.lease("dead").await;
    world.clock.advance(SignedDuration::from_mins(15));
    assert_eq!(
        world.store.claim(&world.request("b")).await.unwrap(),
        taken("dead")
    );
    world.clock.advance(SignedDuration::from_mins(1));
    assert_eq!(
        world.store.claim(&world.request("b")).await.unwrap(),
        fresh(2, Some("dead"))
    );
    // The dead run's delivery comes again.
    assert_eq!(
        world.store.claim(&world.request("dead")).await.unwrap(),
        served("dead")
    );
}

#[tokio::test]
async fn a_scheduled_time_is_served_once_whatever_the_run_id() {
    let world = world().await;
    let mut first = world.request("a");
    first.scheduled_at = Some(world.clock.now());
    let lease = claimed(&world.store, &first).await;
    let mut second = world.request("b");
    second.scheduled_at = first.scheduled_at;
    // While the first is live, and after it.
    assert_eq!(world.store.claim(&second).await.unwrap(), served("a"));
    world.store.release(&lease).await.unwrap();
    assert_eq!(world.store.claim(&second).await.unwrap(), served("a"));
    second.scheduled_at = Some(world.clock.advance(SignedDuration::from_hours(1)));
    assert_eq!(world.store.claim(&second).await.unwrap(), fresh(2, None));
}

#[tokio::test]
async fn a_schedule_that_met_a_live_run_is_not_served_later() {
    let world = world().await;
    let live = world.lease("live").await;
    let mut due = world.request("due");
    due.scheduled_at = Some(world.clock.now());
    assert_eq!(world.store.claim(&due).await.unwrap(), taken("live"));
    world.store.release(&live).await.unwrap();
    due.run = RunId::new("due-again");
    assert_eq!(world.store.claim(&due).await.unwrap(), served("due"));
}

#[tokio::test]
async fn a_queued_run_is_claimed_once_by_its_id() {
    let world = world().await;
    let mut record = world.record("manual");
    world.store.put_unleased(&record).await.unwrap();
    assert_eq!(
        world.store.claim(&world.request("manual")).await.unwrap(),
        fresh(1, None)
    );
    assert_eq!(
        world.store.claim(&world.request("manual")).await.unwrap(),
        served("manual")
    );
    // A record that was closed before anybody claimed it is served, too.
    record.run = RunId::new("given-up");
    record.status = RunStatus::Failed;
    world.store.put_unleased(&record).await.unwrap();
    let outcome = world.store.claim(&world.request("given-up")).await.unwrap();
    assert_eq!(outcome, served("given-up"));
}

#[tokio::test]
async fn a_claim_sent_twice_is_one_claim() {
    let world = world().await;
    let store = world.store_with(&Faults::repeating_writes());
    assert_eq!(
        store.claim(&world.request("a")).await.unwrap(),
        fresh(1, None)
    );
    let lease = world.takeover("b").await;
    assert_eq!(lease.generation(), Generation(2));
}

#[tokio::test]
async fn a_claim_killed_at_any_request_leaves_a_lease_that_expires() {
    for request in 1..=2 {
        for moment in [CrashMoment::BeforeSent, CrashMoment::AfterApplied] {
            let world = world().await;
            let store = world.store_with(&Faults::crash_at(request, moment));
            let died = store.claim(&world.request("a")).await;
            assert!(
                matches!(died, Err(StoreError::Unavailable { .. })),
                "{died:?}"
            );
            let lease = world.takeover("b").await;
            let claimed_before = request == 2 && moment == CrashMoment::AfterApplied;
            assert_eq!(
                lease.generation(),
                Generation(1 + u64::from(claimed_before))
            );
        }
    }
}
