//! Segments: a run hands over once, its next segment claims once, and what came before is a zombie.

use crate::common::{
    CRASHES, World, change, claimed, deletion, hq, is_conflict, nothing_decided, permitted,
    renamed, stamp, user, world,
};
use jiff::{SignedDuration, Timestamp};
use org_model::{Generation, RunId};
use org_plan::Action;
use source_admin::ports::{Enqueued, RunQueue};
use sync_run::ports::{Leases, Mirror, Outbox, RunLog, Sources, StoreError, WriteOutcome};
use sync_run::{
    ClaimOutcome, ClaimRequest, Holder, OutboxItem, OutboxPayload, RunLease, RunRecord, RunStatus,
    SourceState,
};
use testkit::Faults;

const SEGMENT_WAITS: SignedDuration = SignedDuration::from_mins(15);

fn segment(world: &World, run: &str, segment: u32) -> ClaimRequest {
    ClaimRequest {
        segment: Some(segment),
        ..world.request(run)
    }
}

fn served(run: &str) -> ClaimOutcome {
    ClaimOutcome::AlreadyServed {
        run: RunId::new(run),
    }
}

fn generation(number: u64) -> ClaimOutcome {
    ClaimOutcome::Claimed {
        generation: Generation(number),
        dead_run: None,
    }
}

fn lost<T: std::fmt::Debug>(result: Result<T, StoreError>) -> bool {
    matches!(result, Err(StoreError::LeaseLost { .. }))
}

fn running(world: &World, lease: &RunLease) -> RunRecord {
    RunRecord {
        status: RunStatus::Running,
        generation: Some(lease.generation()),
        segments: 1,
        ..world.record(lease.run().as_str())
    }
}

fn state(world: &World) -> SourceState {
    SourceState {
        last_success_at: Some(world.clock.now()),
        has_mirror: true,
        ..SourceState::default()
    }
}

fn outbox(record: &RunRecord) -> [OutboxItem; 1] {
    [OutboxItem {
        id: "notice".to_owned(),
        at: record.queued_at,
        payload: OutboxPayload::RunFinished(Box::new(record.clone())),
    }]
}

async fn hand_over(
    world: &World,
    store: &dynamo_store::DynamoStore,
    lease: &RunLease,
    segment: u32,
) -> Result<Timestamp, StoreError> {
    let record = running(world, lease);
    let until = world.clock.now() + SEGMENT_WAITS;
    let (outbox, state) = (outbox(&record), state(world));
    store
        .hand_over(lease, &record, &outbox, &state, segment, until)
        .await?;
    Ok(until)
}

#[tokio::test]
async fn a_hand_over_writes_everything_and_leaves_the_lease_to_its_segment() {
    let world = world().await;
    world.add_source().await;
    let lease = world.lease("a").await;
    let at = world.clock.now();
    let until = hand_over(&world, &world.store, &lease, 2).await.unwrap();
    let holder = Holder {
        run: RunId::new("a"),
        expires_at: until,
        handed_over: Some((2, at)),
    };
    assert_eq!(world.store.holder(&hq()).await.unwrap(), Some(holder));
    let record = running(&world, &lease);
    let open = world.store.unfinished(&hq()).await.unwrap();
    assert_eq!(open, std::slice::from_ref(&record));
    assert_eq!(world.store.unsent(&hq()).await.unwrap(), outbox(&record));
    let stored = world.store.source(&hq()).await.unwrap().unwrap().state;
    assert_eq!(stored, state(&world));
    let next = claimed(&world.store, &segment(&world, "a", 2)).await;
    assert_eq!(next.generation(), Generation(2));
    let holder = world.store.holder(&hq()).await.unwrap().unwrap();
    assert_eq!((holder.run.as_str(), holder.handed_over), ("a", None));
    assert_eq!(holder.expires_at, next.expires_at());
}

#[tokio::test]
async fn a_segment_delivered_many_times_at_once_is_claimed_once() {
    let world = world().await;
    let lease = world.lease("a").await;
    hand_over(&world, &world.store, &lease, 2).await.unwrap();
    let request = segment(&world, "a", 2);
    let claims = (0..8).map(|_| world.store.claim(&request));
    let outcomes = futures::future::join_all(claims).await;
    let won = outcomes.iter().filter(|one| **one == Ok(generation(2)));
    let late = outcomes.iter().filter(|one| **one == Ok(served("a")));
    assert_eq!((won.count(), late.count()), (1, 7), "{outcomes:?}");
}

