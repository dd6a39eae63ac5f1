//! Notices on SNS.

mod message;

use async_trait::async_trait;
use aws_config::SdkConfig;
use aws_sdk_sns::types::MessageAttributeValue;
use aws_sdk_sns::{Client, error::BuildError};
use sync_run::Notice;
use sync_run::ports::{Notifier, SendError};

use crate::send_error::{refusal, send_error};

pub(crate) const SERVICE: &str = "SNS";

/// SNS: a subject is ASCII without line breaks or control characters, shorter than 100.
const SUBJECT_LENGTH_MAX: usize = 99;

/// Publishes to the one topic of notices. Contacts receive a notice if their filter names its
/// source: a mail or a phone its text, a queue or a function the whole of it as JSON. A notice that
/// is sent twice arrives twice: at least once is what the outbox promises.
#[derive(Clone, Debug)]
pub struct SnsNotifier {
    client: Client,
    topic_arn: String,
}

impl SnsNotifier {
    pub fn new(config: &SdkConfig, topic_arn: impl Into<String>) -> Self {
        Self {
            client: Client::new(config),
            topic_arn: topic_arn.into(),
        }
    }
}

#[async_trait]
impl Notifier for SnsNotifier {
    async fn send(&self, notice: &Notice) -> Result<(), SendError> {
        let kind = serde_json::to_value(notice.kind).unwrap_or_default();
        let unfit = |_: BuildError| refusal(SERVICE, "a request that cannot be made");
        self.client
            .publish()
            .topic_arn(&self.topic_arn)
            .subject(sendable_subject(&notice.subject))
            .message_structure("json")
            .message(message::message(notice))
            .message_attributes("source", text(notice.source.as_str()).map_err(unfit)?)
            .message_attributes("kind", text(kind.as_str().unwrap_or("?")).map_err(unfit)?)
            .send()
            .await
            .map(|_| ())
            .map_err(|error| send_error(SERVICE, &error))
    }
}

fn text(value: &str) -> Result<MessageAttributeValue, BuildError> {
    MessageAttributeValue::builder()
        .data_type("String")
        .string_value(value)
        .build()
}

/// A subject that SNS refuses would keep its notice in the outbox for ever: better a `?` in it.
fn sendable_subject(subject: &str) -> String {
    let printable = |c: char| match c {
        ' '..='~' => c,
        c if c.is_whitespace() => ' ',
        _ => '?',
    };
    let cleaned: String = subject.chars().map(printable).collect();
    let cut = cleaned.trim().chars().take(SUBJECT_LENGTH_MAX);
    let sendable: String = cut.collect();
    if sendable.is_empty() {
        "wecom-sync".to_owned()
    } else {
        sendable
    }
}

#[cfg(test)]
mod tests;
