//! What a run took away is given back, and kept.

use std::collections::BTreeSet;

use org_plan::Action;
use scenarios::{Directory, World, live_people};
use source_admin::AdminError;
use sync_run::{RowResult, RunMode, RunRecord, RunStatus};
use wecom_sim::{Command, DepartmentPeople};

fn set(userids: &[String]) -> BTreeSet<String> {
    userids.iter().cloned().collect()
}

fn strs(userids: &[String]) -> Vec<&str> {
    userids.iter().map(String::as_str).collect()
}

fn codes(rows: &[sync_run::Row]) -> BTreeSet<&str> {
    rows.iter().filter_map(|row| row.code.as_deref()).collect()
}

fn assert_same(userids: &[String], before: &Directory, after: &Directory) {
    for userid in userids {
        let (was, is) = (
            before.person(userid).unwrap(),
            after.person(userid).unwrap(),
        );
        assert_eq!(was.internal_id, is.internal_id, "{userid}");
        assert_eq!(was.memberships, is.memberships, "{userid}");
        assert_eq!(was.attributes, is.attributes, "{userid}");
        assert_eq!(was.status, is.status, "{userid}");
    }
}

/// Three leave, one is disabled, a department goes with the one person in it.
async fn a_day_of_removals(world: &World) -> (Vec<String>, String, RunRecord) {
    let people = world.active();
    let disabled = people[9].clone();
    world.tell(Command::CreateDepartment {
        id: Some(700),
        name: "短命部".to_owned(),
        parent: 2,
    });
    world.tell(Command::Move {
        userid: people[8].clone(),
        departments: vec![700],
        main_department: None,
    });
    assert_eq!(world.run().await.status, RunStatus::Succeeded);
    let gone = [&people[3..5], &people[8..9]].concat();
    world.dismiss(&gone);
    world.tell(Command::DeleteDepartment {
        id: 700,
        people: DepartmentPeople::Leave,
    });
    world.tell(Command::SetStatus {
        userids: vec![disabled.clone()],
        status: 2,
    });
    let record = world.run().await;
    assert_eq!(record.status, RunStatus::Succeeded, "{record:?}");
    world.assert_equal().await;
    (gone, disabled, record)
}

#[tokio::test]
async fn an_undone_run_gives_back_everybody_it_deleted_or_disabled_and_keeps_them() {
    let world = World::synced(40, 5).await;
    let people = world.active();
    let before = world.directory().await;
    let (gone, disabled, record) = a_day_of_removals(&world).await;
    world.control().reset_counts().unwrap();
    let undone = world.undo(&record.run).await;
    assert_eq!(undone.status, RunStatus::Succeeded, "{undone:?}");
    assert_eq!((undone.mode, undone.sealed), (RunMode::Undo, None));
    assert!(world.sim.calls().is_empty(), "WeCom is not asked");
    let rows = world.rows(&undone).await;
    assert_eq!(codes(&rows), ["undone"].into());
    let restored = rows.iter().filter(|row| row.action == Action::Restore);
    assert_eq!(restored.count(), 3 + 1, "three people and a department");
    let after = world.directory().await;
    assert_same(&people[3..5], &before, &after);
    let of_department = after.person(&gone[2]).unwrap();
    assert_eq!(of_department.memberships[0].department.0, 700);
    assert!(after.department(700).is_some());
    assert_eq!(
        after.person(&disabled).unwrap().status,
        before.person(&disabled).unwrap().status
    );
    assert_eq!(after.deleted_people(), BTreeSet::new());
    let mut kept = set(&gone);
    kept.extend([disabled.clone(), "700".to_owned()]);
    assert_eq!(world.kept().await, kept);

    // They are still gone in WeCom, and stay here.
    for _ in 0..3 {
        let record = world.run().await;
        assert_eq!(record.status, RunStatus::Succeeded, "{record:?}");
        let now = world.directory().await;
        assert_same(&people[3..5], &before, &now);
        assert!(now.department(700).is_some());
        assert!(world.waiting().await.is_empty());
        world.pass_hours(30);
    }
    // Undone twice: nothing is left to give back, and it says so.
    let again = world.undo(&record.run).await;
    assert_eq!(again.status, RunStatus::Succeeded, "{again:?}");
    assert_eq!(again.rows_with(RowResult::Done), 0);
    assert_eq!(codes(&world.rows(&again).await), ["already_back"].into());
    assert_eq!(world.kept().await, kept);
    // Whoever is back in WeCom too is kept no longer.
    world.rehire(&gone[..2]);
    assert_eq!(world.run().await.status, RunStatus::Succeeded);
    assert!(world.kept().await.is_disjoint(&set(&gone[..2])));
}

