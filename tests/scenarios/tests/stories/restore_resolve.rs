//! Who comes back, who may be somebody else, and who may be the same.

use std::collections::BTreeSet;

use org_model::{InternalId, ItemState};
use org_plan::{Action, Resolution, RuleLimit};
use scenarios::World;
use source_admin::{AdminError, Precondition};
use sync_run::{NoticeKind, RowResult, RunRecord, RunStatus};
use wecom_sim::{Command, View};

async fn id_of(world: &World, userid: &str) -> Option<InternalId> {
    let directory = world.directory().await;
    let person = directory.person(userid);
    person.map(|person| person.internal_id.clone())
}

fn hire(world: &World, userid: &str, name: &str, departments: Vec<u32>) {
    world.tell(Command::Hire {
        userid: Some(userid.to_owned()),
        name: Some(name.to_owned()),
        departments,
        count: 1,
    });
}

async fn assert_quiet(world: &World) {
    let record = world.run().await;
    assert_eq!(record.status, RunStatus::Succeeded, "{record:?}");
    assert!(record.counts.is_empty(), "{:?}", record.counts);
}

async fn code_of(world: &World, record: &RunRecord, userid: &str) -> Option<String> {
    let rows = world.rows(record).await;
    let row = rows.into_iter().find(|row| row.id == userid);
    row.unwrap_or_else(|| panic!("{userid} has no row: {record:?}"))
        .code
}

/// Story 7: an administrator gives one deleted person back, without asking WeCom, and for good.
#[tokio::test]
async fn somebody_restored_by_hand_is_who_they_were_and_stays() {
    let world = World::synced(40, 4).await;
    let gone = world.active()[5..7].to_vec();
    let before = id_of(&world, &gone[0]).await;
    world.dismiss(&gone);
    world.run().await;
    assert_eq!(id_of(&world, &gone[0]).await, None);
    world.control().reset_counts().unwrap();
    let record = world.restore(&gone[0]).await;
    assert_eq!(record.status, RunStatus::Succeeded, "{record:?}");
    assert!(world.sim.calls().is_empty());
    assert_eq!(record.rows_with(RowResult::Done), 1);
    assert_eq!(
        code_of(&world, &record, &gone[0]).await.as_deref(),
        Some("restored")
    );
    assert_eq!(id_of(&world, &gone[0]).await, before);
    assert_eq!(world.kept().await, [gone[0].clone()].into());
    for _ in 0..3 {
        assert_quiet(&world).await;
        world.assert_equal_but(&[&gone[0]]).await;
        world.pass_hours(30);
    }
    // Who is live needs no restoring.
    let again = world.admin().restore_user("hq", &gone[0], None, "a").await;
    assert!(
        matches!(again, Err(AdminError::NotDeleted { .. })),
        "{again:?}"
    );
    // Back in WeCom as well: the same person still.
    world.rehire(&gone[..1]);
    world.run().await;
    assert_eq!(id_of(&world, &gone[0]).await, before);
    assert_eq!(world.kept().await, BTreeSet::new());
    world.assert_equal().await;
}

/// Story 24, DESIGN.md §5: a userid was given to somebody else, as far as the name says.
async fn reused() -> (World, String, InternalId, InternalId) {
    let world = World::synced(40, 4).await;
    let userid = world.active()[7].clone();
    let old = id_of(&world, &userid).await.unwrap();
    world.dismiss(std::slice::from_ref(&userid));
    world.run().await;
    hire(&world, &userid, "另一个名字", vec![2]);
    assert_eq!(world.run().await.status, RunStatus::Succeeded);
    let new = id_of(&world, &userid).await.unwrap();
    assert_ne!(old, new, "a record of their own meanwhile");
    let conflict = world.admin().user("hq", &userid).await.unwrap().conflict;
    assert_eq!(conflict.unwrap().internal_id, old);
    (world, userid, old, new)
}

