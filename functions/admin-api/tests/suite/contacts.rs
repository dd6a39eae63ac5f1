//! Contacts of every kind, and a notice to try them.

use crate::common::{Api, NOW, settings_json};
use serde_json::json;
use source_admin::fakes::Part;

#[tokio::test]
async fn mail_telephone_and_arn_come_back_as_they_were_given_each_with_its_state() {
    let api = Api::new();
    let contacts = json!([
        { "email": "it@example.com" },
        { "sms": "+8613800138000" },
        { "arn": "arn:aws:sqs:eu-central-1:123456789012:notices" }
    ]);
    let mut body = settings_json();
    body["contacts"] = contacts.clone();
    let made = api.put("/sources/hq", &body, &[]).await;
    assert_eq!(made.status, 201, "{}", made.text);
    let got = api.get("/sources/hq").await;
    assert_eq!(got.json["contacts"], contacts);
    assert_eq!(
        got.json["state"]["contacts"],
        json!([
            { "email": "it@example.com", "state": "pending" },
            { "sms": "+8613800138000", "state": "pending" },
            { "arn": "arn:aws:sqs:eu-central-1:123456789012:notices", "state": "pending" }
        ])
    );
}

#[tokio::test]
async fn a_test_notice_leaves_at_once_and_tells_who_can_have_it() {
    let api = Api::with_source().await;
    let sent = api.post("/sources/hq/contacts/test", &json!({})).await;
    assert_eq!(sent.status, 200, "{}", sent.text);
    assert_eq!(sent.json["sent_at"], NOW);
    assert_eq!(sent.json["contacts"][0]["state"], "pending");
    assert_eq!(sent.warnings(), ["no_confirmed_contact"]);
    assert_eq!(api.world.state().notices.len(), 1);
}

#[tokio::test]
async fn what_could_not_be_sent_is_no_success() {
    let api = Api::with_source().await;
    api.world.break_part(Part::Notifier);
    let refused = api.post("/sources/hq/contacts/test", &json!({})).await;
    assert_eq!(
        (refused.status.as_u16(), refused.code()),
        (503, "notices_unavailable")
    );
    api.world.mend();
    let mut body = settings_json();
    body["contacts"] = json!([]);
    api.put("/sources/hq", &body, &[("if-match", "*")]).await;
    let refused = api.post("/sources/hq/contacts/test", &json!({})).await;
    assert_eq!(
        (refused.status.as_u16(), refused.code()),
        (409, "no_contacts")
    );
    let only = json!({ "email": "it@example.com" });
    let refused = api.post("/sources/hq/contacts/test", &only).await;
    assert_eq!((refused.status.as_u16(), refused.code()), (422, "invalid"));
    assert!(refused.text.contains("email"), "it is named");
    assert!(api.world.state().notices.is_empty());
}
