//! Fields that are absent, empty or strange, for one person and for everybody.

use std::collections::BTreeSet;

use scenarios::{World, live_people};
use serde_json::{Value, json};
use sync_run::{NoticeKind, RowResult, RunStatus};
use wecom_sim::{AppAge, Command, SettingsPatch, SimConfig, View, Withheld};

/// What a field may be in place of what is documented; `None`: left out.
fn strange_values() -> Vec<Option<Value>> {
    vec![
        None,
        Some(Value::Null),
        Some(json!("")),
        Some(json!("文字")),
        Some(json!(7)),
        Some(json!(-1.5)),
        Some(json!(true)),
        Some(json!([])),
        Some(json!([{"value": []}, null, 3])),
        Some(json!({})),
        Some(json!({"attrs": {"name": 1}})),
    ]
}

fn put(userid: &str, field: &str, value: Option<Value>) -> Command {
    let (userid, field) = (userid.to_owned(), field.to_owned());
    match value {
        Some(value) => Command::SetField {
            userid,
            field,
            value,
        },
        None => Command::UnsetField { userid, field },
    }
}

/// One field, each of its strange values on somebody else.
async fn survives(world: &World, field: &str) {
    let people = world.active();
    let values = strange_values();
    let odd: Vec<&String> = people.iter().take(values.len()).collect();
    for (userid, value) in odd.iter().zip(values) {
        world.tell(put(userid, field, value));
    }
    let before = live_people(&world.directory().await);
    let newcomer = world.hire();
    let record = world.run().await;
    let case = format!("{field}: {record:?}");
    assert_ne!(record.status, RunStatus::Failed, "{case}");
    let directory = world.directory().await;
    assert!(directory.deleted_people().is_empty(), "{case}");
    assert!(live_people(&directory).is_superset(&before), "{case}");
    assert!(directory.person(&newcomer).is_some(), "{case}");
    // Who has nothing odd is as they should be; who has is there, in one row or in none.
    let rows = world.rows(&record).await;
    for userid in &odd {
        assert!(
            rows.iter().filter(|row| row.id == **userid).count() <= 2,
            "{case}"
        );
    }
    let told: BTreeSet<&str> = rows.iter().map(|row| row.id.as_str()).collect();
    let strangers = told
        .iter()
        .find(|id| **id != newcomer && !odd.iter().any(|userid| userid == *id));
    assert_eq!(strangers, None, "{case}");
    world.tell(Command::ResetOrg);
    assert_eq!(world.run().await.status, RunStatus::Succeeded, "{case}");
    world.assert_equal().await;
}

/// Story 14.
#[tokio::test]
async fn a_strange_value_of_a_plain_field_kills_no_run() {
    let world = World::synced(24, 3).await;
    for field in [
        "name",
        "position",
        "mobile",
        "gender",
        "biz_mail",
        "telephone",
        "alias",
        "avatar",
        "external_profile",
        "extattr",
    ] {
        survives(&world, field).await;
    }
}

/// Story 14.
#[tokio::test]
async fn a_strange_value_of_a_field_with_meaning_kills_no_run() {
    let world = World::synced(24, 3).await;
    for field in [
        "is_leader_in_dept",
        "order",
        "direct_leader",
        "main_department",
        "status",
        "department",
    ] {
        survives(&world, field).await;
    }
}

/// Story 14: a record that names nobody.
#[tokio::test]
async fn a_strange_userid_hides_nobody_else() {
    let world = World::synced(24, 3).await;
    let people = world.active();
    for (userid, value) in people.iter().zip(strange_values()) {
        let before = live_people(&world.directory().await);
        world.tell(put(userid, "userid", value.clone()));
        let record = world.run().await;
        assert_ne!(record.status, RunStatus::Failed, "{value:?}: {record:?}");
        let after = live_people(&world.directory().await);
        if record.sealed == Some(true) {
            assert!(before.difference(&after).count() <= 1, "{value:?}");
        } else {
            assert!(after.is_superset(&before), "{value:?}: {record:?}");
        }
        world.tell(Command::ResetOrg);
        let mut record = world.run().await;
        // Whoever came under the strange userid goes again and has a namesake: somebody is asked.
        for list in world.waiting().await {
            record = world.approve(&list).await;
        }
        assert_eq!(record.status, RunStatus::Succeeded, "{value:?}");
        world.assert_equal().await;
    }
}

