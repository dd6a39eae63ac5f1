//! A source that is replaced or deleted: its people stay, detached, its logs go, and whoever comes
//! back is who they were.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use jiff::SignedDuration;
use org_model::{InternalId, ItemKey, ItemState, SourceId};
use org_plan::{Action, Item};
use simulation::{Faults, World, faults_at};
use sync_run::ports::StoreError;
use sync_run::{Cleared, RowResult, RunOutcome, RunRecord, RunStatus, clear_source, run};
use tokio::sync::Notify;
use tokio::task::JoinHandle;

/// A source that has lived: some deleted, a list that waits, logs.
async fn lived() -> World {
    let mut world = World::new(250, 8);
    world.run().await;
    (0..2).for_each(|n| world.corp().dismiss(n));
    world.run().await;
    (2..90).for_each(|n| world.corp().dismiss(n));
    world.run().await;
    world.pass(SignedDuration::from_hours(1));
    world
}

fn states(world: &World) -> BTreeMap<ItemKey, (InternalId, ItemState)> {
    let shelf = world.shelf();
    let items = shelf.items.iter();
    let each =
        |(key, item): (&ItemKey, &Item)| (key.clone(), (item.internal_id().clone(), item.state()));
    items.map(each).collect()
}

/// As it must stand once the source is cleared: who was live is detached, nothing else differs.
fn detached(
    before: &BTreeMap<ItemKey, (InternalId, ItemState)>,
) -> Vec<(ItemKey, InternalId, bool)> {
    let all = before.iter();
    all.map(|(key, (id, state))| (key.clone(), id.clone(), *state == ItemState::Deleted))
        .collect()
}

fn assert_cleared(world: &World, before: &[(ItemKey, InternalId, bool)], at: usize) {
    let now = states(world);
    assert_eq!(
        now.len(),
        before.len(),
        "crash at {at}: nobody comes or goes"
    );
    for (key, id, deleted) in before {
        let wanted = if *deleted {
            ItemState::Deleted
        } else {
            ItemState::Detached
        };
        assert_eq!(now[key], (id.clone(), wanted), "crash at {at}: {key}");
    }
    let shelf = world.shelf();
    assert!(
        shelf.records.is_empty() && shelf.pages.is_empty(),
        "crash at {at}: logs"
    );
    assert!(
        shelf.lists.is_empty() && shelf.outbox.is_empty(),
        "crash at {at}: lists"
    );
    assert_eq!(
        shelf.state,
        sync_run::SourceState::default(),
        "crash at {at}"
    );
    assert!(shelf.clearance.is_none(), "crash at {at}");
}

fn rows_of(record: &RunRecord, kind: &str, action: Action, result: RowResult) -> u64 {
    let results = record
        .counts
        .get(kind)
        .and_then(|actions| actions.get(&action));
    results
        .and_then(|results| results.get(&result))
        .copied()
        .unwrap_or_default()
}

#[tokio::test]
async fn a_replaced_source_is_vacant_and_whoever_is_read_again_is_adopted() {
    let mut world = lived().await;
    let before = states(&world);
    assert!(world.begin_clearing(false));
    assert_eq!(
        world.clear(Faults::default()).await.0,
        Ok(Cleared::Finished)
    );
    assert_cleared(&world, &detached(&before), 0);
    world.set_up_anew();
    let held: BTreeSet<String> = (2..90).map(|n| format!("person.{n:04}")).collect();
    let renamed = "person.0100";
    world.corp().people.get_mut(renamed).unwrap().name = "Somebody Else".to_owned();
    let first = world.run().await;
    // One conflict: somebody is not as WeCom has them.
    assert_eq!(first.status, RunStatus::Partial, "{first:?}");
    world.assert_honest(&first);
    let adopted = |kind| rows_of(&first, kind, Action::Adopt, RowResult::Done);
    assert_eq!((adopted("users"), adopted("departments")), (159, 8));
    // One row for the conflict: the userid is there, under another name, and nothing was written.
    assert_eq!(
        rows_of(&first, "users", Action::Adopt, RowResult::Failed),
        1
    );
    let now = states(&world);
    for (key, (id, _)) in &before {
        let (internal_id, state) = &now[key];
        assert_eq!(internal_id, id, "{key} is who they were");
        let name = key.to_string();
        let stays = held.contains(&name) || name == renamed;
        let wanted = match () {
            () if stays => ItemState::Detached,
            () if before[key].1 == ItemState::Deleted => ItemState::Deleted,
            () => ItemState::Live,
        };
        assert_eq!(*state, wanted, "{key}");
    }
    let quiet = world.run().await;
    assert_eq!(
        rows_of(&quiet, "users", Action::Delete, RowResult::Done),
        0,
        "never candidates"
    );
    assert_eq!(rows_of(&quiet, "users", Action::Adopt, RowResult::Done), 0);
}

