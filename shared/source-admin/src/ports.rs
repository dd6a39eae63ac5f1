//! Everything an administrator's call may ask of the world.

mod deciding;
mod keeping;
mod wecom;

pub use deciding::{Decided, HELD_LISTS_MAX, HeldDecisions, HeldHeader, KeptItem, KeptMarks};
pub use keeping::{
    AgentCheck, AgentChecks, AgentDeleted, AgentStanding, ClearStart, Clearings, History,
    HistoryAction, HistoryEntry, LoginApps, RangeAccepted, RangeDecisions, SourceCommit,
    SourceStanding, StoredLoginApp, Unsettled,
};
pub use wecom::{
    AgentProbe, CheckFailure, CheckStep, LookupSession, RangeCounts, SourceCheck, StepName,
    StepOutcome, WecomDesk,
};

use async_trait::async_trait;
use jiff::Timestamp;
use org_model::{DepartmentId, ItemKind, RunId, SourceId, UserKey, UserStatus};
use org_plan::Action;
use secrecy::SecretString;
use source_settings::{AgentId, AgentSettings, Contact, Schedule, SecretRef};
use sync_run::ports::{SendError, StoreError};
use sync_run::{Row, RowResult, RunRecord, StoredAgent, StoredSource};

/// Which version a change was made against.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Expected {
    /// Nothing is there yet.
    Absent,
    /// Exactly this version is there.
    Version(u64),
}

/// Who changes something, and when.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Author {
    /// The caller's full ARN or the JWT's `sub`.
    pub by: String,
    pub at: Timestamp,
}

/// One page of a list; `next` is an opaque cursor.
#[derive(Clone, Debug, PartialEq)]
pub struct Page<T> {
    pub items: Vec<T>,
    pub next: Option<String>,
}

/// The act of a [`StoreError::Unreadable`] that a store answers to a cursor it never gave.
pub const READ_A_CURSOR: &str = "read a cursor";

/// Where to go on, and how many at most. A cursor that is none of this list's is
/// [`StoreError::Unreadable`] with the act [`READ_A_CURSOR`].
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PageRequest {
    pub cursor: Option<String>,
    /// 1 to 1,000.
    pub limit: u32,
}

/// A source as the store keeps it.
#[derive(Clone, Debug)]
pub struct KeptSource {
    pub stored: StoredSource,
    /// What the last change of the settings asks of the world outside the store.
    pub unsettled: Unsettled,
    /// Why no run can read it: `stored` is then what could be salvaged, to show it and to put it
    /// right. Corp and server are empty where they are unknown; `has_mirror` is true where that
    /// is unknown.
    pub unreadable: Option<String>,
}

impl KeptSource {
    pub fn readable(stored: StoredSource) -> Self {
        Self {
            stored,
            unsettled: Unsettled::default(),
            unreadable: None,
        }
    }
}

#[async_trait]
pub trait SettingsStore: Send + Sync {
    async fn agent(&self, id: &AgentId) -> Result<Option<StoredAgent>, StoreError>;
    async fn agents(&self) -> Result<Vec<StoredAgent>, StoreError>;
    /// [`StoreError::Conflict`] if `expected` does not hold.
    async fn put_agent(
        &self,
        id: &AgentId,
        settings: &AgentSettings,
        expected: Expected,
        author: &Author,
    ) -> Result<StoredAgent, StoreError>;

    async fn source(&self, source: &SourceId) -> Result<Option<KeptSource>, StoreError>;
    /// An unreadable one takes no other with it; one that is nothing but its name is left out.
    async fn all_sources(&self) -> Result<Vec<KeptSource>, StoreError>;
    /// The one commit point of a source's settings, whatever stood there.
    /// [`StoreError::Conflict`] if `expected` does not hold.
    /// Its agents are bound to it in the same transaction; one that does not exist any more is a
    /// conflict as well.
    async fn put_source(
        &self,
        source: &SourceId,
        commit: &SourceCommit<'_>,
    ) -> Result<StoredSource, StoreError>;
    /// Writes down what is left to do outside the store. Settings that changed meanwhile have an
    /// `unsettled` of their own: then nothing is written.
    async fn settle_source(
        &self,
        source: &SourceId,
        version: u64,
        left: &Unsettled,
    ) -> Result<(), StoreError>;
}

/// Secrets Manager, to write.
#[async_trait]
pub trait SecretVault: Send + Sync {
    /// Stores a secret under a fresh name with a random suffix.
    async fn put(&self, purpose: &str, secret: &SecretString) -> Result<SecretRef, SendError>;
    /// Sweeps a secret that no settings name any more.
    async fn remove(&self, reference: &SecretRef) -> Result<(), SendError>;
}

