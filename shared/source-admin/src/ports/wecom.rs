//! The door to WeCom for somebody who is asking, not syncing.

use std::collections::BTreeMap;
use std::net::IpAddr;
use std::time::Duration;

use async_trait::async_trait;
use jiff::Timestamp;
use org_model::{DepartmentId, RawMember, UserId};
use secrecy::SecretString;
use sync_run::ports::{AgentAccess, Answer, ReadError, Remedy, WecomAccess};

/// The steps of a check, in order (DESIGN.md §6).
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum StepName {
    /// The road as far as WeCom's port: the agent and its tunnel, or the direct connection.
    Agent,
    /// WeCom's certificate. An https agent's own belongs to `Agent`.
    Tls,
    /// A fresh token: the secret that is in force now.
    Token,
    /// A real read (`agent/get`): only one proves that the address is trusted. Whatever WeCom
    /// refuses it with fails this step: 60020, 301002, 48009, 50003.
    TrustedIp,
    /// The app is switched on, and its range names somebody or something.
    VisibleRange,
    DepartmentRead,
    MemberRead,
}

impl StepName {
    pub const ALL: [Self; 7] = [
        Self::Agent,
        Self::Tls,
        Self::Token,
        Self::TrustedIp,
        Self::VisibleRange,
        Self::DepartmentRead,
        Self::MemberRead,
    ];
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CheckStep {
    pub name: StepName,
    pub outcome: StepOutcome,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub enum StepOutcome {
    Passed,
    Failed(CheckFailure),
    NotReached,
}

/// Why a step failed: enough to word it in any language; no URL, token, name or body.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CheckFailure {
    /// The stable codes of [`ReadError`], and of the road to WeCom, with an agent or without:
    /// `bad_agent_url`, `name_unknown`, `forbidden_address`, `connect_refused`, `connect_timeout`,
    /// `unreachable`; `proxy_auth_required` (407), `proxy_forbidden` (403), `proxy_bad_gateway`
    /// (502 to 504), `proxy_refused` (anything else), `agent_tls` (an https agent's own
    /// certificate); `tls_untrusted`, `tls_wrong_name`, `tls_expired`, `tls` (WeCom's). Of the
    /// range: `empty_range`, `no_departments`, `nobody_found`.
    pub code: &'static str,
    pub errcode: Option<i64>,
    /// The addresses to add to the app's trusted addresses (60020): one, unless several agents
    /// were tried.
    pub ips: Vec<IpAddr>,
    pub remedy: Remedy,
    /// The sentences in English.
    pub message: String,
    pub remedy_text: String,
}

impl From<ReadError> for CheckFailure {
    fn from(error: ReadError) -> Self {
        Self {
            code: error.code,
            errcode: error.errcode,
            ips: error.ips,
            remedy: error.remedy,
            message: error.message,
            remedy_text: error.remedy_text,
        }
    }
}

/// What is visible to the app.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct RangeCounts {
    pub whole_company: bool,
    /// Readable departments, those below the declared ones included. `None`: the department read
    /// was not reached.
    pub departments: Option<u64>,
    pub declared_departments: u64,
    /// Members that the range names one by one.
    pub members: u64,
    pub tags: u64,
}

/// A source checked step by step.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SourceCheck {
    /// All of [`StepName::ALL`], in order.
    pub steps: Vec<CheckStep>,
    /// What the agents other than `agent` failed at, in the settings' order. Those after the one
    /// that was used were not tried.
    pub agents_failed: Vec<(String, CheckFailure)>,
    /// The agent whose steps these are: the one that was used, or, where every one failed, the one
    /// that came furthest. `None`: directly.
    pub agent: Option<String>,
    pub range: Option<RangeCounts>,
    /// By WeCom's name, such as `user/list`.
    pub calls: BTreeMap<String, u64>,
}

/// One agent looked at from outside, without credentials of any source.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AgentProbe {
    /// From the first byte to WeCom's answer through the agent.
    pub latency: Option<Duration>,
    /// The address that WeCom names in its refusal of a call without a token (WECOM.md §3).
    pub egress_ip: Option<IpAddr>,
    pub failure: Option<CheckFailure>,
}

#[async_trait]
pub trait WecomDesk: Send + Sync {
    /// Not one call more than needed, and a wrong secret is tried once.
    async fn check(&self, access: WecomAccess) -> SourceCheck;

    /// Reaches WeCom through one agent and asks it for nothing but its refusal.
    async fn probe(&self, base_url: &str, agent: &AgentAccess, deadline: Timestamp) -> AgentProbe;

    /// The first agent through which a read is allowed, as a run would begin.
    async fn open(&self, access: WecomAccess) -> Result<Box<dyn LookupSession>, ReadError>;
}

/// Reads for a preview.
#[async_trait]
pub trait LookupSession: Send + Sync {
    fn agent(&self) -> Option<String>;

    async fn member(&self, userid: &UserId) -> Result<Answer<RawMember>, ReadError>;

    /// Whose mobile this is. `mobile_lookup_not_allowed`: the app has no right to this search,
    /// which a userid does not need, or (60011) the person is not visible to it.
    async fn userid_of(&self, mobile: &SecretString) -> Result<Answer<UserId>, ReadError>;

    /// Everybody in one list: evidence of which fields this app is shown.
    async fn members_of(&self, department: DepartmentId) -> Result<Vec<RawMember>, ReadError>;

    /// The first list of the visible range that has somebody in it, or somebody whom the range
    /// names; empty: nobody is visible in the first places that were looked at.
    async fn sample(&self) -> Result<Vec<RawMember>, ReadError>;

    /// Calls so far, by WeCom's name.
    fn calls(&self) -> BTreeMap<String, u64>;
}
