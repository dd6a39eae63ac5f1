//! What holds for every route.

use crate::common::{Api, settings_json};
use axum::http::{Method, Request};
use serde_json::json;
use source_admin::fakes::Part;

#[tokio::test]
async fn health_answers_get_and_head() {
    let api = Api::new();
    let got = api.get("/health").await;
    assert_eq!(
        (got.status.as_u16(), got.json),
        (200, json!({ "status": "ok" }))
    );
    let head = api.call(Method::HEAD, "/health", &[], None).await;
    assert_eq!((head.status.as_u16(), head.text.as_str()), (200, ""));
}

#[tokio::test]
async fn health_does_not_ask_what_lies_behind() {
    let api = Api::new();
    api.world.break_part(Part::Store);
    assert_eq!(api.get("/health").await.status, 200);
    let refused = api.get("/sources").await;
    assert_eq!(
        (refused.status.as_u16(), refused.code()),
        (503, "store_unavailable")
    );
}

#[tokio::test]
async fn an_unknown_path_is_a_problem_with_404() {
    let refused = Api::new().get("/nowhere").await;
    assert_eq!(
        (refused.status.as_u16(), refused.code()),
        (404, "no_such_path")
    );
}

#[tokio::test]
async fn a_method_that_a_path_does_not_have_is_a_problem_with_405() {
    let api = Api::new();
    let refused = api.call(Method::PATCH, "/sources/hq", &[], None).await;
    assert_eq!(
        (refused.status.as_u16(), refused.code()),
        (405, "no_such_method")
    );
    assert!(
        refused.header("allow").contains("PUT"),
        "{}",
        refused.header("allow")
    );
}

#[tokio::test]
async fn a_body_past_the_limit_is_413() {
    let api = Api::new();
    let mut body = settings_json();
    body["name"] = json!("x".repeat(admin_api::BODY_BYTES_MAX));
    let refused = api.put("/sources/hq", &body, &[]).await;
    assert_eq!(
        (refused.status.as_u16(), refused.code()),
        (413, "body_too_large")
    );
}

#[tokio::test]
async fn a_form_as_any_web_page_could_send_it_is_415() {
    let api = Api::with_source().await;
    for content_type in ["application/x-www-form-urlencoded", "text/plain"] {
        let request = Request::post("/sources/hq/runs")
            .header("content-type", content_type)
            .body(r#"{"mode":"apply"}"#.into())
            .unwrap();
        let refused = api.send(request).await;
        assert_eq!(
            (refused.status.as_u16(), refused.code()),
            (415, "not_json_type")
        );
    }
    assert!(api.world.state().runs.is_empty());
}

#[tokio::test]
async fn another_web_page_cannot_ask_for_a_run() {
    let api = Api::with_source().await;
    for site in ["cross-site", "same-site"] {
        let headers = [("sec-fetch-site", site)];
        let refused = api
            .call(Method::POST, "/sources/hq/runs", &headers, None)
            .await;
        assert_eq!(
            (refused.status.as_u16(), refused.code()),
            (403, "other_site")
        );
    }
    assert!(api.world.state().runs.is_empty());
    for site in ["same-origin", "none"] {
        let headers = [("sec-fetch-site", site)];
        let asked = api
            .call(Method::POST, "/sources/hq/runs", &headers, None)
            .await;
        assert_eq!(asked.status, 202);
    }
}

#[tokio::test]
async fn a_body_that_is_not_utf_8_is_400() {
    let request = Request::put("/sources/hq")
        .header("content-type", "application/json")
        .body(vec![0xff, 0xfe].into())
        .unwrap();
    let refused = Api::new().send(request).await;
    assert_eq!((refused.status.as_u16(), refused.code()), (400, "not_json"));
}

#[tokio::test]
async fn a_path_that_is_not_utf_8_is_400() {
    let refused = Api::new().get("/sources/%FF%FE").await;
    assert_eq!(
        (refused.status.as_u16(), refused.code()),
        (400, "bad_parameter")
    );
}

#[tokio::test]
async fn a_parameter_that_a_call_does_not_take_is_400_and_nothing_is_done() {
    let api = Api::with_source().await;
    let rows = "/sources/hq/runs/r-1/rows";
    for (method, path, pointer, remedy) in [
        (
            Method::GET,
            format!("{rows}?kind=user&reslut=failed"),
            "?reslut",
            "action, cursor, format, kind, limit, result",
        ),
        (
            Method::HEAD,
            "/sources/hq/users?userid=x".to_owned(),
            "",
            "",
        ),
        (
            Method::POST,
            "/sources/hq/runs?mode=plan".to_owned(),
            "?mode",
            "takes no parameters",
        ),
    ] {
        let refused = api.call(method, &path, &[], None).await;
        assert_eq!(refused.status.as_u16(), 400, "{path}");
        if !pointer.is_empty() {
            assert_eq!(refused.code(), "bad_parameter");
            let error = &refused.json["errors"][0];
            assert_eq!(error["pointer"], pointer);
            let told = error["remedy"].as_str().unwrap();
            assert!(told.contains(remedy), "{told}");
        }
    }
    assert_eq!(api.world.state().runs.len(), 0);
}
