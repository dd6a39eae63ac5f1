//! The door to WeCom, in our own words.

use std::collections::{BTreeMap, BTreeSet};
use std::net::IpAddr;

use async_trait::async_trait;
use jiff::Timestamp;
use org_model::{DepartmentId, RawDepartment, RawMember, RawOrg, UserId};
use secrecy::SecretString;

use super::Progress;

/// Everything that is needed to talk to one corp.
#[derive(Clone, Debug)]
pub struct WecomAccess {
    /// Origin and optional path prefix.
    pub base_url: String,
    pub corp_id: String,
    pub agent_id: u64,
    pub secret: SecretString,
    /// In the order they are tried; empty: connect directly.
    pub agents: Vec<AgentAccess>,
    /// The latest moment at which a request may still be under way.
    pub deadline: Timestamp,
}

/// One egress agent.
#[derive(Clone, Debug)]
pub struct AgentAccess {
    pub id: String,
    /// `http://` or `https://`, without credentials.
    pub url: String,
    pub credentials: Option<(String, SecretString)>,
}

/// An agent that a conversation went around.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AgentFailure {
    pub id: String,
    /// As in [`ReadError::code`].
    pub code: &'static str,
    /// What happened; no URL, token or body.
    pub message: String,
}

/// Which departments the settings take in; both empty: everything visible.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct WecomScope {
    pub include: BTreeSet<DepartmentId>,
    pub exclude: BTreeSet<DepartmentId>,
}

/// An answer to a question by name. Only `Absent` is evidence, and only where all is visible.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Answer<T> {
    Found(T),
    /// 60111 or 46004 for a person, 60123 or 60003 for a department.
    Absent,
    /// A range code other than the above.
    OutOfRange,
    /// No answer, or one that nobody understands.
    Unknown,
}

/// Who should do what.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Remedy {
    RetryLater,
    FixSettings,
    FixWecom,
    Bug,
}

/// A reading that could not even begin, or that must stop at once (WECOM.md §5, configuration).
/// Gaps of a reading that went on are in [`RawOrg::gaps`], not here.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{message}")]
pub struct ReadError {
    /// Stable: `untrusted_ip`, `wrong_secret`, `unknown_corp`, `no_agent`, `tls`, `not_wecom` …
    pub code: &'static str,
    /// WeCom's own number, where it said one.
    pub errcode: Option<i64>,
    /// The addresses that WeCom named and does not trust: each agent has its own.
    pub ips: Vec<IpAddr>,
    /// What happened and what it means; no URL, token, name or body.
    pub message: String,
    pub remedy: Remedy,
    /// What to do, as a sentence for the operator.
    pub remedy_text: String,
    /// The calls that were made before there was a conversation to ask for them, by WeCom's names.
    /// Boxed, so that results stay small.
    pub calls: Box<BTreeMap<String, u64>>,
}

impl ReadError {
    /// Without a number or an address of WeCom's.
    pub fn new(
        code: &'static str,
        message: impl Into<String>,
        remedy: Remedy,
        remedy_text: impl Into<String>,
    ) -> Self {
        Self {
            code,
            errcode: None,
            ips: Vec::new(),
            message: message.into(),
            remedy,
            remedy_text: remedy_text.into(),
            calls: Box::default(),
        }
    }
}

#[async_trait]
pub trait Wecom: Send + Sync {
    /// Finds the first agent through which a token can be had and a read is allowed.
    async fn connect(&self, access: WecomAccess) -> Result<Box<dyn WecomSession>, ReadError>;
}

/// One run's conversation with one corp.
#[async_trait]
pub trait WecomSession: Send + Sync {
    /// The agent that answers now; `None`: directly.
    fn agent(&self) -> Option<String>;

    /// The agents that were tried and given up so far, in the order of the settings.
    fn failed_agents(&self) -> Vec<AgentFailure>;

    /// Reads everything once (DESIGN.md §4 step 3). What is not answered becomes a gap.
    async fn read(&self, scope: &WecomScope, progress: &dyn Progress) -> Result<RawOrg, ReadError>;

    async fn ask_member(&self, userid: &UserId) -> Answer<RawMember>;

    async fn ask_department(&self, id: DepartmentId) -> Answer<RawDepartment>;

    /// Calls so far, by WeCom's name such as `user/list`.
    fn calls(&self) -> BTreeMap<String, u64>;
}
