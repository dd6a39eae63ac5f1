//! Story 22: who was excepted, who was rejected, and what becomes of them in later runs.

use std::collections::BTreeSet;

use org_model::UserStatus;
use scenarios::{World, people};
use source_admin::AdminError;
use sync_run::{HeldState, NoticeKind, RowResult, RunRecord, RunStatus};
use wecom_sim::Command;

fn set(userids: &[String]) -> BTreeSet<String> {
    userids.iter().cloned().collect()
}

fn strs(userids: &[String]) -> Vec<&str> {
    userids.iter().map(String::as_str).collect()
}

/// Twelve of sixty are gone, and their deletions wait.
async fn twelve_held() -> (World, Vec<String>) {
    let world = World::synced(60, 6).await;
    let leavers = world.active()[..12].to_vec();
    world.dismiss(&leavers);
    assert_eq!(world.run().await.status, RunStatus::Held);
    (world, leavers)
}

/// What was told of held lists.
fn told_of_lists(world: &World) -> usize {
    let notices = world.standins.notices();
    let kinds = [NoticeKind::Held, NoticeKind::HeldReminder];
    let of_lists = notices.iter().filter(|notice| kinds.contains(&notice.kind));
    of_lists.count()
}

fn assert_quiet(record: &RunRecord) {
    assert_eq!(record.status, RunStatus::Succeeded, "{record:?}");
    assert!(record.counts.is_empty(), "{:?}", record.counts);
}

/// Story 22.
#[tokio::test]
async fn three_who_were_excepted_are_kept_for_good_and_the_others_go() {
    let (world, leavers) = twelve_held().await;
    let (three, nine) = leavers.split_at(3);
    let list = world.waiting().await.remove(0);
    let record = world.approve_but(&list, three).await;
    assert_eq!(record.status, RunStatus::Succeeded, "{record:?}");
    assert_eq!(record.rows_with(RowResult::Done), 9);
    assert_eq!(world.directory().await.deleted_people(), set(nine));
    world.assert_equal_but(&strs(three)).await;
    assert_eq!(world.kept().await, set(three));
    let told = told_of_lists(&world);
    // For days: no row, no list, no notice, and nobody asks WeCom about them.
    for _ in 0..6 {
        world.control().reset_counts().unwrap();
        assert_quiet(&world.run().await);
        assert_eq!(world.sim.calls().get("user/get"), None);
        world.pass_hours(20);
        world.tidy().await;
    }
    world.assert_equal_but(&strs(three)).await;
    assert!(world.waiting().await.is_empty());
    assert_eq!(told_of_lists(&world), told);
    assert_eq!(world.kept().await, set(three));
}

/// Story 22.
#[tokio::test]
async fn a_list_that_was_rejected_keeps_everybody_for_good() {
    let (world, leavers) = twelve_held().await;
    let list = world.waiting().await.remove(0);
    let rejected = world.reject(&list).await;
    assert_eq!(rejected.state, HeldState::Rejected);
    assert!(world.standins.take_started().is_empty(), "nothing to run");
    let told = told_of_lists(&world);
    for _ in 0..4 {
        assert_quiet(&world.run().await);
        world.pass_hours(30);
        world.tidy().await;
    }
    world.assert_equal_but(&strs(&leavers)).await;
    assert_eq!(world.kept().await, set(&leavers));
    assert_eq!(told_of_lists(&world), told);
    // The same word again changes nothing; the other one comes too late.
    assert_eq!(world.reject(&list).await.state, HeldState::Rejected);
    let late = world.decide_but(&list, &[]).await;
    assert!(
        matches!(late, Err(AdminError::NotWaiting { .. })),
        "{late:?}"
    );
}

/// Story 22: nobody decides; the list expires, and the next run holds its people anew.
#[tokio::test]
async fn a_list_that_expired_is_held_anew_with_a_new_notice_and_can_still_be_decided() {
    let (world, leavers) = twelve_held().await;
    world.pass_hours(73);
    let record = world.run().await;
    assert_eq!(record.rows_with(RowResult::Held), 12, "{record:?}");
    assert_eq!(world.standins.notices_of(NoticeKind::Held).len(), 2);
    let lists = world.waiting().await;
    assert_eq!(lists.len(), 1, "the new one alone waits");
    assert_eq!(lists[0].stored.list.run, record.run);
    let (one, others) = leavers.split_at(1);
    let record = world.approve_but(&lists[0], one).await;
    assert_eq!(record.status, RunStatus::Succeeded, "{record:?}");
    assert_eq!(world.directory().await.deleted_people(), set(others));
    world.assert_equal_but(&strs(one)).await;
}

