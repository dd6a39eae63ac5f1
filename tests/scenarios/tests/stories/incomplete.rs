//! Readings that fail in part, and organisations that move while they are read.

use std::collections::BTreeSet;

use scenarios::World;
use sync_run::{RowResult, RunOutcome, RunStatus};
use testkit::Faults;
use wecom_sim::{At, Command, DepartmentPeople, Times, What};

/// Calls of one run over this many departments, and the questions of an eventful day.
async fn calls_of_a_run(world: &World) -> u64 {
    world.control().reset_counts().unwrap();
    world.run().await;
    world.sim.calls().values().sum()
}

/// Fails every call index in turn, once and for ever. Whatever happens: who is removed had left,
/// and a reading that is not sealed removes nobody at all.
async fn fail_every_call(what: What) {
    let world = World::synced(14, 3).await;
    let mut gone = world.active()[2..4].to_vec();
    let mut sealed = 0;
    for times in [Times::Once, Times::Forever] {
        world.dismiss(&gone);
        let calls = calls_of_a_run(&world).await;
        assert!(
            calls > 7,
            "token, range, tree, lists, range, questions: {calls}"
        );
        for index in 0..calls {
            world.rehire(&gone);
            world.run().await;
            gone.rotate_left(1);
            world.dismiss(&gone);
            let newcomer = world.hire();
            world.control().reset_counts().unwrap();
            let at = At::CallIndex(index);
            world.control().fault(at, times, what.clone()).unwrap();
            let outcome = world.run_with(&Faults::default()).await.unwrap();
            let RunOutcome::Finished(record) = outcome else {
                panic!("{outcome:?}");
            };
            let directory = world.directory().await;
            let deleted = directory.deleted_people();
            let left: BTreeSet<String> = gone.iter().cloned().collect();
            let case = format!("{what:?} {times:?} at {index}: {record:?}");
            if record.sealed == Some(true) {
                assert!(deleted.is_subset(&left), "{deleted:?} {case}");
                sealed += 1;
            } else {
                assert!(deleted.is_empty(), "{deleted:?} {case}");
            }
            assert_eq!(record.rows_with(RowResult::Held), 0, "{case}");
            world.control().clear_faults().unwrap();
            let clean = world.run().await;
            assert_eq!(clean.status, RunStatus::Succeeded, "after {case}");
            world.assert_equal().await;
            world.dismiss(&[newcomer]);
            world.run().await;
        }
    }
    assert!(sealed > 0, "a fault that strikes once is often survived");
}

/// Story 2.
#[tokio::test]
async fn no_error_code_at_any_call_deletes_a_living_person() {
    fail_every_call(What::Errcode(-1)).await;
}

/// Story 2.
#[tokio::test]
async fn no_refusal_of_the_range_at_any_call_deletes_a_living_person() {
    fail_every_call(What::Errcode(60011)).await;
}

/// Story 2.
#[tokio::test]
async fn no_absence_code_at_any_call_deletes_a_living_person() {
    fail_every_call(What::Errcode(60111)).await;
}

/// Story 2.
#[tokio::test]
async fn no_503_at_any_call_deletes_a_living_person() {
    fail_every_call(What::HttpStatus(503)).await;
}

/// Story 2.
#[tokio::test]
async fn no_login_page_at_any_call_deletes_a_living_person() {
    fail_every_call(What::HtmlWith200).await;
}

/// Story 2.
#[tokio::test]
async fn no_truncated_body_at_any_call_deletes_a_living_person() {
    fail_every_call(What::TruncatedBody).await;
}

/// Story 2.
#[tokio::test]
async fn no_reset_at_any_call_deletes_a_living_person() {
    fail_every_call(What::Reset).await;
}

/// Story 2, story 3.
#[tokio::test]
async fn no_empty_list_at_any_call_deletes_a_living_person() {
    fail_every_call(What::EmptyLists).await;
}

/// Story 2, story 4.
#[tokio::test]
async fn no_short_list_at_any_call_deletes_a_living_person() {
    fail_every_call(What::ShortLists(1)).await;
}

/// Story 2: a slow answer, slower than anybody waits for.
#[tokio::test]
async fn an_answer_that_comes_too_late_is_no_answer() {
    let world = World::synced(14, 3).await;
    for kind in [
        "gettoken",
        "agent/get",
        "department/list",
        "user/list",
        "user/get",
    ] {
        let gone = world.active()[3].clone();
        world.dismiss(std::slice::from_ref(&gone));
        world.control().reset_counts().unwrap();
        let at = At::Kind(kind.to_owned(), 0);
        let slow = What::DelayMs(900);
        world.control().fault(at, Times::Forever, slow).unwrap();
        let record = world.run().await;
        assert_ne!(record.status, RunStatus::Held, "{kind}");
        assert_eq!(record.rows_with(RowResult::Done), 0, "{kind}: {record:?}");
        world.control().clear_faults().unwrap();
        // Somebody nobody could ask about is asked again after a day.
        world.pass_hours(24);
        assert_eq!(world.run().await.status, RunStatus::Succeeded, "{kind}");
        world.assert_equal().await;
    }
}

