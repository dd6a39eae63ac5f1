//! Story 9: the database refuses, repeats, or cannot hold one item; the rest goes on.

use scenarios::World;
use sync_run::{RowResult, RunOutcome, RunRecord, RunStatus};
use testkit::Faults;
use wecom_sim::Command;

async fn eventful() -> World {
    let world = World::synced(30, 5).await;
    let leavers_max = Some(3);
    world.tell(Command::Churn {
        percent: 40.0,
        seed: 5,
        leavers_max,
    });
    world
}

async fn finished(world: &World, faults: &Faults) -> RunRecord {
    match world.run_with(faults).await.unwrap() {
        RunOutcome::Finished(record) => *record,
        other => panic!("{other:?}"),
    }
}

/// Every request is refused once.
#[tokio::test]
async fn throttling_every_request_once_only_costs_time() {
    let world = World::of(30, 5).await;
    for seed in 0..2 {
        let record = finished(&world, &Faults::throttling_first_tries()).await;
        assert_eq!(record.status, RunStatus::Succeeded, "{record:?}");
        world.assert_equal().await;
        let leavers_max = Some(3);
        world.tell(Command::Churn {
            percent: 40.0,
            seed,
            leavers_max,
        });
    }
}

/// Every k-th request is refused, tries and all: some get through to the end and some do not. The
/// log agrees with the tables in either case (`World::run_with`), and the next run does the rest.
#[tokio::test]
async fn throttling_every_few_requests_loses_nothing() {
    for every in [2, 3, 5, 8] {
        let world = eventful().await;
        for _ in 0..2 {
            let _however_it_ends = world.run_with(&Faults::throttling(every)).await;
            let directory = world.directory().await;
            let left = scenarios::live_people(&directory).len();
            assert!(left >= 27, "every {every}th: {left} are left of 30");
        }
        assert_eq!(world.run().await.status, RunStatus::Succeeded);
        world.assert_equal().await;
    }
}

/// One write never gets through: a red row, and the others land.
#[tokio::test]
async fn one_write_that_is_always_throttled_stops_no_other() {
    let world = World::of(60, 6).await;
    let userid = world.active()[11].clone();
    let named = format!("\"{userid}@example.com\"");
    let record = finished(&world, &Faults::throttling_naming(&named)).await;
    assert_eq!(record.status, RunStatus::Partial, "{record:?}");
    assert_eq!(record.rows_with(RowResult::Failed), 1);
    let rows = world.rows(&record).await;
    let red = rows.iter().find(|row| row.result == RowResult::Failed);
    let red = red.unwrap();
    let code = red.code.as_deref();
    assert_eq!((&red.id, code), (&userid, Some("store_unavailable")));
    assert_eq!(scenarios::live_people(&world.directory().await).len(), 59);
    assert_eq!(world.run().await.status, RunStatus::Succeeded);
    world.assert_equal().await;
}

/// Nothing gets through: the run could not even be claimed, or ended without its close; the next
/// one does all of it.
#[tokio::test]
async fn a_database_that_refuses_everything_loses_nothing() {
    let world = eventful().await;
    let before = world.directory().await;
    world.run_with(&Faults::throttling(1)).await.unwrap_err();
    assert_eq!(world.directory().await, before);
    assert_eq!(world.run().await.status, RunStatus::Succeeded);
    world.assert_equal().await;
}

#[tokio::test]
async fn writes_that_arrive_twice_are_written_once() {
    let world = World::of(40, 5).await;
    for seed in 0..3 {
        let record = finished(&world, &Faults::repeating_writes()).await;
        assert_eq!(record.status, RunStatus::Succeeded, "{record:?}");
        assert_eq!(record.rows_with(RowResult::Failed), 0);
        world.assert_equal().await;
        let leavers_max = Some(3);
        world.tell(Command::Churn {
            percent: 30.0,
            seed,
            leavers_max,
        });
    }
    world.tell(Command::DismissRandom { count: 20, seed: 9 });
    let held = finished(&world, &Faults::repeating_writes()).await;
    assert_eq!(held.status, RunStatus::Held);
    let list = world.waiting().await.remove(0);
    assert_eq!(world.approve(&list).await.status, RunStatus::Succeeded);
    world.assert_equal().await;
}

/// One row of many is more than an item may be: it is red, the others land.
#[tokio::test]
async fn one_poisoned_row_is_red_and_all_others_land() {
    let world = World::of(80, 6).await;
    let userid = world.active()[11].clone();
    let rename = |name: String| Command::Rename {
        userid: userid.clone(),
        name,
    };
    world.tell(rename(scenarios::poison()));
    for _ in 0..2 {
        let record = world.run().await;
        assert_eq!(record.status, RunStatus::Partial, "{record:?}");
        assert_eq!(record.sealed, Some(true));
        assert_eq!(record.rows_with(RowResult::Failed), 1);
        let rows = world.rows(&record).await;
        let red = rows.iter().find(|row| row.result == RowResult::Failed);
        let red = red.unwrap();
        assert_eq!(
            (&red.id, red.code.as_deref()),
            (&userid, Some("item_too_large"))
        );
        assert!(red.remedy.is_some());
        assert_eq!(scenarios::live_people(&world.directory().await).len(), 79);
    }
    world.tell(rename("改名".to_owned()));
    assert_eq!(world.run().await.status, RunStatus::Succeeded);
    world.assert_equal().await;
}

/// Somebody who is here and becomes too large stays as they were.
#[tokio::test]
async fn a_row_that_becomes_poisoned_keeps_its_old_values() {
    let world = World::synced(20, 4).await;
    let userid = world.active()[5].clone();
    let before = world.directory().await.person(&userid).cloned();
    world.tell(Command::Rename {
        userid: userid.clone(),
        name: scenarios::poison(),
    });
    let newcomer = world.hire();
    let record = world.run().await;
    assert_eq!(record.status, RunStatus::Partial);
    let directory = world.directory().await;
    assert_eq!(directory.person(&userid).cloned(), before);
    assert!(directory.person(&newcomer).is_some());
    // A poisoned person who leaves can go all the same.
    world.dismiss(&[userid]);
    assert_eq!(world.run().await.status, RunStatus::Succeeded);
    world.assert_equal().await;
}
