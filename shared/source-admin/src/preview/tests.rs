use std::collections::BTreeMap;
use std::sync::Arc;

use jiff::{SignedDuration, Timestamp};
use org_model::{
    DirectoryUser, Fingerprint, MemberStatus, Membership, SourceId, UserId, UserStatus, WriteStamp,
};
use serde_json::json;
use sync_run::ports::{ReadError, Remedy};

use super::*;
use crate::Precondition;
use crate::fakes::World;

const NOW_SECONDS: i64 = 86_400;

fn hq() -> SourceId {
    SourceId::new("hq")
}

/// With the source `hq`, whose mapping is `rules`.
async fn world(rules: Value) -> Arc<World> {
    let world = World::new(Timestamp::UNIX_EPOCH + SignedDuration::from_secs(NOW_SECONDS));
    let body = json!({
        "name": "Head office",
        "credentials": { "corp_id": "ww0123456789abcdef", "agent_id": 1000002, "secret": "s3cret" },
        "mapping": rules,
    });
    let made = world
        .admin()
        .put_source("hq", &body.to_string(), &Precondition::Unstated, "carol")
        .await;
    made.unwrap();
    world.mend();
    world
}

fn member(userid: &str, department: u32, fields: Value) -> RawMember {
    RawMember {
        userid: UserId::new(userid),
        name: Some("张三".to_owned()),
        memberships: Some(vec![Membership {
            department: DepartmentId(department),
            order: 0,
            leader: false,
        }]),
        listed_in: Some(DepartmentId(department)),
        main_department: Some(DepartmentId(department)),
        status: Some(MemberStatus::Active),
        direct_leaders: None,
        fields: fields.to_string().into(),
    }
}

fn held(userid: &str, name: &str, attributes: Value) -> DirectoryUser {
    DirectoryUser {
        internal_id: org_model::InternalId::new("internal-1"),
        userid: UserId::new(userid),
        name: name.to_owned(),
        memberships: vec![Membership {
            department: DepartmentId(2),
            order: 0,
            leader: false,
        }],
        main_department: Some(DepartmentId(2)),
        direct_leaders: Vec::new(),
        status: UserStatus::Active,
        attributes: serde_json::from_value(attributes).unwrap(),
        detached: false,
        absence: None,
        deleted_at: None,
        status_before: None,
        stamp: WriteStamp {
            fingerprint: Fingerprint::of("old"),
            generation: Default::default(),
        },
    }
}

async fn preview(world: &Arc<World>, body: Value) -> Preview {
    let body = body.to_string();
    world.admin().preview("hq", &body, "carol").await.unwrap()
}

async fn shown(world: &Arc<World>, body: Value) -> PreviewedPerson {
    match preview(world, body).await.outcome {
        PreviewOutcome::Shown(person) => *person,
        PreviewOutcome::NotShown(failure) => panic!("{failure:?}"),
    }
}

async fn not_shown(world: &Arc<World>, body: Value) -> CheckFailure {
    match preview(world, body).await.outcome {
        PreviewOutcome::NotShown(failure) => failure,
        PreviewOutcome::Shown(person) => panic!("{:?}", person.mapped),
    }
}

async fn refused(world: &Arc<World>, body: Value) -> Vec<String> {
    let body = body.to_string();
    match world.admin().preview("hq", &body, "carol").await {
        Err(AdminError::Invalid(problems)) => problems.into_iter().map(|one| one.pointer).collect(),
        other => panic!("{other:?}"),
    }
}

fn rows(change: &PersonChange) -> BTreeMap<&str, (Value, Value)> {
    let value = |value: &Option<Value>| value.clone().unwrap_or(Value::Null);
    let rows = change.changes.iter();
    rows.map(|row| {
        (
            row.attribute.as_str(),
            (value(&row.before), value(&row.after)),
        )
    })
    .collect()
}

