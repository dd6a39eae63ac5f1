//! The names an administrator gives to sources and agents.

use std::fmt;

use org_model::SourceId;
use serde::{Deserialize, Serialize};

/// The name of an egress agent, such as `dc-1`.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct AgentId(String);

/// The text is not the name of a source or agent.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error(
    "a name has 1 to 40 lower-case letters, digits and hyphens and starts with a letter or digit"
)]
pub struct NotAnId;

impl AgentId {
    pub fn parse(text: &str) -> Result<Self, NotAnId> {
        judge(text).map(|()| Self(text.to_owned()))
    }

    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for AgentId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// The name of a login app, such as `sso`.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct LoginAppId(String);

impl LoginAppId {
    pub fn parse(text: &str) -> Result<Self, NotAnId> {
        judge(text).map(|()| Self(text.to_owned()))
    }

    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for LoginAppId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// `[a-z0-9][a-z0-9-]{0,39}`.
pub fn parse_source_id(text: &str) -> Result<SourceId, NotAnId> {
    judge(text).map(|()| SourceId::new(text))
}

fn judge(text: &str) -> Result<(), NotAnId> {
    let allowed = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'-';
    let good =
        (1..=40).contains(&text.len()) && text.bytes().all(allowed) && !text.starts_with('-');
    if good { Ok(()) } else { Err(NotAnId) }
}
