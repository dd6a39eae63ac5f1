//! The first sync, a quiet run, a normal week; and the log, held against the tables.

use scenarios::World;
use serde_json::json;
use sync_run::{RowResult, RunMode, RunStatus};
use wecom_sim::{At, Command, Times, What};

/// Everybody lands, and a run over an unchanged organisation writes nothing.
#[tokio::test]
async fn a_first_run_makes_the_directory_equal_and_the_next_is_quiet() {
    let world = World::of(60, 8).await;
    let first = world.run().await;
    assert_eq!(first.status, RunStatus::Succeeded, "{first:?}");
    assert_eq!(first.execution.as_deref(), Some("execution-1"));
    world.assert_equal().await;
    world.assert_agent_only();
    assert_eq!(first.wecom_calls["user/list"], 8);
    assert_eq!(first.wecom_calls["department/list"], 1);
    assert_eq!(first.wecom_calls["agent/get"], 2);
    assert_eq!(first.wecom_calls["gettoken"], 1);
    let before = world.directory().await;
    let quiet = world.run().await;
    assert_eq!(quiet.status, RunStatus::Succeeded);
    assert!(quiet.counts.is_empty(), "{:?}", quiet.counts);
    assert_eq!(world.directory().await, before, "stamps and all");
    world.assert_outbox_empty().await;
    assert!(world.standins.notices().is_empty());
    assert_eq!(world.standins.events(), [first, quiet]);
}

/// Story 13: after every run of an eventful week, rows and counts agree with the tables, item by
/// item: `World::run` holds each log against the stored bytes.
#[tokio::test]
async fn after_every_run_of_a_week_the_log_agrees_with_the_tables() {
    let world = World::synced(120, 10).await;
    for seed in 0..7 {
        let leavers_max = Some(4);
        world.tell(Command::Churn {
            percent: 12.0,
            seed,
            leavers_max,
        });
        world.pass_hours(23);
        let record = world.run().await;
        assert_eq!(record.status, RunStatus::Succeeded, "{record:?}");
        assert!(record.rows_with(RowResult::Done) > 5);
        world.assert_equal().await;
    }
}

/// Story 13: a day with a red row, held deletions and an unread list at once.
#[tokio::test]
async fn a_mixed_day_is_told_as_it_was() {
    let world = World::synced(60, 6).await;
    let people = world.active();
    world.tell(Command::Rename {
        userid: people[2].clone(),
        name: scenarios::poison(),
    });
    world.dismiss(&people[10..30]);
    world.hire();
    let record = world.run().await;
    assert_eq!(record.status, RunStatus::Partial);
    assert_eq!(record.rows_with(RowResult::Failed), 1);
    assert_eq!(record.rows_with(RowResult::Held), 20);
    assert!(record.rows_with(RowResult::Done) >= 1, "the newcomer");
    world.control().reset_counts().unwrap();
    let at = At::Kind("user/list".to_owned(), 2);
    let times = Times::Forever;
    world.control().fault(at, times, What::Errcode(-1)).unwrap();
    world.hire();
    let record = world.run().await;
    assert_eq!(record.sealed, Some(false));
    assert_eq!(record.rows_with(RowResult::Failed), 1);
    world.control().clear_faults().unwrap();
}

/// A plan shows what a run would do, and does nothing; applied by its fingerprint it is that run.
#[tokio::test]
async fn a_plan_changes_nothing_and_is_applied_only_as_it_was_shown() {
    let world = World::synced(40, 5).await;
    let people = world.active();
    world.dismiss(&people[3..5]);
    world.hire();
    let ask = |mode, plan| source_admin::RunRequest {
        mode,
        plan,
        idempotency_key: None,
    };
    let admin = world.admin();
    let planned = ask(RunMode::Plan, None);
    admin.request_run("hq", &planned, "admin").await.unwrap();
    let shown = world.deliver_started().await;
    assert_eq!(shown.status, RunStatus::Planned);
    assert_eq!(shown.rows_with(RowResult::Planned), 3);
    world.hire();
    let stale = ask(RunMode::Apply, shown.plan);
    admin.request_run("hq", &stale, "admin").await.unwrap();
    let refused = world.deliver_started().await;
    assert_eq!(refused.status, RunStatus::Failed);
    assert_eq!(refused.error.unwrap().code, "stale_plan");
    admin.request_run("hq", &planned, "admin").await.unwrap();
    let shown = world.deliver_started().await;
    let fresh = ask(RunMode::Apply, shown.plan);
    admin.request_run("hq", &fresh, "admin").await.unwrap();
    assert_eq!(world.deliver_started().await.status, RunStatus::Succeeded);
    world.assert_equal().await;
}

/// Another attribute is mapped: everybody is looked at again, once.
#[tokio::test]
async fn a_changed_mapping_reaches_everybody_in_the_next_run() {
    let mut world = World::synced(30, 4).await;
    world.set("/mapping/badge", json!("'B-' + userid")).await;
    let record = world.run().await;
    assert_eq!(record.status, RunStatus::Succeeded);
    assert_eq!(record.rows_with(RowResult::Done), 30);
    let directory = world.directory().await;
    for person in directory.people() {
        let badge = format!("B-{}", person.userid);
        assert_eq!(person.attributes["badge"], json!(badge));
    }
    assert!(world.run().await.counts.is_empty());
}