#[tokio::test]
async fn somebody_new_would_be_created_and_sensitive_values_are_masked() {
    let world = world(json!({ "title": "position", "phone": "mobile" })).await;
    let fields = json!({ "name": "张三", "position": "工程师", "mobile": "13800000000" });
    world.state().wecom.members = vec![member("Zhang.1", 2, fields)];
    let person = shown(&world, json!({ "userid": "zhang.1" })).await;
    assert_eq!(person.change.action, PreviewAction::Create);
    assert_eq!(person.change.internal_id, None);
    assert_eq!(person.raw["mobile"], "***");
    assert_eq!(person.raw["position"], "工程师");
    assert_eq!(person.attributes["phone"], "***");
    assert_eq!(person.attributes["title"], "工程师");
    let rows = rows(&person.change);
    assert_eq!(rows["phone"], (Value::Null, json!("***")));
    assert_eq!(rows["departments"], (Value::Null, json!([2])));
    let said = format!("{:?}{:?}{:?}", person.raw, person.attributes, person.change);
    assert!(!said.contains("13800000000"), "{said}");
}

#[tokio::test]
async fn sensitive_values_are_shown_to_those_who_ask() {
    let world = world(json!({ "phone": "mobile" })).await;
    let fields = json!({ "mobile": "13800000000" });
    world.state().wecom.members = vec![member("Zhang.1", 2, fields)];
    let person = shown(&world, json!({ "userid": "Zhang.1", "reveal": true })).await;
    assert_eq!(person.raw["mobile"], "13800000000");
    assert_eq!(person.attributes["phone"], "13800000000");
}

#[tokio::test]
async fn a_draft_is_compared_with_what_the_directory_holds() {
    let world = world(json!({ "phone": "mobile", "title": "position" })).await;
    let fields = json!({ "position": "p", "mobile": "13800000000", "alias": "z" });
    world.state().wecom.members = vec![member("Zhang.1", 2, fields)];
    let old = json!({ "phone": "13900000000", "title": "p" });
    let old = held("Zhang.1", "张三", old);
    world.state().users.insert(hq(), vec![old]);
    let draft = json!({ "title": "position", "nick": "alias" });
    let person = shown(&world, json!({ "userid": "Zhang.1", "mapping": draft })).await;
    assert_eq!(person.change.action, PreviewAction::Update);
    assert_eq!(person.change.internal_id.unwrap().as_str(), "internal-1");
    assert_eq!(
        rows(&PersonChange {
            internal_id: None,
            ..person.change
        }),
        BTreeMap::from([
            ("nick", (Value::Null, json!("z"))),
            ("phone", (json!("***"), Value::Null)),
        ])
    );
}

#[tokio::test]
async fn nothing_changes_for_somebody_who_stands_there_already() {
    let world = world(json!({ "title": "position" })).await;
    world.state().wecom.members = vec![member("Zhang.1", 2, json!({ "position": "p" }))];
    let old = held("Zhang.1", "张三", json!({ "title": "p" }));
    world.state().users.insert(hq(), vec![old]);
    let person = shown(&world, json!({ "userid": "Zhang.1" })).await;
    assert_eq!(person.change.action, PreviewAction::None);
    assert!(person.change.changes.is_empty());
}

#[tokio::test]
async fn whoever_may_not_sign_in_any_more_would_be_disabled() {
    let world = world(json!({})).await;
    let mut left = member("Zhang.1", 2, json!({}));
    left.status = Some(MemberStatus::Left);
    world.state().wecom.members = vec![left];
    let old = held("Zhang.1", "张三", json!({}));
    world.state().users.insert(hq(), vec![old]);
    let person = shown(&world, json!({ "userid": "Zhang.1" })).await;
    assert_eq!(person.change.action, PreviewAction::Disable);
    assert!(person.change.disables);
    assert_eq!(
        rows(&person.change)["status"],
        (json!("active"), json!("left"))
    );
}

