use org_model::{DepartmentId, MemberStatus, Membership, RawMember, UserId};
use serde_json::{Value, json};

use crate::wire::{Malformed, member_answer, member_list, userid_answer, userid_list};

fn listed(member: &Value) -> RawMember {
    let body = json!({"errcode": 0, "errmsg": "ok", "userlist": [member]}).to_string();
    let mut list = member_list(body.as_bytes(), DepartmentId(16)).unwrap();
    assert_eq!(list.broken, 0);
    list.members.pop().unwrap()
}

fn seat(department: u32, order: u32, leader: bool) -> Membership {
    Membership {
        department: DepartmentId(department),
        order,
        leader,
    }
}

/// What an app from before 2022-06-20 receives.
fn current() -> Value {
    json!({
        "userid": "ZhangSan", "name": "张三", "department": [16, 3], "order": [4_294_967_295_u32, 40],
        "position": "产品经理", "mobile": "13800000000", "gender": "1", "email": "zhangsan@gzdev.com",
        "biz_mail": "zhangsan@qyycs2.wecom.work", "is_leader_in_dept": [1, 0],
        "direct_leader": ["lisi"], "avatar": "https://example.com/a.png",
        "thumb_avatar": "https://example.com/a100.png", "telephone": "020-123456",
        "alias": "jackzhang", "address": "广州市海珠区", "open_userid": "xxxxxx",
        "main_department": 3, "status": 1, "qr_code": "https://example.com/q",
        "external_position": "产品经理",
        "external_profile": {"external_corp_name": "企业简称", "external_attr": []},
        "extattr": {"attrs": [
            {"type": 0, "name": "成本中心", "text": {"value": "42"}},
            {"type": 1, "name": "网页", "web": {"url": "https://example.com", "title": "标题"}}
        ]}
    })
}

#[test]
fn a_current_body_is_read_in_full() {
    let member = listed(&current());
    assert_eq!(member.userid, UserId::new("ZhangSan"));
    assert_eq!(member.name.as_deref(), Some("张三"));
    let seats = vec![seat(16, u32::MAX, true), seat(3, 40, false)];
    assert_eq!(member.memberships, Some(seats));
    assert_eq!(member.listed_in, Some(DepartmentId(16)));
    assert_eq!(member.main_department, Some(DepartmentId(3)));
    assert_eq!(member.status, Some(MemberStatus::Active));
    assert_eq!(member.direct_leaders, Some(vec![UserId::new("lisi")]));
    let fields: Value = serde_json::from_str(&member.fields).unwrap();
    assert_eq!(fields, current(), "nothing of the record is lost");
    assert!(!member.fields.contains(": "), "compact");
}

#[test]
fn a_new_app_without_private_fields_loses_nothing_else() {
    let withheld = [
        "avatar", "gender", "mobile", "email", "biz_mail", "qr_code", "address",
    ];
    let mut absent = current();
    let mut empty = current();
    for field in withheld {
        absent.as_object_mut().unwrap().remove(field);
        empty[field] = json!(if field == "gender" { "0" } else { "" });
    }
    for body in [absent, empty] {
        let member = listed(&body);
        assert_eq!(member.memberships.as_ref().unwrap().len(), 2);
        assert_eq!(member.status, Some(MemberStatus::Active));
        let fields: Value = serde_json::from_str(&member.fields).unwrap();
        assert_eq!(fields, body);
    }
}

#[test]
fn a_legacy_body_says_leader_and_enabled_once() {
    let legacy = json!({
        "userid": "lisi", "name": "李四", "english_name": "Li Si", "department": [1, 2],
        "order": [0], "isleader": 1, "enable": 0, "hide_mobile": 0, "positions": ["总经理"],
        "extattr": {"attrs": [{"name": "爱好", "value": "旅游"}]}
    });
    let member = listed(&legacy);
    let seats = vec![seat(1, 0, true), seat(2, 0, true)];
    assert_eq!(member.memberships, Some(seats));
    assert_eq!(member.status, Some(MemberStatus::Disabled));
    assert_eq!(member.direct_leaders, None);
    assert!(member.fields.contains("旅游"));
}

#[test]
fn a_private_deployment_may_write_numbers_as_text() {
    let body = json!({
        "userid": 10086, "name": "王五", "department": ["16", "3"], "order": ["7", 1.0],
        "is_leader_in_dept": ["0", "1"], "main_department": "3", "status": "4",
        "direct_leader": [10010], "gender": 1, "custom_of_this_deployment": {"a": [1]}
    });
    let member = listed(&body);
    assert_eq!(member.userid, UserId::new("10086"));
    assert_eq!(
        member.memberships,
        Some(vec![seat(16, 7, false), seat(3, 1, true)])
    );
    assert_eq!(member.main_department, Some(DepartmentId(3)));
    assert_eq!(member.status, Some(MemberStatus::Pending));
    assert_eq!(member.direct_leaders, Some(vec![UserId::new("10010")]));
    assert!(member.fields.contains("custom_of_this_deployment"));
}

