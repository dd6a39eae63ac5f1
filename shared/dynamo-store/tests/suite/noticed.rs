//! What a source remembers of notices: a run and housekeeping write it beside each other.

use std::collections::BTreeMap;

use crate::common::{World, hq, nothing_decided, world};
use jiff::{SignedDuration, Timestamp};
use sync_run::ports::{Outbox, RunLog, Sources};
use sync_run::{Decision, RunLease, RunRecord, RunStatus, SourceState};

type Noticed = BTreeMap<String, Timestamp>;

async fn noticed(world: &World) -> Noticed {
    let store = world.store.metered();
    store.source(&hq()).await.unwrap().unwrap().state.noticed
}

/// A run with a handle of its own that has read the source.
async fn run(world: &World, name: &str) -> (dynamo_store::DynamoStore, RunLease, SourceState) {
    let store = world.store.metered();
    let lease = world.lease(name).await;
    let state = store.source(&hq()).await.unwrap().unwrap().state;
    (store, lease, state)
}

fn over(world: &World, lease: &RunLease) -> RunRecord {
    let mut record = world.record(lease.run().as_str());
    record.status = RunStatus::Succeeded;
    record.generation = Some(lease.generation());
    record
}

#[tokio::test]
async fn a_run_writes_what_it_noticed_and_forgot_and_leaves_what_others_remembered() {
    let world = world().await;
    world.add_source().await;
    let first = world.clock.now();
    let (store, lease, mut state) = run(&world, "a").await;
    for cause in ["failed:x", "silence", "held:1"] {
        state.noticed.insert(cause.to_owned(), first);
    }
    store
        .close(&lease, &over(&world, &lease), &[], &state)
        .await
        .unwrap();
    assert_eq!(noticed(&world).await, state.noticed);

    world.clock.advance(SignedDuration::from_hours(25));
    let now = world.clock.now();
    let (store, lease, mut state) = run(&world, "b").await;
    let housekeeping = world.store.metered();
    for cause in ["silence", "held:2"] {
        housekeeping
            .remember_notice(&hq(), cause, now)
            .await
            .unwrap();
    }
    state.noticed.remove("failed:x");
    state.noticed.insert("held:3".to_owned(), now);
    let mut record = over(&world, &lease);
    record.status = RunStatus::Running;
    let decision = Decision {
        state: state.clone(),
        ..nothing_decided(&record)
    };
    store.decide(&lease, &decision).await.unwrap();
    housekeeping
        .remember_notice(&hq(), "held:4", now)
        .await
        .unwrap();
    state.noticed.remove("held:1");
    let record = over(&world, &lease);
    for _twice in 0..2 {
        store.close(&lease, &record, &[], &state).await.unwrap();
    }
    let expected = ["silence", "held:2", "held:3", "held:4"].map(|cause| (cause.to_owned(), now));
    assert_eq!(noticed(&world).await, expected.into());
}

#[tokio::test]
async fn more_than_an_expression_takes_is_written_as_a_whole() {
    let world = world().await;
    world.add_source().await;
    let now = world.clock.now();
    let causes = |from: u32, to: u32| (from..to).map(|n| (format!("held:{n:032}"), now));
    for (name, from, to) in [
        ("a", 0, 10),
        ("b", 0, 300),
        ("c", 200, 310),
        ("d", 210, 311),
    ] {
        let (store, lease, mut state) = run(&world, name).await;
        state.noticed = causes(from, to).collect();
        let record = over(&world, &lease);
        store.close(&lease, &record, &[], &state).await.unwrap();
        store_release(&store, &lease).await;
        assert_eq!(noticed(&world).await, state.noticed, "{name}");
    }
}

async fn store_release(store: &dynamo_store::DynamoStore, lease: &RunLease) {
    sync_run::ports::Leases::release(store, lease)
        .await
        .unwrap();
}
