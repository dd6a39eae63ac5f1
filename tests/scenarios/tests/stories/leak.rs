//! Story 16: a slow leak under the threshold, run after run, over the rolling 24 hours.

use std::collections::BTreeSet;

use org_plan::{RuleLimit, RuleWindow};
use scenarios::World;
use sync_run::ports::RunLog;
use sync_run::{NoticeKind, RowResult, RunRecord, RunStatus};
use testkit::Faults;
use testkit::crash::CrashMoment;
use wecom_sim::{Command, DepartmentPeople};

fn set(userids: &[String]) -> BTreeSet<String> {
    userids.iter().cloned().collect()
}

/// These leave before the next run.
async fn lose(world: &World, userids: &[String]) -> RunRecord {
    world.dismiss(userids);
    world.run().await
}

/// Story 16: each run alone is far below the floor of five.
#[tokio::test]
async fn three_an_hour_are_held_as_soon_as_the_day_is_over_the_threshold() {
    let world = World::synced(60, 6).await;
    let people = world.active();
    // 3, then 6: not more than 10 % of 60. Then 9.
    for passing in [&people[0..3], &people[3..6]] {
        let record = lose(&world, passing).await;
        assert_eq!(record.status, RunStatus::Succeeded, "{record:?}");
        world.assert_equal().await;
    }
    let record = lose(&world, &people[6..9]).await;
    assert_eq!(record.status, RunStatus::Held, "{record:?}");
    assert_eq!(record.rows_with(RowResult::Held), 3, "the new ones only");
    assert_eq!(world.directory().await.deleted_people(), set(&people[..6]));
    let list = world.waiting().await.remove(0);
    let [rule] = list.stored.list.rules.as_slice() else {
        panic!("{:?}", list.stored.list.rules);
    };
    assert_eq!(
        (rule.limit, rule.window),
        (RuleLimit::MaxPercent, RuleWindow::Day)
    );
    assert_eq!((rule.deletions, rule.base), (9, 60));
    assert_eq!(world.standins.notices_of(NoticeKind::Held).len(), 1);

    // A hold is sticky: the day passes, and they still wait.
    world.pass_hours(30);
    let record = world.run().await;
    assert_eq!(record.rows_with(RowResult::Held), 3, "{record:?}");
    // A new day has room again, for whoever leaves then.
    let record = lose(&world, &people[9..11]).await;
    assert_eq!(record.rows_with(RowResult::Held), 3, "{record:?}");
    let mut gone = set(&people[..6]);
    gone.extend(set(&people[9..11]));
    assert_eq!(world.directory().await.deleted_people(), gone);
    assert_eq!(world.approve(&list).await.status, RunStatus::Succeeded);
    world.assert_equal().await;
}

/// Story 16: what a person approved is no leak.
#[tokio::test]
async fn approved_deletions_do_not_count_towards_the_day() {
    let world = World::synced(60, 6).await;
    let people = world.active();
    lose(&world, &people[..12]).await;
    let list = world.waiting().await.remove(0);
    assert_eq!(world.approve(&list).await.status, RunStatus::Succeeded);
    for passing in [&people[12..14], &people[14..16]] {
        let record = lose(&world, passing).await;
        assert_eq!(record.status, RunStatus::Succeeded, "{record:?}");
    }
    world.assert_equal().await;
    // Four of the day's own and three more: more than 10 % of those who were there.
    assert_eq!(lose(&world, &people[16..19]).await.status, RunStatus::Held);
}

/// Story 16: a disable takes away as a deletion does, and one person counts once.
#[tokio::test]
async fn disables_and_deletions_leak_together() {
    let world = World::synced(60, 6).await;
    let people = world.active();
    let disable = |userids: &[String]| {
        world.tell(Command::SetStatus {
            userids: userids.to_vec(),
            status: 2,
        });
    };
    disable(&people[..4]);
    assert_eq!(world.run().await.status, RunStatus::Succeeded);
    // Two of those who were disabled leave altogether: still four people of the day.
    let record = lose(&world, &people[..2]).await;
    assert_eq!(record.status, RunStatus::Succeeded, "{record:?}");
    disable(&people[4..6]);
    assert_eq!(world.run().await.status, RunStatus::Succeeded, "six of 60");
    let record = lose(&world, &people[6..7]).await;
    assert_eq!(record.status, RunStatus::Held, "seven of 60: {record:?}");
    assert_eq!(record.rows_with(RowResult::Held), 1);
    assert_eq!(world.directory().await.deleted_people(), set(&people[..2]));
}

/// Story 16, for departments: two a run are under their floor.
#[tokio::test]
async fn departments_that_go_two_at_a_time_are_held_too() {
    let world = World::synced(30, 5).await;
    let made = 700..710_u32;
    for id in made.clone() {
        world.tell(Command::CreateDepartment {
            id: Some(id),
            name: format!("短命部{id}"),
            parent: 2,
        });
    }
    assert_eq!(world.run().await.status, RunStatus::Succeeded);
    let remove = |ids: [u32; 2]| {
        for id in ids {
            let people = DepartmentPeople::MoveUp;
            world.tell(Command::DeleteDepartment { id, people });
        }
    };
    remove([700, 701]);
    assert_eq!(world.run().await.status, RunStatus::Succeeded, "2 of 15");
    remove([702, 703]);
    let record = world.run().await;
    assert_eq!(record.status, RunStatus::Held, "4 of 15: {record:?}");
    let directory = world.directory().await;
    assert!(directory.department(701).is_none());
    assert!(directory.department(702).is_some() && directory.department(703).is_some());
}

/// A run that died after its decision counts with what it meant to remove.
#[tokio::test]
async fn a_killed_runs_intentions_count_towards_the_day() {
    let world = World::synced(60, 6).await;
    let people = world.active();
    world.dismiss(&people[..4]);
    let watched = Faults::default();
    // How long such a run is: another one like it, in a world of its own.
    let twin = World::synced(60, 6).await;
    twin.dismiss(&people[..4]);
    twin.run_with(&watched).await.unwrap();
    let transactions: Vec<usize> = watched
        .operations()
        .iter()
        .enumerate()
        .filter(|(_, operation)| *operation == "TransactWriteItems")
        .map(|(at, _)| at + 1)
        .collect();
    // The decision is durable, and the end comes before the removal that follows it.
    let mut died_undone = false;
    for request in transactions {
        let request = u64::try_from(request).unwrap();
        let faults = Faults::crash_at(request, CrashMoment::BeforeSent);
        world.pass_hours(1);
        let killed = world.request("hq");
        world.deliver(&killed, &faults).await.unwrap_err();
        assert_eq!(world.directory().await.deleted_people(), BTreeSet::new());
        let store = world.store(&Faults::default());
        let decided = store.decided(&killed.source, &killed.run).await.unwrap();
        if decided.is_some_and(|decided| decided.len() == 4) {
            died_undone = true;
            break;
        }
    }
    assert!(died_undone, "it never died between decision and removal");
    // They came back meanwhile; others leave. Three alone would pass, seven of a day do not.
    world.rehire(&people[..4]);
    let record = lose(&world, &people[10..13]).await;
    assert_eq!(record.status, RunStatus::Held, "{record:?}");
    assert_eq!(world.directory().await.deleted_people(), BTreeSet::new());
}
