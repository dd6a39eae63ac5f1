use std::collections::BTreeMap;

use aws_services::{SnsContacts, SnsNotifier};
use org_model::SourceId;
use serde_json::{Value, json};
use source_admin::ports::{ContactState, Contacts};
use source_settings::Contact;
use sync_run::ports::Notifier;

use crate::server::{moto, text};
use crate::support::notice;

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

/// What the filter of an endpoint's subscription judges.
fn scope(topic: &str, endpoint: &str) -> String {
    let with = json!({ "TopicArn": topic });
    let listed = moto().ask("sns", "list_subscriptions_by_topic", with);
    let mut listed = listed["Subscriptions"].as_array().unwrap().iter();
    let found = listed.find(|it| it["Endpoint"] == endpoint).unwrap();
    let with = json!({ "SubscriptionArn": found["SubscriptionArn"] });
    let found = moto().ask("sns", "get_subscription_attributes", with);
    text(&found["Attributes"]["FilterPolicyScope"])
}

/// By the endpoint's look, as nobody would write it in settings.
fn contact(endpoint: &str) -> Contact {
    let endpoint = endpoint.to_owned();
    match &endpoint {
        it if it.starts_with("arn:") => Contact::Arn(endpoint),
        it if it.starts_with('+') => Contact::Sms(endpoint),
        _ => Contact::Email(endpoint),
    }
}

fn wanted(pairs: &[(&str, &str)]) -> Vec<(Contact, SourceId)> {
    let owned = |(endpoint, source): &(&str, &str)| (contact(endpoint), SourceId::new(*source));
    pairs.iter().map(owned).collect()
}

/// The filter of ours that names these sources, which come sorted.
fn ours(sources: &[&str]) -> String {
    let mut marked = vec!["(kept by wecom-sync)"];
    marked.extend(sources);
    json!({ "source": marked }).to_string()
}

fn expected(pairs: &[(&str, &[&str])]) -> BTreeMap<String, Option<String>> {
    let owned =
        |(endpoint, sources): &(&str, &[&str])| ((*endpoint).to_owned(), Some(ours(sources)));
    pairs.iter().map(owned).collect()
}

fn by_hand(topic: &str, protocol: &str, endpoint: &str, attributes: &Value) {
    let with = json!({
        "TopicArn": topic, "Protocol": protocol, "Endpoint": endpoint, "Attributes": attributes,
    });
    moto().ask("sns", "subscribe", with);
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
        ("it@example.com", &["cn", "hq"]),
        ("ops@example.com", &["hq"]),
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
    let both = expected(&[("it@example.com", &["cn"]), ("new@example.com", &["hq"])]);
    assert_eq!(subscriptions(&topic), both);

    let asked = ["new@example.com", "ops@example.com"].map(contact);
    let states = contacts.states(&asked).await.unwrap();
    let [new, ops] = asked;
    assert_eq!(
        states,
        [(new, ContactState::Confirmed), (ops, ContactState::Gone)]
    );
}

/// A mobile application's endpoint, as SNS makes it.
fn application(name: &str) -> String {
    let with =
        json!({ "Name": name, "Platform": "GCM", "Attributes": { "PlatformCredential": "c" } });
    let made = moto().ask("sns", "create_platform_application", with);
    let with = json!({ "PlatformApplicationArn": made["PlatformApplicationArn"], "Token": name });
    text(&moto().ask("sns", "create_platform_endpoint", with)["EndpointArn"])
}

#[tokio::test]
async fn telephones_queues_functions_and_applications_are_subscribed_by_their_protocols() {
    let topic = moto().topic("protocols");
    let contacts = SnsContacts::new(&moto().config(), &topic);
    let queue = moto().queue("protocols");
    let application = application("protocols");
    let function = "arn:aws:lambda:eu-central-1:123456789012:function:page";
    let sms = "+8613800138000";
    let endpoints = [sms, queue.arn.as_str(), function, application.as_str()];
    let mut pairs = endpoints.map(|endpoint| (endpoint, "hq")).to_vec();
    pairs.push((queue.arn.as_str(), "cn"));
    for _ in 0..2 {
        contacts.reconcile(&wanted(&pairs)).await.unwrap();
        let all = expected(&[
            (sms, &["hq"]),
            (&queue.arn, &["cn", "hq"]),
            (function, &["hq"]),
            (&application, &["hq"]),
        ]);
        assert_eq!(subscriptions(&topic), all);
    }
    let with = json!({ "TopicArn": topic });
    let listed = moto().ask("sns", "list_subscriptions_by_topic", with);
    let protocol = |it: &Value| (text(&it["Endpoint"]), text(&it["Protocol"]));
    let listed = listed["Subscriptions"].as_array().unwrap().iter();
    let protocols: BTreeMap<_, _> = listed.map(protocol).collect();
    let words = ["sms", "sqs", "lambda", "application"];
    let words = endpoints.iter().zip(words);
    let words = words.map(|(endpoint, word)| ((*endpoint).to_owned(), word.to_owned()));
    assert_eq!(protocols, words.collect());

    let asked = endpoints.map(contact);
    let states = contacts.states(&asked).await.unwrap();
    let confirmed = asked.map(|contact| (contact, ContactState::Confirmed));
    assert_eq!(states, confirmed);

    contacts.reconcile(&wanted(&pairs[..1])).await.unwrap();
    assert_eq!(subscriptions(&topic), expected(&[(sms, &["hq"])]));
}

