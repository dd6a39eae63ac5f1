//! `/agents`: credentials are kept as a secret and never returned.

use crate::common::Api;
use axum::http::Method;
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
    for (body, said) in bodies.iter().zip([&[][..], &[("if-match", "*")]]) {
        let put = api.put(PATH, body, said).await;
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
    let put = api.put(PATH, &body, &[("if-match", "*")]).await;
    assert_eq!(put.json["state"]["has_credentials"], false, "{}", put.text);
    assert!(api.world.state().secrets.is_empty());
}

#[tokio::test]
async fn a_change_without_or_with_a_stale_if_match_is_refused() {
    let api = Api::new();
    let body = json!({ "url": "http://proxy.example:3128" });
    assert_eq!(api.put(PATH, &body, &[]).await.status, 201);
    let refused = api.put(PATH, &body, &[]).await;
    assert_eq!(
        (refused.status.as_u16(), refused.code()),
        (428, "precondition_required")
    );
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

#[tokio::test]
async fn an_agent_that_a_source_names_is_409_and_deleted_when_none_does() {
    let api = Api::new();
    let body = json!({ "url": "http://proxy.example:3128" });
    assert_eq!(api.put(PATH, &body, &[]).await.status, 201);
    let mut settings = crate::common::settings_json();
    settings["agents"] = json!(["dc-1"]);
    let made = api.put("/sources/hq", &settings, &[]).await;
    assert_eq!(made.status, 201, "{}", made.text);
    let delete = async |said: &[(&str, &str)]| api.call(Method::DELETE, PATH, said, None).await;
    let refused = delete(&[]).await;
    assert_eq!(
        (refused.status.as_u16(), refused.code()),
        (428, "precondition_required")
    );
    let refused = delete(&[("if-match", "\"1\"")]).await;
    assert_eq!(
        (refused.status.as_u16(), refused.code()),
        (409, "agent_in_use")
    );
    let detail = refused.json["detail"].as_str().unwrap();
    assert!(detail.contains("hq"), "{detail}");
    assert_eq!(api.get(PATH).await.json["state"]["sources"], json!(["hq"]));
    settings["agents"] = json!([]);
    let put = api
        .put("/sources/hq", &settings, &[("if-match", "*")])
        .await;
    assert_eq!(put.status, 200, "{}", put.text);
    let deleted = delete(&[("if-match", "\"1\"")]).await;
    assert_eq!(
        (deleted.status.as_u16(), deleted.json),
        (200, json!({ "warnings": [] }))
    );
    assert_eq!(api.get(PATH).await.status, 404);
}

#[tokio::test]
async fn an_agent_is_unknown_until_it_is_checked_and_after_it_changed() {
    let api = Api::with_source().await;
    let body = json!({ "url": "http://proxy.example:3128" });
    let made = api.put(PATH, &body, &[]).await;
    assert_eq!(made.json["state"]["standing"], "unknown");
    assert_eq!(made.json["state"]["checked_at"], json!(null));
    api.world.state().wecom.egress_ip = Some([203, 0, 113, 7].into());
    let checked = api
        .post(&format!("{PATH}/check"), &json!({ "source": "hq" }))
        .await;
    assert_eq!(checked.status, 200, "{}", checked.text);
    assert_eq!(checked.header("content-language"), "en");
    assert_eq!(
        checked.json,
        json!({
            "agent": "dc-1", "standing": "running", "checked_at": crate::common::NOW,
            "latency_milliseconds": 42, "egress_ip": "203.0.113.7", "source": "hq",
            "failure": null,
        })
    );
    let state = api.get(PATH).await.json["state"].clone();
    for (field, value) in [
        ("standing", json!("running")),
        ("latency_milliseconds", json!(42)),
        ("checked_at", json!(crate::common::NOW)),
        ("egress_ip", json!("203.0.113.7")),
        ("source", json!("hq")),
        ("code", json!(null)),
    ] {
        assert_eq!(state[field], value, "{field}");
    }
    assert_eq!(
        api.get(PATH).await.header("etag"),
        "\"1\"",
        "no change of its settings"
    );
    let put = api.put(PATH, &body, &[("if-match", "*")]).await;
    assert_eq!(put.json["state"]["standing"], "unknown");
}

#[tokio::test]
async fn a_check_of_an_agent_takes_no_body_and_names_unknown_fields() {
    let api = Api::new();
    let body = json!({ "url": "http://proxy.example:3128" });
    assert_eq!(api.put(PATH, &body, &[]).await.status, 201);
    let path = format!("{PATH}/check");
    let bare = api.call(Method::POST, &path, &[], None).await;
    assert_eq!(bare.status, 200, "{}", bare.text);
    assert_eq!(bare.json["source"], json!(null));
    let refused = api.post(&path, &json!({ "sources": ["hq"] })).await;
    assert_eq!(
        (refused.status.as_u16(), refused.pointers()),
        (422, vec!["/sources"])
    );
}