/// Story 14: whole organisations of older and private deployments.
#[tokio::test]
async fn a_private_deployment_lands_whole() {
    let config = SimConfig {
        private_bodies: true,
        path_prefix: "/wework".to_owned(),
        ..scenarios::small(30, 5)
    };
    let world = World::with(config).await;
    let record = world.run().await;
    assert_eq!(record.status, RunStatus::Succeeded, "{record:?}");
    let here: BTreeSet<String> = world
        .control()
        .members(View::Everything)
        .map(|member| member.userid)
        .collect();
    assert_eq!(live_people(&world.directory().await), here);
    assert!(world.run().await.counts.is_empty(), "and the next is quiet");
}

/// Story 25: the app is replaced by one that may not see private fields.
async fn private_fields_vanish(withheld: Withheld) {
    let world = World::synced(40, 5).await;
    let before = world.directory().await;
    world
        .control()
        .configure(SettingsPatch {
            app_age: Some(AppAge::New),
            withheld: Some(withheld),
            ..SettingsPatch::default()
        })
        .unwrap();
    let record = world.run().await;
    assert_eq!(record.status, RunStatus::Succeeded, "{record:?}");
    let after = world.directory().await;
    for person in before.people() {
        let now = after.person(person.userid.as_str()).unwrap();
        assert_eq!(now.attributes, person.attributes, "{withheld:?}");
    }
    let rows = world.rows(&record).await;
    let told = rows
        .iter()
        .filter(|row| row.code.as_deref() == Some("values_kept"));
    assert_eq!(told.count(), 40, "each row says what was kept");
    let notices = world.standins.notices();
    let [notice] = notices.as_slice() else {
        panic!("one notice: {notices:?}");
    };
    assert!(notice.text.contains("mobile"), "{}", notice.text);
    assert!(notice.text.contains("email"), "{}", notice.text);
    assert!(world.run().await.counts.is_empty(), "said once");
}

#[tokio::test]
async fn mobiles_that_are_empty_for_everybody_are_not_wiped() {
    private_fields_vanish(Withheld::Empty).await;
}

#[tokio::test]
async fn mobiles_that_are_absent_for_everybody_are_not_wiped() {
    private_fields_vanish(Withheld::Absent).await;
}

/// Story 25: an administrator's expression breaks for everybody.
#[tokio::test]
async fn an_expression_that_breaks_for_everybody_wipes_nothing() {
    let mut world = World::synced(30, 4).await;
    let before = world.directory().await;
    world.set("/mapping/title", json!("position - 1")).await;
    let record = world.run().await;
    assert_ne!(record.status, RunStatus::Failed, "{record:?}");
    let after = world.directory().await;
    for person in before.people() {
        let now = after.person(person.userid.as_str()).unwrap();
        assert_eq!(now.attributes, person.attributes);
    }
    let notices = world.standins.notices_of(NoticeKind::MappingFailing);
    assert_eq!(notices.len(), 1, "{record:?}");
    assert!(notices[0].text.contains("title"));
    world.run().await;
    assert_eq!(
        world.standins.notices_of(NoticeKind::MappingFailing).len(),
        1
    );
    world.set("/mapping/title", json!("position")).await;
    assert_eq!(world.run().await.status, RunStatus::Succeeded);
    world.assert_equal().await;
    // It broke once more after it was mended: that is news again.
    world.set("/mapping/title", json!("position - 2")).await;
    world.run().await;
    let notices = world.standins.notices_of(NoticeKind::MappingFailing);
    assert_eq!(notices.len(), 2);
}

/// Story 25: a field that no privacy rule withholds is emptied for everybody.
#[tokio::test]
async fn an_attribute_that_would_be_emptied_for_everybody_is_kept() {
    let world = World::synced(30, 4).await;
    let before = world.directory().await;
    world.tell(Command::SetFieldForAll {
        field: "position".to_owned(),
        value: json!(""),
    });
    let newcomer = world.hire();
    let record = world.run().await;
    assert_eq!(record.status, RunStatus::Held, "{record:?}");
    let people = before
        .people()
        .filter(|p| p.attributes.contains_key("title"));
    let kept = [("title".to_owned(), people.count() as u64)].into();
    assert_eq!(record.kept_back, kept, "the record says what it kept");
    let after = world.directory().await;
    for person in before.people() {
        let now = after.person(person.userid.as_str()).unwrap();
        assert_eq!(now.attributes, person.attributes);
    }
    assert!(after.person(&newcomer).is_some());
    let notices = world.standins.notices_of(NoticeKind::ClearingsSkipped);
    assert_eq!(notices.len(), 1, "{record:?}");
    assert!(notices[0].text.contains("title"), "{}", notices[0].text);
    let next = world.run().await;
    assert_eq!(next.rows_with(RowResult::Done), 0, "{next:?}");
    assert_eq!(
        world
            .standins
            .notices_of(NoticeKind::ClearingsSkipped)
            .len(),
        1
    );
}
