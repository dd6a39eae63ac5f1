//! The purge: page by page, each written down before anything of it goes.

use std::collections::BTreeSet;

use jiff::SignedDuration;
use org_model::{Generation, ItemState, RunId, UserStatus};
use org_plan::Item;
use simulation::{Faults, World, faults_at};
use sync_run::ports::PURGE_MAX;
use sync_run::{RowResult, RunRecord, RunStatus, housekeeping};

/// Deleted longer ago than they are kept: more than one page of them.
async fn with_much_to_purge() -> World {
    let people = u32::try_from(PURGE_MAX).unwrap() + 100;
    let mut world = World::new(people + 10, 4);
    world.run().await;
    (0..people).for_each(|n| world.corp().dismiss(n));
    world.run().await;
    world.approve_all();
    world.run().await;
    world.assert_mirrors(&BTreeSet::new());
    world.pass(SignedDuration::from_hours(24 * 40));
    world
}

fn deleted(world: &World) -> usize {
    let shelf = world.shelf();
    let items = shelf.items.values();
    items
        .filter(|item| item.state() == ItemState::Deleted)
        .count()
}

fn purges(world: &World) -> Vec<RunRecord> {
    let shelf = world.shelf();
    let ours = |record: &&RunRecord| record.requested_by.as_deref() == Some("housekeeping");
    shelf.records.values().filter(ours).cloned().collect()
}

/// Story 13: every purged item has a row that says so, in all purges together.
fn rows_done(world: &World, purge: &RunId) -> usize {
    let shelf = world.shelf();
    let pages = shelf.pages.iter().filter(|((run, _, _), _)| run == purge);
    let rows = pages.flat_map(|(_, page)| &page.rows);
    rows.filter(|row| row.result == RowResult::Done).count()
}

#[tokio::test]
async fn a_purge_of_many_pages_has_a_row_for_everything_that_went() {
    let mut world = with_much_to_purge().await;
    let before = deleted(&world);
    assert!(before > PURGE_MAX);
    world.tidy().await;
    assert_eq!(deleted(&world), 0);
    let [purge] = purges(&world).try_into().unwrap();
    assert_eq!(purge.status, RunStatus::Succeeded);
    assert_eq!(rows_done(&world, &purge.run), before);
    world.assert_honest(&purge);
}

#[tokio::test]
async fn a_purge_that_fails_anywhere_leaves_a_row_for_everything_that_went() {
    let template = with_much_to_purge().await;
    let before = template.shelf().clone();
    for request in 0.. {
        let mut reached = false;
        for faults in faults_at(request) {
            let mut world = World::new(0, 1);
            *world.shelf() = before.clone();
            *world.corp() = template.corp().clone();
            world.pass(template.now().duration_since(world.now()));
            let (all, named) = (deleted(&world), format!("{faults:?}"));
            let (_, requests) = world.round("round", faults).await;
            reached |= request < requests;
            let gone = all - deleted(&world);
            let rows: usize = world
                .shelf()
                .pages
                .iter()
                .filter(|((run, _, _), _)| run.as_str() == "round-hq")
                .map(|(_, page)| page.rows.len())
                .sum();
            assert!(rows >= gone, "{named}: {gone} gone, {rows} rows");
            for purge in purges(&world) {
                assert!(
                    rows_done(&world, &purge.run) <= gone,
                    "{named}: says too much"
                );
            }
            world.pass(SignedDuration::from_mins(20));
            world.tidy().await;
            assert_eq!((deleted(&world), world.open_runs()), (0, vec![]), "{named}");
        }
        if !reached {
            assert!(request > 12, "{request}");
            return;
        }
    }
}

/// Another writer brings the deleted person back; `false` if nobody is there any more.
fn restore(world: &World) -> bool {
    let mut shelf = world.shelf();
    let generation = shelf.generation + 1;
    let mut deleted = shelf.items.values_mut().filter_map(|item| match item {
        Item::User(user) if user.deleted_at.is_some() => Some(user),
        _ => None,
    });
    let Some(user) = deleted.next() else {
        return false;
    };
    (user.status, user.deleted_at) = (UserStatus::Active, None);
    user.stamp.generation = Generation(generation);
    true
}

#[tokio::test]
async fn who_comes_back_while_a_purge_looks_stays_and_the_row_says_so() {
    let mut world = World::new(50, 5);
    world.run().await;
    world.corp().dismiss(7);
    world.run().await;
    world.pass(SignedDuration::from_hours(24 * 40));
    let (_, whole) = {
        let before = world.shelf().clone();
        let counted = world.round("count", Faults::default()).await;
        *world.shelf() = before;
        counted
    };
    let mut kept = 0;
    for request in 0..whole {
        let before = world.shelf().clone();
        let sleeping = Faults {
            sleep_before: Some(request),
            ..Faults::default()
        };
        let (process, ports) = world.process(sleeping);
        let wake = process.wake();
        let asleep =
            tokio::spawn(
                async move { housekeeping(&ports, &RunId::new("sleeper")).await.unwrap() },
            );
        for _ in 0..200 {
            tokio::task::yield_now().await;
        }
        let restored = restore(&world);
        wake.notify_one();
        asleep.await.unwrap();
        if restored {
            let shelf = world.shelf();
            assert!(shelf.live_people().contains("person.0007"), "{request}");
            let mut rows = shelf.pages.values().flat_map(|page| &page.rows);
            kept += usize::from(rows.any(|row| row.code.as_deref() == Some("changed_meanwhile")));
        }
        *world.shelf() = before;
    }
    assert!(kept >= 1, "the race was met");
}
