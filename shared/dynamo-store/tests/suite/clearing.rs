//! Clearing a source: it begins when no run can, goes on wherever it was killed, and takes nobody.

use crate::common::{World, first, hq, is_conflict, settings, sync_keys, world};
use jiff::SignedDuration;
use org_model::RunId;
use source_admin::ports::{
    AgentChecks, AgentDeleted, ClearStart, Clearings, Enqueued, Expected, History, HistoryAction,
    RunQueue, SettingsStore, SourceStanding, Unsettled,
};
use source_settings::{AgentId, AgentSettings, SecretRef};
use sync_run::ports::{Clearing, Leases, Outbox, RunLog, Sources, StoreError};
use sync_run::{Clearance, OutboxItem, OutboxPayload, RunLease, RunStatus};
use testkit::Faults;

fn nothing() -> Unsettled {
    Unsettled::default()
}

async fn begin(world: &World, version: u64, remove: bool, left: &Unsettled) -> ClearStart {
    let author = world.author("bob");
    let begun = world
        .store
        .begin_clearing(&hq(), version, remove, left, &author)
        .await;
    begun.unwrap()
}

/// A source that is being cleared, with nothing left to do outside.
async fn clearing(world: &World, remove: bool) -> Clearance {
    world.add_source().await;
    match begin(world, 1, remove, &nothing()).await {
        ClearStart::Begun(clearance) => clearance,
        other => panic!("not begun: {other:?}"),
    }
}

async fn clear_all(world: &World, lease: &RunLease) {
    while world.store.clear_some(lease).await.unwrap() {}
}

#[tokio::test]
async fn a_clearance_takes_the_settings_place_and_nobody_finds_a_source_there() {
    let world = world().await;
    world.add_source().await;
    assert_eq!(
        world.store.standing_of(&hq()).await.unwrap(),
        SourceStanding::Settled
    );
    assert!(world.store.cleared_sources().await.unwrap().is_empty());
    world.clock.advance(SignedDuration::from_mins(1));
    let left = Unsettled {
        schedule: true,
        contacts: true,
        secrets: vec![SecretRef {
            arn: "arn:s".to_owned(),
            version: "v1".to_owned(),
        }],
    };
    assert_eq!(begin(&world, 2, true, &left).await, ClearStart::Stale);
    let clearance = Clearance {
        source: hq(),
        remove: false,
        by: "bob".to_owned(),
        at: world.clock.now(),
        outside_done: false,
    };
    let begun = ClearStart::Begun(clearance.clone());
    let (store, author) = (
        world.store_with(&Faults::repeating_writes()),
        world.author("bob"),
    );
    let twice = store.begin_clearing(&hq(), 1, false, &left, &author).await;
    assert_eq!(twice.unwrap(), begun, "sent twice");
    assert_eq!(begin(&world, 1, false, &left).await, begun, "called twice");
    let stands = SourceStanding::Clearing(clearance.clone());
    assert_eq!(store.standing_of(&hq()).await.unwrap(), stands);
    assert_eq!(
        store.clearance(&hq()).await.unwrap(),
        Some(clearance.clone())
    );
    assert_eq!(store.cleared_sources().await.unwrap(), [clearance]);
    assert!(Sources::source(&store, &hq()).await.unwrap().is_none());
    assert!(
        SettingsStore::source(&store, &hq())
            .await
            .unwrap()
            .is_none()
    );
    assert!(store.all_sources().await.unwrap().is_empty());
    assert_eq!(
        store.sources().await.unwrap(),
        [hq()],
        "housekeeping goes on with it"
    );
    assert!(!store.is_vacant(&hq()).await.unwrap());
    let history = store.history(&hq(), &first(9)).await.unwrap().items;
    assert_eq!(
        (history.len(), history[0].action),
        (2, HistoryAction::Replaced)
    );
    for expected in [Expected::Absent, Expected::Version(1), Expected::Version(2)] {
        let put = world.put(&hq(), &settings(), expected, "carol").await;
        assert!(is_conflict(put), "{expected:?}");
    }
    world.clock.advance(SignedDuration::from_secs(1));
    assert_eq!(
        begin(&world, 1, false, &left).await,
        ClearStart::Stale,
        "another call"
    );
}

