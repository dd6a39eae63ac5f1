//! A plan that is applied as it was shown, or not at all.

use std::collections::BTreeMap;

use org_model::ItemKind;
use scenarios::World;
use source_admin::AdminError;
use sync_run::{RowResult, RunMode, RunStatus};
use wecom_sim::Command;

fn rename(userid: &str, name: &str) -> Command {
    Command::Rename {
        userid: userid.to_owned(),
        name: name.to_owned(),
    }
}

/// What is different is told person by person, and nothing is written.
#[tokio::test]
async fn a_stale_plan_is_refused_with_the_difference_row_by_row() {
    let world = World::synced(40, 5).await;
    let people = world.active();
    let [stays, returns, changes, leaves] = [3, 4, 5, 6].map(|at| people[at].clone());
    world.dismiss(&[stays.clone(), returns.clone()]);
    world.tell(rename(&changes, "新名"));
    let shown = world.ask(RunMode::Plan, None).await;
    assert_eq!(shown.status, RunStatus::Planned, "{shown:?}");
    assert_eq!(shown.rows_with(RowResult::Planned), 3);

    // Before somebody applies it: one returns, one leaves, one is renamed once more.
    world.rehire(std::slice::from_ref(&returns));
    world.dismiss(std::slice::from_ref(&leaves));
    world.tell(rename(&changes, "又一名"));
    let before = world.directory().await;
    let refused = world.ask(RunMode::Apply, shown.plan).await;
    assert_eq!(refused.status, RunStatus::Failed, "{refused:?}");
    assert_eq!(world.directory().await, before, "nothing was written");
    let error = refused.error.as_ref().unwrap();
    assert_eq!(error.code, "stale_plan");
    let rows = world.rows(&refused).await;
    let mut counts: BTreeMap<&str, u64> = BTreeMap::new();
    for row in &rows {
        assert_eq!(row.result, RowResult::Skipped, "{row:?}");
        *counts.entry(row.code.as_deref().unwrap()).or_default() += 1;
    }
    // A department that one of them led may be different as well.
    let people = rows.iter().filter(|row| row.kind == ItemKind::User);
    let told: BTreeMap<&str, Option<&str>> = people
        .map(|row| (row.id.as_str(), row.code.as_deref()))
        .collect();
    let wanted: BTreeMap<&str, Option<&str>> = [
        (leaves.as_str(), Some("new_since_plan")),
        (returns.as_str(), Some("gone_since_plan")),
        (changes.as_str(), Some("changed_since_plan")),
    ]
    .into();
    assert_eq!(told, wanted, "and not {stays}, which is as it was shown");
    for count in counts.values() {
        assert!(error.message.contains(&count.to_string()), "{error:?}");
    }

    // Looked at anew it can be applied.
    let fresh = world.ask(RunMode::Plan, None).await;
    let record = world.ask(RunMode::Apply, fresh.plan).await;
    assert_eq!(record.status, RunStatus::Succeeded, "{record:?}");
    assert_eq!(record.plan, fresh.plan);
    world.assert_equal().await;
}

/// A fingerprint that no run showed is refused before any run.
#[tokio::test]
async fn a_plan_that_nobody_was_shown_is_refused_at_once() {
    let world = World::synced(12, 3).await;
    world.hire();
    let shown = world.ask(RunMode::Plan, None).await;
    let other = World::synced(12, 3).await;
    let request = source_admin::RunRequest {
        mode: RunMode::Apply,
        plan: shown.plan,
        idempotency_key: None,
    };
    let refused = other.admin().request_run("hq", &request, "admin").await;
    assert_eq!(refused, Err(AdminError::UnknownPlan));
    assert!(other.standins.take_started().is_empty());
}
