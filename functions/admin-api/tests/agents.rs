//! `/agents`: credentials are kept as a secret and never returned.
#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

mod common;

use common::Api;
use secrecy::ExposeSecret;
use serde_json::json;

const PATH: &str = "/agents/dc-1";

#[tokio::test]
async fn an_agent_is_made_and_read() {
    let api = Api::new();
    let made = api
        .put(PATH, &json!({ "url": "http://proxy.example:3128" }), &[])
        .await;
    assert_eq!(made.status, 201, "{}", made.text);
    assert_eq!(
        (made.header("location"), made.header("etag")),
        (PATH, "\"1\"")
    );
    let got = api.get(PATH).await;
    assert_eq!(got.json["url"], "http://proxy.example:3128");
    assert_eq!(got.json["state"]["agent"], "dc-1");
    assert_eq!(got.json["state"]["has_credentials"], false);
    assert!(got.warnings().is_empty());
    let listed = api.get("/agents").await;
    assert_eq!(listed.json, json!({ "items": [got.json], "next": null }));
}

#[tokio::test]
async fn credentials_are_kept_as_a_secret_and_never_returned() {
    let api = Api::new();
    let bodies = [
        json!({ "url": "http://carol:pa55word@proxy.example:3128" }),
        json!({ "url": "http://proxy.example:3128", "username": "carol", "password": "pa55word" }),
    ];
    for body in bodies {
        let put = api.put(PATH, &body, &[]).await;
        assert!(put.status.is_success(), "{}", put.text);
        for answer in [&put, &api.get(PATH).await] {
            assert!(!answer.text.contains("pa55word"), "{}", answer.text);
            assert!(!answer.text.contains("carol"), "{}", answer.text);
            assert_eq!(answer.json["url"], "http://proxy.example:3128");
            assert_eq!(answer.json["state"]["has_credentials"], true);
        }
        let state = api.world.state();
        assert_eq!(state.secrets.len(), 1, "the replaced secret is swept");
        let kept = state.secrets.values().next().unwrap().expose_secret();
        let kept: serde_json::Value = serde_json::from_str(kept).unwrap();
        assert_eq!(kept, json!({ "username": "carol", "password": "pa55word" }));
    }
}

#[tokio::test]
async fn an_http_agent_with_credentials_off_loopback_gets_a_warning() {
    let api = Api::new();
    let body = json!({ "url": "http://carol:pa55word@proxy.example:3128" });
    let put = api.put(PATH, &body, &[]).await;
    assert_eq!(put.warnings(), ["agent_credentials_in_clear"]);
    assert_eq!(
        api.get(PATH).await.warnings(),
        ["agent_credentials_in_clear"]
    );
    let body = json!({ "url": "http://carol:pa55word@127.0.0.1:3128" });
    assert!(
        api.put("/agents/near", &body, &[])
            .await
            .warnings()
            .is_empty()
    );
}

#[tokio::test]
async fn credentials_can_be_removed() {
    let api = Api::new();
    let body = json!({ "url": "https://proxy.example:3128", "username": "c", "password": "p" });
    assert_eq!(api.put(PATH, &body, &[]).await.status, 201);
    let body = json!({ "url": "https://proxy.example:3128", "username": null });
    let put = api.put(PATH, &body, &[]).await;
    assert_eq!(put.json["state"]["has_credentials"], false, "{}", put.text);
    assert!(api.world.state().secrets.is_empty());
}

#[tokio::test]
async fn a_stale_if_match_is_412() {
    let api = Api::new();
    let body = json!({ "url": "http://proxy.example:3128" });
    assert_eq!(api.put(PATH, &body, &[]).await.status, 201);
    let refused = api.put(PATH, &body, &[("if-match", "\"9\"")]).await;
    assert_eq!((refused.status.as_u16(), refused.code()), (412, "stale"));
    let changed = api.put(PATH, &body, &[("if-match", "\"1\"")]).await;
    assert_eq!(
        (changed.status.as_u16(), changed.header("etag")),
        (200, "\"2\"")
    );
}

#[tokio::test]
async fn bad_settings_are_422_with_pointers() {
    let api = Api::new();
    let refused = api
        .put(PATH, &json!({ "url": "ftp://proxy.example" }), &[])
        .await;
    assert_eq!(
        (refused.status.as_u16(), refused.code()),
        (422, "invalid"),
        "{}",
        refused.text
    );
    assert_eq!(refused.pointers(), ["/url"]);
}

#[tokio::test]
async fn an_unknown_agent_is_404() {
    let api = Api::new();
    for path in [PATH, "/agents/Not_A_Name"] {
        let refused = api.get(path).await;
        assert_eq!(
            (refused.status.as_u16(), refused.code()),
            (404, "not_found")
        );
    }
}