/// They had married, say: one person, one record, the first internal id.
#[tokio::test]
async fn a_reused_userid_that_is_the_same_person_gets_their_old_record() {
    let (world, userid, old, new) = reused().await;
    let record = world.resolve(&userid, Resolution::Same).await;
    assert_eq!(record.status, RunStatus::Succeeded, "{record:?}");
    assert_eq!(
        code_of(&world, &record, &userid).await.as_deref(),
        Some("resolved_same")
    );
    let directory = world.directory().await;
    assert_eq!(directory.person(&userid).unwrap().internal_id, old);
    assert!(!directory.0.contains_key(&new), "nobody stands there twice");
    world.assert_equal().await;
    assert_quiet(&world).await;
    // Said and done: nothing is left to resolve.
    let again = world.admin();
    let again = again.resolve("hq", &userid, Resolution::Same, None, "a");
    let again = again.await;
    assert!(
        matches!(again, Err(AdminError::NoConflict { .. })),
        "{again:?}"
    );
}

#[tokio::test]
async fn a_reused_userid_that_is_another_person_stays_another_record() {
    let (world, userid, old, new) = reused().await;
    let record = world.resolve(&userid, Resolution::New).await;
    assert_eq!(record.status, RunStatus::Succeeded, "{record:?}");
    assert_eq!(id_of(&world, &userid).await, Some(new));
    let shown = world.admin().user("hq", &userid).await.unwrap();
    assert_eq!(shown.conflict, None, "it was answered");
    let directory = world.directory().await;
    assert_eq!(directory.0[&old].state(), ItemState::Deleted);
    world.assert_equal().await;
    assert_quiet(&world).await;
}

/// A source was replaced, and a userid means another name than the detached record.
async fn detached() -> (World, String, InternalId) {
    let world = World::synced(30, 5).await;
    let userid = world.active()[3].clone();
    let old = id_of(&world, &userid).await.unwrap();
    let admin = world.admin();
    let replaced = admin.replace_source("hq", "hq", &Precondition::Exists, "alice");
    replaced.await.unwrap();
    world.clear_started().await;
    world.tell(Command::Rename {
        userid: userid.clone(),
        name: "另一个名字".to_owned(),
    });
    world.put_source("hq").await.unwrap();
    let record = world.run().await;
    let code = code_of(&world, &record, &userid).await;
    assert_eq!(code.as_deref(), Some("name_conflict"));
    (world, userid, old)
}

#[tokio::test]
async fn a_detached_person_with_another_name_who_is_the_same_is_adopted() {
    let (world, userid, old) = detached().await;
    let record = world.resolve(&userid, Resolution::Same).await;
    let row = code_of(&world, &record, &userid).await;
    assert_ne!(row.as_deref(), Some("name_conflict"), "{record:?}");
    assert_eq!(id_of(&world, &userid).await, Some(old));
    world.assert_equal().await;
    assert_quiet(&world).await;
}

#[tokio::test]
async fn a_detached_person_with_another_name_who_is_another_makes_room() {
    let (world, userid, old) = detached().await;
    let record = world.resolve(&userid, Resolution::New).await;
    assert_eq!(
        code_of(&world, &record, &userid).await.as_deref(),
        Some("resolved_new")
    );
    let directory = world.directory().await;
    let aside = &directory.0[&old];
    assert_eq!(aside.state(), ItemState::Detached, "kept, aside");
    let of_userid = directory.people().filter(|p| p.userid.as_str() == userid);
    let live: Vec<_> = of_userid.filter(|person| !person.detached).collect();
    assert_eq!(live.len(), 1);
    assert_ne!(live[0].internal_id, old);
    assert_quiet(&world).await;
}