#[tokio::test]
async fn only_what_was_handed_over_can_be_claimed_as_a_segment() {
    let world = world().await;
    let claim = async |run: &str, number| {
        let request = segment(&world, run, number);
        world.store.claim(&request).await.unwrap()
    };
    assert_eq!(claim("a", 2).await, served("a"), "nobody ever ran");
    let first = world.lease("a").await;
    assert_eq!(claim("a", 2).await, served("a"), "it is live");
    hand_over(&world, &world.store, &first, 2).await.unwrap();
    for (run, number) in [("a", 1), ("a", 3), ("b", 2)] {
        assert_eq!(claim(run, number).await, served(run), "{run} {number}");
    }
    let again = world.store.claim(&world.request("a")).await.unwrap();
    assert_eq!(again, served("a"), "the first delivery comes again");
    let second = claimed(&world.store, &segment(&world, "a", 2)).await;
    hand_over(&world, &world.store, &second, 3).await.unwrap();
    assert_eq!(claim("a", 2).await, served("a"), "the run has gone on");
    let third = claimed(&world.store, &segment(&world, "a", 3)).await;
    assert_eq!(third.generation(), Generation(3));
    world.store.release(&third).await.unwrap();
    assert_eq!(claim("a", 3).await, served("a"), "it is over");
}

#[tokio::test]
async fn a_run_that_waits_for_its_segment_is_as_live_as_any() {
    let world = world().await;
    let lease = world.lease("a").await;
    hand_over(&world, &world.store, &lease, 2).await.unwrap();
    let taken = ClaimOutcome::Taken {
        live_run: RunId::new("a"),
    };
    let mut other = world.request("b");
    assert_eq!(world.store.claim(&other).await.unwrap(), taken);
    let queued = world.store.enqueue(&world.record("c"), None).await.unwrap();
    assert_eq!(queued, Enqueued::Live(RunId::new("a")));
    world.clock.advance(SEGMENT_WAITS);
    other.now = world.clock.now();
    let late = world.store.claim(&segment(&world, "a", 2)).await.unwrap();
    assert_eq!(late, served("a"), "its time has passed");
    let dead = ClaimOutcome::Claimed {
        generation: Generation(2),
        dead_run: Some(RunId::new("a")),
    };
    assert_eq!(world.store.claim(&other).await.unwrap(), dead);
    let holder = world.store.holder(&hq()).await.unwrap().unwrap();
    assert_eq!((holder.run.as_str(), holder.handed_over), ("b", None));
    let late = world.store.claim(&segment(&world, "a", 2)).await.unwrap();
    assert_eq!(late, served("a"), "the lease is another run's");
}

#[tokio::test]
async fn after_the_hand_over_the_segment_before_writes_nothing_any_more() {
    let world = world().await;
    let lease = world.lease("a").await;
    let person = user("zhang", stamp(&lease, "1"));
    world.create(&lease, std::slice::from_ref(&person)).await;
    let other = user("old", stamp(&lease, "1"));
    world.create(&lease, std::slice::from_ref(&other)).await;
    let record = running(&world, &lease);
    hand_over(&world, &world.store, &lease, 2).await.unwrap();
    // At first nobody holds the lease; then the next segment does.
    for claimed_by in [None, Some(2)] {
        if let Some(number) = claimed_by {
            claimed(&world.store, &segment(&world, "a", number)).await;
        }
        let store = &world.store;
        assert!(lost(RunLog::put(store, &lease, &record).await));
        let decision = nothing_decided(&record);
        assert!(lost(store.decide(&lease, &decision).await));
        let state = state(&world);
        assert!(lost(store.close(&lease, &record, &[], &state).await));
        let gone = deletion(&person, world.clock.now(), stamp(&lease, "gone"));
        let mut one = change(
            Action::Update,
            Some(person.clone()),
            renamed(&person, "One", stamp(&lease, "2")),
        );
        one.reclaims = Some(Box::new(org_plan::Reclaimed {
            item: other.clone(),
            aside: false,
        }));
        let plan = permitted(vec![one], vec![gone]);
        let removals: Vec<_> = plan.removals().collect();
        let removed = store.remove(&lease, &removals).await;
        assert!(removed.into_iter().all(lost));
        assert!(lost(
            store.write(&lease, plan.changes().next().unwrap()).await
        ));
        store.release(&lease).await.unwrap();
        let holder = store.holder(&hq()).await.unwrap().unwrap();
        let waits = holder.handed_over.map(|(segment, _)| segment);
        assert_eq!(waits, claimed_by.is_none().then_some(2));
    }
    assert_eq!(world.store.marks(&hq()).await.unwrap().len(), 2);
}

