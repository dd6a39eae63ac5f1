//! A source: its settings, and under `state` what the system knows.

use std::collections::BTreeMap;

use jiff::Timestamp;
use org_plan::Limits;
use serde::Serialize;
use source_admin::SourceView;
use source_admin::ports::ContactState;
use source_settings::{Deletions, SourceSettings};
use sync_run::{RunMode, RunRecord, RunStatus, Trigger};
use utoipa::ToSchema;

use super::{
    ContactStateWord, DeletionsWord, ModeWord, RunStatusWord, SourceTypeWord, TriggerWord, Warning,
    warnings,
};

/// One configured WeCom organisation. A `PUT` replaces everything but what is write-only.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct Source {
    #[schema(example = "Head office")]
    pub name: String,
    #[serde(rename = "type")]
    #[schema(value_type = SourceTypeWord, required = false)]
    pub kind: &'static str,
    /// `https`, or `http` on loopback.
    #[schema(required = false, example = "https://qyapi.weixin.qq.com")]
    pub base_url: String,
    pub credentials: SourceCredentials,
    /// Names of agents, in the order in which they are tried; none: WeCom is reached directly.
    #[schema(required = false)]
    pub agents: Vec<String>,
    /// `paused` holds every deletion.
    #[schema(value_type = DeletionsWord, required = false)]
    pub deletions: Deletions,
    #[schema(required = false)]
    pub scope: SourceScope,
    /// Attribute → field or CEL expression.
    #[schema(required = false)]
    pub mapping: BTreeMap<String, String>,
    #[schema(required = false)]
    pub schedule: SourceSchedule,
    #[schema(required = false)]
    pub protection: SourceProtection,
    #[schema(required = false)]
    pub contacts: Vec<SourceContact>,
    #[schema(required = false)]
    pub retention_days: SourceRetention,
    #[schema(read_only, required = false)]
    pub state: SourceState,
}

#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct SourceCredentials {
    #[schema(example = "ww0123456789abcdef")]
    pub corp_id: String,
    #[schema(example = 1000002)]
    pub agent_id: u32,
    /// Required when the source is made, and when `corp_id`, `agent_id` or `base_url` change.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(write_only)]
    pub secret: Option<String>,
}

/// Which departments are read; both empty: all that are visible.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct SourceScope {
    #[schema(required = false)]
    pub include_departments: Vec<u32>,
    #[schema(required = false)]
    pub exclude_departments: Vec<u32>,
}

#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct SourceSchedule {
    #[schema(required = false)]
    pub enabled: bool,
    /// `HH:MM`, the first run of each day.
    #[schema(required = false, example = "00:00")]
    pub start_at: String,
    /// 5m 10m 15m 20m 30m, or 1h to 24h.
    #[schema(required = false, example = "1h")]
    pub every: String,
    /// An IANA name.
    #[schema(required = false, example = "Asia/Shanghai")]
    pub timezone: String,
}

#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct SourceProtection {
    #[schema(required = false)]
    pub users: SourceLimits,
    #[schema(required = false)]
    pub departments: SourceLimits,
}

/// Deletions past these are held.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct SourceLimits {
    /// Up to this many never trip.
    #[schema(required = false, maximum = 50)]
    pub floor: u32,
    #[schema(required = false, maximum = 1000)]
    pub max_count: u32,
    #[schema(required = false, maximum = 50)]
    pub max_percent: u32,
}

#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct SourceContact {
    #[schema(example = "it@example.com")]
    pub email: String,
}

#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct SourceRetention {
    /// How long a deleted person or department can come back.
    #[schema(required = false)]
    pub deleted: u32,
    #[schema(required = false)]
    pub logs: u32,
}

/// What the system knows about a source; ignored on input.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct SourceState {
    pub source: String,
    /// As in the ETag.
    pub version: u64,
    #[schema(value_type = String, format = DateTime)]
    pub created_at: Timestamp,
    #[schema(value_type = String, format = DateTime)]
    pub updated_at: Timestamp,
    pub updated_by: Option<String>,
    /// A secret is stored; it is never returned.
    pub has_secret: bool,
    /// People of this organisation are in the directory: `corp_id` and `base_url` cannot change.
    pub has_mirror: bool,
    /// The latest run that was not skipped.
    pub last_run: Option<RunSummary>,
    /// The end of the last run that was sealed, applied and not failed.
    #[schema(value_type = Option<String>, format = DateTime)]
    pub last_success_at: Option<Timestamp>,
    /// The run that is queued or running.
    pub live_run: Option<String>,
    /// `null`: the schedule is off.
    #[schema(value_type = Option<String>, format = DateTime)]
    pub next_run_at: Option<Timestamp>,
    /// How many held lists wait for a person; `null`: it could not be read.
    pub held_waiting: Option<u64>,
    pub contacts: Vec<ContactStanding>,
    pub warnings: Vec<Warning>,
}

