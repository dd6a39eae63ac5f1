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
}