#[tokio::test]
async fn what_is_left_outside_is_written_down_until_nothing_is() {
    let world = world().await;
    world.add_source().await;
    let store = &world.store;
    assert_eq!(store.clearing_unsettled(&hq()).await.unwrap(), None);
    let left = Unsettled {
        schedule: true,
        contacts: true,
        ..nothing()
    };
    let ClearStart::Begun(clearance) = begin(&world, 1, false, &left).await else {
        panic!("not begun");
    };
    let lease = world.lease("worker").await;
    assert!(
        is_conflict(store.finish(&lease, &clearance).await),
        "not done outside"
    );
    let less = Unsettled {
        contacts: true,
        ..nothing()
    };
    store.settle_clearing(&hq(), &less).await.unwrap();
    assert_eq!(
        store.clearing_unsettled(&hq()).await.unwrap(),
        Some(less.clone())
    );
    store.settle_clearing(&hq(), &nothing()).await.unwrap();
    store.settle_clearing(&hq(), &less).await.unwrap();
    assert_eq!(
        store.clearing_unsettled(&hq()).await.unwrap(),
        Some(nothing()),
        "done is done"
    );
    let done = store.clearance(&hq()).await.unwrap().unwrap();
    assert!(done.outside_done);
    store.finish(&lease, &done).await.unwrap();
    store.settle_clearing(&hq(), &less).await.unwrap();
    assert!(store.is_vacant(&hq()).await.unwrap());
}

#[tokio::test]
async fn a_cleared_source_is_vacant_and_is_put_anew_under_a_later_version() {
    let world = world().await;
    let clearance = clearing(&world, false).await;
    let lease = world.lease("worker").await;
    let store = world.store_with(&Faults::repeating_writes());
    store.finish(&lease, &clearance).await.unwrap();
    store.finish(&lease, &clearance).await.unwrap();
    let vacant = SourceStanding::Vacant(clearance.clone());
    assert_eq!(store.standing_of(&hq()).await.unwrap(), vacant);
    assert_eq!(store.clearance(&hq()).await.unwrap(), None);
    assert!(store.is_vacant(&hq()).await.unwrap());
    assert_eq!(store.cleared_sources().await.unwrap(), [clearance]);
    assert!(store.sources().await.unwrap().is_empty());
    assert!(Sources::source(&store, &hq()).await.unwrap().is_none());
    store.release(&lease).await.unwrap();
    assert!(is_conflict(
        world
            .put(&hq(), &settings(), Expected::Version(1), "bob")
            .await
    ));
    world.clock.advance(SignedDuration::from_mins(1));
    let anew = async || {
        let author = world.author("carol");
        crate::common::put_by(&store, &hq(), &settings(), Expected::Absent, &author)
            .await
            .unwrap()
    };
    let put = anew().await;
    assert_eq!((put.version, put.created_at), (2, world.clock.now()));
    assert_eq!(anew().await.version, 2, "called twice");
    assert_eq!(
        store.standing_of(&hq()).await.unwrap(),
        SourceStanding::Settled
    );
    assert_eq!(store.sources().await.unwrap(), [hq()]);
    assert!(store.cleared_sources().await.unwrap().is_empty());
    assert!(
        is_conflict(store.remove_cleared(&hq()).await),
        "it is not cleared any more"
    );
    let history = store.history(&hq(), &first(9)).await.unwrap().items;
    assert_eq!(history.len(), 3, "it goes on");
}

#[tokio::test]
async fn two_who_set_up_a_vacant_source_do_not_both_land() {
    let world = world().await;
    let clearance = clearing(&world, false).await;
    let lease = world.lease("worker").await;
    world.store.finish(&lease, &clearance).await.unwrap();
    let names: Vec<String> = (0..5).map(|number| format!("admin{number}")).collect();
    let (source, settings) = (hq(), settings());
    let puts = names
        .iter()
        .map(|by| world.put(&source, &settings, Expected::Absent, by));
    let results = futures::future::join_all(puts).await;
    assert_eq!(results.iter().filter(|one| one.is_ok()).count(), 1);
    let conflicts = results.into_iter().filter(|one| is_conflict(one.clone()));
    assert_eq!(conflicts.count(), 4);
}