/// Story 6, DESIGN.md §5: somebody vanishes, somebody with the same name and department appears.
async fn suspected() -> (World, String, String, InternalId) {
    let world = World::synced(40, 4).await;
    let old = world.active()[6].clone();
    let id = id_of(&world, &old).await.unwrap();
    let member = world.control().member(&old, View::Everything).unwrap();
    world.dismiss(std::slice::from_ref(&old));
    let new = "Quite.Another".to_owned();
    hire(&world, &new, &member.name, member.departments.clone());
    let record = world.run().await;
    assert_eq!(record.status, RunStatus::Held, "{record:?}");
    let rows = world.rows(&record).await;
    let held = rows.iter().find(|row| row.id == old).unwrap();
    assert_eq!(
        (held.action, held.result),
        (Action::Delete, RowResult::Held)
    );
    assert_eq!(held.code.as_deref(), Some("suspected_rename"));
    assert!(held.message.as_ref().unwrap().contains(&new), "{held:?}");
    assert!(id_of(&world, &new).await.is_some(), "creations go on");
    world.assert_equal_but(&[&old]).await;
    let list = world.waiting().await.remove(0);
    let rules = &list.stored.list.rules;
    assert!(rules.iter().any(|r| r.limit == RuleLimit::SuspectedRename));
    assert_eq!(world.standins.notices_of(NoticeKind::Held).len(), 1);
    (world, old, new, id)
}

#[tokio::test]
async fn a_suspected_rename_that_is_one_is_joined_under_the_old_internal_id() {
    let (world, old, new, id) = suspected().await;
    let provisional = id_of(&world, &new).await.unwrap();
    // It waits for as long as nobody says anything, and is told once.
    for _ in 0..2 {
        let record = world.run().await;
        assert_eq!(record.rows_with(RowResult::Held), 1, "{record:?}");
    }
    let conflict = world.admin().user("hq", &new).await.unwrap().conflict;
    assert_eq!(conflict.unwrap().userid.as_str(), old);
    let record = world.resolve(&new, Resolution::Same).await;
    assert_eq!(record.status, RunStatus::Succeeded, "{record:?}");
    assert_eq!(id_of(&world, &new).await, Some(id));
    let directory = world.directory().await;
    assert!(!directory.0.contains_key(&provisional));
    assert_eq!(directory.person(&old), None);
    assert!(world.waiting().await.is_empty(), "nothing waits any more");
    world.assert_equal().await;
    assert_quiet(&world).await;
}

#[tokio::test]
async fn a_suspected_rename_that_is_none_is_approved_and_goes() {
    let (world, old, new, id) = suspected().await;
    let own = id_of(&world, &new).await;
    let list = world.waiting().await.remove(0);
    let record = world.approve(&list).await;
    assert_eq!(record.status, RunStatus::Succeeded, "{record:?}");
    let directory = world.directory().await;
    assert_eq!(directory.0[&id].state(), ItemState::Deleted);
    assert_eq!(directory.deleted_people(), [old].into());
    assert_eq!(id_of(&world, &new).await, own);
    world.assert_equal().await;
}

#[tokio::test]
async fn a_suspected_rename_that_is_rejected_is_kept() {
    let (world, old, _, _) = suspected().await;
    let list = world.waiting().await.remove(0);
    world.reject(&list).await;
    for _ in 0..2 {
        assert_quiet(&world).await;
        world.assert_equal_but(&[&old]).await;
    }
    assert_eq!(world.kept().await, [old].into());
}

/// The others of the run are judged as ever: a suspicion holds nobody else.
#[tokio::test]
async fn a_suspicion_holds_nobody_else_of_its_run() {
    let world = World::synced(60, 5).await;
    let people = world.active();
    let member = world.control().member(&people[6], View::Everything);
    let member = member.unwrap();
    world.dismiss(&[&people[6..7], &people[20..22]].concat());
    hire(&world, "Quite.Another", &member.name, member.departments);
    let record = world.run().await;
    assert_eq!(record.rows_with(RowResult::Held), 1, "{record:?}");
    let deleted = world.directory().await.deleted_people();
    assert_eq!(deleted, people[20..22].iter().cloned().collect());
}
