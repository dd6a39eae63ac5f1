//! The range moved, not the people.

use jiff::SignedDuration;
use scenarios::{World, live_people};
use serde_json::json;
use source_admin::AdminError;
use sync_run::{NoticeKind, RunRecord, RunStatus};
use wecom_sim::{Command, SettingsPatch, View};

fn range(departments: &[u32], users: &[&str], tags: &[u32]) -> Command {
    Command::SetRange {
        departments: departments.to_vec(),
        users: users.iter().map(|&userid| userid.to_owned()).collect(),
        tags: tags.to_vec(),
    }
}

fn codes(record: &RunRecord) -> Vec<&str> {
    let reasons = record.unsealed_reasons.iter();
    reasons.map(|reason| reason.code.as_str()).collect()
}

/// Story 10: by a large department, by the root, to nothing; then wide again.
#[tokio::test]
async fn a_range_that_shrinks_deletes_nobody_and_the_notice_names_it() {
    let world = World::synced(50, 8).await;
    let before = world.directory().await;
    for shrunk in [
        range(&[2, 3, 4, 5, 6, 7], &[], &[]),
        range(&[3], &[], &[]),
        range(&[], &[&world.active()[3]], &[]),
        range(&[], &[], &[]),
    ] {
        world.tell(shrunk.clone());
        for _ in 0..2 {
            let record = world.run().await;
            assert_ne!(record.status, RunStatus::Succeeded, "{shrunk:?}");
            assert_ne!(record.sealed, Some(true), "{shrunk:?}");
            let now = live_people(&world.directory().await);
            assert_eq!(now, live_people(&before), "{shrunk:?}");
        }
        // A day passes, so that every trouble would be told again.
        world.pass_hours(24);
        let departments = world.directory().await;
        assert!(departments.departments().all(|it| it.deleted_at.is_none()));
    }
    let told = world.standins.notices();
    assert!(told.iter().any(|n| n.kind == NoticeKind::RunUnsealed));
    assert!(
        told.iter().all(|notice| notice.text.contains("range")),
        "{told:?}"
    );
    world.tell(range(&[1], &[], &[]));
    let record = world.run().await;
    assert_eq!(record.status, RunStatus::Succeeded, "{record:?}");
    world.assert_equal().await;
}

/// Story 10: while it is narrow, what is still seen goes on; who really left is asked about later.
#[tokio::test]
async fn a_narrow_range_still_brings_news_and_a_wide_one_finds_who_left() {
    let world = World::synced(40, 6).await;
    let gone = world.active()[4].clone();
    world.tell(range(&[3], &[], &[]));
    world.dismiss(std::slice::from_ref(&gone));
    world.tell(Command::Hire {
        userid: Some("New.One".to_owned()),
        name: Some("新来".to_owned()),
        departments: vec![3],
        count: 1,
    });
    let record = world.run().await;
    assert_eq!(codes(&record), ["range_narrower"]);
    let directory = world.directory().await;
    assert!(directory.person("New.One").is_some());
    assert!(directory.person(&gone).is_some());
    world.tell(range(&[1], &[], &[]));
    assert_eq!(world.run().await.status, RunStatus::Succeeded);
    world.assert_equal().await;
}

/// Story 23: what was typed by mistake is refused before anything is read.
#[tokio::test]
async fn another_corps_credentials_are_refused() {
    let mut world = World::synced(20, 4).await;
    let before = world.settings.clone();
    world.settings["credentials"]["corp_id"] = json!("ww0000000000another");
    let refused = world.put_source("hq").await.unwrap_err();
    assert_eq!(refused, AdminError::OtherOrganisation);
    world.settings = before.clone();
    world.settings["base_url"] = json!("https://another.example.com");
    let refused = world.put_source("hq").await.unwrap_err();
    assert_eq!(refused, AdminError::OtherOrganisation);
    world.settings = before;
    assert_eq!(world.run().await.status, RunStatus::Succeeded);
    world.assert_equal().await;
}

/// Story 23: with another app of the same corp that sees less, nobody is deleted.
#[tokio::test]
async fn another_agent_id_that_sees_less_removes_nobody() {
    let mut world = World::synced(30, 5).await;
    let gone = world.active()[4].clone();
    let agent_id = Some(1_000_077);
    world
        .control()
        .configure(SettingsPatch {
            agent_id,
            ..SettingsPatch::default()
        })
        .unwrap();
    world.tell(range(&[2, 3, 4, 5], &[], &[]));
    world.set("/credentials/agent_id", json!(1_000_077)).await;
    let before = live_people(&world.directory().await);
    world.dismiss(std::slice::from_ref(&gone));
    for _ in 0..2 {
        let record = world.run().await;
        assert_eq!(record.status, RunStatus::Partial, "{record:?}");
        assert_eq!(codes(&record), ["range_narrower", "agent_changed"]);
        assert_eq!(live_people(&world.directory().await), before);
    }
}