#[tokio::test]
async fn a_removed_source_leaves_nothing_and_a_vacant_one_may_be_removed_later() {
    for at_once in [true, false] {
        let world = world().await;
        let clearance = clearing(&world, at_once).await;
        let lease = world.lease("worker").await;
        let finish = async |clearance: &Clearance| {
            let store = world.store_with(&Faults::repeating_writes());
            clear_all(&world, &lease).await;
            store.finish(&lease, clearance).await
        };
        if !at_once {
            finish(&clearance).await.unwrap();
            world.store.remove_cleared(&hq()).await.unwrap();
            world.store.remove_cleared(&hq()).await.unwrap();
            assert_eq!(
                world.store.sources().await.unwrap(),
                [hq()],
                "there is work again"
            );
            assert!(
                is_conflict(finish(&clearance).await),
                "it was asked for more meanwhile"
            );
        }
        let asked = world.store.clearance(&hq()).await.unwrap().unwrap();
        assert!(asked.remove && asked.outside_done);
        finish(&asked).await.unwrap();
        world.store.finish(&lease, &asked).await.unwrap();
        world.store.release(&lease).await.unwrap();
        assert_eq!(sync_keys(&world).await, []);
        assert_eq!(
            world.store.standing_of(&hq()).await.unwrap(),
            SourceStanding::Unknown
        );
        world.store.remove_cleared(&hq()).await.unwrap();
        assert_eq!(sync_keys(&world).await, [], "nothing is revived");
    }
}

#[tokio::test]
async fn nothing_begins_beside_a_live_lease_or_a_run_that_will_start_at_any_time() {
    let world = world().await;
    world.add_source().await;
    let lease = world.lease("a").await;
    let live = ClearStart::RunLive(RunId::new("a"));
    assert_eq!(begin(&world, 1, false, &nothing()).await, live);
    world.store.release(&lease).await.unwrap();
    let queued = world.store.enqueue(&world.record("b"), None).await.unwrap();
    assert_eq!(queued, Enqueued::New);
    let live = ClearStart::RunLive(RunId::new("b"));
    assert_eq!(begin(&world, 1, false, &nothing()).await, live);
    // Nobody delivers it any more after five minutes; and an expired lease is nobody's.
    let _dead = world.lease("c").await;
    world.clock.advance(SignedDuration::from_hours(1));
    let begun = begin(&world, 1, false, &nothing()).await;
    assert!(matches!(begun, ClearStart::Begun(_)));
}

/// Clears in the background, asleep before its `request`-th request.
fn asleep(
    world: &World,
    request: u64,
) -> (
    Faults,
    tokio::task::JoinHandle<Result<ClearStart, StoreError>>,
) {
    let faults = Faults::stalling_at(request);
    let (sleepy, author) = (world.store_with(&faults), world.author("bob"));
    let begun = tokio::spawn(async move {
        sleepy
            .begin_clearing(&hq(), 1, false, &Unsettled::default(), &author)
            .await
    });
    (faults, begun)
}

#[tokio::test]
async fn a_run_that_is_queued_while_a_clearance_begins_is_not_overlooked() {
    let world = world().await;
    world.add_source().await;
    // What stands there, the open runs, then the clearance.
    let (faults, begun) = asleep(&world, 3);
    faults.stalled().await;
    let queued = world.store.enqueue(&world.record("a"), None).await.unwrap();
    assert_eq!(queued, Enqueued::New);
    faults.wake();
    assert_eq!(
        begun.await.unwrap().unwrap(),
        ClearStart::RunLive(RunId::new("a"))
    );
    assert_eq!(
        world.store.standing_of(&hq()).await.unwrap(),
        SourceStanding::Settled
    );
}

