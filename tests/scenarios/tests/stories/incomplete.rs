//! Readings that fail in part, and organisations that move while they are read.

use std::collections::BTreeSet;

use scenarios::World;
use sync_run::{RowResult, RunOutcome, RunStatus};
use testkit::Faults;
use wecom_sim::{At, Command, DepartmentPeople, Times, What};

/// Token, range twice, tree, three lists, and four questions: the control and three who left.
const CALLS: u64 = 11;

const BOTH: [Times; 2] = [Times::Once, Times::Forever];

/// Fails every call index in turn, once and for ever. Whatever happens: who is removed had left,
/// and a reading that is not sealed removes nobody at all.
async fn fail_every_call(what: What, times: &[Times]) {
    let world = World::synced(14, 3).await;
    let mut pairs = world.active()[2..8].to_vec();
    let mut newcomer = world.hire();
    world.run().await;
    let mut sealed = 0;
    let mut gone = Vec::new();
    let all = times.iter().map(|times| (0..CALLS).map(|at| (*times, at)));
    for (times, index) in all.flatten() {
        // Another day: who left before is no leak of this one.
        world.pass_hours(25);
        gone.extend([pairs[0].clone(), pairs[1].clone(), newcomer]);
        world.dismiss(&gone[gone.len() - 3..]);
        newcomer = world.hire();
        let before = world.directory().await.deleted_people();
        let at = At::CallIndex(index);
        world.control().reset_counts().unwrap();
        world.control().fault(at, times, what.clone()).unwrap();
        let outcome = world.run_with(&Faults::default()).await.unwrap();
        let RunOutcome::Finished(record) = outcome else {
            panic!("{outcome:?}");
        };
        let after = world.directory().await.deleted_people();
        let deleted: BTreeSet<&String> = after.difference(&before).collect();
        let case = format!("{what:?} {times:?} at {index}: {record:?}");
        assert_eq!(record.rows_with(RowResult::Held), 0, "{case}");
        if record.sealed == Some(true) {
            assert!(deleted.iter().all(|id| gone.contains(id)), "{case}");
            sealed += 1;
        } else {
            assert!(deleted.is_empty(), "{deleted:?} {case}");
        }
        world.control().clear_faults().unwrap();
        world.rehire(&pairs[..2]);
        pairs.rotate_left(2);
        if index % 3 == 2 || index + 1 == CALLS {
            // Somebody nobody could ask about is asked again after a day.
            world.pass_hours(24);
            let clean = world.run().await;
            assert_eq!(clean.status, RunStatus::Succeeded, "after {case}");
            world.assert_equal().await;
            gone.clear();
        }
    }
    assert!(sealed > 0, "a fault that strikes once is often survived");
    world.control().reset_counts().unwrap();
    world.dismiss(&pairs[..3]);
    world.run().await;
    let calls: u64 = world.sim.calls().values().sum();
    assert_eq!(calls, CALLS, "every call was failed");
}

/// Story 2.
#[tokio::test]
async fn no_error_code_at_any_call_deletes_a_living_person() {
    fail_every_call(What::Errcode(-1), &[Times::Once]).await;
}

/// Story 2.
#[tokio::test]
async fn no_refusal_of_the_range_at_any_call_deletes_a_living_person() {
    fail_every_call(What::Errcode(60011), &BOTH).await;
}

/// Story 2.
#[tokio::test]
async fn no_absence_code_at_any_call_deletes_a_living_person() {
    fail_every_call(What::Errcode(60111), &BOTH).await;
}

/// Story 2.
#[tokio::test]
async fn no_503_at_any_call_deletes_a_living_person() {
    fail_every_call(What::HttpStatus(503), &BOTH).await;
}

/// Story 2.
#[tokio::test]
async fn no_login_page_at_any_call_deletes_a_living_person() {
    fail_every_call(What::HtmlWith200, &BOTH).await;
}

/// Story 2.
#[tokio::test]
async fn no_truncated_body_at_any_call_deletes_a_living_person() {
    fail_every_call(What::TruncatedBody, &[Times::Once]).await;
}

/// Story 2.
#[tokio::test]
async fn no_reset_at_any_call_deletes_a_living_person() {
    fail_every_call(What::Reset, &[Times::Once]).await;
}

/// Story 2, story 3.
#[tokio::test]
async fn no_empty_list_at_any_call_deletes_a_living_person() {
    fail_every_call(What::EmptyLists, &BOTH).await;
}

/// Story 2, story 4.
#[tokio::test]
async fn no_short_list_at_any_call_deletes_a_living_person() {
    fail_every_call(What::ShortLists(1), &BOTH).await;
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
            world.assert_equal().await;
            world.control().reset_counts().unwrap();
            world.control().on_call(index, move_to(&[to])).unwrap();
            let record = world.run().await;
            let directory = world.directory().await;
            assert!(directory.person(&mover).is_some(), "{record:?}");
            assert!(directory.deleted_people().is_empty());
            world.control().clear_faults().unwrap();
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