#[tokio::test]
async fn a_hand_over_sent_twice_is_one_also_after_its_segment_has_begun() {
    let world = world().await;
    world.add_source().await;
    let lease = world.lease("a").await;
    let store = world.store_with(&Faults::repeating_writes());
    hand_over(&world, &store, &lease, 2).await.unwrap();
    hand_over(&world, &world.store, &lease, 2).await.unwrap();
    let next = claimed(&store, &segment(&world, "a", 2)).await;
    assert_eq!(next.generation(), Generation(2), "claimed twice is once");
    hand_over(&world, &world.store, &lease, 2).await.unwrap();
    hand_over(&world, &world.store, &next, 3).await.unwrap();
    hand_over(&world, &world.store, &lease, 2).await.unwrap();
    let holder = world.store.holder(&hq()).await.unwrap().unwrap();
    assert_eq!(holder.handed_over.map(|(segment, _)| segment), Some(3));
    world.takeover("b").await;
    assert!(lost(hand_over(&world, &world.store, &next, 3).await));
}

#[tokio::test]
async fn a_hand_over_killed_at_any_request_is_whole_or_absent() {
    for moment in CRASHES {
        let mut outcomes = Vec::new();
        for request in 1.. {
            let world = world().await;
            world.add_source().await;
            let lease = world.lease("a").await;
            let faults = Faults::crash_at(request, moment);
            let ended = hand_over(&world, &world.store_with(&faults), &lease, 2).await;
            let holder = world.store.holder(&hq()).await.unwrap().unwrap();
            let unsent = world.store.unsent(&hq()).await.unwrap().len();
            let open = world.store.unfinished(&hq()).await.unwrap().len();
            let stored = world.store.source(&hq()).await.unwrap().unwrap().state;
            let parts = [
                holder.handed_over.is_some(),
                unsent == 1,
                open == 1,
                stored.has_mirror,
            ];
            let whole = parts == [true; 4];
            assert!(whole || parts == [false; 4], "{moment:?} {request}");
            assert!(whole || ended.is_err());
            outcomes.push(whole);
            if !faults.crashed() {
                break;
            }
        }
        assert!(outcomes.contains(&false) && outcomes.ends_with(&[true]));
    }
}

#[tokio::test]
async fn the_claim_of_a_segment_that_died_unheard_expires_like_any() {
    for moment in CRASHES {
        let world = world().await;
        let lease = world.lease("a").await;
        hand_over(&world, &world.store, &lease, 2).await.unwrap();
        let dying = world.store_with(&Faults::crash_at(2, moment));
        let died = dying.claim(&segment(&world, "a", 2)).await;
        assert!(matches!(died, Err(StoreError::Unavailable { .. })));
        let again = world.store.claim(&segment(&world, "a", 2)).await.unwrap();
        match moment {
            testkit::crash::CrashMoment::BeforeSent => assert_eq!(again, generation(2)),
            testkit::crash::CrashMoment::AfterApplied => assert_eq!(again, served("a")),
        }
        let next = world.takeover("b").await;
        assert_eq!(next.generation(), Generation(3));
    }
}

fn buried(record: &RunRecord) -> RunRecord {
    RunRecord {
        status: RunStatus::Failed,
        ..record.clone()
    }
}