#[tokio::test]
async fn a_deleted_source_leaves_its_people_behind_detached_and_nothing_else() {
    let mut world = lived().await;
    let before = states(&world);
    assert!(world.begin_clearing(true));
    assert_eq!(
        world.clear(Faults::default()).await.0,
        Ok(Cleared::Finished)
    );
    assert_cleared(&world, &detached(&before), 0);
    assert!(world.shelf().gone);
    let (late, _) = world.try_run(Faults::default()).await;
    assert_eq!(
        late,
        Ok(RunOutcome::NoSuchSource),
        "whoever sends its events should hear of it"
    );
    assert_eq!(
        world.clear(Faults::default()).await.0,
        Ok(Cleared::NothingToDo)
    );
}

/// Killed at every request, before and after it reached the store, or one answer lost: with the
/// next workers it ends as if it had run once.
#[tokio::test]
async fn a_clearing_killed_at_any_request_ends_as_if_it_had_run_once() {
    for n in 0.. {
        let mut last = 0;
        for faults in faults_at(n) {
            let mut world = lived().await;
            let before = detached(&states(&world));
            assert!(world.begin_clearing(false));
            let (_, requests) = world.clear(faults).await;
            last = requests;
            // A killed worker's lease has to expire; housekeeping asks for the next one.
            world.pass(SignedDuration::from_hours(1));
            let asked = world.shelf().clearings_started;
            world.tidy().await;
            if world.shelf().clearance.is_some() {
                assert_eq!(world.shelf().clearings_started, asked + 1, "crash at {n}");
                assert_eq!(
                    world.clear(Faults::default()).await.0,
                    Ok(Cleared::Finished)
                );
            }
            assert_cleared(&world, &before, n);
            assert!(world.shelf().vacant, "crash at {n}");
        }
        if n >= last {
            assert!(n > 10, "crashed at {n} places only");
            return;
        }
    }
}

#[tokio::test]
async fn a_clearing_waits_for_what_is_left_outside() {
    let mut world = lived().await;
    let before = detached(&states(&world));
    assert!(world.begin_clearing(false));
    world.shelf().clearance.as_mut().unwrap().outside_done = false;
    assert_eq!(
        world.clear(Faults::default()).await.0,
        Ok(Cleared::WaitsForOutside)
    );
    assert!(!world.shelf().vacant);
    world.shelf().clearance.as_mut().unwrap().outside_done = true;
    world.tidy().await;
    assert_eq!(
        world.clear(Faults::default()).await.0,
        Ok(Cleared::Finished)
    );
    assert_cleared(&world, &before, 0);
}

#[tokio::test]
async fn a_worker_stops_before_its_deadline_and_asks_for_the_next_only_after_progress() {
    let mut world = lived().await;
    assert!(world.begin_clearing(false));
    let mut request = world.request();
    // No time at all: nothing is done, and nobody is asked.
    request.deadline = world.now() + SignedDuration::from_secs(5);
    let (_, ports) = world.process(Faults::default());
    let ended = clear_source(&ports, &request.source, request.deadline, &request.run).await;
    assert_eq!(ended, Ok(Cleared::Unfinished));
    assert_eq!(world.shelf().clearings_started, 0);
    assert!(world.shelf().holder.is_none(), "the next one need not wait");

    // Time for a part of it: it sleeps in the middle, and wakes when its time is nearly over.
    let (working, wake) = worker_asleep(&mut world, 6);
    let_them_work().await;
    let second = world.clear(Faults::default()).await.0;
    assert!(
        matches!(second, Ok(Cleared::Busy(_))),
        "one worker at a time: {second:?}"
    );
    world.pass(SignedDuration::from_mins(15));
    wake.notify_one();
    assert_eq!(working.await.unwrap(), Ok(Cleared::Unfinished));
    assert_eq!(world.shelf().clearings_started, 1);
    assert_eq!(
        world.clear(Faults::default()).await.0,
        Ok(Cleared::Finished)
    );
}