#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct RunSummary {
    pub run: String,
    #[schema(value_type = TriggerWord)]
    pub trigger: Trigger,
    #[schema(value_type = ModeWord)]
    pub mode: RunMode,
    #[schema(value_type = RunStatusWord)]
    pub status: RunStatus,
    #[schema(value_type = Option<String>, format = DateTime)]
    pub started_at: Option<Timestamp>,
    #[schema(value_type = Option<String>, format = DateTime)]
    pub finished_at: Option<Timestamp>,
}

#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct ContactStanding {
    pub email: String,
    /// `null`: it could not be asked.
    pub state: Option<ContactStateWord>,
}

impl From<SourceView> for Source {
    fn from(view: SourceView) -> Self {
        let settings = view.stored.settings.clone();
        Self {
            credentials: SourceCredentials {
                corp_id: settings.credentials.corp_id.clone(),
                agent_id: settings.credentials.agent_id,
                secret: None,
            },
            scope: scope(&settings),
            schedule: SourceSchedule {
                enabled: settings.schedule.enabled,
                start_at: settings.schedule.start_at.to_string(),
                every: settings.schedule.every.to_string(),
                timezone: settings.schedule.timezone.clone(),
            },
            protection: SourceProtection {
                users: settings.protection.users.into(),
                departments: settings.protection.departments.into(),
            },
            contacts: contacts(&settings),
            retention_days: SourceRetention {
                deleted: settings.retention_days.deleted,
                logs: settings.retention_days.logs,
            },
            agents: settings.agents.iter().map(ToString::to_string).collect(),
            name: settings.name,
            kind: settings.kind,
            base_url: settings.base_url,
            deletions: settings.deletions,
            mapping: settings.mapping,
            state: view.into(),
        }
    }
}

fn scope(settings: &SourceSettings) -> SourceScope {
    let scope = &settings.scope;
    SourceScope {
        include_departments: scope.include_departments.iter().map(|id| id.0).collect(),
        exclude_departments: scope.exclude_departments.iter().map(|id| id.0).collect(),
    }
}

fn contacts(settings: &SourceSettings) -> Vec<SourceContact> {
    let contacts = settings.contacts.iter();
    contacts
        .map(|contact| SourceContact {
            email: contact.email.clone(),
        })
        .collect()
}

impl From<Limits> for SourceLimits {
    fn from(limits: Limits) -> Self {
        Self {
            floor: limits.floor,
            max_count: limits.max_count,
            max_percent: limits.max_percent,
        }
    }
}

impl From<SourceView> for SourceState {
    fn from(view: SourceView) -> Self {
        let stored = view.stored;
        let contacts = view.contacts.into_iter();
        Self {
            source: stored.source.to_string(),
            version: stored.version,
            created_at: stored.created_at,
            updated_at: stored.updated_at,
            updated_by: stored.updated_by,
            has_secret: stored.settings.credentials.secret.is_some(),
            has_mirror: stored.state.has_mirror,
            last_run: view.last_run.map(RunSummary::from),
            last_success_at: stored.state.last_success_at,
            live_run: view.live_run.map(|run| run.to_string()),
            next_run_at: view.next_run_at,
            held_waiting: view.held_waiting,
            contacts: contacts
                .map(|contact| ContactStanding {
                    email: contact.email,
                    state: contact.state.map(ContactStateWord::from),
                })
                .collect(),
            warnings: warnings(view.warnings),
        }
    }
}

impl From<RunRecord> for RunSummary {
    fn from(record: RunRecord) -> Self {
        Self {
            run: record.run.to_string(),
            trigger: record.trigger,
            mode: record.mode,
            status: record.status,
            started_at: record.started_at,
            finished_at: record.finished_at,
        }
    }
}

impl From<ContactState> for ContactStateWord {
    fn from(state: ContactState) -> Self {
        match state {
            ContactState::Pending => Self::Pending,
            ContactState::Confirmed => Self::Confirmed,
            ContactState::Gone => Self::Gone,
        }
    }
}