#[tokio::test]
async fn a_run_is_buried_as_lost_or_its_segment_is_claimed_and_never_both() {
    // The claim first: the burial, by a clock that is ahead, finds the run live.
    let world = world().await;
    let lease = world.lease("a").await;
    let record = running(&world, &lease);
    hand_over(&world, &world.store, &lease, 2).await.unwrap();
    let next = claimed(&world.store, &segment(&world, "a", 2)).await;
    assert!(!world.store.bury(&buried(&record), &[]).await.unwrap());
    RunLog::put(&world.store, &next, &record).await.unwrap();

    // The burial first: a segment whose clock is behind finds the record final.
    let world = crate::common::world().await;
    let lease = world.lease("a").await;
    let record = running(&world, &lease);
    hand_over(&world, &world.store, &lease, 2).await.unwrap();
    let early = segment(&world, "a", 2);
    assert!(!world.store.bury(&buried(&record), &[]).await.unwrap());
    world.clock.advance(SEGMENT_WAITS);
    assert!(world.store.bury(&buried(&record), &[]).await.unwrap());
    assert_eq!(world.store.claim(&early).await.unwrap(), served("a"));
}

#[tokio::test]
async fn a_burial_that_comes_while_a_segment_is_being_claimed_stops_the_claim() {
    let world = world().await;
    let lease = world.lease("a").await;
    let record = running(&world, &lease);
    hand_over(&world, &world.store, &lease, 2).await.unwrap();
    // The look, then the transaction.
    let faults = Faults::stalling_at(2);
    let (sleepy, early) = (world.store_with(&faults), segment(&world, "a", 2));
    let claim = tokio::spawn(async move { sleepy.claim(&early).await });
    faults.stalled().await;
    world.clock.advance(SEGMENT_WAITS);
    assert!(world.store.bury(&buried(&record), &[]).await.unwrap());
    faults.wake();
    assert_eq!(claim.await.unwrap(), Ok(served("a")));
}

#[tokio::test]
async fn a_zombie_that_slept_through_its_own_hand_over_closes_nothing() {
    let world = world().await;
    world.add_source().await;
    let lease = world.lease("a").await;
    let record = running(&world, &lease);
    RunLog::put(&world.store, &lease, &record).await.unwrap();
    let faults = Faults::stalling_at(2);
    let sleepy = world.store_with(&faults);
    let (over, state) = (buried(&record), state(&world));
    let until = world.clock.now() + SEGMENT_WAITS;
    let zombie = tokio::spawn(async move {
        let closed = sleepy.close(&lease, &over, &[], &state).await;
        (closed, lease)
    });
    faults.stalled().await;
    // Meanwhile the run was handed over by another hand, and its segment has begun.
    let state = SourceState::default();
    let item = world.request("a");
    let same = sync_run::claim(&Known, &item).await.unwrap().1.unwrap();
    let handed = world.store.hand_over(&same, &record, &[], &state, 2, until);
    handed.await.unwrap();
    let next = claimed(&world.store, &segment(&world, "a", 2)).await;
    faults.wake();
    let (closed, _lease) = zombie.await.unwrap();
    assert!(lost(closed));
    assert_eq!(world.store.unfinished(&hq()).await.unwrap(), [record]);
    world.store.release(&next).await.unwrap();
}

/// Gives out the first generation's lease once more: two hands of one segment.
struct Known;

#[async_trait::async_trait]
impl Leases for Known {
    async fn claim(&self, _: &ClaimRequest) -> Result<ClaimOutcome, StoreError> {
        Ok(generation(1))
    }

    async fn release(&self, _: &RunLease) -> Result<(), StoreError> {
        Ok(())
    }

    async fn holder(&self, _: &org_model::SourceId) -> Result<Option<Holder>, StoreError> {
        Ok(None)
    }
}

#[tokio::test]
async fn a_segment_may_write_what_its_run_may() {
    let world = world().await;
    let lease = world.lease("a").await;
    let person = user("zhang", stamp(&lease, "1"));
    world.create(&lease, std::slice::from_ref(&person)).await;
    hand_over(&world, &world.store, &lease, 2).await.unwrap();
    let next = claimed(&world.store, &segment(&world, "a", 2)).await;
    let gone = deletion(&person, world.clock.now(), stamp(&next, "gone"));
    let plan = permitted(vec![], vec![gone]);
    let removals: Vec<_> = plan.removals().collect();
    let removed = world.store.remove(&next, &removals).await;
    assert_eq!(removed, [Ok(WriteOutcome::Done)]);
    let mut record = running(&world, &next);
    record.status = RunStatus::Succeeded;
    let state = state(&world);
    let closed = world.store.close(&next, &record, &[], &state);
    closed.await.unwrap();
    let again = RunLog::put(&world.store, &next, &running(&world, &next)).await;
    assert!(is_conflict(again), "the record is final");
}
