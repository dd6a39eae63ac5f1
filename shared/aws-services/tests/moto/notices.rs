use aws_services::{SnsContacts, SnsNotifier};
use org_model::SourceId;
use serde_json::json;
use source_admin::ports::Contacts;
use sync_run::ports::Notifier;

use crate::server::{Queue, moto};
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
async fn a_notice_arrives_with_its_subject_its_text_and_what_filters_read() {
    let topic = moto().topic("notices");
    let queue = subscribed(&topic, "notices", None);
    let notice = notice("hq");
    let notifier = SnsNotifier::new(&moto().config(), &topic);
    notifier.send(&notice).await.unwrap();

    let received = moto().received(&queue);
    assert_eq!(received.len(), 1);
    assert_eq!(received[0]["Subject"], notice.subject);
    assert_eq!(received[0]["Message"], notice.text);
    let attributes = json!({
        "source": { "Type": "String", "Value": "hq" },
        "kind": { "Type": "String", "Value": "held" },
    });
    assert_eq!(received[0]["MessageAttributes"], attributes);
}

#[tokio::test]
async fn the_filter_of_a_contact_lets_its_own_sources_through_and_no_other() {
    let topic = moto().topic("filtered");
    let wanted = ["cn", "hq"].map(|source| ("it@example.com".to_owned(), SourceId::new(source)));
    let contacts = SnsContacts::new(&moto().config(), &topic);
    contacts.reconcile(&wanted).await.unwrap();
    let policy = crate::contacts::policy(&topic, "it@example.com").unwrap();
    let queue = subscribed(&topic, "filtered", Some(&policy));

    let notifier = SnsNotifier::new(&moto().config(), &topic);
    for source in ["hq", "labs", "cn"] {
        notifier.send(&notice(source)).await.unwrap();
    }
    let received = moto().received(&queue);
    let source = |message: &serde_json::Value| {
        crate::server::text(&message["MessageAttributes"]["source"]["Value"])
    };
    let mut sources: Vec<_> = received.iter().map(source).collect();
    sources.sort();
    assert_eq!(sources, ["cn", "hq"]);
}

#[tokio::test]
async fn a_topic_that_is_not_there_is_an_error_with_the_code_of_sns() {
    let missing = moto().topic("missing").replace("missing", "never-made");
    let notifier = SnsNotifier::new(&moto().config(), missing);
    let error = notifier.send(&notice("hq")).await.unwrap_err();
    assert_eq!(error.to_string(), "SNS did not take the message: NotFound");
}
