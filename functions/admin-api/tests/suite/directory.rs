//! `/sources/{source}/users` and `/departments`.

use crate::common::{Api, department, hq, user};
use org_model::UserStatus;
use serde_json::{Value, json};

async fn with_people() -> Api {
    let api = Api::with_source().await;
    let people = vec![
        user("Zhang.1", UserStatus::Active),
        user("Li.2", UserStatus::Deleted),
    ];
    let departments = vec![department(1, None), department(16, Some(1))];
    {
        let mut state = api.world.state();
        state.users.insert(hq(), people);
        state.departments.insert(hq(), departments);
    }
    api
}

#[tokio::test]
async fn a_person_has_the_shape_of_the_contract() {
    let api = with_people().await;
    let got = api.get("/sources/hq/users/zhang.1").await;
    assert_eq!(got.status, 200, "ids are found whatever their case");
    let expected = json!({
        "userid": "Zhang.1", "id": "internal-Zhang.1", "login": "Zhang.1", "name": "张三",
        "departments": [1], "main_department": 1, "status": "active",
        "attributes": { "title": "工程师" }, "detached": false, "deleted_at": null,
    });
    assert_eq!(got.json, expected);
}

#[tokio::test]
async fn people_are_filtered_by_status() {
    let api = with_people().await;
    let all = api.get("/sources/hq/users").await.json;
    assert_eq!(all["items"].as_array().unwrap().len(), 2);
    let deleted = api.get("/sources/hq/users?status=deleted").await.json;
    assert_eq!(deleted["items"].as_array().unwrap().len(), 1);
    assert_eq!(deleted["items"][0]["userid"], "Li.2");
}

#[tokio::test]
async fn a_filter_that_nobody_understands_is_400_and_not_everybody() {
    let api = with_people().await;
    for query in ["status=gone", "updated_since=yesterday"] {
        let refused = api.get(&format!("/sources/hq/users?{query}")).await;
        assert_eq!(
            (refused.status.as_u16(), refused.code()),
            (400, "bad_parameter"),
            "{query}"
        );
    }
    let since = api
        .get("/sources/hq/users?updated_since=2026-11-01T00:00:00Z")
        .await;
    assert_eq!(since.status, 200, "{}", since.text);
}

#[tokio::test]
async fn an_unknown_person_is_404() {
    let refused = with_people().await.get("/sources/hq/users/nobody").await;
    assert_eq!(
        (refused.status.as_u16(), refused.code()),
        (404, "not_found")
    );
}

#[tokio::test]
async fn departments_have_the_shape_of_the_contract() {
    let api = with_people().await;
    let listed = api.get("/sources/hq/departments").await.json;
    assert_eq!(listed["next"], Value::Null);
    let second = &listed["items"][1];
    assert_eq!(second["id"], 16);
    assert_eq!(second["parent"], 1);
    assert_eq!(second["name"], "部门16");
    assert_eq!(second["order"], 100);
    assert_eq!(second["leaders"], json!(["Zhang.1"]));
    assert_eq!(listed["items"][0]["parent"], Value::Null);
}

#[tokio::test]
async fn people_of_a_department_are_those_who_stand_in_it_itself() {
    let api = with_people().await;
    let all = api.get("/sources/hq/departments/1/users").await;
    assert_eq!(all.status, 200, "{}", all.text);
    assert_eq!(all.json["items"].as_array().unwrap().len(), 2);
    let active = api.get("/sources/hq/departments/1/users?status=active");
    let active = active.await.json;
    assert_eq!(active["items"].as_array().unwrap().len(), 1);
    assert_eq!(active["items"][0]["userid"], "Zhang.1");
    let below = api.get("/sources/hq/departments/16/users").await.json;
    assert_eq!(below, json!({ "items": [], "next": null }));
    let page = api
        .get("/sources/hq/departments/1/users?limit=1")
        .await
        .json;
    assert!(page["next"].is_string());
}

#[tokio::test]
async fn an_unknown_department_is_404() {
    let api = with_people().await;
    for id in ["2", "99999999999", "-1", "all"] {
        let refused = api
            .get(&format!("/sources/hq/departments/{id}/users"))
            .await;
        assert_eq!(
            (refused.status.as_u16(), refused.code()),
            (404, "not_found"),
            "{id}"
        );
    }
}