#[tokio::test]
async fn a_detached_person_is_adopted_by_name_or_a_conflict() {
    for (name, action) in [
        ("张三", PreviewAction::Adopt),
        ("李四", PreviewAction::Conflict),
    ] {
        let world = world(json!({})).await;
        world.state().wecom.members = vec![member("Zhang.1", 2, json!({}))];
        let mut old = held("Zhang.1", name, json!({}));
        old.detached = true;
        world.state().users.insert(hq(), vec![old]);
        let person = shown(&world, json!({ "userid": "Zhang.1" })).await;
        assert_eq!(person.change.action, action);
        let code = person.change.note.map(|note| note.code);
        let conflict = code.as_deref() == Some("name_conflict");
        assert_eq!(conflict, action == PreviewAction::Conflict);
    }
}

#[tokio::test]
async fn no_right_and_really_empty_are_told_apart_by_the_others_in_the_list() {
    let world = world(json!({ "mail": "email", "phone": "mobile" })).await;
    world.state().wecom.members = vec![
        member("Zhang.1", 2, json!({ "mobile": "" })),
        member("Li.2", 2, json!({ "mobile": "13800000000" })),
        member("Wang.3", 3, json!({ "email": "w@example.com" })),
    ];
    let person = shown(&world, json!({ "userid": "Zhang.1" })).await;
    let causes: BTreeMap<_, _> = person
        .missing
        .iter()
        .filter_map(|one| Some((one.attribute.as_deref()?, one.cause)))
        .collect();
    use field_map::MissingCause::{Empty, NoRight};
    assert_eq!(
        causes,
        BTreeMap::from([("mail", NoRight), ("phone", Empty)])
    );
    assert_eq!(person.evidence_people, 2);
    assert_eq!(person.evidence_department, Some(DepartmentId(2)));
}

#[tokio::test]
async fn a_list_that_cannot_be_had_takes_only_the_evidence() {
    let world = world(json!({})).await;
    world.state().wecom.members = vec![member("Zhang.1", 2, json!({}))];
    world.state().wecom.list_refusal = Some(refusal("no_right"));
    let person = shown(&world, json!({ "userid": "Zhang.1" })).await;
    assert_eq!(
        (person.evidence_people, person.evidence_department),
        (1, None)
    );
}

#[tokio::test]
async fn without_a_name_the_fullest_record_of_the_first_list_is_the_sample() {
    let world = world(json!({})).await;
    world.state().wecom.members = vec![
        member("Zhang.1", 2, json!({ "position": "p" })),
        member("Li.2", 2, json!({ "position": "engineer", "alias": "li" })),
        member(
            "Wang.3",
            3,
            json!({ "position": "somewhere else and very long indeed" }),
        ),
    ];
    let person = shown(&world, json!({})).await;
    assert_eq!(person.mapped.userid.as_str(), "Li.2");
    assert_eq!(person.evidence_people, 2);
    let preview = preview(&world, json!({})).await;
    assert_eq!(preview.calls, BTreeMap::from([("user/list".to_owned(), 1)]));
}

fn refusal(code: &'static str) -> ReadError {
    ReadError {
        errcode: Some(60020),
        ips: vec![[203, 0, 113, 7].into()],
        ..ReadError::new(code, "something", Remedy::FixWecom, "do something")
    }
}

#[tokio::test]
async fn a_mobile_leads_to_the_person_or_says_that_userid_needs_no_such_right() {
    let world = world(json!({})).await;
    world.state().wecom.members = vec![member("Zhang.1", 2, json!({}))];
    let mobile = "13800000000".to_owned();
    world
        .state()
        .wecom
        .mobiles
        .insert(mobile, UserId::new("Zhang.1"));
    let body = json!({ "mobile": "13800000000" });
    let person = shown(&world, body.clone()).await;
    assert_eq!(person.mapped.userid.as_str(), "Zhang.1");
    let unknown = not_shown(&world, json!({ "mobile": "13900000000" })).await;
    assert_eq!(unknown.code, "not_found");
    world.state().wecom.mobile_refusal = Some(refusal("no_right"));
    let refused = not_shown(&world, body).await;
    assert_eq!(refused.code, "mobile_lookup_not_allowed");
    let words = crate::wording::words(&refused, crate::wording::Language::English);
    assert!(words.remedy.contains("userid, which needs no such right"));
}