#[tokio::test]
async fn an_approved_mass_deletion_can_be_undone() {
    let world = World::synced(60, 6).await;
    let before = world.directory().await;
    let leavers = world.active()[..20].to_vec();
    world.dismiss(&leavers);
    world.run().await;
    let list = world.waiting().await.remove(0);
    let record = world.approve(&list).await;
    assert_eq!(world.directory().await.deleted_people(), set(&leavers));
    let undone = world.undo(&record.run).await;
    assert_eq!(undone.rows_with(RowResult::Done), 20, "{undone:?}");
    let after = world.directory().await;
    assert_same(&leavers, &before, &after);
    assert_eq!(live_people(&after), live_people(&before));
    // The approval is used up: nobody goes by it again.
    assert_eq!(world.run().await.status, RunStatus::Succeeded);
    world.assert_equal_but(&strs(&leavers)).await;
}

/// The userid belongs to somebody else by now: they are left alone, and the others come back.
#[tokio::test]
async fn a_userid_that_is_somebody_elses_by_now_is_not_given_back() {
    let world = World::synced(40, 4).await;
    let gone = world.active()[3..6].to_vec();
    world.dismiss(&gone);
    let record = world.run().await;
    world.tell(Command::Hire {
        userid: Some(gone[0].clone()),
        name: Some("另一个人".to_owned()),
        departments: vec![2],
        count: 1,
    });
    assert_eq!(world.run().await.status, RunStatus::Succeeded);
    let newcomer = world.directory().await.person(&gone[0]).cloned();
    let undone = world.undo(&record.run).await;
    assert_eq!(undone.rows_with(RowResult::Done), 2, "{undone:?}");
    let rows = world.rows(&undone).await;
    let skipped = rows.iter().find(|row| row.id == gone[0]).unwrap();
    assert_eq!(skipped.result, RowResult::Skipped);
    assert_eq!(skipped.code.as_deref(), Some("userid_reused"));
    assert_eq!(world.directory().await.person(&gone[0]).cloned(), newcomer);
    world.assert_equal_but(&strs(&gone[1..])).await;
}

/// An undo is no reading: what the system knows of the source stays what it was.
#[tokio::test]
async fn an_undo_is_no_success_of_the_source() {
    let world = World::synced(40, 4).await;
    let gone = world.active()[3..5].to_vec();
    world.dismiss(&gone);
    let record = world.run().await;
    let state = |view: source_admin::SourceView| view.stored.state;
    let before = state(world.admin().source("hq").await.unwrap());
    world.pass_hours(2);
    world.undo(&record.run).await;
    let after = state(world.admin().source("hq").await.unwrap());
    assert_eq!(before.last_success_at, after.last_success_at);
    assert_eq!(before.baseline, after.baseline);
    assert_eq!(before.removing_runs, after.removing_runs);
}

#[tokio::test]
async fn what_took_nothing_away_cannot_be_undone() {
    let world = World::synced(20, 4).await;
    world.hire();
    let record = world.run().await;
    let admin = world.admin();
    let refused = admin.undo_run("hq", record.run.as_str(), None, "a").await;
    assert!(
        matches!(refused, Err(AdminError::NothingToUndo { .. })),
        "{refused:?}"
    );
    let unknown = admin.undo_run("hq", "no-such-run", None, "a").await;
    assert!(
        matches!(unknown, Err(AdminError::NotFound { .. })),
        "{unknown:?}"
    );
    // A plan took nothing away, whatever it shows.
    world.dismiss(&world.active()[2..4]);
    let planned = world.ask(RunMode::Plan, None).await;
    let refused = admin.undo_run("hq", planned.run.as_str(), None, "a").await;
    assert!(
        matches!(refused, Err(AdminError::NothingToUndo { .. })),
        "{refused:?}"
    );
}