#[tokio::test]
async fn a_late_event_for_a_source_that_is_cleared_or_vacant_ends_quietly() {
    let mut world = lived().await;
    assert!(world.begin_clearing(false));
    assert_eq!(
        world.try_run(Faults::default()).await.0,
        Ok(RunOutcome::SourceCleared)
    );
    // While a worker holds the lease: no record is written into the log that it clears.
    let (working, wake) = worker_asleep(&mut world, 6);
    let_them_work().await;
    world.pass(SignedDuration::from_mins(1));
    let late = world.request();
    let (_, ports) = world.process(Faults::default());
    assert_eq!(run(&ports, &late).await, Ok(RunOutcome::SourceCleared));
    wake.notify_one();
    assert_eq!(working.await.unwrap(), Ok(Cleared::Finished));
    assert!(world.shelf().records.is_empty());
    assert_eq!(
        world.try_run(Faults::default()).await.0,
        Ok(RunOutcome::SourceCleared)
    );
    assert!(world.shelf().records.is_empty());
}

/// It found another run live, and says so when that one is over and its log cleared.
#[tokio::test]
async fn a_run_that_was_skipped_long_ago_leaves_no_record_in_a_cleared_source() {
    for n in 1.. {
        let mut world = lived().await;
        let (live, wake_live) = asleep(&mut world, 6);
        world.pass(SignedDuration::from_mins(1));
        let (skipped, wake_skipped) = asleep(&mut world, n);
        let_them_work().await;
        let is_over = skipped.is_finished();
        wake_live.notify_one();
        live.await.unwrap().unwrap();
        if is_over {
            assert!(n > 1, "slept nowhere");
            return;
        }
        assert!(world.begin_clearing(false), "slept at {n}");
        let cleared = world.clear(Faults::default()).await.0;
        assert_eq!(cleared, Ok(Cleared::Finished));
        wake_skipped.notify_one();
        let said = skipped.await.unwrap();
        assert_eq!(said, Ok(RunOutcome::SourceCleared), "slept at {n}");
        assert!(world.shelf().records.is_empty(), "slept at {n}");
    }
}

/// Until nobody gets any further.
async fn let_them_work() {
    for _ in 0..200 {
        tokio::task::yield_now().await;
    }
}

/// A worker that sleeps before its `n`th request until it is woken.
fn worker_asleep(
    world: &mut World,
    n: usize,
) -> (JoinHandle<Result<Cleared, StoreError>>, Arc<Notify>) {
    let request = world.request();
    let faults = Faults {
        sleep_before: Some(n),
        ..Faults::default()
    };
    let (process, ports) = world.process(faults);
    let clearing =
        async move { clear_source(&ports, &request.source, request.deadline, &request.run).await };
    (tokio::spawn(clearing), process.wake())
}

/// A run that sleeps before its `n`th request until it is woken.
fn asleep(
    world: &mut World,
    n: usize,
) -> (JoinHandle<Result<RunOutcome, StoreError>>, Arc<Notify>) {
    let request = world.request();
    let faults = Faults {
        sleep_before: Some(n),
        ..Faults::default()
    };
    let (process, ports) = world.process(faults);
    let running = async move { run(&ports, &request).await };
    (tokio::spawn(running), process.wake())
}

#[tokio::test]
async fn nothing_is_cleared_while_a_run_is_live_or_queued() {
    let mut world = lived().await;
    world.queue_manual_run(sync_run::RunMode::Apply, None);
    assert!(!world.begin_clearing(false));
}

