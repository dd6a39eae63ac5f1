//! Stopping a run, undoing one, restoring a person: cut off anywhere.

use super::*;
use crate::{Asked, Stopping};
use sync_run::{Row, RowResult, RunRecord, RunStatus, Trigger};

const RUN: &str = "run-1";

/// A run of the source that ended so, or has not.
fn add_run(world: &World, status: RunStatus) {
    let now = world.state().now;
    let run = RunId::new(RUN);
    let mut record = RunRecord::new(hq(), run, Trigger::Schedule, RunMode::Apply, now);
    record.status = status;
    world.state().runs.push(record);
}

/// It deleted one person.
fn count_a_deletion(world: &World) {
    let deletions = BTreeMap::from([(RowResult::Done, 1)]);
    let actions = BTreeMap::from([(Action::Delete, deletions)]);
    world.state().runs[0].counts = BTreeMap::from([("users".to_owned(), actions)]);
}

fn row(action: Action, result: RowResult) -> Row {
    Row {
        seq: 1,
        kind: ItemKind::User,
        id: "Zhang.1".to_owned(),
        internal_id: InternalId::new("internal-Zhang.1"),
        name: "张三".to_owned(),
        action,
        result,
        code: None,
        message: None,
        remedy: None,
        changes: Vec::new(),
    }
}

async fn undo(world: &Arc<World>, by: &str) -> Result<Asked, AdminError> {
    world.admin().undo_run("hq", RUN, None, by).await
}

async fn restore(world: &Arc<World>, by: &str) -> Result<Asked, AdminError> {
    world.admin().restore_user("hq", "zhang.1", None, by).await
}

fn delete_person(world: &World) {
    let deleted = person("Zhang.1", UserStatus::Deleted);
    world.state().users.insert(hq(), vec![deleted]);
}

#[tokio::test]
async fn undoing_asks_for_a_run_that_names_the_other_one() {
    let world = with_source().await;
    add_run(&world, RunStatus::Succeeded);
    count_a_deletion(&world);
    let asked = undo(&world, "carol").await.unwrap().record;
    assert_eq!(
        (asked.mode, asked.trigger),
        (RunMode::Undo, Trigger::Manual)
    );
    assert_eq!(asked.undoes, Some(RunId::new(RUN)));
    assert_eq!(asked.requested_by.as_deref(), Some("carol"));
    assert_eq!(changes(&world), ["queue a run", "start a run"]);
}

#[tokio::test]
async fn an_undo_that_is_cut_off_anywhere_runs_once() {
    for acts in 0..ACTS_MAX {
        let world = with_source().await;
        add_run(&world, RunStatus::Partial);
        count_a_deletion(&world);
        world.state().acts_max = Some(acts);
        let cut = undo(&world, "carol").await;
        let queued = world.state().runs.len() == 2;
        assert_eq!(cut.is_ok(), queued, "the answer is true after {acts}");
        world.mend();
        let again = undo(&world, "dave").await.unwrap();
        assert!(again.warnings.is_empty());
        let state = world.state();
        assert_eq!(state.runs.len(), 2, "after {acts} acts");
        assert!(!state.started.is_empty());
        let author = if queued { "carol" } else { "dave" };
        assert_eq!(state.runs[1].requested_by.as_deref(), Some(author));
    }
}

#[tokio::test]
async fn undoing_again_after_the_undo_is_over_asks_for_another_run() {
    let world = with_source().await;
    add_run(&world, RunStatus::Succeeded);
    count_a_deletion(&world);
    let first = undo(&world, "carol").await.unwrap().record.run;
    assert_eq!(undo(&world, "carol").await.unwrap().record.run, first);
    world.state().runs[1].status = RunStatus::Succeeded;
    let second = undo(&world, "carol").await.unwrap().record;
    assert_ne!(second.run, first);
    assert_eq!(second.status, RunStatus::Queued);
}

#[tokio::test]
async fn a_key_stands_for_one_undo_of_one_run() {
    let world = with_source().await;
    add_run(&world, RunStatus::Succeeded);
    count_a_deletion(&world);
    delete_person(&world);
    let admin = world.admin();
    let key = Some("k-1");
    let first = admin.undo_run("hq", RUN, key, "carol").await.unwrap();
    world.state().runs[1].status = RunStatus::Succeeded;
    let again = admin.undo_run("hq", RUN, key, "carol").await.unwrap();
    assert_eq!(again.record.run, first.record.run);
    let other = admin.restore_user("hq", "Zhang.1", key, "carol").await;
    assert_eq!(other.unwrap_err().code(), "idempotency_key_reused");
}