/// Story 4: at whichever call the person moves, they stay.
#[tokio::test]
async fn a_person_who_moves_while_they_are_read_is_never_deleted() {
    let world = World::synced(16, 5).await;
    let mover = world.active()[3].clone();
    let move_to = |departments: &[u32]| Command::Move {
        userid: mover.clone(),
        departments: departments.to_vec(),
        main_department: None,
    };
    for (from, to) in [(2, 4), (5, 3)] {
        for index in 2..10 {
            world.tell(move_to(&[from]));
            world.run().await;
            world.control().reset_counts().unwrap();
            world.control().on_call(index, move_to(&[to])).unwrap();
            let record = world.run().await;
            let directory = world.directory().await;
            assert!(directory.person(&mover).is_some(), "{record:?}");
            assert!(directory.deleted_people().is_empty());
            world.control().clear_faults().unwrap();
            world.tell(move_to(&[to]));
            world.run().await;
            world.assert_equal().await;
        }
    }
    assert_eq!(world.control().hook_failures(), Vec::new());
}

/// Story 4: the tree was read, then a department went; its people moved up.
#[tokio::test]
async fn a_department_that_goes_while_it_is_read_takes_nobody_along() {
    let world = World::synced(16, 5).await;
    for index in 2..9 {
        world.tell(Command::CreateDepartment {
            id: Some(700),
            name: "短命部".to_owned(),
            parent: 2,
        });
        let sitter = world.active()[4].clone();
        world.tell(Command::Move {
            userid: sitter.clone(),
            departments: vec![700],
            main_department: None,
        });
        world.run().await;
        world.assert_equal().await;
        world.control().reset_counts().unwrap();
        let people = DepartmentPeople::MoveUp;
        let delete = Command::DeleteDepartment { id: 700, people };
        world.control().on_call(index, delete).unwrap();
        let record = world.run().await;
        let directory = world.directory().await;
        assert!(
            directory.person(&sitter).is_some(),
            "at {index}: {record:?}"
        );
        assert!(directory.deleted_people().is_empty(), "at {index}");
        world.run().await;
        world.assert_equal().await;
    }
    assert_eq!(world.control().hook_failures(), Vec::new());
}

/// Story 4: one list comes short for good, with status 200 and errcode 0.
#[tokio::test]
async fn people_whom_a_list_leaves_out_answer_by_name_and_stay() {
    let world = World::synced(40, 4).await;
    for listed in [0, 3] {
        world.control().reset_counts().unwrap();
        let every = At::Kind("user/list".to_owned(), 0);
        world
            .control()
            .fault(every, Times::Forever, What::ShortLists(listed))
            .unwrap();
        let record = world.run().await;
        assert_eq!(record.sealed, Some(false), "{record:?}");
        assert_eq!(record.status, RunStatus::Partial);
        world.assert_equal().await;
        world.control().clear_faults().unwrap();
        assert_eq!(world.run().await.status, RunStatus::Succeeded);
    }
}

/// Story 28: an unsealed reading gives seats and takes none.
#[tokio::test]
async fn an_unsealed_reading_removes_no_membership() {
    let world = World::synced(24, 5).await;
    let userid = world.active()[6].clone();
    let sit = |departments: &[u32]| Command::Move {
        userid: userid.clone(),
        departments: departments.to_vec(),
        main_department: None,
    };
    world.tell(sit(&[2, 3, 4]));
    world.run().await;
    world.assert_equal().await;
    world.tell(sit(&[3, 5]));
    world.control().reset_counts().unwrap();
    let last_look = At::Kind("agent/get".to_owned(), 1);
    world
        .control()
        .fault(last_look, Times::Forever, What::Errcode(-1))
        .unwrap();
    let record = world.run().await;
    assert_eq!(record.sealed, Some(false), "{record:?}");
    let directory = world.directory().await;
    let person = directory.person(&userid).unwrap();
    let seats: Vec<u32> = person.memberships.iter().map(|m| m.department.0).collect();
    assert_eq!(seats, [2, 3, 4, 5]);
    world.control().clear_faults().unwrap();
    world.run().await;
    world.assert_equal().await;
}