#[tokio::test]
async fn a_run_that_is_claimed_while_a_clearance_begins_is_not_overlooked() {
    let world = world().await;
    world.add_source().await;
    let (faults, begun) = asleep(&world, 3);
    faults.stalled().await;
    let _lease = world.lease("a").await;
    faults.wake();
    assert_eq!(
        begun.await.unwrap().unwrap(),
        ClearStart::RunLive(RunId::new("a"))
    );
}

#[tokio::test]
async fn settings_that_are_changed_while_a_clearance_begins_stay() {
    let world = world().await;
    world.add_source().await;
    let (faults, begun) = asleep(&world, 3);
    faults.stalled().await;
    world
        .put(&hq(), &settings(), Expected::Version(1), "carol")
        .await
        .unwrap();
    faults.wake();
    assert_eq!(begun.await.unwrap().unwrap(), ClearStart::Stale);
    assert_eq!(
        world.store.standing_of(&hq()).await.unwrap(),
        SourceStanding::Settled
    );
}

#[tokio::test]
async fn no_run_is_queued_for_a_source_whose_clearance_began_while_it_was_asked_for() {
    let world = world().await;
    world.add_source().await;
    // The open runs, the retention, then the queue.
    let faults = Faults::stalling_at(3);
    let (sleepy, record) = (world.store_with(&faults), world.record("a"));
    let queued = tokio::spawn(async move { sleepy.enqueue(&record, Some("key")).await });
    faults.stalled().await;
    assert!(matches!(
        begin(&world, 1, false, &nothing()).await,
        ClearStart::Begun(_)
    ));
    faults.wake();
    assert!(is_conflict(queued.await.unwrap()));
    assert!(world.store.unfinished(&hq()).await.unwrap().is_empty());
    let run = RunLog::run(&world.store, &hq(), &RunId::new("a"))
        .await
        .unwrap();
    assert_eq!(run, None);
}

/// Housekeeping holds no lease: what it says late has no place in the log of a cleared source.
#[tokio::test]
async fn nothing_is_written_without_a_lease_into_a_source_that_is_cleared_or_vacant() {
    let world = world().await;
    let mut dead = world.record("dead");
    dead.status = RunStatus::Running;
    world.store.put_unleased(&dead).await.unwrap();
    let clearance = clearing(&world, false).await;
    let lease = world.lease("worker").await;
    clear_all(&world, &lease).await;
    let bare = sync_keys(&world).await;
    let write_all = async || {
        let mut record = dead.clone();
        record.status = RunStatus::Failed;
        let finished = OutboxItem {
            id: "dead-finished".to_owned(),
            at: world.clock.now(),
            payload: OutboxPayload::RunFinished(Box::new(record.clone())),
        };
        let store = &world.store;
        assert!(is_conflict(store.put_unleased(&record).await));
        let buried = store.bury(&record, std::slice::from_ref(&finished)).await;
        assert_eq!(buried, Ok(false), "nobody waits for it");
        Outbox::put(store, &hq(), &finished).await.unwrap();
    };
    write_all().await;
    assert_eq!(sync_keys(&world).await, bare, "while it is cleared");
    world.store.finish(&lease, &clearance).await.unwrap();
    write_all().await;
    assert_eq!(sync_keys(&world).await, bare, "once it is vacant");
}

#[tokio::test]
async fn an_agent_is_free_once_the_only_source_that_named_it_is_cleared() {
    let world = world().await;
    let id = AgentId::parse("dc-1").unwrap();
    let body = serde_json::json!({ "url": "http://127.0.0.1:3128" });
    let agent = AgentSettings::parse(&body, None).unwrap().settings;
    let author = world.author("bob");
    world
        .store
        .put_agent(&id, &agent, Expected::Absent, &author)
        .await
        .unwrap();
    let mut naming = settings();
    naming.agents = vec![id.clone()];
    world
        .put(&hq(), &naming, Expected::Absent, "bob")
        .await
        .unwrap();
    begin(&world, 1, false, &nothing()).await;
    let deleted = world.store.delete_agent(&id, 1).await;
    assert_eq!(deleted.unwrap(), AgentDeleted::Done);
}
