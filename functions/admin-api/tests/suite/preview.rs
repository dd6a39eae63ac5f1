//! `POST /sources/{source}/preview`: one real person through a mapping.

use crate::common::{Answer, Api};
use axum::http::Method;
use org_model::{DepartmentId, MemberStatus, Membership, RawMember, UserId};
use serde_json::{Value, json};
use sync_run::ports::{ReadError, Remedy};

const PATH: &str = "/sources/hq/preview";

async fn with_member() -> Api {
    let api = Api::new();
    let mut body = crate::common::settings_json();
    body["mapping"] = json!({ "title": "position", "phone": "mobile", "mail": "email" });
    let made = api.put("/sources/hq", &body, &[]).await;
    assert_eq!(made.status, 201, "{}", made.text);
    let fields = json!({
        "userid": "Zhang.1", "name": "张三", "position": "工程师", "mobile": "13800000000",
        "department": [2], "alias": "z",
    });
    let membership = Membership {
        department: DepartmentId(2),
        order: 0,
        leader: false,
    };
    api.world.state().wecom.members = vec![RawMember {
        userid: UserId::new("Zhang.1"),
        name: Some("张三".to_owned()),
        memberships: Some(vec![membership]),
        listed_in: Some(DepartmentId(2)),
        main_department: Some(DepartmentId(2)),
        status: Some(MemberStatus::Active),
        direct_leaders: None,
        fields: fields.to_string().into(),
    }];
    api
}

async fn preview(api: &Api, body: &Value) -> Answer {
    let answer = api.post(PATH, body).await;
    assert_eq!(answer.status, 200, "{}", answer.text);
    answer
}

#[tokio::test]
async fn a_person_is_shown_with_what_would_become_of_them() {
    let api = with_member().await;
    let shown = preview(&api, &json!({ "userid": "Zhang.1" })).await;
    assert_eq!(shown.json["failure"], json!(null));
    let person = &shown.json["person"];
    assert_eq!(person["raw"]["position"], "工程师");
    assert_eq!(person["raw"]["mobile"], "***");
    assert_eq!(
        person["mapped"],
        json!({
            "userid": "Zhang.1", "login": "Zhang.1", "name": "张三", "departments": [2],
            "main_department": 2, "direct_leaders": null, "status": "active",
            "attributes": { "title": "工程师", "phone": "***" },
        })
    );
    assert_eq!(person["change"]["action"], "create");
    assert_eq!(person["change"]["internal_id"], json!(null));
    assert_eq!(person["evidence"], json!({ "people": 1, "department": 2 }));
    assert!(!shown.text.contains("13800000000"));
    let missing = person["missing"].as_array().unwrap();
    let mail = missing
        .iter()
        .find(|one| one["attribute"] == "mail")
        .unwrap();
    assert_eq!(
        (&mail["cause"], &mail["fields"]),
        (&json!("no_right"), &json!(["email"]))
    );
    assert_eq!(mail["since"], "2022-06-20T12:00:00Z");
    let alias = missing
        .iter()
        .find(|one| one["attribute"].is_null())
        .unwrap();
    assert_eq!(
        (&alias["cause"], &alias["fields"]),
        (&json!("not_mapped"), &json!(["alias"]))
    );
}

#[tokio::test]
async fn without_a_body_a_sample_is_shown_and_sensitive_values_to_those_who_ask() {
    let api = with_member().await;
    let bare = api.call(Method::POST, PATH, &[], None).await;
    assert_eq!(
        bare.json["person"]["mapped"]["userid"], "Zhang.1",
        "{}",
        bare.text
    );
    let revealed = preview(&api, &json!({ "reveal": true })).await;
    assert_eq!(revealed.json["revealed"], true);
    assert_eq!(revealed.json["person"]["raw"]["mobile"], "13800000000");
}

#[tokio::test]
async fn a_draft_with_problems_is_422_by_pointer() {
    let api = with_member().await;
    let body = json!({ "mapping": { "title": "positon", "name": "alias" }, "extra": 1 });
    let refused = api.post(PATH, &body).await;
    assert_eq!((refused.status.as_u16(), refused.code()), (422, "invalid"));
    for pointer in ["/mapping/title", "/mapping/name", "/extra"] {
        assert!(
            refused.pointers().contains(&pointer),
            "{pointer}: {}",
            refused.text
        );
    }
}

#[tokio::test]
async fn a_default_stands_in_where_the_draft_gives_nothing() {
    let api = with_member().await;
    let rule = json!({ "value": "external_position", "default": "unknown" });
    let shown = preview(&api, &json!({ "mapping": { "title": rule } })).await;
    assert_eq!(
        shown.json["person"]["mapped"]["attributes"],
        json!({ "title": "unknown" })
    );
    let rows = shown.json["person"]["change"]["changes"]
        .as_array()
        .unwrap();
    let row = rows.iter().find(|row| row["attribute"] == "title").unwrap();
    assert_eq!(row["after"], "unknown");
}

#[tokio::test]
async fn whoever_cannot_be_shown_is_an_answer_with_a_cause_in_the_callers_language() {
    let api = with_member().await;
    let nobody = preview(&api, &json!({ "userid": "nobody" })).await;
    assert_eq!(
        (&nobody.json["person"], &nobody.json["failure"]["code"]),
        (&json!(null), &json!("not_found"))
    );
    api.world.state().wecom.mobile_refusal = Some(ReadError {
        errcode: Some(48002),
        ..ReadError::new(
            "mobile_lookup_not_allowed",
            "WeCom does not let this app",
            Remedy::FixWecom,
            "",
        )
    });
    let body = json!({ "mobile": "13800000000" });
    let said = [("accept-language", "zh")];
    let refused = api.call(Method::POST, PATH, &said, Some(&body)).await;
    assert_eq!(
        (refused.status.as_u16(), refused.header("content-language")),
        (200, "zh-CN")
    );
    let failure = &refused.json["failure"];
    assert_eq!(
        (&failure["code"], &failure["errcode"]),
        (&json!("mobile_lookup_not_allowed"), &json!(48002))
    );
    assert!(failure["remedy"].as_str().unwrap().contains("userid"));
    assert!(!refused.text.contains("13800000000"));
}
