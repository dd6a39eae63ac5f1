//! Replacing and deleting a source.

use crate::common::{Answer, Api, hq, settings_json, user};
use axum::http::Method;
use org_model::UserStatus;
use serde_json::{Value, json};
use source_admin::fakes::Part;
use sync_run::RunStatus;

const FIRST: [(&str, &str); 1] = [("if-match", "\"1\"")];

async fn replace(api: &Api, headers: &[(&str, &str)], body: &Value) -> Answer {
    let path = "/sources/hq/replace";
    api.call(Method::POST, path, headers, Some(body)).await
}

async fn delete(api: &Api, headers: &[(&str, &str)]) -> Answer {
    api.call(Method::DELETE, "/sources/hq", headers, None).await
}

fn itself() -> Value {
    json!({ "source": "hq" })
}

#[tokio::test]
async fn replacing_leaves_the_people_and_takes_the_rest() {
    let api = Api::with_source().await;
    let people = vec![user("Zhang.1", UserStatus::Active)];
    api.world.state().users.insert(hq(), people);
    let begun = replace(&api, &FIRST, &itself()).await;
    assert_eq!(begun.status, 202, "{}", begun.text);
    assert_eq!(begun.json["state"], "clearing");
    assert_eq!(begun.json["remove"], false);
    assert_eq!(begun.json["by"], "local");
    assert_eq!(begun.json["outside_done"], true);
    assert!(begun.warnings().is_empty());

    for path in ["", "/runs", "/held", "/range"] {
        let gone = api.get(&format!("/sources/hq{path}")).await;
        let told = (gone.status.as_u16(), gone.code());
        assert_eq!(told, (404, "source_cleared"), "{path}");
    }
    assert_eq!(api.get("/sources").await.json["items"], json!([]));
    let refused = api.put("/sources/hq", &settings_json(), &[]).await;
    assert_eq!(
        (refused.status.as_u16(), refused.code()),
        (409, "being_cleared")
    );

    api.world.state().clear(&hq());
    let users = api.get("/sources/hq/users").await;
    assert_eq!(users.json["items"][0]["detached"], true, "{}", users.text);
    let history = api.get("/sources/hq/history").await;
    assert_eq!(history.json["items"][0]["action"], "replaced");
    let listed = api.get("/sources").await;
    assert_eq!(listed.json["cleared"][0]["state"], "vacant");
    let again = replace(&api, &FIRST, &itself()).await;
    assert_eq!(
        (again.status.as_u16(), &again.json["state"]),
        (202, &json!("vacant"))
    );
    let made = api.put("/sources/hq", &settings_json(), &[]).await;
    assert_eq!(made.status, 201, "{}", made.text);
    assert_eq!(api.get("/sources").await.json["cleared"], json!([]));
}

#[tokio::test]
async fn what_is_left_to_do_outside_is_named_until_the_call_is_repeated() {
    let api = Api::with_source().await;
    api.world.break_part(Part::Schedules);
    let begun = replace(&api, &FIRST, &itself()).await;
    assert_eq!(begun.json["outside_done"], false, "{}", begun.text);
    let looked = api.get("/sources/hq").await;
    assert_eq!(looked.code(), "source_cleared");
    let left = looked.json["errors"].as_array().unwrap();
    assert_eq!(left.len(), 1, "{}", looked.text);
    let remedy = left[0]["remedy"].as_str().unwrap();
    assert!(remedy.contains("replaced or deleted"), "{remedy}");
    let listed = api.get("/sources").await;
    let cleared = &listed.json["cleared"][0];
    assert_eq!(
        (&cleared["source"], &listed.json["items"]),
        (&json!("hq"), &json!([]))
    );
    assert_eq!(
        (&cleared["state"], &cleared["outside_done"]),
        (&json!("clearing"), &json!(false))
    );
    assert_eq!(cleared["warnings"][0]["remedy"], remedy);
    api.world.mend();
    let again = replace(&api, &FIRST, &itself()).await;
    assert_eq!(again.json["outside_done"], true, "{}", again.text);
    let looked = api.get("/sources/hq").await;
    assert!(looked.json.get("errors").is_none(), "{}", looked.text);
}

#[tokio::test]
async fn what_replaces_says_which_source_and_which_version() {
    let api = Api::with_source().await;
    let wrong = [
        json!({ "source": "branch" }),
        json!({}),
        json!({ "source": "hq", "all": 1 }),
    ];
    for body in &wrong {
        let refused = replace(&api, &FIRST, body).await;
        assert_eq!(
            (refused.status.as_u16(), refused.code()),
            (422, "invalid"),
            "{body}"
        );
    }
    let odd = replace(&api, &FIRST, &json!({ "source": { "name": "s3cr3t" } })).await;
    assert_eq!(
        odd.json["detail"],
        "/source cannot be used: it is not a text"
    );
    let unknown = replace(&api, &FIRST, &wrong[2]).await;
    assert_eq!(unknown.pointers(), ["/all"]);
    let unbased = replace(&api, &[], &itself()).await;
    assert_eq!(
        (unbased.status.as_u16(), unbased.code()),
        (428, "precondition_required")
    );
    let stale = replace(&api, &[("if-match", "\"9\"")], &itself()).await;
    assert_eq!((stale.status.as_u16(), stale.code()), (412, "stale"));
    assert_eq!(delete(&api, &[]).await.status, 428);
    assert_eq!(delete(&api, &[("if-match", "\"9\"")]).await.status, 412);
    assert_eq!(api.get("/sources/hq").await.status, 200);
}

#[tokio::test]
async fn a_live_run_is_in_the_way_and_named() {
    let api = Api::with_source().await;
    for status in [RunStatus::Queued, RunStatus::Running] {
        let run = api.add_run("run-1", status).to_string();
        for refused in [
            replace(&api, &FIRST, &itself()).await,
            delete(&api, &FIRST).await,
        ] {
            assert_eq!((refused.status.as_u16(), refused.code()), (409, "run_live"));
            assert_eq!(refused.json["run"], run);
        }
        api.end_runs();
    }
}

#[tokio::test]
async fn a_deleted_source_is_gone_when_its_people_are_detached() {
    let api = Api::with_source().await;
    let begun = delete(&api, &FIRST).await;
    assert_eq!(begun.status, 202, "{}", begun.text);
    assert_eq!(begun.json["remove"], true);
    let again = delete(&api, &FIRST).await;
    assert_eq!(again.status, 202, "repeating it completes it");
    api.world.state().clear(&hq());
    let gone = delete(&api, &FIRST).await;
    assert_eq!((gone.status.as_u16(), gone.code()), (404, "not_found"));
    assert_eq!(api.get("/sources/hq/users").await.code(), "not_found");
}
