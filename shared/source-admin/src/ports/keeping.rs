//! Doors to the store: login apps, agents' checks, history, ranges, clearing.

use std::collections::BTreeMap;
use std::net::IpAddr;

use async_trait::async_trait;
use jiff::Timestamp;
use org_model::{Fingerprint, RunId, SourceId};
use org_plan::HeldItem;
use serde::{Deserialize, Serialize};
use source_settings::{
    AgentId, LoginAppId, LoginAppSettings, SecretRef, SettingsChange, SourceSettings,
};
use sync_run::ports::StoreError;
use sync_run::{AffectedPeople, Clearance, StandingRange};

use super::{Author, Expected, Page, PageRequest};

/// One change of a source's settings, on its way to the commit point.
#[derive(Clone, Debug)]
pub struct SourceCommit<'a> {
    pub settings: &'a SourceSettings,
    pub expected: Expected,
    pub author: &'a Author,
    pub action: HistoryAction,
    /// For the history, which is written in the same transaction.
    pub changes: &'a [SettingsChange],
    /// What has to follow outside the store.
    pub unsettled: &'a Unsettled,
    /// The settings name another organisation or server: only while no run is live and nothing was
    /// mirrored, checked with the write.
    pub moves: bool,
}

/// What the settings ask of the world outside the store and may not be done yet: written with the
/// settings, taken back when it is done, so that nobody believes what is not so.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Unsettled {
    pub schedule: bool,
    pub contacts: bool,
    /// Secrets that no settings name any more.
    pub secrets: Vec<SecretRef>,
}

impl Unsettled {
    pub fn is_empty(&self) -> bool {
        *self == Self::default()
    }
}

/// What an entry of the history tells of.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum HistoryAction {
    Created,
    Changed,
    CredentialsImported,
    RangeAccepted,
    Replaced,
    /// A mark that kept somebody was taken back.
    KeptCleared,
}

/// One change of a source: who, when, what.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct HistoryEntry {
    pub at: Timestamp,
    pub by: String,
    pub action: HistoryAction,
    /// The settings' version after it; `None`: they did not change.
    pub version: Option<u64>,
    pub changes: Vec<SettingsChange>,
}

#[async_trait]
pub trait History: Send + Sync {
    /// Latest first.
    async fn history(
        &self,
        source: &SourceId,
        page: &PageRequest,
    ) -> Result<Page<HistoryEntry>, StoreError>;
}

/// A login app as it is stored; `settings.credentials.secret` says where its secret is kept.
#[derive(Clone, Debug)]
pub struct StoredLoginApp {
    pub id: LoginAppId,
    pub settings: LoginAppSettings,
    pub version: u64,
    pub updated_at: Timestamp,
    pub updated_by: Option<String>,
}

#[async_trait]
pub trait LoginApps: Send + Sync {
    async fn login_app(&self, id: &LoginAppId) -> Result<Option<StoredLoginApp>, StoreError>;
    async fn login_apps(&self) -> Result<Vec<StoredLoginApp>, StoreError>;
    /// [`StoreError::Conflict`] if `expected` does not hold.
    async fn put_login_app(
        &self,
        id: &LoginAppId,
        settings: &LoginAppSettings,
        expected: Expected,
        author: &Author,
    ) -> Result<StoredLoginApp, StoreError>;
    /// [`StoreError::Conflict`] if it is not this version. One that is gone is done.
    async fn delete_login_app(&self, id: &LoginAppId, version: u64) -> Result<(), StoreError>;
}

/// What the last check of an agent found.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct AgentCheck {
    pub at: Timestamp,
    /// The agent's settings that were checked; others say nothing of these.
    pub version: u64,
    pub standing: AgentStanding,
    pub latency_milliseconds: Option<u64>,
    /// The address that WeCom saw.
    pub egress_ip: Option<IpAddr>,
    /// The source whose app was used to see whether the address is trusted.
    pub source: Option<SourceId>,
    /// Stable code of what went wrong.
    pub code: Option<String>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum AgentStanding {
    Running,
    Unreachable,
    /// WeCom answers through it, and refuses its address (60020).
    UntrustedIp,
}