#[tokio::test]
async fn another_spelling_of_a_subscribed_endpoint_is_no_second_subscription() {
    let topic = moto().topic("spelling");
    let contacts = SnsContacts::new(&moto().config(), &topic);
    let first = [("+8613800138000", "hq"), ("It@example.com", "hq")];
    contacts.reconcile(&wanted(&first)).await.unwrap();
    let respelled = [("+86 138 0013 8000", "cn"), ("it@example.com", "cn")];
    contacts.reconcile(&wanted(&respelled)).await.unwrap();
    let both = expected(&[("+8613800138000", &["cn"]), ("It@example.com", &["cn"])]);
    assert_eq!(subscriptions(&topic), both);
    let states = contacts.states(&[contact("+008613800138000")]).await;
    assert_eq!(states.unwrap()[0].1, ContactState::Confirmed);
}

#[tokio::test]
async fn an_arn_that_nothing_can_be_sent_to_is_refused_and_keeps_nobody_waiting() {
    let topic = moto().topic("no-endpoint");
    let contacts = SnsContacts::new(&moto().config(), &topic);
    let pairs = [("arn:aws:s3:::bucket", "hq"), ("it@example.com", "hq")];
    let error = contacts.reconcile(&wanted(&pairs)).await.unwrap_err();
    assert_eq!(
        error.reason,
        "an ARN that is no queue, function or application"
    );
    assert_eq!(
        subscriptions(&topic),
        expected(&[("it@example.com", &["hq"])])
    );
    let states = contacts.states(&[contact("arn:aws:s3:::bucket")]).await;
    assert_eq!(states.unwrap()[0].1, ContactState::Gone);
}

#[tokio::test]
async fn what_an_operator_subscribed_by_hand_is_left_alone() {
    let topic = moto().topic("by-hand");
    let [queue, filtered] = ["by-hand", "by-hand-filtered"].map(|name| moto().queue(name));
    by_hand(&topic, "email", "boss@example.com", &json!({}));
    by_hand(&topic, "sqs", &queue.arn, &json!({}));
    let policy = json!({ "FilterPolicy": r#"{"source": ["hq", "labs"]}"# });
    by_hand(&topic, "sqs", &filtered.arn, &policy);
    by_hand(&topic, "https", "https://example.com/hook", &policy);
    let before = subscriptions(&topic);
    assert_eq!(before.len(), 4);

    // What they subscribed lets the settings' notices through already.
    let contacts = SnsContacts::new(&moto().config(), &topic);
    let pairs = [
        ("it@example.com", "hq"),
        ("Boss@example.com", "hq"),
        (filtered.arn.as_str(), "hq"),
    ];
    contacts.reconcile(&wanted(&pairs)).await.unwrap();
    let mut with_ours = before.clone();
    with_ours.append(&mut expected(&[("it@example.com", &["hq"])]));
    assert_eq!(subscriptions(&topic), with_ours);
    contacts.reconcile(&[]).await.unwrap();
    assert_eq!(subscriptions(&topic), before);
}

#[tokio::test]
async fn a_filter_by_hand_that_keeps_the_settings_notices_back_becomes_theirs() {
    let topic = moto().topic("taken-over");
    let queues = ["by-kind", "by-body", "by-source"].map(|name| moto().queue(name));
    let attributes = [
        json!({ "FilterPolicy": r#"{"kind": ["held"]}"# }),
        json!({ "FilterPolicyScope": "MessageBody", "FilterPolicy": r#"{"a": {"b": ["c"]}}"# }),
        json!({ "FilterPolicy": r#"{"source": ["labs"]}"# }),
    ];
    for (queue, attributes) in queues.iter().zip(&attributes) {
        by_hand(&topic, "sqs", &queue.arn, attributes);
    }
    let contacts = SnsContacts::new(&moto().config(), &topic);
    let pairs = queues.each_ref().map(|queue| (queue.arn.as_str(), "hq"));
    contacts.reconcile(&wanted(&pairs)).await.unwrap();
    let all = pairs.map(|(arn, _)| (arn, &["hq"][..]));
    assert_eq!(subscriptions(&topic), expected(&all));
    let notifier = SnsNotifier::new(&moto().config(), &topic);
    notifier.send(&notice("hq")).await.unwrap();
    let [by_kind, by_body, by_source] = &queues;
    for queue in [by_kind, by_source] {
        assert_eq!(moto().received(queue).len(), 1, "{}", queue.arn);
    }
    // moto goes on judging bodies until a policy comes after the scope; what stands there is right.
    assert_eq!(scope(&topic, &by_body.arn), "MessageAttributes");
}