/// A scoped app over two departments and a tag.
async fn scoped() -> (World, Vec<String>) {
    let world = World::of(60, 8).await;
    let named: Vec<String> = world
        .control()
        .members(View::Everything)
        .filter(|member| !member.departments.iter().any(|id| [2, 3].contains(id)))
        .map(|member| member.userid)
        .take(4)
        .collect();
    world.tell(Command::SetTag {
        id: 7,
        name: "标签".to_owned(),
        users: named.clone(),
        departments: Vec::new(),
    });
    // Nobody sits below: who leaves the two departments leaves the range.
    world.tell(range(&[2, 3], &[], &[7]));
    let record = world.run().await;
    assert_eq!(record.status, RunStatus::Succeeded, "{record:?}");
    world.assert_equal().await;
    (world, named)
}

/// Story 27: they may have left the tag, the company, or only our sight.
#[tokio::test]
async fn who_drops_out_of_a_tag_is_kept() {
    let (world, named) = scoped().await;
    world.tell(Command::SetTag {
        id: 7,
        name: "标签".to_owned(),
        users: named[2..].to_vec(),
        departments: Vec::new(),
    });
    for _ in 0..3 {
        let record = world.run().await;
        assert_eq!(codes(&record), ["range_narrower"], "{record:?}");
        let kept: Vec<&str> = named[..2].iter().map(String::as_str).collect();
        world.assert_equal_but(&kept).await;
        world.pass(SignedDuration::from_hours(30));
    }
}

/// Story 27: a person moves where the app cannot see them.
#[tokio::test]
async fn who_moves_out_of_sight_is_kept_and_marked() {
    let (world, named) = scoped().await;
    let mover = world
        .control()
        .members(View::Visible)
        .find(|member| member.departments == [3] && !named.contains(&member.userid))
        .unwrap()
        .userid;
    let elsewhere = world
        .control()
        .departments(View::Everything)
        .into_iter()
        .map(|it| it.id)
        .find(|id| {
            let visible = world.control().departments(View::Visible);
            *id != 1 && !visible.iter().any(|it| it.id == *id)
        })
        .unwrap();
    let sit = |departments: &[u32]| Command::Move {
        userid: mover.clone(),
        departments: departments.to_vec(),
        main_department: None,
    };
    world.tell(sit(&[elsewhere]));
    let first = world.run().await;
    let rows = world.rows(&first).await;
    assert_eq!(rows.len(), 1, "{first:?} {rows:?}");
    assert_eq!(rows[0].code.as_deref(), Some("out_of_range"));
    assert!(world.directory().await.person(&mover).is_some());
    // Asked at most once a day, and never deleted for it.
    assert!(world.run().await.counts.is_empty());
    world.pass_hours(48);
    world.run().await;
    let directory = world.directory().await;
    let person = directory.person(&mover).unwrap();
    assert!(person.absence.is_some());
    world.tell(sit(&[3]));
    world.run().await;
    world.assert_equal().await;
}

/// Story 27: a department is moved under one the app cannot see.
#[tokio::test]
async fn a_department_that_moves_out_of_sight_is_kept_with_its_people() {
    let world = World::of(60, 8).await;
    world.tell(Command::CreateDepartment {
        id: Some(700),
        name: "小组".to_owned(),
        parent: 3,
    });
    for userid in &world.active()[..3] {
        world.tell(Command::Move {
            userid: userid.clone(),
            departments: vec![700],
            main_department: None,
        });
    }
    world.tell(range(&[3], &[], &[]));
    world.run().await;
    world.assert_equal().await;
    let before = live_people(&world.directory().await);
    world.tell(Command::MoveDepartment { id: 700, parent: 2 });
    for _ in 0..3 {
        let record = world.run().await;
        assert_eq!(codes(&record), ["range_narrower"], "{record:?}");
        let directory = world.directory().await;
        assert_eq!(live_people(&directory), before);
        assert!(directory.department(700).is_some());
        world.pass_hours(30);
    }
}

/// Where less than the company is visible, one answer is not enough: two sealed runs, a day apart.
#[tokio::test]
async fn in_a_narrow_range_a_departure_takes_a_day_to_be_believed() {
    let (world, named) = scoped().await;
    let gone = world
        .control()
        .members(View::Visible)
        .find(|member| member.departments == [3] && !named.contains(&member.userid))
        .unwrap()
        .userid;
    world.dismiss(std::slice::from_ref(&gone));
    for _ in 0..3 {
        world.run().await;
        assert!(world.directory().await.person(&gone).is_some());
    }
    world.pass_hours(24);
    world.run().await;
    world.assert_equal().await;
}
