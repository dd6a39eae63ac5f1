//! Deletions that pass, deletions that wait, and who decides.

use std::collections::BTreeSet;

use org_model::UserStatus;
use scenarios::{World, live_people};
use serde_json::json;
use sync_run::{NoticeKind, RowResult, RunStatus};
use wecom_sim::Command;

fn set(userids: &[String]) -> BTreeSet<String> {
    userids.iter().cloned().collect()
}

/// Story 1: under the percentage and the floor it passes.
#[tokio::test]
async fn three_of_forty_who_vanish_are_deleted() {
    let world = World::synced(40, 6).await;
    let leavers = world.active()[5..8].to_vec();
    world.dismiss(&leavers);
    let record = world.run().await;
    assert_eq!(record.status, RunStatus::Succeeded);
    world.assert_equal().await;
    assert_eq!(world.directory().await.deleted_people(), set(&leavers));
    assert!(world.standins.notices().is_empty());
}

/// Story 1: valid format, wrong content.
#[tokio::test]
async fn forty_four_of_forty_six_who_vanish_are_held() {
    let world = World::synced(46, 6).await;
    world.tell(Command::DismissRandom { count: 44, seed: 3 });
    let newcomer = world.hire();
    let record = world.run().await;
    assert_eq!(record.status, RunStatus::Held);
    assert_eq!(record.rows_with(RowResult::Held), 44);
    let directory = world.directory().await;
    assert_eq!(live_people(&directory).len(), 47);
    assert!(
        directory.person(&newcomer).is_some(),
        "creations always go on"
    );
    assert_eq!(world.standins.notices_of(NoticeKind::Held).len(), 1);
}

/// Story 1: the 5,900 of 120,000, in small: far under the percentage, over the count.
#[tokio::test]
async fn a_mass_departure_under_the_percentage_is_held_by_its_count() {
    let mut world = World::of(180, 8).await;
    let limits = json!({ "floor": 3, "max_count": 6, "max_percent": 10 });
    world.settings["protection"] = json!({ "users": limits });
    world.put_source("hq").await.unwrap();
    world.run().await;
    world.tell(Command::DismissRandom { count: 8, seed: 1 });
    let record = world.run().await;
    assert_eq!(record.status, RunStatus::Held);
    assert_eq!(record.rows_with(RowResult::Held), 8);
    let lists = world.waiting().await;
    let rules = &lists[0].stored.list.rules;
    assert_eq!(rules[0].limit, org_plan::RuleLimit::MaxCount);
    assert_eq!((rules[0].deletions, rules[0].base), (8, 180));
}

/// Story 18: one call approves exactly what was shown; what came later waits for its own.
#[tokio::test]
async fn an_approval_covers_its_own_list_and_no_other() {
    let world = World::synced(60, 6).await;
    let people = world.active();
    let (first, second) = (&people[0..10], &people[10..22]);
    world.dismiss(first);
    world.run().await;
    world.dismiss(second);
    world.run().await;
    let lists = world.waiting().await;
    assert_eq!(lists.len(), 2, "the second list stands beside the first");
    let shown = lists.iter().find(|list| list.count == 10).unwrap();
    let record = world.approve(shown).await;
    assert_eq!(
        record.status,
        RunStatus::Held,
        "the other list is still held"
    );
    let directory = world.directory().await;
    assert_eq!(directory.deleted_people(), set(first));
    assert_eq!(world.waiting().await.len(), 1);
    let again = world.run().await;
    assert_eq!(again.rows_with(RowResult::Held), 12);
    assert_eq!(world.directory().await.deleted_people(), set(first));
}

/// Story 20: whatever the numbers say.
#[tokio::test]
async fn when_all_but_one_vanish_it_is_held_even_under_every_threshold() {
    let mut world = World::of(30, 4).await;
    let limits = json!({ "floor": 50, "max_count": 1000, "max_percent": 50 });
    world.settings["protection"] = json!({ "users": limits });
    world.put_source("hq").await.unwrap();
    world.run().await;
    let people = world.active();
    world.tell(Command::DismissRandom { count: 29, seed: 2 });
    let record = world.run().await;
    assert_eq!(record.status, RunStatus::Held);
    let directory = world.directory().await;
    assert_eq!(directory.deleted_people(), BTreeSet::new());
    assert!(
        people
            .iter()
            .all(|userid| directory.person(userid).is_some())
    );
}

