//! Who hears of notices.

use serde::{Deserialize, Serialize};

/// One endpoint of the notice topic. Its JSON is `{"email":…}`, `{"sms":…}` or `{"arn":…}`.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Contact {
    Email(String),
    /// A telephone number in E.164 form.
    Sms(String),
    /// An SNS endpoint: a queue, a function or a mobile application.
    Arn(String),
}

impl Contact {
    /// What SNS is given as the endpoint.
    pub fn address(&self) -> &str {
        match self {
            Self::Email(address) | Self::Sms(address) | Self::Arn(address) => address,
        }
    }

    /// Would SNS reach the same endpoint? Mail addresses differ in case only.
    pub(crate) fn is_same(&self, other: &Self) -> bool {
        match (self, other) {
            (Self::Email(one), Self::Email(other)) => one.eq_ignore_ascii_case(other),
            _ => self == other,
        }
    }
}

/// The plain form that SNS takes: RFC 5321 without quoted and internationalised parts.
pub(crate) fn is_email(text: &str) -> bool {
    let Some((local, domain)) = text.split_once('@') else {
        return false;
    };
    let in_local =
        |byte: u8| byte.is_ascii_alphanumeric() || b"!#$%&'*+-/=?^_`{|}~.".contains(&byte);
    let in_label = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'-';
    let good_label = |label: &str| (1..=63).contains(&label.len()) && label.bytes().all(in_label);
    text.len() <= 254
        && (1..=64).contains(&local.len())
        && local.bytes().all(in_local)
        && domain.contains('.')
        && domain.split('.').all(good_label)
}

/// E.164: a plus sign, and 8 to 15 digits of which the first is no zero.
pub(crate) fn is_telephone(text: &str) -> bool {
    let Some(digits) = text.strip_prefix('+') else {
        return false;
    };
    (8..=15).contains(&digits.len())
        && digits.bytes().all(|byte| byte.is_ascii_digit())
        && !digits.starts_with('0')
}

/// Longer than any ARN of these kinds: a mobile endpoint is the longest, with two names of 256.
const ARN_MAX_BYTES: usize = 700;
const ARN_REMEDY: &str = "write the ARN of an SQS queue, a Lambda function or an SNS mobile \
                          endpoint, such as arn:aws:sqs:eu-west-1:123456789012:notices";

/// Why this is not an endpoint that SNS takes by its ARN, and what to do:
/// `arn:<partition>:<service>:<region>:<account>:<resource>`.
pub(crate) fn endpoint_problem(text: &str) -> Option<(&'static str, &'static str)> {
    let wrong = |message| Some((message, ARN_REMEDY));
    let plain = |byte: u8| byte.is_ascii_alphanumeric() || b"-_.:/$".contains(&byte);
    if text.len() > ARN_MAX_BYTES || !text.bytes().all(plain) {
        return wrong("this is not an ARN: it is too long or has signs that no ARN has");
    }
    let parts: Vec<&str> = text.splitn(6, ':').collect();
    let &["arn", partition, service, region, account, resource] = parts.as_slice() else {
        return wrong("this is not an ARN");
    };
    let is_partition = partition == "aws" || partition.starts_with("aws-");
    let is_account = account.len() == 12 && account.bytes().all(|byte| byte.is_ascii_digit());
    let in_region = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'-';
    let is_region = (1..=40).contains(&region.len()) && region.bytes().all(in_region);
    if !is_partition || !is_account || !is_region || resource.is_empty() {
        return wrong("this ARN has no partition, region, account or resource that could be right");
    }
    let is_name = |text: &str| {
        let in_name = |byte: u8| byte.is_ascii_alphanumeric() || b"-_.".contains(&byte);
        (1..=256).contains(&text.len()) && text.bytes().all(in_name)
    };
    match service {
        "sqs" if resource.ends_with(".fifo") => {
            wrong("a FIFO queue takes messages of a FIFO topic only, and notices have none")
        }
        "sqs" if is_name(resource) => None,
        "lambda" if is_function(resource, is_name) => None,
        "lambda" => wrong("this is not the ARN of a Lambda function"),
        "sns" if resource.starts_with("endpoint/") => {
            let is_endpoint = resource.split('/').count() == 4 && resource.split('/').all(is_name);
            let message = "this is not the ARN of an SNS mobile endpoint";
            (!is_endpoint).then_some((message, ARN_REMEDY))
        }
        "sns" => wrong("a topic or platform application cannot subscribe to a topic"),
        "firehose" => wrong("a delivery stream needs a role of its own, which no contact names"),
        _ => wrong("SNS cannot send to this kind of endpoint"),
    }
}

/// `function:<name>`, or with a version or alias behind it.
fn is_function(resource: &str, is_name: impl Fn(&str) -> bool) -> bool {
    let parts: Vec<&str> = resource.split(':').collect();
    match parts.as_slice() {
        ["function", name] => is_name(name),
        ["function", name, version] => is_name(name) && (is_name(version) || *version == "$LATEST"),
        _ => false,
    }
}

#[cfg(test)]
mod tests;
