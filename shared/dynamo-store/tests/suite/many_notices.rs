//! More notices than one transaction takes: the rest is put before it, each once.

use crate::common::{CRASHES, World, hq, nothing_decided, world};
use crate::many_lists::{notice, running, transactions};
use jiff::SignedDuration;
use sync_run::ports::{Outbox, RunLog, Sources};
use sync_run::{Decision, OutboxItem, RunLease, RunRecord, RunStatus, SourceState, run_finished};
use testkit::Faults;

/// More than a transaction takes, with the event of a run that is over.
fn many_notices(world: &World, record: &RunRecord) -> Vec<OutboxItem> {
    let notices = (0..130).map(|number| notice(world, &format!("n-{number:03}")));
    notices.chain([run_finished(record)]).collect()
}

async fn before_the_close() -> (World, RunLease, RunRecord) {
    let world = world().await;
    world.add_source().await;
    let lease = world.lease("a").await;
    let mut record = running(&world, &lease);
    RunLog::put(&world.store, &lease, &record).await.unwrap();
    record.status = RunStatus::Failed;
    (world, lease, record)
}

#[tokio::test]
async fn a_close_with_many_notices_killed_at_any_request_ends_the_same() {
    for request in 1.. {
        for moment in CRASHES {
            let killed = format!("killed {moment:?} {request}");
            let (world, lease, record) = before_the_close().await;
            let outbox = many_notices(&world, &record);
            let now = world.clock.now();
            // One of those that do not fit was sent before.
            Outbox::put(&world.store, &hq(), &outbox[100])
                .await
                .unwrap();
            let sent = &outbox[100].id;
            world.store.sent(&hq(), sent, now).await.unwrap();
            let state = SourceState {
                has_mirror: true,
                ..SourceState::default()
            };
            let faults = Faults::crash_at(request, moment);
            let store = world.store_with(&faults);
            let ended = store.close(&lease, &record, &outbox, &state).await;
            let unsent = world.store.unsent(&hq()).await.unwrap();
            let is_told = unsent.contains(&outbox[130]);
            let is_open = !world.store.unfinished(&hq()).await.unwrap().is_empty();
            assert_eq!(
                is_told, !is_open,
                "an event of a run that goes on, {killed}"
            );
            let store = world.store.metered();
            store.close(&lease, &record, &outbox, &state).await.unwrap();
            let mut unsent = world.store.unsent(&hq()).await.unwrap();
            let mut wanted = outbox.clone();
            wanted.remove(100);
            for items in [&mut unsent, &mut wanted] {
                items.sort_by(|one, other| one.id.cmp(&other.id));
            }
            assert_eq!(unsent, wanted, "{killed}");
            let found = world.store.source(&hq()).await.unwrap().unwrap();
            assert_eq!(found.state, state, "{killed}");
            if !faults.crashed() {
                assert_eq!(ended, Ok(()));
                // Two before it, one of them again without what was sent.
                assert_eq!(transactions(&faults).len(), 4);
                return;
            }
        }
    }
}

#[tokio::test]
async fn a_decision_and_a_hand_over_with_many_notices_happen_and_twice_is_once() {
    let (world, lease, mut record) = before_the_close().await;
    record.status = RunStatus::Running;
    let notices: Vec<_> = many_notices(&world, &record)[..130].to_vec();
    let decision = Decision {
        outbox: notices[..60].to_vec(),
        ..nothing_decided(&record)
    };
    let until = lease.expires_at() + SignedDuration::from_mins(9);
    for _twice in 0..2 {
        world.store.decide(&lease, &decision).await.unwrap();
    }
    let store = world.store_with(&Faults::repeating_writes());
    for _twice in 0..2 {
        let (outbox, state) = (&notices, &SourceState::default());
        let handed = store.hand_over(&lease, &record, outbox, state, 2, until);
        handed.await.unwrap();
    }
    let unsent = world.store.unsent(&hq()).await.unwrap();
    assert_eq!(unsent, notices);
}
