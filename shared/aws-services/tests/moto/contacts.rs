use std::collections::BTreeMap;

use aws_services::SnsContacts;
use org_model::SourceId;
use serde_json::{Value, json};
use source_admin::ports::{ContactState, Contacts};

use crate::server::{moto, text};

/// Every subscription of the topic, endpoint to policy.
fn subscriptions(topic: &str) -> BTreeMap<String, Option<String>> {
    let with = json!({ "TopicArn": topic });
    let listed = moto().ask("sns", "list_subscriptions_by_topic", with);
    let listed = listed["Subscriptions"].as_array().cloned().unwrap();
    let pair = |subscription: &Value| {
        let with = json!({ "SubscriptionArn": subscription["SubscriptionArn"] });
        let found = moto().ask("sns", "get_subscription_attributes", with);
        let policy = &found["Attributes"]["FilterPolicy"];
        (
            text(&subscription["Endpoint"]),
            policy.as_str().map(str::to_owned),
        )
    };
    listed.iter().map(pair).collect()
}

pub fn policy(topic: &str, email: &str) -> Option<String> {
    subscriptions(topic).remove(email).flatten()
}

fn wanted(pairs: &[(&str, &str)]) -> Vec<(String, SourceId)> {
    let owned = |(email, source): &(&str, &str)| ((*email).to_owned(), SourceId::new(*source));
    pairs.iter().map(owned).collect()
}

fn expected(pairs: &[(&str, &str)]) -> BTreeMap<String, Option<String>> {
    let owned = |(email, policy): &(&str, &str)| ((*email).to_owned(), Some((*policy).to_owned()));
    pairs.iter().map(owned).collect()
}

#[tokio::test]
async fn an_address_has_one_subscription_with_the_union_of_its_sources() {
    let topic = moto().topic("union");
    let contacts = SnsContacts::new(&moto().config(), &topic);
    let pairs = [
        ("it@example.com", "hq"),
        ("ops@example.com", "hq"),
        ("IT@example.com", "cn"),
    ];
    let both = expected(&[
        ("it@example.com", r#"{"source":["cn","hq"]}"#),
        ("ops@example.com", r#"{"source":["hq"]}"#),
    ]);
    for _ in 0..2 {
        contacts.reconcile(&wanted(&pairs)).await.unwrap();
        assert_eq!(subscriptions(&topic), both);
    }
}

#[tokio::test]
async fn filters_follow_the_settings_and_who_is_no_contact_any_more_is_unsubscribed() {
    let topic = moto().topic("follow");
    let contacts = SnsContacts::new(&moto().config(), &topic);
    let before = [
        ("it@example.com", "hq"),
        ("it@example.com", "cn"),
        ("ops@example.com", "hq"),
    ];
    contacts.reconcile(&wanted(&before)).await.unwrap();
    let after = [("it@example.com", "cn"), ("new@example.com", "hq")];
    contacts.reconcile(&wanted(&after)).await.unwrap();
    let both = expected(&[
        ("it@example.com", r#"{"source":["cn"]}"#),
        ("new@example.com", r#"{"source":["hq"]}"#),
    ]);
    assert_eq!(subscriptions(&topic), both);

    let emails = ["new@example.com", "ops@example.com"].map(str::to_owned);
    let states = contacts.states(&emails).await.unwrap();
    let [new, ops] = emails;
    assert_eq!(
        states,
        [(new, ContactState::Confirmed), (ops, ContactState::Gone)]
    );
}

#[tokio::test]
async fn what_an_operator_subscribed_by_hand_is_left_alone() {
    let topic = moto().topic("by-hand");
    let queue = moto().queue("by-hand");
    for (protocol, endpoint) in [("email", "boss@example.com"), ("sqs", queue.arn.as_str())] {
        let with = json!({ "TopicArn": topic, "Protocol": protocol, "Endpoint": endpoint });
        moto().ask("sns", "subscribe", with);
    }
    let by_hand = subscriptions(&topic);
    let contacts = SnsContacts::new(&moto().config(), &topic);
    contacts
        .reconcile(&wanted(&[("it@example.com", "hq")]))
        .await
        .unwrap();
    contacts.reconcile(&[]).await.unwrap();
    assert_eq!(subscriptions(&topic), by_hand);
    assert_eq!(by_hand.len(), 2);
}
