//! A range became narrower, and somebody says what that means.

use std::collections::BTreeSet;

use org_plan::Action;
use scenarios::{World, live_people};
use serde_json::json;
use source_admin::AdminError;
use source_admin::ports::PageRequest;
use sync_run::{AffectedPeople, RowResult, RunRecord, RunStatus, StandingRange};
use wecom_sim::{Command, SettingsPatch, View};

fn range(departments: &[u32]) -> Command {
    Command::SetRange {
        departments: departments.to_vec(),
        users: Vec::new(),
        tags: Vec::new(),
    }
}

fn codes(record: &RunRecord) -> Vec<&str> {
    let reasons = record.unsealed_reasons.iter();
    reasons.map(|reason| reason.code.as_str()).collect()
}

async fn standing(world: &World) -> Option<StandingRange> {
    world.admin().range("hq").await.unwrap().standing
}

/// Userids of everybody whom the standing range affects, page by page.
async fn affected_people(world: &World) -> BTreeSet<String> {
    let mut page = PageRequest {
        cursor: None,
        limit: 7,
    };
    let mut people = BTreeSet::new();
    loop {
        let found = world.admin().range_affected("hq", &page).await.unwrap();
        let users = found.items.iter();
        let users = users.filter(|item| item.kind == org_model::ItemKind::User);
        people.extend(users.map(|item| item.id.clone()));
        page.cursor = found.next;
        if page.cursor.is_none() {
            return people;
        }
    }
}

/// Everybody in the directory whom the app does not see now.
async fn out_of_sight(world: &World) -> BTreeSet<String> {
    let visible: BTreeSet<String> = world
        .control()
        .members(View::Visible)
        .map(|member| member.userid)
        .collect();
    &live_people(&world.directory().await) - &visible
}

async fn accept(world: &World, people: AffectedPeople) -> RunRecord {
    let fingerprint = standing(world).await.unwrap().fingerprint.to_string();
    let admin = world.admin();
    let word = admin.accept_range("hq", &fingerprint, people, "alice");
    assert_eq!(word.await.unwrap().live_run, None);
    world.deliver_started().await
}

/// Story 10, ended by a person: whom the range does not show any more stays, and is left alone.
#[tokio::test]
async fn whom_an_accepted_range_does_not_show_is_kept_detached() {
    let world = World::synced(60, 8).await;
    world.tell(range(&[2, 3]));
    let record = world.run().await;
    assert_eq!(codes(&record), ["range_narrower"]);
    let seen = standing(&world).await.unwrap();
    let affected = affected_people(&world).await;
    assert_eq!(affected, out_of_sight(&world).await);
    assert_eq!(seen.affected_users, affected.len() as u64);
    assert!(seen.narrowing.root_lost);
    let before = world.directory().await;

    let record = accept(&world, AffectedPeople::Keep).await;
    assert_eq!(record.status, RunStatus::Succeeded, "{record:?}");
    let rows = world.rows(&record).await;
    let of_affected = |row: &&sync_run::Row| affected.contains(&row.id);
    for row in rows.iter().filter(of_affected) {
        assert_eq!((row.action, row.result), (Action::Detach, RowResult::Done));
    }
    assert_eq!(rows.iter().filter(of_affected).count(), affected.len());
    let after = world.directory().await;
    for userid in &affected {
        let (was, is) = (
            before.person(userid).unwrap(),
            after.person(userid).unwrap(),
        );
        assert!(is.detached && is.deleted_at.is_none());
        assert_eq!(was.internal_id, is.internal_id);
    }
    assert_eq!(standing(&world).await, None);

    // From now on the narrow range is the known one, and the detached are nobody's.
    world.tell(Command::Churn {
        percent: 10.0,
        seed: 3,
        leavers_max: Some(0),
    });
    assert_eq!(world.run().await.status, RunStatus::Succeeded);
    let now = world.directory().await;
    for userid in &affected {
        assert_eq!(now.person(userid), after.person(userid), "touched {userid}");
    }

    // It widens again: the same people are adopted, with the same internal ids.
    world.tell(range(&[1]));
    let record = world.run().await;
    assert_eq!(record.sealed, Some(true), "{record:?}");
    let back = world.directory().await;
    let stayed = affected
        .iter()
        .filter(|id| !back.person(id).unwrap().detached);
    for userid in stayed {
        let ids = (back.person(userid), before.person(userid));
        let ids = (ids.0.unwrap(), ids.1.unwrap());
        assert_eq!(ids.0.internal_id, ids.1.internal_id);
    }
}

/// Deletion protection judges an accepted deletion like any other; an approval ends it.
#[tokio::test]
async fn deletions_of_an_accepted_range_are_held_and_go_when_approved() {
    let world = World::synced(60, 8).await;
    world.tell(range(&[2, 3]));
    world.run().await;
    let affected = affected_people(&world).await;
    assert!(
        affected.len() > 6,
        "more than the floor: {}",
        affected.len()
    );
    let record = accept(&world, AffectedPeople::Delete).await;
    assert_eq!(record.status, RunStatus::Held, "{record:?}");
    assert_eq!(&live_people(&world.directory().await) & &affected, affected);

    // Days later they are still held, and nobody went by another door.
    world.pass_hours(30);
    world.run().await;
    assert_eq!(&live_people(&world.directory().await) & &affected, affected);
    let list = world.waiting().await.remove(0);
    let record = world.approve(&list).await;
    assert_ne!(record.status, RunStatus::Failed, "{record:?}");
    world.run().await;
    let live = live_people(&world.directory().await);
    assert_eq!(&live & &affected, BTreeSet::new(), "{record:?}");
    world.assert_equal().await;
}

