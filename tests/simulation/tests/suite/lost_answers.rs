//! One request fails, or its answer is lost, and the process lives on: what it did is told.

use std::collections::BTreeSet;

use jiff::SignedDuration;
use org_model::ItemState;
use simulation::{Faults, World};
use sync_run::{NoticeKind, OutboxPayload, RowResult, RunStatus};

/// Three people left, one came, one moved, a department is new.
async fn eventful_day() -> World {
    let mut world = World::new(60, 6);
    world.run().await;
    (0..3).for_each(|n| world.corp().dismiss(n));
    world.corp().hire(500, [2, 3].into());
    world
        .corp()
        .people
        .get_mut("person.0011")
        .unwrap()
        .departments = [5].into();
    world.corp().departments.insert(7, Some(2));
    world
}

/// Every deleted person stands in some run's rows as deleted (story 13).
fn assert_deletions_are_told(world: &World, at: usize) {
    let shelf = world.shelf();
    let told: BTreeSet<String> = shelf
        .pages
        .values()
        .flat_map(|page| &page.rows)
        .filter(|row| row.action == org_plan::Action::Delete)
        .map(|row| row.id.to_lowercase())
        .collect();
    for item in shelf
        .items
        .values()
        .filter(|item| item.state() == ItemState::Deleted)
    {
        let key = item.key().to_string();
        assert!(
            told.contains(&key),
            "{key} was deleted without a row, request {at}"
        );
    }
}

/// Every closed run was announced, or still stands in the outbox.
fn assert_ends_are_told(world: &World, at: usize) {
    let shelf = world.shelf();
    let waiting = shelf
        .outbox
        .values()
        .filter_map(|item| match &item.payload {
            OutboxPayload::RunFinished(record) => Some(&record.run),
            OutboxPayload::Notice(_) => None,
        });
    let told: BTreeSet<_> = shelf
        .events
        .iter()
        .map(|event| &event.run)
        .chain(waiting)
        .collect();
    let ended = shelf
        .records
        .values()
        .filter(|record| record.status.is_final());
    for record in ended.filter(|record| record.status != RunStatus::Skipped) {
        assert!(
            told.contains(&record.run),
            "nobody heard of {}, request {at}",
            record.run
        );
    }
}

async fn fail_everywhere(at: impl Fn(usize) -> Faults) {
    for n in 0.. {
        let mut world = eventful_day().await;
        let (_, requests) = world.try_run(at(n)).await;
        assert_deletions_are_told(&world, n);
        assert_ends_are_told(&world, n);
        assert_counts_agree(&world, n);
        let record = world.run().await;
        assert_eq!(
            record.status,
            RunStatus::Succeeded,
            "after request {n} failed"
        );
        world.assert_mirrors(&BTreeSet::new());
        assert_ends_are_told(&world, n);
        if n >= requests {
            return;
        }
    }
}

/// The counts of a closed run are those of its rows.
fn assert_counts_agree(world: &World, at: usize) {
    let shelf = world.shelf();
    for record in shelf
        .records
        .values()
        .filter(|record| record.status.is_final())
    {
        for result in [RowResult::Done, RowResult::Failed, RowResult::Held] {
            let pages = shelf
                .pages
                .iter()
                .filter(|((run, _, _), _)| *run == record.run);
            let rows = pages
                .flat_map(|(_, page)| &page.rows)
                .filter(|row| row.result == result);
            assert_eq!(
                record.rows_with(result),
                rows.count() as u64,
                "request {at}"
            );
        }
    }
}

#[tokio::test]
async fn one_failed_request_loses_no_row_and_no_announcement() {
    fail_everywhere(|n| Faults {
        fail_once: Some(n),
        ..Faults::default()
    })
    .await;
}

#[tokio::test]
async fn one_lost_answer_loses_no_row_and_no_announcement() {
    fail_everywhere(|n| Faults {
        fail_after: Some(n),
        ..Faults::default()
    })
    .await;
}

#[tokio::test]
async fn lists_that_expire_together_have_one_successor_and_one_notice() {
    let mut world = World::new(200, 10);
    world.run().await;
    world.shelf().settings.deletions = source_settings::Deletions::Paused;
    for n in 0..40 {
        world.corp().dismiss(n);
        world.run().await;
    }
    let held = |world: &World| {
        world
            .shelf()
            .notices
            .iter()
            .filter(|n| n.kind == NoticeKind::Held)
            .count()
    };
    assert_eq!(held(&world), 40, "forty departures, each a list of its own");
    world.pass(SignedDuration::from_hours(24 * 4));
    let record = world.run().await;
    assert_eq!(record.status, RunStatus::Held);
    assert_eq!(record.rows_with(RowResult::Held), 40);
    assert_eq!(held(&world), 41);
}

#[tokio::test]
async fn a_killed_first_run_has_already_bound_the_source_to_its_corp() {
    let mut world = World::new(60, 6);
    let (_, requests) = world.try_run(Faults::default()).await;
    let mut bound = 0;
    for n in 0..requests {
        let mut world = World::new(60, 6);
        world
            .try_run(Faults {
                die_before: Some(n),
                ..Faults::default()
            })
            .await
            .0
            .ok();
        let shelf = world.shelf();
        assert!(
            shelf.items.is_empty() || shelf.state.has_mirror,
            "killed at {n}"
        );
        bound += usize::from(!shelf.items.is_empty());
    }
    assert!(bound > 5, "the run was killed while it wrote");
}

/// What an approval removed although the answer was lost is not held for ever afterwards.
#[tokio::test]
async fn a_lost_answer_while_an_approval_is_carried_out_holds_nobody_who_is_gone() {
    for n in 0.. {
        let mut world = World::new(200, 10);
        world.run().await;
        (0..100).for_each(|n| world.corp().dismiss(n));
        world.run().await;
        world.approve_all();
        let faults = Faults {
            fail_after: Some(n),
            ..Faults::default()
        };
        let (_, requests) = world.try_run(faults).await;
        world.run().await;
        world.pass(SignedDuration::from_hours(30));
        let record = world.run().await;
        assert_eq!(
            record.status,
            RunStatus::Succeeded,
            "request {n}: {record:?}"
        );
        world.assert_mirrors(&BTreeSet::new());
        if n >= requests {
            return;
        }
    }
}
