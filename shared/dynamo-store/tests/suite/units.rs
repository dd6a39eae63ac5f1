//! What the reads of a quiet run cost: what administrators decided is one small look each.

use crate::common::{World, hq, nothing_decided, people_held, world};
use jiff::SignedDuration;
use org_model::RunId;
use sync_run::ports::{Decisions, HeldLists, Leases, Outbox, RunLog, Sources};
use sync_run::{Decision, KeptSet, KeptWhy, RunStatus, Units};
use testkit::Faults;

/// What one call cost: requests by name, and units.
async fn cost<F: Future>(
    world: &World,
    call: impl FnOnce(dynamo_store::DynamoStore) -> F,
) -> (Vec<String>, Units) {
    let faults = Faults::default();
    let store = world.store_with(&faults).metered();
    call(store.clone()).await;
    (faults.operations(), store.units())
}

fn read(units: f64) -> Units {
    Units {
        read_units: units,
        write_units: 0.0,
    }
}

#[tokio::test]
async fn where_nothing_was_decided_each_look_is_one_request_and_at_most_one_unit() {
    let world = world().await;
    world.add_source().await;
    let _lease = world.lease("a").await;
    let query = vec!["Query".to_owned()];
    let get = vec!["GetItem".to_owned()];
    let kept = cost(&world, async |store| Decisions::kept(&store, &hq()).await).await;
    assert_eq!((&kept.0, kept.1.write_units), (&query, 0.0));
    assert!(kept.1.read_units <= 1.0, "{kept:?}");
    let words = cost(&world, async |store| store.resolutions(&hq()).await).await;
    assert_eq!((&words.0, words.1.write_units), (&query, 0.0));
    assert!(words.1.read_units <= 1.0, "{words:?}");
    let run = RunId::new("a");
    let stop = cost(&world, async |store| store.cancellation(&hq(), &run).await).await;
    assert_eq!((&stop.0, stop.1.write_units), (&get, 0.0));
    assert!(stop.1.read_units <= 1.0, "{stop:?}");
}

#[tokio::test]
async fn the_reads_and_writes_of_a_quiet_run_are_counted() {
    let world = world().await;
    world.add_source().await;
    let record = sync_run::RunRecord {
        status: RunStatus::Running,
        ..world.record("a")
    };
    let request = world.request("a");
    let (operations, units) = cost(&world, async |store| {
        let lease = crate::common::claimed(&store, &request).await;
        store.source(&hq()).await.unwrap();
        RunLog::put(&store, &lease, &record).await.unwrap();
        store.unsent(&hq()).await.unwrap();
        HeldLists::standing(&store, &hq()).await.unwrap();
        Decisions::kept(&store, &hq()).await.unwrap();
        store.resolutions(&hq()).await.unwrap();
        let over = sync_run::RunRecord {
            status: RunStatus::Succeeded,
            ..record.clone()
        };
        let state = Default::default();
        store.close(&lease, &over, &[], &state).await.unwrap();
        store.release(&lease).await.unwrap();
    })
    .await;
    let wanted = [
        "BatchGetItem",
        "TransactWriteItems", // claim
        "BatchGetItem",       // settings and state
        "TransactWriteItems", // the record
        "Query",
        "Query",
        "Query",
        "Query",              // outbox, held lists, kept sets, words
        "TransactWriteItems", // the end
        "UpdateItem",         // the lease
    ];
    assert_eq!(operations, wanted);
    // Of the reads, two are for what administrators decided.
    assert!(units.read_units <= 9.0, "{units:?}");
    assert!(units.write_units <= 21.0, "{units:?}");
}

#[tokio::test]
async fn a_full_kept_set_is_read_as_the_few_pages_it_is() {
    let world = world().await;
    world.add_source().await;
    let lease = world.lease("a").await;
    let why = KeptWhy::Undone {
        run: RunId::new("a"),
    };
    let sets = KeptSet::split(&why, "alice", world.clock.now(), &people_held(2_000));
    let decision = Decision {
        kept: sets,
        ..nothing_decided(&world.record("a"))
    };
    world.store.decide(&lease, &decision).await.unwrap();
    let (operations, units) = cost(&world, async |store| {
        let kept = Decisions::kept(&store, &hq()).await.unwrap();
        assert_eq!(kept[0].items.len(), 2_000);
    })
    .await;
    assert_eq!(operations, ["Query"]);
    // Some 13 bytes an item once compressed, in units of 4 KB.
    assert!(units.read_units <= 10.0 && units != read(0.0), "{units:?}");
    world.clock.advance(SignedDuration::from_secs(1));
}
