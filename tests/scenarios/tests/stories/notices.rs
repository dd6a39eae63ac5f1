//! What a person is told, and how often.

use std::collections::BTreeMap;

use scenarios::{AGENT_IP, World};
use serde_json::json;
use source_admin::Precondition;
use sync_run::{NoticeKind, RunStatus};
use testkit::{ForwardProxy, ProxyManner, ProxyOptions};
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

/// Runs go on through the next agent; somebody has to hear of the first all the same, and that it
/// is back.
#[tokio::test]
async fn an_agent_that_is_down_is_told_while_runs_go_on_and_then_that_it_is_back() {
    let mut world = World::synced(12, 3).await;
    let options = ProxyOptions {
        source: AGENT_IP,
        ..ProxyOptions::default()
    };
    let second = ForwardProxy::start(options).await.unwrap();
    let agent = json!({ "url": second.url() }).to_string();
    let admin = world.admin();
    let put = admin.put_agent("dc-2", &agent, &Precondition::Unstated, "admin");
    put.await.unwrap();
    world.set("/agents", json!(["dc-1", "dc-2"])).await;
    world.proxy.set_manner(ProxyManner::Refuse(502));
    for _ in 0..3 {
        let record = world.run().await;
        assert_eq!(record.status, RunStatus::Succeeded, "{record:?}");
        assert_eq!(record.agent.as_deref(), Some("dc-2"));
    }
    assert_eq!(kinds(&world), [(NoticeKind::AgentDown, 1)].into());
    let told = world.standins.notices().remove(0);
    assert!(told.text.contains("dc-1"), "{}", told.text);
    assert_eq!(told.detail["agent"], "dc-1");
    world.proxy.set_manner(ProxyManner::Serve);
    assert_eq!(world.run().await.agent.as_deref(), Some("dc-1"));
    let told = [(NoticeKind::AgentDown, 1), (NoticeKind::Recovered, 1)];
    assert_eq!(kinds(&world), told.into());
}

/// A red row and a range that shrank are told, each once; so is their end.
#[tokio::test]
async fn red_rows_and_narrow_ranges_are_told_once_and_so_is_their_end() {
    let world = World::synced(24, 5).await;
    let userid = world.active()[4].clone();
    let rename = |name: String| Command::Rename {
        userid: userid.clone(),
        name,
    };
    world.tell(rename(scenarios::poison()));
    for _ in 0..2 {
        assert_eq!(world.run().await.status, RunStatus::Partial);
    }
    assert_eq!(kinds(&world), [(NoticeKind::RunPartial, 1)].into());
    world.tell(rename("改名".to_owned()));
    assert_eq!(world.run().await.status, RunStatus::Succeeded);
    let partial = [(NoticeKind::RunPartial, 1), (NoticeKind::Recovered, 1)];
    assert_eq!(kinds(&world), partial.into());
    let range = |departments: &[u32]| Command::SetRange {
        departments: departments.to_vec(),
        users: Vec::new(),
        tags: Vec::new(),
    };
    world.tell(range(&[2, 3]));
    for _ in 0..2 {
        assert_eq!(world.run().await.status, RunStatus::Partial);
    }
    assert_eq!(kinds(&world)[&NoticeKind::RangeShrank], 1);
    world.tell(range(&[1]));
    assert_eq!(world.run().await.status, RunStatus::Succeeded);
    world.assert_equal().await;
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
