//! The rolling day: a slow leak under the threshold of each run trips all the same (story 16).

use jiff::SignedDuration;
use org_plan::RuleWindow;
use simulation::{Faults, World};
use sync_run::{RowResult, RunStatus};

fn dismiss(world: &World, people: std::ops::Range<u32>) {
    people.for_each(|n| world.corp().dismiss(n));
}

#[tokio::test]
async fn a_slow_leak_trips_over_the_day_and_names_its_window() {
    let mut world = World::new(400, 20);
    world.run().await;
    dismiss(&world, 0..30);
    assert_eq!(world.run().await.status, RunStatus::Succeeded);
    dismiss(&world, 30..60);
    let record = world.run().await;
    assert_eq!(record.status, RunStatus::Held, "30 and 30 are more than 50");
    assert_eq!(record.rows_with(RowResult::Held), 30);
    let list = world.waiting_lists().pop().unwrap().list;
    let rules: Vec<_> = list.rules.iter().map(|rule| rule.window).collect();
    assert!(rules.contains(&RuleWindow::Day) && !rules.contains(&RuleWindow::Run));
    assert!(list.rules.iter().all(|rule| rule.deletions == 60));
    assert!(
        list.rules.iter().all(|rule| rule.base == 400),
        "the largest of the day"
    );
}

#[tokio::test]
async fn after_a_day_the_same_number_passes() {
    let mut world = World::new(400, 20);
    world.run().await;
    dismiss(&world, 0..30);
    world.run().await;
    world.pass(SignedDuration::from_hours(24));
    dismiss(&world, 30..60);
    assert_eq!(world.run().await.status, RunStatus::Succeeded);
    assert_eq!(
        world.shelf().state.removing_runs.len(),
        1,
        "the old one is forgotten"
    );
}

/// A person's word covers its removals: they are not part of the leak.
#[tokio::test]
async fn what_was_approved_does_not_count_towards_the_day() {
    let mut world = World::new(2_000, 20);
    world.run().await;
    dismiss(&world, 0..400);
    world.run().await;
    world.approve_all();
    assert_eq!(world.run().await.status, RunStatus::Succeeded);
    dismiss(&world, 400..430);
    assert_eq!(world.run().await.status, RunStatus::Succeeded);
}

/// What a killed run had decided counts, whether or not it was done: too much holds, too little
/// deletes.
#[tokio::test]
async fn what_a_killed_run_decided_counts_and_the_same_people_count_once() {
    for n in 0.. {
        let mut world = World::new(400, 20);
        world.run().await;
        dismiss(&world, 0..30);
        let faults = Faults {
            die_after: Some(n),
            ..Faults::default()
        };
        let (_, requests) = world.try_run(faults).await;
        let again = world.run().await;
        assert_eq!(
            again.status,
            RunStatus::Succeeded,
            "killed at {n}: {again:?}"
        );
        dismiss(&world, 30..60);
        let record = world.run().await;
        assert_eq!(record.status, RunStatus::Held, "killed at {n}");
        if n >= requests {
            return;
        }
    }
}

#[tokio::test]
async fn a_quiet_run_reads_no_decision_of_another_run() {
    let mut world = World::new(400, 20);
    world.run().await;
    let (_, quiet) = world.try_run(Faults::default()).await;
    dismiss(&world, 0..30);
    world.run().await;
    let (_, after) = world.try_run(Faults::default()).await;
    assert_eq!(after, quiet, "requests");
}