#[tokio::test]
async fn whoever_is_not_there_or_not_visible_is_an_answer_with_a_cause() {
    let world = world(json!({})).await;
    let asked = json!({ "userid": "Zhang.1" });
    assert_eq!(not_shown(&world, asked.clone()).await.code, "not_found");
    assert_eq!(not_shown(&world, json!({})).await.code, "nobody_visible");
    let key = UserId::new("Zhang.1").key();
    world.state().wecom.out_of_range.insert(key);
    assert_eq!(not_shown(&world, asked.clone()).await.code, "out_of_range");
    world.state().wecom.refusal = Some(refusal("untrusted_ip"));
    let refused = not_shown(&world, asked).await;
    assert_eq!(
        (refused.code, refused.errcode),
        ("untrusted_ip", Some(60020))
    );
    assert_eq!(refused.ips, [std::net::IpAddr::from([203, 0, 113, 7])]);
}

#[tokio::test]
async fn departments_that_the_mirror_does_not_have_are_named_and_left_out() {
    let world = world(json!({})).await;
    world.state().wecom.members = vec![member("Zhang.1", 2, json!({}))];
    let before_the_first_run = shown(&world, json!({})).await;
    assert_eq!(
        before_the_first_run.change.departments_unknown,
        [DepartmentId(2)]
    );
    assert!(rows(&before_the_first_run.change).contains_key("departments"));
    world
        .state()
        .sources
        .get_mut(&hq())
        .unwrap()
        .state
        .has_mirror = true;
    let person = shown(&world, json!({})).await;
    assert_eq!(person.change.departments_unknown, [DepartmentId(2)]);
    assert!(!rows(&person.change).contains_key("departments"));
}

#[tokio::test]
async fn every_problem_of_the_body_is_named_at_once() {
    let world = world(json!({})).await;
    let body = json!({
        "userid": "", "mobile": "call me", "reveal": "yes", "mappings": {},
        "mapping": { "name": "position", "title": "positon", "label": "1 +" },
    });
    let found = refused(&world, body).await;
    for pointer in [
        "/userid",
        "/mobile",
        "/reveal",
        "/mappings",
        "/mapping/name",
        "/mapping/title",
        "/mapping/label",
    ] {
        assert!(
            found.iter().any(|one| one.starts_with(pointer)),
            "{pointer}: {found:?}"
        );
    }
    assert_eq!(
        refused(&world, json!({ "mapping": [] })).await,
        ["/mapping"]
    );
    assert!(world.state().wecom.asked.is_empty(), "WeCom was not asked");
}

#[tokio::test]
async fn a_preview_writes_nothing() {
    let world = world(json!({ "title": "position" })).await;
    world.state().wecom.members = vec![member("Zhang.1", 2, json!({ "position": "p" }))];
    let users = world.state().users.clone();
    let sources = format!("{:?}", world.state().sources);
    world.state().acts.clear();
    shown(&world, json!({ "mapping": { "nick": "alias" } })).await;
    let state = world.state();
    assert_eq!(state.users, users);
    assert_eq!(format!("{:?}", state.sources), sources);
    for act in &state.acts {
        let looks = ["read ", "ask "].iter().any(|word| act.starts_with(word));
        assert!(looks, "{act}");
    }
}

#[tokio::test]
async fn wecom_is_asked_with_the_sources_own_credentials_within_25_seconds() {
    let world = world(json!({})).await;
    preview(&world, json!({})).await;
    let asked = world.state().wecom.asked.pop().unwrap();
    assert_eq!(asked.secret, "s3cret");
    assert_eq!(asked.agent_id, 1_000_002);
    let span = asked.deadline.duration_since(world.state().now);
    assert!(span <= SignedDuration::from_secs(25), "{span}");
}
