//! Runs and their rows.

use std::collections::BTreeMap;

use jiff::Timestamp;
use org_model::ItemKind;
use org_plan::Action;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use source_admin::Asked;
use sync_run::{Counts, RowResult, RunMode, RunRecord, RunStatus, Trigger};
use utoipa::ToSchema;

use super::{
    ActionWord, KindWord, ModeWord, ResultWord, RunStatusWord, TriggerWord, Warning, warnings,
};

/// What a manual run should do. No body: apply.
#[derive(Clone, Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct RunBody {
    #[serde(default)]
    pub mode: WishedMode,
    /// Apply exactly this plan, which a run in the mode `plan` showed; if the plan is another by
    /// then, the run refuses it as stale and its rows say what is different.
    pub plan: Option<String>,
}

/// What may be asked for here; undo and restore have calls of their own.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum WishedMode {
    #[default]
    Apply,
    Plan,
}

impl From<WishedMode> for RunMode {
    fn from(mode: WishedMode) -> Self {
        match mode {
            WishedMode::Apply => Self::Apply,
            WishedMode::Plan => Self::Plan,
        }
    }
}

/// One execution.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct Run {
    pub run: String,
    pub source: String,
    #[schema(value_type = TriggerWord)]
    pub trigger: Trigger,
    #[schema(value_type = ModeWord)]
    pub mode: RunMode,
    pub requested_by: Option<String>,
    /// For schedules: the Scheduler's execution id; `null`: another trigger, or the local runner.
    pub execution: Option<String>,
    pub generation: Option<u64>,
    /// How many invocations it took so far: one that nears its deadline hands over to the next.
    pub segments: u32,
    #[schema(value_type = RunStatusWord)]
    pub status: RunStatus,
    #[schema(value_type = String, format = DateTime)]
    pub queued_at: Timestamp,
    #[schema(value_type = Option<String>, format = DateTime)]
    pub started_at: Option<Timestamp>,
    #[schema(value_type = Option<String>, format = DateTime)]
    pub finished_at: Option<Timestamp>,
    /// `null` until the reading is judged.
    pub sealed: Option<bool>,
    pub unsealed_reasons: Vec<Reason>,
    /// The agent WeCom was read through; `null`: directly, or not yet.
    pub agent: Option<String>,
    /// The plan's fingerprint.
    pub plan: Option<String>,
    /// The only plan that this run may apply.
    pub expected_plan: Option<String>,
    /// The run that showed that plan.
    pub expected_plan_run: Option<String>,
    /// For `undo`: the run whose removals are given back.
    pub undoes: Option<String>,
    /// For `restore`: who is given back.
    pub restores: Option<String>,
    /// Rows by kind in the plural, action and result.
    #[schema(value_type = BTreeMap<String, BTreeMap<String, BTreeMap<String, u64>>>)]
    pub counts: Counts,
    /// Attribute → how many people keep a value that this run would have emptied: a plan that
    /// shows it, applied by its fingerprint, empties it.
    pub kept_back: BTreeMap<String, u64>,
    /// By WeCom's name of the call.
    pub wecom_calls: BTreeMap<String, u64>,
    pub dynamodb: Capacity,
    /// For `skipped`: the run that was live.
    pub live_run: Option<String>,
    pub error: Option<RunError>,
    /// Only in the answer to the request for a run.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    #[schema(required = false)]
    pub warnings: Vec<Warning>,
}

#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct Reason {
    pub code: String,
    pub message: String,
}

/// Consumed capacity, as DynamoDB counts it.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct Capacity {
    pub read_units: f64,
    pub write_units: f64,
}

#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct RunError {
    pub code: String,
    pub message: String,
    pub remedy: String,
}

impl From<RunRecord> for Run {
    fn from(record: RunRecord) -> Self {
        let reasons = record.unsealed_reasons.into_iter();
        Self {
            run: record.run.to_string(),
            source: record.source.to_string(),
            trigger: record.trigger,
            mode: record.mode,
            requested_by: record.requested_by,
            execution: record.execution,
            generation: record.generation.map(|generation| generation.0),
            segments: record.segments,
            status: record.status,
            queued_at: record.queued_at,
            started_at: record.started_at,
            finished_at: record.finished_at,
            sealed: record.sealed,
            unsealed_reasons: reasons
                .map(|reason| Reason {
                    code: reason.code,
                    message: reason.message,
                })
                .collect(),
            agent: record.agent,
            plan: record.plan.map(|plan| plan.to_string()),
            expected_plan: record.expected_plan.map(|plan| plan.to_string()),
            expected_plan_run: record.expected_plan_run.map(|run| run.to_string()),
            undoes: record.undoes.map(|run| run.to_string()),
            restores: record.restores.map(|userid| userid.to_string()),
            counts: record.counts,
            kept_back: record.kept_back,
            wecom_calls: record.wecom_calls,
            dynamodb: Capacity {
                read_units: record.dynamodb.read_units,
                write_units: record.dynamodb.write_units,
            },
            live_run: record.live_run.map(|run| run.to_string()),
            error: record.error.map(|error| RunError {
                code: error.code,
                message: error.message,
                remedy: error.remedy,
            }),
            warnings: Vec::new(),
        }
    }
}

impl From<Asked> for Run {
    fn from(asked: Asked) -> Self {
        let found = warnings(asked.warnings);
        Self {
            warnings: found,
            ..Self::from(asked.record)
        }
    }
}

/// One line of a run's log.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct Row {
    pub seq: u64,
    #[schema(value_type = KindWord)]
    pub kind: ItemKind,
    /// As WeCom spells it.
    pub id: String,
    pub internal_id: String,
    pub name: String,
    #[schema(value_type = ActionWord)]
    pub action: Action,
    #[schema(value_type = ResultWord)]
    pub result: RowResult,
    pub code: Option<String>,
    pub message: Option<String>,
    pub remedy: Option<String>,
    pub changes: Vec<AttributeChange>,
}

/// `null` where there is no value.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct AttributeChange {
    pub attribute: String,
    pub before: Option<Value>,
    pub after: Option<Value>,
}

impl From<sync_run::Row> for Row {
    fn from(row: sync_run::Row) -> Self {
        let changes = row.changes.into_iter();
        Self {
            seq: row.seq,
            kind: row.kind,
            id: row.id,
            internal_id: row.internal_id.to_string(),
            name: row.name,
            action: row.action,
            result: row.result,
            code: row.code,
            message: row.message,
            remedy: row.remedy,
            changes: changes.map(AttributeChange::from).collect(),
        }
    }
}

impl From<org_plan::AttributeChange> for AttributeChange {
    fn from(change: org_plan::AttributeChange) -> Self {
        Self {
            attribute: change.attribute,
            before: change.before,
            after: change.after,
        }
    }
}
