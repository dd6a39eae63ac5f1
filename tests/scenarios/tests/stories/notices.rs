//! What a person is told, and how often.

use std::collections::BTreeMap;

use scenarios::World;
use sync_run::{NoticeKind, RunStatus};
use wecom_sim::{At, Command, Times, What};

fn kinds(world: &World) -> BTreeMap<NoticeKind, usize> {
    let mut kinds = BTreeMap::new();
    for notice in world.standins.notices() {
        *kinds.entry(notice.kind).or_default() += 1;
    }
    kinds
}

/// Story 17: one notice for one held list, then one reminder a day.
#[tokio::test]
async fn a_held_list_is_told_once_and_then_once_a_day() {
    let world = World::synced(40, 4).await;
    world.tell(Command::DismissRandom { count: 20, seed: 1 });
    for _ in 0..10 {
        world.pass_hours(4);
        assert_eq!(world.run().await.status, RunStatus::Held);
        world.tidy().await;
        world.tidy().await;
    }
    // A run each five hours, forty-five hours from first to last: one day and a part.
    let held = (NoticeKind::Held, 1);
    let reminders = (NoticeKind::HeldReminder, 1);
    let told: BTreeMap<_, _> = [held, reminders].into();
    assert_eq!(kinds(&world), told);
    world.tell(Command::DismissRandom { count: 3, seed: 2 });
    world.run().await;
    let lists = world.waiting().await.len();
    assert_eq!(
        kinds(&world)[&NoticeKind::Held],
        lists,
        "one notice for each list"
    );
}

/// Story 17, story 3: a trouble that goes on is told once a day, and is news again after a success.
#[tokio::test]
async fn a_trouble_that_goes_on_is_told_once_a_day() {
    let world = World::synced(12, 3).await;
    let broken = What::HttpStatus(503);
    world
        .control()
        .fault(At::EveryCall, Times::Forever, broken.clone())
        .unwrap();
    for _ in 0..6 {
        assert_eq!(world.run().await.status, RunStatus::Failed);
    }
    assert_eq!(kinds(&world), [(NoticeKind::RunFailed, 1)].into());
    world.pass_hours(24);
    world.run().await;
    assert_eq!(kinds(&world), [(NoticeKind::RunFailed, 2)].into());
    world.control().clear_faults().unwrap();
    assert_eq!(world.run().await.status, RunStatus::Succeeded);
    world
        .control()
        .fault(At::EveryCall, Times::Forever, broken)
        .unwrap();
    world.run().await;
    let told = [(NoticeKind::RunFailed, 3), (NoticeKind::Recovered, 1)];
    assert_eq!(kinds(&world), told.into());
}

/// Story 19: a source that was not read completely for three intervals raises a notice.
#[tokio::test]
async fn a_sync_that_stopped_is_told_by_housekeeping() {
    let world = World::synced(12, 3).await;
    world.tidy().await;
    world.pass_hours(2);
    world.tidy().await;
    assert_eq!(kinds(&world), BTreeMap::new(), "two intervals are patience");
    world.pass_hours(2);
    world.tidy().await;
    world.pass_hours(1);
    world.tidy().await;
    assert_eq!(kinds(&world), [(NoticeKind::Silence, 1)].into());
    world.pass_hours(24);
    world.tidy().await;
    assert_eq!(kinds(&world), [(NoticeKind::Silence, 2)].into());
}

/// Story 29, as far as the run goes: a notice that cannot leave stops nothing and is not lost.
#[tokio::test]
async fn a_notice_that_cannot_leave_waits_until_it_can() {
    let world = World::synced(40, 4).await;
    world.tell(Command::DismissRandom { count: 20, seed: 1 });
    world.standins.set_mute(true);
    let record = world.run().await;
    assert_eq!(record.status, RunStatus::Held);
    assert_eq!(kinds(&world), BTreeMap::new());
    world.tidy().await;
    world.standins.set_mute(false);
    world.tidy().await;
    assert_eq!(kinds(&world), [(NoticeKind::Held, 1)].into());
    let finished = world.standins.events();
    assert_eq!(finished.last(), Some(&record));
    world.tidy().await;
    assert_eq!(kinds(&world), [(NoticeKind::Held, 1)].into(), "sent once");
    world.assert_outbox_empty().await;
}

/// Subjects must pass SNS: ASCII, one line, under a hundred characters.
#[tokio::test]
async fn every_subject_passes_sns() {
    let world = World::synced(40, 4).await;
    world.tell(Command::DismissRandom { count: 20, seed: 1 });
    world.run().await;
    world
        .control()
        .fault(At::EveryCall, Times::Forever, What::Reset)
        .unwrap();
    world.run().await;
    world.pass_hours(30);
    world.tidy().await;
    let notices = world.standins.notices();
    assert!(notices.len() >= 3);
    for notice in notices {
        let subject = &notice.subject;
        assert!(subject.len() < 100, "{subject}");
        assert!(
            subject.chars().all(|c| c.is_ascii_graphic() || c == ' '),
            "{subject}"
        );
        assert!(!notice.text.contains("sim-app-secret"));
    }
}