/// What was accepted is this difference and no other.
#[tokio::test]
async fn a_difference_that_moved_on_is_not_the_one_that_was_accepted() {
    let world = World::synced(60, 8).await;
    world.tell(range(&[2, 3, 4]));
    world.run().await;
    let first = standing(&world).await.unwrap().fingerprint.to_string();
    world.tell(range(&[2]));
    let before = live_people(&world.directory().await);
    let admin = world.admin();
    let keep = AffectedPeople::Keep;
    admin
        .accept_range("hq", &first, keep, "alice")
        .await
        .unwrap();
    // The run that follows sees another range: the word does not cover it.
    let record = world.deliver_started().await;
    assert_eq!(codes(&record), ["range_narrower"]);
    let directory = world.directory().await;
    assert_eq!(live_people(&directory), before);
    assert!(directory.people().all(|person| !person.detached));
    let stale = admin.accept_range("hq", &first, keep, "alice").await;
    assert!(
        matches!(stale, Err(AdminError::StaleRange { .. })),
        "{stale:?}"
    );
    // Wide again: nothing stands, and there is nothing to accept.
    world.tell(range(&[1]));
    assert_eq!(world.run().await.status, RunStatus::Succeeded);
    assert_eq!(standing(&world).await, None);
    let nothing = admin.accept_range("hq", &first, keep, "alice").await;
    assert_eq!(nothing, Err(AdminError::NoRangeWaits));
    world.assert_equal().await;
}

/// Somebody who was in sight when the range was accepted and leaves afterwards is not swept along.
#[tokio::test]
async fn who_leaves_after_the_acceptance_is_not_covered_by_it() {
    let world = World::synced(60, 8).await;
    world.tell(range(&[2, 3]));
    world.run().await;
    let affected = affected_people(&world).await;
    let leaver = world
        .control()
        .members(View::Visible)
        .next()
        .unwrap()
        .userid;
    world.dismiss(std::slice::from_ref(&leaver));
    accept(&world, AffectedPeople::Keep).await;
    let directory = world.directory().await;
    let person = directory.person(&leaver).unwrap();
    assert!(!affected.contains(&leaver) && !person.detached);
    assert!(person.deleted_at.is_none(), "one answer is not enough here");
    world.pass_hours(25);
    world.run().await;
    assert_eq!(world.directory().await.person(&leaver), None);
}

/// A narrower scope is a narrower range, though WeCom shows everything.
#[tokio::test]
async fn narrowing_the_scope_deletes_nobody_until_it_is_accepted() {
    let mut world = World::synced(60, 8).await;
    let before = live_people(&world.directory().await);
    world
        .set("/scope", json!({ "exclude_departments": [3] }))
        .await;
    for _ in 0..3 {
        let record = world.run().await;
        assert_eq!(codes(&record), ["range_narrower"], "{record:?}");
        assert_eq!(live_people(&world.directory().await), before);
        world.pass_hours(30);
    }
    let affected = affected_people(&world).await;
    assert!(!affected.is_empty());
    let record = accept(&world, AffectedPeople::Keep).await;
    assert_eq!(record.sealed, Some(true), "{record:?}");
    let directory = world.directory().await;
    assert_eq!(live_people(&directory), before, "all are here");
    for person in directory.people() {
        let id = person.userid.to_string();
        assert_eq!(person.detached, affected.contains(&id), "{id}");
    }
}

/// A scope that names what is not there proves nothing about anybody.
#[tokio::test]
async fn a_scope_id_that_the_tree_does_not_have_leaves_the_reading_unsealed() {
    let mut world = World::synced(40, 6).await;
    let gone = world.active()[4].clone();
    world.dismiss(std::slice::from_ref(&gone));
    world
        .set("/scope", json!({ "exclude_departments": [4711] }))
        .await;
    for _ in 0..2 {
        let record = world.run().await;
        assert_eq!(codes(&record), ["scope_missing"], "{record:?}");
        world.assert_equal_but(&[&gone]).await;
    }
    assert_eq!(standing(&world).await, None, "nothing to accept");
    world.set("/scope", json!({})).await;
    assert_eq!(world.run().await.status, RunStatus::Succeeded);
    world.assert_equal().await;
}

/// Story 23: another app that sees as much is compared and taken over; one that sees less waits.
#[tokio::test]
async fn another_app_is_compared_before_anybody_is_removed() {
    let mut world = World::synced(60, 8).await;
    let change_app = |world: &World, id: u32| {
        let agent_id = Some(id);
        let patch = SettingsPatch {
            agent_id,
            ..SettingsPatch::default()
        };
        world.control().configure(patch).unwrap();
    };
    let gone = world.active()[4].clone();
    change_app(&world, 1_000_077);
    world.set("/credentials", new_app(&world, 1_000_077)).await;
    world.dismiss(std::slice::from_ref(&gone));
    let record = world.run().await;
    assert_eq!(record.status, RunStatus::Succeeded, "{record:?}");
    world.assert_equal().await;

    change_app(&world, 1_000_088);
    world.tell(range(&[2, 3, 4]));
    world.set("/credentials", new_app(&world, 1_000_088)).await;
    let before = live_people(&world.directory().await);
    let record = world.run().await;
    assert_eq!(
        codes(&record),
        ["range_narrower", "agent_changed"],
        "{record:?}"
    );
    assert_eq!(live_people(&world.directory().await), before);
    let record = accept(&world, AffectedPeople::Keep).await;
    assert_eq!(record.sealed, Some(true), "{record:?}");
    assert_eq!(live_people(&world.directory().await), before);
}

fn new_app(world: &World, agent_id: u32) -> serde_json::Value {
    let mut credentials = world.settings["credentials"].clone();
    credentials["agent_id"] = json!(agent_id);
    credentials
}