/// EventBridge Scheduler.
#[async_trait]
pub trait Schedules: Send + Sync {
    /// Makes the source's schedule equal to `schedule`: created, changed or switched off.
    async fn put(&self, source: &SourceId, schedule: &Schedule) -> Result<(), SendError>;
    /// Deletes the source's schedule; one that is not there is done.
    async fn remove(&self, source: &SourceId) -> Result<(), SendError>;
}

/// The state of one contact's subscription (DESIGN.md §7).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ContactState {
    Pending,
    Confirmed,
    Gone,
}

/// SNS subscriptions: one per endpoint, its filter the union of that endpoint's sources.
#[async_trait]
pub trait Contacts: Send + Sync {
    /// Makes the subscriptions equal to what the sources' settings say.
    async fn reconcile(&self, wanted: &[(Contact, SourceId)]) -> Result<(), SendError>;
    /// The state of each of these contacts.
    async fn states(&self, contacts: &[Contact])
    -> Result<Vec<(Contact, ContactState)>, SendError>;
}

/// How asking for a run ended.
#[derive(Clone, Debug, PartialEq)]
pub enum Enqueued {
    New,
    /// The same `Idempotency-Key` was used before: this is its run.
    Repeated(Box<RunRecord>),
    /// A run is live; nothing was queued.
    Live(RunId),
}

/// What part of a run's rows to show.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct RowFilter {
    pub kind: Option<ItemKind>,
    pub action: Option<Action>,
    pub result: Option<RowResult>,
}

impl RowFilter {
    pub fn takes(&self, row: &Row) -> bool {
        self.kind.is_none_or(|kind| kind == row.kind)
            && self.action.is_none_or(|action| action == row.action)
            && self.result.is_none_or(|result| result == row.result)
    }
}

#[async_trait]
pub trait RunQueue: Send + Sync {
    /// Writes a queued record, unless a run is live or the key was used.
    async fn enqueue(
        &self,
        record: &RunRecord,
        idempotency_key: Option<&str>,
    ) -> Result<Enqueued, StoreError>;
    async fn run(&self, source: &SourceId, run: &RunId) -> Result<Option<RunRecord>, StoreError>;
    /// Latest first.
    async fn runs(
        &self,
        source: &SourceId,
        page: &PageRequest,
    ) -> Result<Page<RunRecord>, StoreError>;
    async fn rows(
        &self,
        source: &SourceId,
        run: &RunId,
        filter: &RowFilter,
        page: &PageRequest,
    ) -> Result<Page<Row>, StoreError>;
    /// A queued run is cancelled at once and never starts; a live one is asked to stop.
    async fn cancel(
        &self,
        source: &SourceId,
        run: &RunId,
        author: &Author,
    ) -> Result<Cancelled, StoreError>;
}

/// How cancelling a run ended.
#[derive(Clone, Debug, PartialEq)]
pub enum Cancelled {
    /// It was queued and never starts.
    Done(Box<RunRecord>),
    /// It is live: it stops at its next row boundary. Asking again changes nothing.
    Asked(Box<RunRecord>),
    /// It was over before, however it ended.
    Over(Box<RunRecord>),
    NotFound,
}

/// Which people to show.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct UserFilter {
    pub status: Option<UserStatus>,
    pub updated_since: Option<Timestamp>,
    /// Only who stands in this department itself.
    pub department: Option<DepartmentId>,
}

#[async_trait]
pub trait DirectoryReader: Send + Sync {
    async fn user(
        &self,
        source: &SourceId,
        key: &UserKey,
    ) -> Result<Option<org_model::DirectoryUser>, StoreError>;
    async fn users(
        &self,
        source: &SourceId,
        filter: &UserFilter,
        page: &PageRequest,
    ) -> Result<Page<org_model::DirectoryUser>, StoreError>;
    /// Records that were moved aside when this userid was given to somebody else, latest first.
    async fn aside(
        &self,
        source: &SourceId,
        key: &UserKey,
    ) -> Result<Vec<org_model::DirectoryUser>, StoreError>;
    async fn department(
        &self,
        source: &SourceId,
        id: DepartmentId,
    ) -> Result<Option<org_model::DirectoryDepartment>, StoreError>;
    async fn departments(
        &self,
        source: &SourceId,
        page: &PageRequest,
    ) -> Result<Page<org_model::DirectoryDepartment>, StoreError>;
}