#[tokio::test]
async fn a_run_is_undone_when_it_is_over_and_if_it_took_something_away() {
    for status in [RunStatus::Queued, RunStatus::Running] {
        let world = with_source().await;
        add_run(&world, status);
        let refused = undo(&world, "carol").await.unwrap_err();
        assert_eq!(refused.code(), "run_not_over");
    }
    let world = with_source().await;
    assert_eq!(undo(&world, "carol").await.unwrap_err().code(), "not_found");
    add_run(&world, RunStatus::Succeeded);
    let nothing = undo(&world, "carol").await.unwrap_err();
    assert_eq!(nothing.code(), "nothing_to_undo");
    count_a_deletion(&world);
    world.state().runs[0].mode = RunMode::Plan;
    let planned = undo(&world, "carol").await.unwrap_err();
    assert_eq!(planned.code(), "nothing_to_undo");
    assert_eq!(world.state().runs.len(), 1);
}

#[tokio::test]
async fn what_a_run_that_was_cut_off_took_away_is_told_by_its_rows() {
    for (action, result, undone) in [
        (Action::Disable, RowResult::Done, true),
        (Action::Delete, RowResult::Planned, true),
        (Action::Delete, RowResult::Held, false),
        (Action::Update, RowResult::Done, false),
    ] {
        for status in [RunStatus::Failed, RunStatus::Cancelled] {
            let world = with_source().await;
            add_run(&world, status);
            let mut rows = vec![row(action, RowResult::Failed); 1_200];
            rows.push(row(action, result));
            world.state().rows.insert(RunId::new(RUN), rows);
            let asked = undo(&world, "carol").await;
            assert_eq!(asked.is_ok(), undone, "{action:?} {result:?}");
        }
    }
}

#[tokio::test]
async fn nothing_is_undone_or_restored_beside_a_live_run() {
    let world = with_source().await;
    add_run(&world, RunStatus::Succeeded);
    count_a_deletion(&world);
    delete_person(&world);
    let request = RunRequest {
        mode: RunMode::Apply,
        plan: None,
        idempotency_key: None,
    };
    let live = world.admin().request_run("hq", &request, "carol").await;
    let run = live.unwrap().record.run;
    world.state().runs[1].status = RunStatus::Running;
    let refused = AdminError::RunLive { run };
    assert_eq!(undo(&world, "carol").await.unwrap_err(), refused);
    assert_eq!(restore(&world, "carol").await.unwrap_err(), refused);
}

#[tokio::test]
async fn a_restore_that_is_cut_off_anywhere_runs_once() {
    for acts in 0..ACTS_MAX {
        let world = with_source().await;
        delete_person(&world);
        world.state().acts_max = Some(acts);
        let cut = restore(&world, "carol").await;
        let queued = world.state().runs.len() == 1;
        assert_eq!(cut.is_ok(), queued, "the answer is true after {acts}");
        world.mend();
        let again = restore(&world, "dave").await.unwrap().record;
        assert_eq!(again.mode, RunMode::Restore);
        assert_eq!(again.restores, Some(UserId::new("Zhang.1")));
        let state = world.state();
        assert_eq!(state.runs.len(), 1, "after {acts} acts");
        assert!(!state.started.is_empty());
    }
}

#[tokio::test]
async fn only_who_is_deleted_is_restored() {
    let world = with_source().await;
    let refused = restore(&world, "carol").await.unwrap_err();
    assert_eq!(refused.code(), "not_found");
    for status in [UserStatus::Active, UserStatus::Disabled, UserStatus::Left] {
        let there = person("Zhang.1", status);
        world.state().users.insert(hq(), vec![there]);
        let refused = restore(&world, "carol").await.unwrap_err();
        assert_eq!(refused.code(), "not_deleted");
    }
    assert!(world.state().runs.is_empty());
}

#[tokio::test]
async fn whoever_is_deleted_once_more_is_restored_once_more() {
    let world = with_source().await;
    delete_person(&world);
    let first = restore(&world, "carol").await.unwrap().record.run;
    world.state().runs[0].status = RunStatus::Succeeded;
    let later = world.state().now;
    world.state().users.get_mut(&hq()).unwrap()[0].deleted_at = Some(later);
    let second = restore(&world, "carol").await.unwrap().record;
    assert_ne!(second.run, first);
}