#[test]
fn absent_null_empty_and_odd_fields_are_all_no_obstacle() {
    for odd in [
        Value::Null,
        json!(""),
        json!([]),
        json!({}),
        json!(true),
        json!([[]]),
    ] {
        for field in current().as_object().unwrap().keys() {
            if field == "userid" {
                continue;
            }
            let mut body = current();
            body[field] = odd.clone();
            assert_eq!(
                listed(&body).userid,
                UserId::new("ZhangSan"),
                "{field}: {odd}"
            );
        }
    }
    let bare = listed(&json!({"userid": "a"}));
    assert_eq!(bare.name, None);
    assert_eq!(bare.memberships, None);
    assert_eq!(bare.status, None);
    assert_eq!(bare.main_department, None);
    assert_eq!(bare.direct_leaders, None);
    assert_eq!(&*bare.fields, r#"{"userid":"a"}"#);
}

#[test]
fn half_a_list_of_departments_is_no_list() {
    let body = json!({"userid": "a", "department": [16, {"id": 3}]});
    assert_eq!(listed(&body).memberships, None);
    let empty = json!({"userid": "a", "department": []});
    assert_eq!(
        listed(&empty).memberships,
        None,
        "the list itself says where"
    );
}

#[test]
fn every_documented_status_is_known_and_others_are_not_guessed() {
    for (status, expected) in [
        (json!(1), Some(MemberStatus::Active)),
        (json!(2), Some(MemberStatus::Disabled)),
        (json!(4), Some(MemberStatus::Pending)),
        (json!(5), Some(MemberStatus::Left)),
        (json!(3), None),
        (json!("active"), None),
    ] {
        let member = listed(&json!({"userid": "a", "status": status, "enable": 0}));
        assert_eq!(member.status, expected);
    }
}

#[test]
fn a_broken_entry_is_counted_and_the_others_stay() {
    let body = json!({"userlist": [
        {"userid": "a"}, {"name": "nobody"}, 7, null,
        {"userid": ""}, {"userid": {}}, {"userid": "b"}
    ]});
    let list = member_list(body.to_string().as_bytes(), DepartmentId(1)).unwrap();
    let userids: Vec<_> = list.members.iter().map(|m| m.userid.as_str()).collect();
    assert_eq!(userids, ["a", "b"]);
    assert_eq!(list.broken, 5);
}

#[test]
fn an_empty_list_is_honest_and_a_missing_one_is_not() {
    let honest = member_list(br#"{"errcode":0,"userlist":[]}"#, DepartmentId(1)).unwrap();
    assert!(honest.members.is_empty() && honest.broken == 0);
    for body in [
        r#"{}"#,
        r#"{"errcode":0,"errmsg":"ok"}"#,
        r#"{"userlist":null}"#,
        r#"{"userlist":{}}"#,
        r#"{"userlist":""}"#,
    ] {
        let answer = member_list(body.as_bytes(), DepartmentId(1));
        assert_eq!(answer.unwrap_err(), Malformed::Lacks("userlist"), "{body}");
    }
    for body in [r#"{"userlist":[{"userid":"a"}"#, r#"{"userlist":[]}]"#, ""] {
        let answer = member_list(body.as_bytes(), DepartmentId(1));
        assert_eq!(answer.unwrap_err(), Malformed::NotJson, "{body}");
    }
}

#[test]
fn a_member_by_name_is_flat_and_keeps_only_its_own_fields() {
    let body = br#"{"errcode":0,"errmsg":"ok","userid":"a","name":"","department":[]}"#;
    let member = member_answer(body, None).unwrap();
    assert_eq!(
        &*member.fields,
        r#"{"department":[],"name":"","userid":"a"}"#
    );
    assert_eq!(member.name, None);
    assert_eq!(member.memberships, Some(Vec::new()));
    let nobody = member_answer(br#"{"errcode":0}"#, None);
    assert_eq!(nobody.unwrap_err(), Malformed::Lacks("userid"));
}

#[test]
fn a_simple_list_names_people_only() {
    let body = br#"{"userlist":[{"userid":"a","name":"A","department":[1]},{"name":"B"}]}"#;
    let list = userid_list(body).unwrap();
    assert_eq!(list.userids, [UserId::new("a")]);
    assert_eq!(list.broken, 1);
}

#[test]
fn a_mobile_leads_to_a_userid_or_to_no_answer() {
    for (body, userid) in [
        (
            r#"{"errcode":0,"errmsg":"ok","userid":"zhangsan"}"#,
            "zhangsan",
        ),
        (r#"{"userid":10001}"#, "10001"),
    ] {
        assert_eq!(userid_answer(body.as_bytes()), Ok(UserId::new(userid)));
    }
    for body in [
        "{}",
        r#"{"userid":null}"#,
        r#"{"userid":" "}"#,
        r#"{"userid":["a"]}"#,
    ] {
        let answer = userid_answer(body.as_bytes());
        assert_eq!(answer, Err(Malformed::Lacks("userid")), "{body}");
    }
}