/// A zombie of a run that wakes after its source was cleared finds every door shut.
#[tokio::test]
async fn a_late_zombie_of_a_run_writes_nothing_into_a_cleared_source() {
    for n in 1.. {
        let mut world = lived().await;
        (90..93).for_each(|n| world.corp().dismiss(n));
        for number in 100..110 {
            let key = format!("person.{number:04}");
            world.corp().people.get_mut(&key).unwrap().title = "Lead".to_owned();
        }
        let request = world.request();
        let id = request.run.clone();
        let faults = Faults {
            sleep_before: Some(n),
            ..Faults::default()
        };
        let (process, ports) = world.process(faults);
        let wake = process.wake();
        let zombie = tokio::spawn(async move { run(&ports, &request).await });
        let_them_work().await;
        if zombie.is_finished() {
            assert!(n > 15, "the zombie slept at {n} places only");
            return;
        }
        world.pass(SignedDuration::from_hours(1));
        let closed = world
            .shelf()
            .records
            .get(&id)
            .is_some_and(|r| r.status.is_final());
        // Housekeeping buries the dead run; only then may anybody clear the source.
        world.tidy().await;
        let before = detached(&states(&world));
        assert!(world.begin_clearing(false), "slept at {n}");
        assert_eq!(
            world.clear(Faults::default()).await.0,
            Ok(Cleared::Finished)
        );
        wake.notify_one();
        let said = zombie.await.unwrap();
        let shelf_is_as_cleared = |world: &World| {
            let now = states(world);
            before.iter().all(|(key, id, deleted)| {
                let wanted = if *deleted {
                    ItemState::Deleted
                } else {
                    ItemState::Detached
                };
                now[key] == (id.clone(), wanted)
            })
        };
        assert!(shelf_is_as_cleared(&world), "slept at {n}: {said:?}");
        let lost = matches!(&said, Err(StoreError::LeaseLost { .. }));
        let nothing = matches!(
            &said,
            Ok(RunOutcome::NoSuchSource | RunOutcome::SourceCleared)
        );
        assert!(closed || lost || nothing, "slept at {n}: {said:?}");
        let shelf = world.shelf();
        assert!(
            shelf.records.is_empty(),
            "slept at {n}: {:?}",
            shelf.records
        );
        assert!(
            shelf.lists.is_empty() && shelf.standing.is_none(),
            "slept at {n}"
        );
    }
}

/// A write that was on its way for very long, and lands while the logs are being cleared.
#[tokio::test]
async fn whoever_arrives_after_the_others_were_detached_is_detached_as_well() {
    let mut arrivals = 0;
    for n in 1.. {
        let mut world = lived().await;
        assert!(world.begin_clearing(false));
        let (worker, wake) = worker_asleep(&mut world, n);
        let_them_work().await;
        if worker.is_finished() {
            assert!(arrivals > 0, "nobody arrived in between");
            return;
        }
        let is_clearing_logs = {
            let shelf = world.shelf();
            let live = |item: &Item| item.state() == ItemState::Live;
            !shelf.items.values().any(live) && !shelf.records.is_empty()
        };
        if is_clearing_logs {
            arrivals += 1;
            let mut shelf = world.shelf();
            let late = shelf.items.values_mut().find_map(|item| match item {
                Item::User(user) if user.detached => Some(user),
                _ => None,
            });
            late.unwrap().detached = false;
        }
        wake.notify_one();
        assert_eq!(worker.await.unwrap(), Ok(Cleared::Finished));
        let states = states(&world);
        let live = states
            .values()
            .filter(|(_, state)| *state == ItemState::Live);
        assert_eq!(live.count(), 0, "slept at {n}");
    }
}

#[tokio::test]
async fn a_dead_clearing_is_taken_over_like_a_dead_run() {
    let mut world = lived().await;
    assert!(world.begin_clearing(true));
    let dies = Faults {
        die_before: Some(5),
        ..Faults::default()
    };
    world.clear(dies).await.0.unwrap_err();
    let (_, ports) = world.process(Faults::default());
    let round = org_model::RunId::new("start");
    let dead = sync_run::take_over(&ports, &SourceId::new("hq"), &round).await;
    assert!(dead.unwrap().is_some());
    assert_eq!(
        world.clear(Faults::default()).await.0,
        Ok(Cleared::Finished)
    );
}

/// A worker that wakes after another finished, and the source was set up anew and has run.
#[tokio::test]
async fn a_late_zombie_of_a_clearing_touches_nothing_of_the_source_that_follows() {
    for n in 1.. {
        let mut world = lived().await;
        assert!(world.begin_clearing(false));
        let (zombie, wake) = worker_asleep(&mut world, n);
        let_them_work().await;
        if zombie.is_finished() {
            assert!(n > 10, "the zombie slept at {n} places only");
            return;
        }
        world.pass(SignedDuration::from_hours(1));
        let vacant = world.shelf().vacant;
        let ended = world.clear(Faults::default()).await.0;
        assert!(vacant || ended == Ok(Cleared::Finished), "slept at {n}");
        world.set_up_anew();
        world.run().await;
        let (items, records) = {
            let shelf = world.shelf();
            (shelf.items.clone(), shelf.records.clone())
        };
        wake.notify_one();
        let said = zombie.await.unwrap();
        let shelf = world.shelf();
        assert_eq!(shelf.items, items, "slept at {n}: {said:?}");
        assert_eq!(shelf.records, records, "slept at {n}: {said:?}");
        assert!(!shelf.vacant && shelf.clearance.is_none(), "slept at {n}");
        assert!(shelf.state.baseline.is_some(), "slept at {n}: {said:?}");
    }
}