/// How deleting an agent ended.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum AgentDeleted {
    /// It is gone, now or before.
    Done,
    /// These sources name it; nothing was deleted.
    InUse(Vec<SourceId>),
}

#[async_trait]
pub trait AgentChecks: Send + Sync {
    async fn checks(&self) -> Result<BTreeMap<AgentId, AgentCheck>, StoreError>;
    async fn check_of(&self, id: &AgentId) -> Result<Option<AgentCheck>, StoreError>;
    /// Remembers a check; no change of the agent's settings.
    async fn note_check(&self, id: &AgentId, check: &AgentCheck) -> Result<(), StoreError>;
    /// Deletes an agent that no source names, with its check. [`StoreError::Conflict`] if it is
    /// not this version.
    async fn delete_agent(&self, id: &AgentId, version: u64) -> Result<AgentDeleted, StoreError>;
}

/// How accepting a range ended.
#[derive(Clone, Debug, PartialEq)]
pub enum RangeAccepted {
    /// It stands, now or before with the same word.
    Done(Box<StandingRange>),
    /// Nothing waits to be accepted.
    Nothing,
    /// What waits is another difference.
    Stale(Box<StandingRange>),
    /// It was accepted before, with another word.
    Decided(Box<StandingRange>),
}

#[async_trait]
pub trait RangeDecisions: Send + Sync {
    async fn standing_range(&self, source: &SourceId) -> Result<Option<StandingRange>, StoreError>;
    /// `None`: no such range stands.
    async fn affected_items(
        &self,
        source: &SourceId,
        fingerprint: Fingerprint,
        page: &PageRequest,
    ) -> Result<Option<Page<HeldItem>>, StoreError>;
    /// The acceptance and its entry in the history, in one transaction.
    async fn accept_range(
        &self,
        source: &SourceId,
        fingerprint: Fingerprint,
        people: AffectedPeople,
        author: &Author,
    ) -> Result<RangeAccepted, StoreError>;
}

/// What stands under the name of a source.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum SourceStanding {
    /// Nothing ever, or it was deleted.
    Unknown,
    Settled,
    Clearing(Clearance),
    /// It was replaced: people may be here, settings are not.
    Vacant(Clearance),
}

/// How a request to clear a source ended.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ClearStart {
    /// The settings are gone; the clearance stands in their place, with what has to follow.
    Begun(Clearance),
    RunLive(RunId),
    /// The settings are not those that the caller read.
    Stale,
}

#[async_trait]
pub trait Clearings: Send + Sync {
    async fn standing_of(&self, source: &SourceId) -> Result<SourceStanding, StoreError>;
    /// Of every source that is being cleared or vacant.
    async fn cleared_sources(&self) -> Result<Vec<Clearance>, StoreError>;
    /// One transaction: no run is queued or live, the settings have this version, and the
    /// clearance takes their place, with `unsettled`.
    async fn begin_clearing(
        &self,
        source: &SourceId,
        version: u64,
        remove: bool,
        unsettled: &Unsettled,
        author: &Author,
    ) -> Result<ClearStart, StoreError>;
    /// What is left to do outside the store for a clearance; `None`: none stands.
    async fn clearing_unsettled(&self, source: &SourceId) -> Result<Option<Unsettled>, StoreError>;
    /// Writes down what is left; empty makes the clearance `outside_done`.
    async fn settle_clearing(&self, source: &SourceId, left: &Unsettled) -> Result<(), StoreError>;
    /// Asks that a vacant or cleared source goes as well. Only ever strengthens a clearance.
    async fn remove_cleared(&self, source: &SourceId) -> Result<(), StoreError>;
}