/// Whoever is seen again needs no mark; when they leave once more, that is another absence.
#[tokio::test]
async fn a_mark_ends_when_its_person_is_seen_again() {
    let (world, leavers) = twelve_held().await;
    let list = world.waiting().await.remove(0);
    world.reject(&list).await;
    let (returned, kept) = leavers.split_at(2);
    world.rehire(returned);
    assert_eq!(world.run().await.status, RunStatus::Succeeded);
    assert_eq!(world.kept().await, set(kept));
    world.assert_equal_but(&strs(kept)).await;
    world.dismiss(returned);
    assert_eq!(world.run().await.status, RunStatus::Succeeded);
    assert_eq!(world.directory().await.deleted_people(), set(returned));
    world.assert_equal_but(&strs(kept)).await;
}

/// A call takes the mark back: then they are judged like everybody else.
#[tokio::test]
async fn who_is_kept_no_longer_is_a_candidate_at_the_next_run() {
    let (world, leavers) = twelve_held().await;
    let list = world.waiting().await.remove(0);
    world.reject(&list).await;
    let (cleared, kept) = leavers.split_at(2);
    for userid in cleared {
        world.clear_kept(userid).await;
    }
    assert_eq!(world.kept().await, set(kept));
    let record = world.run().await;
    assert_eq!(record.rows_with(RowResult::Done), 2, "{record:?}");
    assert_eq!(world.directory().await.deleted_people(), set(cleared));
    world.assert_equal_but(&strs(kept)).await;
    // All the others at once: many again, and held again.
    for userid in kept {
        world.clear_kept(userid).await;
    }
    let record = world.run().await;
    assert_eq!(record.rows_with(RowResult::Held), 10, "{record:?}");
}

/// A disable is kept off as well, and only the disable.
#[tokio::test]
async fn who_is_kept_from_being_disabled_stays_open_until_seen_open() {
    let world = World::synced(60, 6).await;
    let half = world.active()[..30].to_vec();
    let set_status = |userids: &[String], status| Command::SetStatus {
        userids: userids.to_vec(),
        status,
    };
    world.tell(set_status(&half, 2));
    assert_eq!(world.run().await.status, RunStatus::Held);
    let list = world.waiting().await.remove(0);
    world.reject(&list).await;
    let status = |directory: &scenarios::Directory, id: &String| {
        let person = directory.person(id);
        person.map(|person| person.status)
    };
    for _ in 0..2 {
        assert_quiet(&world.run().await);
        let directory = world.directory().await;
        for userid in &half {
            assert_eq!(status(&directory, userid), Some(UserStatus::Active));
        }
    }
    // WeCom opens them again, then closes one: one disable is nothing to hold.
    world.tell(set_status(&half, 1));
    assert_eq!(world.run().await.status, RunStatus::Succeeded);
    assert_eq!(world.kept().await, BTreeSet::new());
    world.tell(set_status(&half[..1], 2));
    assert_eq!(world.run().await.status, RunStatus::Succeeded);
    world.assert_equal().await;
    let directory = world.directory().await;
    assert_eq!(status(&directory, &half[0]), Some(UserStatus::Disabled));
}

/// An exception that names nobody of the list: nothing is approved.
#[tokio::test]
async fn an_unknown_exception_approves_nothing() {
    let (world, leavers) = twelve_held().await;
    let list = world.waiting().await.remove(0);
    let stranger = world.active()[30].clone();
    let mixed = [leavers[0].clone(), stranger];
    let refused = world.decide_but(&list, &mixed).await;
    let Err(AdminError::Invalid(problems)) = refused else {
        panic!("{refused:?}");
    };
    assert_eq!(problems.len(), 1);
    assert_eq!(problems[0].pointer, "/except/1");
    assert_eq!(world.waiting().await[0].count, 12);
    assert_eq!(world.kept().await, BTreeSet::new());
    assert!(world.standins.take_started().is_empty());
    assert_eq!(people(&mixed).len(), 2);
}

/// Repeating an approval changes nothing; other exceptions are another approval.
#[tokio::test]
async fn an_approval_with_exceptions_is_given_once() {
    let (world, leavers) = twelve_held().await;
    let list = world.waiting().await.remove(0);
    let (three, nine) = leavers.split_at(3);
    for _ in 0..2 {
        let approval = world.decide_but(&list, three).await.unwrap();
        assert_eq!(approval.list.state, HeldState::Approved);
        assert_eq!(approval.list.count, 9);
    }
    let other = world.decide_but(&list, &leavers[..2]).await;
    assert!(
        matches!(other, Err(AdminError::NotWaiting { .. })),
        "{other:?}"
    );
    let runs: BTreeSet<_> = world.standins.take_started().into_iter().collect();
    assert_eq!(runs.len(), 1, "one run for one decision: {runs:?}");
    let record = world.run().await;
    assert_eq!(record.rows_with(RowResult::Done), 9, "{record:?}");
    assert_eq!(world.directory().await.deleted_people(), set(nine));
    assert_eq!(world.kept().await, set(three));
}