/// Story 21: the few who are left of a held list stay held, although they alone would pass.
#[tokio::test]
async fn who_is_left_of_a_held_list_stays_held_until_somebody_decides() {
    let world = World::synced(80, 6).await;
    let leavers = world.active()[..40].to_vec();
    let (left, returned) = leavers.split_at(3);
    world.dismiss(&leavers);
    assert_eq!(world.run().await.rows_with(RowResult::Held), 40);
    world.rehire(returned);
    for _ in 0..2 {
        let record = world.run().await;
        assert_eq!(record.status, RunStatus::Held);
        assert_eq!(record.rows_with(RowResult::Held), 3);
        let kept: Vec<&str> = left.iter().map(String::as_str).collect();
        world.assert_equal_but(&kept).await;
    }
    assert_eq!(
        world.standins.notices_of(NoticeKind::Held).len(),
        1,
        "no new notice"
    );
    let lists = world.waiting().await;
    assert_eq!(lists[0].count, 3);
    assert_eq!(world.approve(&lists[0]).await.status, RunStatus::Succeeded);
    world.assert_equal().await;
}

/// Story 22, as far as time decides: an expired list is held anew, and an approval that no sealed
/// run consumed within a day covers nothing.
#[tokio::test]
async fn lists_and_approvals_expire() {
    let world = World::synced(40, 6).await;
    let leavers = world.active()[..12].to_vec();
    world.dismiss(&leavers);
    world.run().await;
    let old = world.waiting().await.remove(0);
    world.pass_hours(72);
    assert_eq!(world.run().await.status, RunStatus::Held);
    assert_eq!(world.standins.notices_of(NoticeKind::Held).len(), 2);
    let fresh = world.waiting().await.remove(0);
    assert!(fresh.stored.list.expires_at > old.stored.list.expires_at);
    world.decide(&fresh).await;
    let never_delivered = world.standins.take_started();
    assert_eq!(never_delivered.len(), 1);
    world.pass_hours(25);
    let late = world.run().await;
    assert_eq!(late.status, RunStatus::Held, "{late:?}");
    assert_eq!(world.directory().await.deleted_people(), BTreeSet::new());
    assert_eq!(
        world.waiting().await.len(),
        1,
        "held anew, to be approved anew"
    );
}

/// Story 24: an approval is bound to one absence, and a userid may find another owner.
#[tokio::test]
async fn who_came_back_and_left_again_is_not_covered_by_the_old_approval() {
    let world = World::synced(60, 6).await;
    let leavers = world.active()[..12].to_vec();
    world.dismiss(&leavers);
    world.run().await;
    let list = world.waiting().await.remove(0);
    world.rehire(&leavers[..1]);
    world.run().await;
    world.dismiss(&leavers[..1]);
    world.decide(&list).await;
    let record = world.deliver_started().await;
    let wanted = set(&leavers[1..]);
    let deleted = world.directory().await.deleted_people();
    assert!(deleted.is_superset(&wanted), "{record:?}");
    let rows = world.rows(&record).await;
    let again = rows.iter().find(|row| row.id == leavers[0]);
    // One departure on its own passes the thresholds: a new candidate, judged as one.
    assert!(again.is_some(), "judged anew");
    let deletions = &record.counts["users"][&org_plan::Action::Delete];
    assert_eq!(deletions[&RowResult::Done], 12);
}

/// Story 24: the userid of somebody who left is given to somebody else.
#[tokio::test]
async fn a_newcomer_under_an_old_userid_gets_a_record_of_their_own() {
    let world = World::synced(40, 4).await;
    let userid = world.active()[7].clone();
    let before = world
        .directory()
        .await
        .person(&userid)
        .unwrap()
        .internal_id
        .clone();
    world.dismiss(std::slice::from_ref(&userid));
    world.run().await;
    world.tell(Command::Hire {
        userid: Some(userid.clone()),
        name: Some("另一个人".to_owned()),
        departments: vec![2],
        count: 1,
    });
    let record = world.run().await;
    world.assert_equal().await;
    let directory = world.directory().await;
    assert_ne!(directory.person(&userid).unwrap().internal_id, before);
    let old = &directory.0[&before];
    assert_eq!(old.state(), org_model::ItemState::Deleted, "{record:?}");
}

/// Story 26: a disable takes something away from a person, like a deletion.
#[tokio::test]
async fn half_the_company_disabled_in_one_step_is_held() {
    let world = World::synced(60, 6).await;
    let half = world.active()[..30].to_vec();
    world.tell(Command::SetStatus {
        userids: half.clone(),
        status: 2,
    });
    let record = world.run().await;
    assert_eq!(record.status, RunStatus::Held);
    assert_eq!(record.rows_with(RowResult::Held), 30);
    let directory = world.directory().await;
    for userid in &half {
        let status = directory.person(userid).unwrap().status;
        assert_eq!(status, UserStatus::Active);
    }
    let list = world.waiting().await.remove(0);
    assert_eq!(world.approve(&list).await.status, RunStatus::Succeeded);
    world.assert_equal().await;
}
