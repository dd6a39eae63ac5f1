//! A source: its settings, and under `state` what the system knows.

use std::collections::BTreeMap;

use jiff::Timestamp;
use org_plan::Limits;
use serde::Serialize;
use source_admin::SourceView;
use source_settings::{Deletions, SourceSettings};
use sync_run::{RunMode, RunRecord, RunStatus, Trigger};
use utoipa::ToSchema;

use super::bounds::{AgentName, DepartmentNumber};
use super::{
    Clearance, ContactStanding, DeletionsWord, MappingRuleBody, ModeWord, RunStatusWord,
    SourceContact, SourceTypeWord, TriggerWord, Warning, warnings,
};

/// All sources.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct Sources {
    /// Those with settings.
    pub items: Vec<Source>,
    /// Always `null`: the list comes whole.
    pub next: Option<String>,
    /// Those whose settings are gone: replaced and waiting to be set up anew, or still being
    /// cleared.
    pub cleared: Vec<Clearance>,
}

/// One configured WeCom organisation. A `PUT` replaces everything but what is write-only.
#[derive(Clone, Debug, Serialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Source {
    #[schema(example = "Head office", min_length = 1, max_length = 100)]
    pub name: String,
    #[serde(rename = "type")]
    #[schema(value_type = SourceTypeWord, required = false)]
    pub kind: &'static str,
    /// `https`, or `http` on loopback.
    #[schema(required = false, example = "https://qyapi.weixin.qq.com")]
    pub base_url: String,
    pub credentials: SourceCredentials,
    /// Names of agents, in the order in which they are tried; none: WeCom is reached directly.
    #[schema(value_type = Vec<AgentName>, required = false, max_items = 8)]
    pub agents: Vec<String>,
    /// `paused` holds every deletion.
    #[schema(value_type = DeletionsWord, required = false)]
    pub deletions: Deletions,
    #[schema(required = false)]
    pub scope: SourceScope,
    /// Attribute → field or CEL expression, or such a one with a default.
    #[schema(required = false)]
    pub mapping: BTreeMap<String, MappingRuleBody>,
    #[schema(required = false)]
    pub schedule: SourceSchedule,
    #[schema(required = false)]
    pub protection: SourceProtection,
    #[schema(required = false, max_items = 20)]
    pub contacts: Vec<SourceContact>,
    #[schema(required = false)]
    pub retention_days: SourceRetention,
    #[schema(read_only, required = false)]
    pub state: SourceState,
}

#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct SourceCredentials {
    /// Required, unless a login app stands in its place.
    #[schema(
        required = false,
        example = "ww0123456789abcdef",
        pattern = "^[A-Za-z0-9_-]{1,64}$"
    )]
    pub corp_id: String,
    /// Required, unless a login app stands in its place.
    #[schema(required = false, example = 1000002, minimum = 1)]
    pub agent_id: u32,
    /// Required when the source is made, and when `corp_id`, `agent_id` or `base_url` change.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(write_only)]
    pub secret: Option<String>,
    /// The name of a login app on the same WeCom server, in place of all others: its credentials
    /// are taken over, the secret as a copy.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(write_only, pattern = "^[a-z0-9][a-z0-9-]{0,39}$")]
    pub login_app: Option<String>,
}

/// Which departments are read; both empty: all that are visible.
#[derive(Clone, Debug, Serialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct SourceScope {
    #[schema(value_type = Vec<DepartmentNumber>, required = false, max_items = 1000)]
    pub include_departments: Vec<u32>,
    #[schema(value_type = Vec<DepartmentNumber>, required = false, max_items = 1000)]
    pub exclude_departments: Vec<u32>,
}

#[derive(Clone, Debug, Serialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct SourceSchedule {
    #[schema(required = false)]
    pub enabled: bool,
    /// `HH:MM`, the first run of each day.
    #[schema(
        required = false,
        example = "00:00",
        pattern = "^([01][0-9]|2[0-3]):[0-5][0-9]$"
    )]
    pub start_at: String,
    /// 5m 10m 15m 20m 30m, or 1h to 24h.
    #[schema(
        required = false,
        example = "1h",
        pattern = "^((5|10|15|20|30)m|([1-9]|1[0-9]|2[0-4])h)$"
    )]
    pub every: String,
    /// An IANA name.
    #[schema(required = false, example = "Asia/Shanghai")]
    pub timezone: String,
}

#[derive(Clone, Debug, Serialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct SourceProtection {
    #[schema(required = false)]
    pub users: SourceLimits,
    #[schema(required = false)]
    pub departments: SourceLimits,
}

/// Deletions past these are held. So are, whatever the floor, those that would leave at most one of
/// three or more (`last_ones`; of departments, one besides the root, which is one of the three).
#[derive(Clone, Debug, Serialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct SourceLimits {
    /// Up to this many never trip `max_count` or `max_percent`.
    #[schema(required = false, maximum = 50)]
    pub floor: u32,
    #[schema(required = false, maximum = 1000)]
    pub max_count: u32,
    #[schema(required = false, maximum = 50)]
    pub max_percent: u32,
}

#[derive(Clone, Debug, Serialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct SourceRetention {
    /// How long a deleted person or department can come back.
    #[schema(required = false, minimum = 1, maximum = 3650)]
    pub deleted: u32,
    #[schema(required = false, minimum = 1, maximum = 3650)]
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
    /// The next five start times; none: the schedule is off.
    #[schema(value_type = Vec<String>)]
    pub next_runs_at: Vec<Timestamp>,
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

impl From<SourceView> for Source {
    fn from(view: SourceView) -> Self {
        let settings = view.stored.settings.clone();
        let contacts = settings.contacts.iter().cloned();
        let rules = settings.mapping.clone().into_iter();
        let mapping =
            rules.map(|(name, rule)| (name, MappingRuleBody::of(rule.value, rule.default)));
        Self {
            credentials: SourceCredentials {
                corp_id: settings.credentials.corp_id.clone(),
                agent_id: settings.credentials.agent_id,
                secret: None,
                login_app: None,
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
            contacts: contacts.map(SourceContact::from).collect(),
            retention_days: SourceRetention {
                deleted: settings.retention_days.deleted,
                logs: settings.retention_days.logs,
            },
            agents: settings.agents.iter().map(ToString::to_string).collect(),
            name: settings.name,
            kind: settings.kind,
            base_url: settings.base_url,
            deletions: settings.deletions,
            mapping: mapping.collect(),
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
            next_run_at: view.next_runs_at.first().copied(),
            next_runs_at: view.next_runs_at,
            held_waiting: view.held_waiting,
            contacts: contacts.map(ContactStanding::from).collect(),
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
