//! `/login-apps` and credentials taken over from them.

use crate::common::{Answer, Api};
use axum::http::Method;
use secrecy::ExposeSecret;
use serde_json::{Value, json};

const PATH: &str = "/login-apps/sso";
const IMPORT: &str = "/sources/hq/credentials/import";
const APP_SECRET: &str = "s3cret-of-the-login-app";

fn app_json() -> Value {
    json!({
        "name": "Single sign-on",
        "base_url": "https://qyapi.weixin.qq.com",
        "credentials": {
            "corp_id": "ww0123456789abcdef", "agent_id": 1000007, "secret": APP_SECRET,
        },
    })
}

async fn with_app() -> Api {
    let api = Api::with_source().await;
    let made = api.put(PATH, &app_json(), &[]).await;
    assert_eq!(made.status, 201, "{}", made.text);
    api
}

async fn import(api: &Api, said: &[(&str, &str)]) -> Answer {
    let body = json!({ "login_app": "sso" });
    api.call(Method::POST, IMPORT, said, Some(&body)).await
}

#[tokio::test]
async fn a_login_app_is_made_read_and_listed_without_its_secret() {
    let api = Api::new();
    let made = api.put(PATH, &app_json(), &[]).await;
    assert_eq!(made.status, 201, "{}", made.text);
    assert_eq!(
        (made.header("location"), made.header("etag")),
        (PATH, "\"1\"")
    );
    let got = api.get(PATH).await;
    assert_eq!(
        got.json["credentials"],
        json!({
            "corp_id": "ww0123456789abcdef", "agent_id": 1000007,
        })
    );
    let state = &got.json["state"];
    assert_eq!(
        (&state["app"], &state["version"]),
        (&json!("sso"), &json!(1))
    );
    assert_eq!(
        (&state["has_secret"], &state["updated_by"]),
        (&json!(true), &json!("local"))
    );
    let listed = api.get("/login-apps").await;
    assert_eq!(listed.json, json!({ "items": [got.json], "next": null }));
    for answer in [&made, &got, &listed] {
        assert!(!answer.text.contains(APP_SECRET), "{}", answer.text);
    }
}

#[tokio::test]
async fn a_login_app_changes_and_goes_only_on_the_version_that_was_read() {
    let api = with_app().await;
    let refused = api.put(PATH, &app_json(), &[]).await;
    assert_eq!(
        (refused.status.as_u16(), refused.code()),
        (428, "precondition_required")
    );
    let delete = async |said: &[(&str, &str)]| api.call(Method::DELETE, PATH, said, None).await;
    assert_eq!(delete(&[]).await.status, 428);
    assert_eq!(delete(&[("if-match", "\"9\"")]).await.status, 412);
    let put = api.put(PATH, &app_json(), &[("if-match", "\"1\"")]).await;
    assert_eq!((put.status.as_u16(), put.header("etag")), (200, "\"2\""));
    let gone = delete(&[("if-match", "\"2\"")]).await;
    assert_eq!(
        (gone.status.as_u16(), gone.json),
        (200, json!({ "warnings": [] }))
    );
    assert_eq!(api.get(PATH).await.status, 404);
    assert_eq!(api.world.state().secrets.len(), 1, "the source's own");
}

#[tokio::test]
async fn every_problem_of_a_login_app_is_named_at_once() {
    let api = Api::new();
    let body = json!({ "name": "", "base_url": "http://wecom.example", "scope": {},
        "credentials": { "corp_id": "ww", "agent_id": 0 } });
    let refused = api.put(PATH, &body, &[]).await;
    assert_eq!((refused.status.as_u16(), refused.code()), (422, "invalid"));
    for pointer in [
        "/name",
        "/base_url",
        "/scope",
        "/credentials/agent_id",
        "/credentials/secret",
    ] {
        assert!(
            refused.pointers().contains(&pointer),
            "{pointer}: {}",
            refused.text
        );
    }
}

#[tokio::test]
async fn credentials_are_taken_over_in_one_call_and_never_shown() {
    let api = with_app().await;
    assert_eq!(import(&api, &[]).await.status, 428);
    assert_eq!(import(&api, &[("if-match", "\"9\"")]).await.status, 412);
    let taken = import(&api, &[("if-match", "\"1\"")]).await;
    assert_eq!(
        (taken.status.as_u16(), taken.header("etag")),
        (200, "\"2\""),
        "{}",
        taken.text
    );
    assert_eq!(taken.json["credentials"]["agent_id"], 1000007);
    assert!(!taken.text.contains(APP_SECRET));
    let reference = api.settings().credentials.secret.unwrap();
    let state = api.world.state();
    assert_eq!(state.secrets[&reference.arn].expose_secret(), APP_SECRET);
}

#[tokio::test]
async fn an_import_that_cannot_be_says_why_with_a_code_of_its_own() {
    let api = with_app().await;
    let body = json!({ "login_app": "nobody" });
    let said = [("if-match", "*")];
    let missing = api.call(Method::POST, IMPORT, &said, Some(&body)).await;
    assert_eq!(
        (missing.status.as_u16(), missing.code()),
        (422, "no_such_login_app")
    );
    assert_eq!(missing.pointers(), ["/login_app"]);
    let mut elsewhere = app_json();
    elsewhere["base_url"] = json!("https://wecom.example.com");
    assert_eq!(api.put(PATH, &elsewhere, &said).await.status, 200);
    let refused = import(&api, &said).await;
    assert_eq!(
        (refused.status.as_u16(), refused.code()),
        (409, "other_server")
    );
    let mut another = app_json();
    another["credentials"]["corp_id"] = json!("ww_another");
    assert_eq!(api.put(PATH, &another, &said).await.status, 200);
    api.fill_mirror();
    let refused = import(&api, &said).await;
    assert_eq!(
        (refused.status.as_u16(), refused.code()),
        (409, "other_organisation")
    );
}

#[tokio::test]
async fn an_outage_of_the_secrets_changes_nothing_and_may_be_tried_again() {
    let api = with_app().await;
    api.world.break_part(source_admin::fakes::Part::SecretsRead);
    let refused = import(&api, &[("if-match", "*")]).await;
    assert_eq!(
        (refused.status.as_u16(), refused.code()),
        (503, "secrets_unavailable")
    );
    assert_eq!(api.get("/sources/hq").await.header("etag"), "\"1\"");
    api.world.mend();
    assert_eq!(import(&api, &[("if-match", "\"1\"")]).await.status, 200);
}

#[tokio::test]
async fn a_source_is_made_with_credentials_of_a_login_app() {
    let api = with_app().await;
    let mut body = crate::common::settings_json();
    body["credentials"] = json!({ "login_app": "sso" });
    let made = api.put("/sources/branch", &body, &[]).await;
    assert_eq!(made.status, 201, "{}", made.text);
    assert_eq!(
        made.json["credentials"],
        json!({
            "corp_id": "ww0123456789abcdef", "agent_id": 1000007,
        })
    );
    assert!(!made.text.contains(APP_SECRET));
}
