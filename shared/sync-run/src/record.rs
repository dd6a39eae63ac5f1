//! What a run writes down: its record, its rows, its decision, its notices.

mod decided;
mod outbox;

use std::collections::{BTreeMap, BTreeSet};

use jiff::Timestamp;
use org_model::{
    Fingerprint, Generation, InternalId, ItemKind, RunId, SourceId, UnsealedReason, UserId,
};
use org_plan::{Action, AttributeChange};
use serde::{Deserialize, Serialize};

pub use decided::{APPROVAL_VALID, Cancellation, Decision, HeldState, StoredHeldList};
pub use outbox::{Notice, NoticeKind, OutboxItem, OutboxPayload};

#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Trigger {
    Schedule,
    Manual,
    Approval,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum RunMode {
    Apply,
    /// Everything up to the decision; writes rows `planned` and nothing else.
    Plan,
    /// Gives back what another run deleted or disabled, and keeps it; WeCom is not asked.
    Undo,
    /// Gives one deleted person back, and keeps them; WeCom is not asked.
    Restore,
}

impl RunMode {
    /// It returns people, asks WeCom nothing, and is gone on with by no later run.
    pub fn gives_back(self) -> bool {
        matches!(self, Self::Undo | Self::Restore)
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum RunStatus {
    Queued,
    Running,
    Succeeded,
    Partial,
    Held,
    Failed,
    Skipped,
    Planned,
    Cancelled,
}

impl RunStatus {
    /// Nothing more will happen in this run.
    pub fn is_final(self) -> bool {
        !matches!(self, Self::Queued | Self::Running)
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum RowResult {
    Done,
    Held,
    Kept,
    Failed,
    Skipped,
    Planned,
}

/// How many rows: by kind in the plural, action and result.
pub type Counts = BTreeMap<String, BTreeMap<Action, BTreeMap<RowResult, u64>>>;

/// One line of a run's log (DESIGN.md §6).
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Row {
    /// Counts from 1 within the run.
    pub seq: u64,
    pub kind: ItemKind,
    pub id: String,
    pub internal_id: InternalId,
    pub name: String,
    pub action: Action,
    pub result: RowResult,
    pub code: Option<String>,
    pub message: Option<String>,
    pub remedy: Option<String>,
    pub changes: Vec<AttributeChange>,
}

/// Rows packed together: a page is one stored item, well under DynamoDB's 400 KB.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct RowsPage {
    /// Counts from 1 within the run; writing a page twice leaves one page.
    pub page: u32,
    pub rows: Vec<Row>,
}

/// Why a run failed, and who should do what.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct RunError {
    pub code: String,
    pub message: String,
    pub remedy: String,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ReasonText {
    pub code: String,
    pub message: String,
}

impl From<&UnsealedReason> for ReasonText {
    fn from(reason: &UnsealedReason) -> Self {
        Self {
            code: reason.code().to_owned(),
            message: reason.to_string(),
        }
    }
}

/// Consumed capacity: DynamoDB's own count.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Units {
    pub read_units: f64,
    pub write_units: f64,
}

/// One execution, as the log shows it (DESIGN.md §6).
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct RunRecord {
    pub run: RunId,
    pub source: SourceId,
    pub trigger: Trigger,
    pub mode: RunMode,
    /// The caller's ARN or subject; `None` for schedules.
    pub requested_by: Option<String>,
    /// For schedules: the Scheduler's execution id, to find the run beside the Scheduler's own log.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub execution: Option<String>,
    pub generation: Option<Generation>,
    /// The settings it runs under: the same in each of its segments.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub settings_version: Option<u64>,
    /// How many have begun.
    pub segments: u32,
    /// The run handed over to its next segment at this time, and that one has not begun.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub handed_over_at: Option<Timestamp>,
    pub status: RunStatus,
    pub queued_at: Timestamp,
    pub started_at: Option<Timestamp>,
    pub finished_at: Option<Timestamp>,
    /// `None` until the snapshot is judged.
    pub sealed: Option<bool>,
    pub unsealed_reasons: Vec<ReasonText>,
    pub agent: Option<String>,
    pub plan: Option<Fingerprint>,
    /// The plan the caller asked to apply; another plan is refused as stale.
    pub expected_plan: Option<Fingerprint>,
    /// The run that showed that plan: its rows tell what is different now.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub expected_plan_run: Option<RunId>,
    /// For mode `undo`: the run whose removals are given back.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub undoes: Option<RunId>,
    /// For mode `restore`: who is given back.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub restores: Option<UserId>,
    pub counts: Counts,
    /// Attribute → how many people keep a value of it that this run would have emptied, had the
    /// guard over clearings let it.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub kept_back: BTreeMap<String, u64>,
    /// Attributes that the applied plan empties for so many that the guard would have kept them.
    #[serde(default, skip_serializing_if = "BTreeSet::is_empty")]
    pub cleared: BTreeSet<String>,
    pub wecom_calls: BTreeMap<String, u64>,
    pub dynamodb: Units,
    /// For `skipped`: the live run.
    pub live_run: Option<RunId>,
    pub error: Option<RunError>,
}

impl RunRecord {
    /// The record of a run that was just asked for.
    pub fn new(
        source: SourceId,
        run: RunId,
        trigger: Trigger,
        mode: RunMode,
        queued_at: Timestamp,
    ) -> Self {
        Self {
            run,
            source,
            trigger,
            mode,
            requested_by: None,
            execution: None,
            generation: None,
            settings_version: None,
            segments: 0,
            handed_over_at: None,
            status: RunStatus::Queued,
            queued_at,
            started_at: None,
            finished_at: None,
            sealed: None,
            unsealed_reasons: Vec::new(),
            agent: None,
            plan: None,
            expected_plan: None,
            expected_plan_run: None,
            undoes: None,
            restores: None,
            counts: Counts::new(),
            kept_back: BTreeMap::new(),
            cleared: BTreeSet::new(),
            wecom_calls: BTreeMap::new(),
            dynamodb: Units::default(),
            live_run: None,
            error: None,
        }
    }

    /// How many rows ended this way, over all kinds and actions.
    pub fn rows_with(&self, result: RowResult) -> u64 {
        let actions = self.counts.values().flat_map(BTreeMap::values);
        actions.filter_map(|results| results.get(&result)).sum()
    }
}
