use aws_services::{SnsContacts, SnsNotifier};
use org_model::SourceId;
use serde_json::{Value, json};
use source_admin::ports::Contacts;
use source_settings::Contact;
use sync_run::ports::Notifier;
use sync_run::{Notice, NoticeKind};

use crate::server::{Queue, moto, text};
use crate::support::notice;

/// A queue on the topic, with a filter's policy or without.
fn subscribed(topic: &str, name: &str, policy: Option<&str>) -> Queue {
    let queue = moto().queue(name);
    let attributes = policy.map_or(json!({}), |policy| json!({ "FilterPolicy": policy }));
    let with = json!({
        "TopicArn": topic, "Protocol": "sqs", "Endpoint": queue.arn, "Attributes": attributes,
    });
    moto().ask("sns", "subscribe", with);
    queue
}

#[tokio::test]
async fn a_queue_gets_the_notice_as_json_with_its_subject_and_what_filters_read() {
    let topic = moto().topic("notices");
    let queue = subscribed(&topic, "notices", None);
    let notice = notice("hq");
    let notifier = SnsNotifier::new(&moto().config(), &topic);
    notifier.send(&notice).await.unwrap();

    let received = moto().received(&queue);
    assert_eq!(received.len(), 1);
    assert_eq!(received[0]["Subject"], notice.subject);
    let document: Value = serde_json::from_str(&text(&received[0]["Message"])).unwrap();
    assert_eq!(document, json!(notice));
    assert_eq!(document["detail"]["count"], 400);
    let attributes = json!({
        "source": { "Type": "String", "Value": "hq" },
        "kind": { "Type": "String", "Value": "held" },
    });
    assert_eq!(received[0]["MessageAttributes"], attributes);
}

#[tokio::test]
async fn a_contact_hears_of_its_own_sources_and_of_no_other() {
    let topic = moto().topic("filtered");
    let queue = moto().queue("filtered");
    let wanted = ["cn", "hq"].map(|it| (Contact::Arn(queue.arn.clone()), SourceId::new(it)));
    let contacts = SnsContacts::new(&moto().config(), &topic);
    contacts.reconcile(&wanted).await.unwrap();

    let notifier = SnsNotifier::new(&moto().config(), &topic);
    for source in ["hq", "labs", "cn"] {
        notifier.send(&notice(source)).await.unwrap();
    }
    let received = moto().received(&queue);
    let source = |message: &Value| text(&message["MessageAttributes"]["source"]["Value"]);
    let mut sources: Vec<_> = received.iter().map(source).collect();
    sources.sort();
    assert_eq!(sources, ["cn", "hq"]);
}

#[tokio::test]
async fn a_test_notice_says_that_it_is_one() {
    let topic = moto().topic("tested");
    let queue = subscribed(&topic, "tested", Some(r#"{"kind":["test"]}"#));
    let notifier = SnsNotifier::new(&moto().config(), &topic);
    let test = Notice {
        kind: NoticeKind::Test,
        run: None,
        ..notice("hq")
    };
    notifier.send(&notice("hq")).await.unwrap();
    notifier.send(&test).await.unwrap();
    let received = moto().received(&queue);
    assert_eq!(received.len(), 1);
    let kind = json!({ "Type": "String", "Value": "test" });
    assert_eq!(received[0]["MessageAttributes"]["kind"], kind);
}

/// moto keeps text messages and takes what is left of 262,144 bytes, as SNS does.
#[tokio::test]
async fn a_notice_that_is_too_long_for_sns_arrives_cut_and_readable() {
    let topic = moto().topic("long");
    let queue = subscribed(&topic, "long", None);
    let notifier = SnsNotifier::new(&moto().config(), &topic);
    let long = Notice {
        text: "人\n".repeat(100_000),
        detail: json!({ "places": vec!["somewhere"; 50_000] }),
        ..notice("hq")
    };
    notifier.send(&long).await.unwrap();
    let received = moto().received(&queue);
    let document: Value = serde_json::from_str(&text(&received[0]["Message"])).unwrap();
    assert!(text(&document["text"]).ends_with("[…]"));
    assert_eq!(document["detail"], json!({ "cut": true }));
}

#[tokio::test]
async fn a_topic_that_is_not_there_is_an_error_with_the_code_of_sns() {
    let missing = moto().topic("missing").replace("missing", "never-made");
    let notifier = SnsNotifier::new(&moto().config(), missing);
    let error = notifier.send(&notice("hq")).await.unwrap_err();
    assert_eq!(error.to_string(), "SNS did not take the message: NotFound");
}
