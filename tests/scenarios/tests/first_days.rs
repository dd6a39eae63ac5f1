//! The first sync, a quiet run, a normal day.

use scenarios::World;
use sync_run::RunStatus;
use wecom_sim::Command;

/// Stories 13 and 15: the whole organisation lands, people of many departments once.
#[tokio::test]
async fn a_first_run_makes_the_directory_equal_and_the_next_is_quiet() {
    let world = World::of(60, 8).await;
    let first = world.run().await;
    assert_eq!(first.status, RunStatus::Succeeded, "{first:?}");
    world.assert_equal().await;
    world.assert_agent_only();
    let quiet = world.run().await;
    assert_eq!(quiet.status, RunStatus::Succeeded);
    assert!(quiet.counts.is_empty(), "{:?}", quiet.counts);
    world.assert_outbox_empty().await;
}

/// A day on which something of everything happens.
#[tokio::test]
async fn a_normal_day_is_followed_item_by_item() {
    let world = World::synced(120, 10).await;
    for seed in 0..4 {
        let leavers_max = Some(3);
        world.tell(Command::Churn {
            percent: 15.0,
            seed,
            leavers_max,
        });
        let record = world.run().await;
        assert_eq!(record.status, RunStatus::Succeeded, "{record:?}");
        world.assert_equal().await;
    }
}