#[tokio::test]
async fn a_queued_run_is_cancelled_at_once_by_whoever_asks_first() {
    for acts in 0..ACTS_MAX {
        let world = with_source().await;
        add_run(&world, RunStatus::Queued);
        let admin = world.admin();
        world.state().acts_max = Some(acts);
        let cut = admin.cancel_run("hq", RUN, "carol").await;
        let done = world.state().runs[0].status == RunStatus::Cancelled;
        assert_eq!(cut.is_ok(), done, "the answer is true after {acts}");
        world.mend();
        let again = admin.cancel_run("hq", RUN, "dave").await.unwrap();
        let Stopping::Stopped(record) = again else {
            panic!("it is queued no more");
        };
        let author = if done { "carol" } else { "dave" };
        let error = record.error.unwrap();
        assert_eq!(error.code, "cancelled");
        assert!(error.message.contains(author), "{}", error.message);
    }
}

#[tokio::test]
async fn a_live_run_is_asked_to_stop_once() {
    for acts in 0..ACTS_MAX {
        let world = with_source().await;
        add_run(&world, RunStatus::Running);
        let admin = world.admin();
        world.state().acts_max = Some(acts);
        let cut = admin.cancel_run("hq", RUN, "carol").await;
        let asked = world.state().cancellations.get(&RunId::new(RUN)).cloned();
        assert_eq!(cut.is_ok(), asked.is_some(), "the answer is true");
        world.mend();
        let again = admin.cancel_run("hq", RUN, "dave").await.unwrap();
        assert!(matches!(again, Stopping::Asked(_)));
        let author = asked.map_or_else(|| "dave".to_owned(), |word| word.by);
        assert_eq!(world.state().cancellations[&RunId::new(RUN)].by, author);
    }
}

#[tokio::test]
async fn a_run_that_is_over_cannot_be_cancelled_and_a_cancelled_one_can() {
    let world = with_source().await;
    let admin = world.admin();
    let missing = admin.cancel_run("hq", RUN, "carol").await.unwrap_err();
    assert_eq!(missing.code(), "not_found");
    add_run(&world, RunStatus::Held);
    let over = admin.cancel_run("hq", RUN, "carol").await.unwrap_err();
    assert_eq!(over.code(), "run_over");
    world.state().runs[0].status = RunStatus::Cancelled;
    let again = admin.cancel_run("hq", RUN, "carol").await.unwrap();
    assert!(matches!(again, Stopping::Stopped(_)));
}

#[tokio::test]
async fn a_plan_is_applied_by_its_fingerprint_only_after_a_run_showed_it() {
    let world = with_source().await;
    let plan = Fingerprint::of("plan");
    let request = RunRequest {
        mode: RunMode::Apply,
        plan: Some(plan),
        idempotency_key: None,
    };
    let admin = world.admin();
    add_run(&world, RunStatus::Succeeded);
    world.state().runs[0].plan = Some(plan);
    let applied = admin.request_run("hq", &request, "carol").await;
    assert_eq!(
        applied.unwrap_err().code(),
        "unknown_plan",
        "it showed none"
    );
    world.state().runs[0].mode = RunMode::Plan;
    let asked = admin.request_run("hq", &request, "carol").await.unwrap();
    assert_eq!(asked.record.expected_plan, Some(plan));
    assert_eq!(asked.record.expected_plan_run, Some(RunId::new(RUN)));
}

#[tokio::test]
async fn a_plan_is_looked_for_among_the_latest_200_runs() {
    for (later, known) in [(199, true), (200, false)] {
        let world = with_source().await;
        let plan = Fingerprint::of("plan");
        add_run(&world, RunStatus::Planned);
        {
            let mut state = world.state();
            state.runs[0].mode = RunMode::Plan;
            state.runs[0].plan = Some(plan);
        }
        for _ in 0..later {
            add_run(&world, RunStatus::Succeeded);
        }
        let request = RunRequest {
            mode: RunMode::Apply,
            plan: Some(plan),
            idempotency_key: None,
        };
        let asked = world.admin().request_run("hq", &request, "carol").await;
        assert_eq!(asked.is_ok(), known, "{later} runs later");
    }
}
