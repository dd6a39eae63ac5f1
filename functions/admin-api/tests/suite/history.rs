//! The history of a source, over HTTP; and bodies that are too deep.

use crate::common::{Api, NOW, SECRET, settings_json};
use axum::http::Request;
use serde_json::json;

#[tokio::test]
async fn each_change_is_listed_with_author_time_before_and_after_latest_first() {
    let api = Api::with_source().await;
    let mut body = settings_json();
    body["schedule"]["every"] = json!("4h");
    body["credentials"]["secret"] = json!("another-secret-of-the-app");
    api.put("/sources/hq", &body, &[("if-match", "\"1\"")])
        .await;
    let first = api.get("/sources/hq/history?limit=1").await;
    let entry = &first.json["items"][0];
    assert_eq!(
        (&entry["action"], &entry["version"]),
        (&json!("changed"), &json!(2))
    );
    assert_eq!((&entry["by"], &entry["at"]), (&json!("local"), &json!(NOW)));
    let changes = entry["changes"].as_array().unwrap();
    let every = changes
        .iter()
        .find(|one| one["pointer"] == "/schedule/every");
    let every = every.unwrap();
    assert_eq!(
        (&every["before"], &every["after"]),
        (&json!("1h"), &json!("4h"))
    );
    let mut secrets = changes.iter();
    assert!(secrets.any(|one| one["pointer"] == "/credentials/secret"));
    for word in [SECRET, "another-secret", "secretsmanager"] {
        assert!(!first.text.contains(word), "{}", first.text);
    }
    let next = first.json["next"].as_str().unwrap();
    let path = format!("/sources/hq/history?cursor={next}");
    assert_eq!(api.get(&path).await.json["items"][0]["action"], "created");
    assert_eq!(
        api.get("/sources/nowhere/history").await.code(),
        "not_found"
    );
    let lost = api.get("/sources/hq/history?cursor=nonsense").await;
    assert_eq!(lost.code(), "bad_cursor");
}

async fn put_text(api: &Api, text: String) -> crate::common::Answer {
    let request = Request::put("/sources/hq")
        .header("content-type", "application/json")
        .body(text.into())
        .unwrap();
    api.send(request).await
}

#[tokio::test]
async fn a_body_that_is_too_deep_is_refused_before_anybody_walks_through_it() {
    let api = Api::new();
    for depth in [17, 200, 50_000] {
        let deep = format!("{{\"x\":{}{}}}", "[".repeat(depth), "]".repeat(depth));
        let refused = put_text(&api, deep).await;
        let told = (refused.status.as_u16(), refused.code());
        assert_eq!(told, (422, "too_deep"), "{depth}");
    }
    let unclosed = put_text(&api, "[".repeat(50_000)).await;
    assert_eq!(
        (unclosed.status.as_u16(), unclosed.code()),
        (400, "not_json")
    );
    let mut body = settings_json();
    body["name"] = json!("[[[[[[[[[[[[[[[[[[ \" {{{{{{{{{{{{{{{{{");
    let made = api.put("/sources/hq", &body, &[]).await;
    assert_eq!(
        made.status, 201,
        "brackets in a text are none: {}",
        made.text
    );
}
