//! The settings of one source (DESIGN.md §6).

use std::collections::{BTreeMap, BTreeSet};

use field_map::{Mapping, MappingProblem, MappingRule};
use org_model::{AttributeName, DepartmentId};
use org_plan::{AbsenceBudget, Limits, ProtectionRules};
use serde::Serialize;
use serde_json::Value;

use crate::{AgentId, Contact, NewSecret, Schedule, SecretRef, SettingsProblem};

/// Judged settings. `Serialize` gives the JSON of the API, without any secret or its reference.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct SourceSettings {
    pub name: String,
    /// Always `wecom`.
    #[serde(rename = "type")]
    pub kind: &'static str,
    /// `https`, or `http` on loopback; may have a path prefix; no slash at its end.
    pub base_url: String,
    pub credentials: Credentials,
    /// In the order in which they are tried; none: WeCom is reached directly.
    pub agents: Vec<AgentId>,
    pub deletions: Deletions,
    pub scope: Scope,
    /// Attribute → rule, compilable.
    pub mapping: BTreeMap<AttributeName, MappingRule>,
    pub schedule: Schedule,
    pub protection: Protection,
    pub contacts: Vec<Contact>,
    pub retention_days: RetentionDays,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Credentials {
    pub corp_id: String,
    pub agent_id: u32,
    /// Set by whoever keeps the secret; stored beside the settings, not in their JSON.
    #[serde(skip)]
    pub secret: Option<SecretRef>,
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Deletions {
    #[default]
    Protected,
    /// Every deletion is held.
    Paused,
}

/// Which departments are read; both empty: all that are visible.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Scope {
    pub include_departments: BTreeSet<DepartmentId>,
    pub exclude_departments: BTreeSet<DepartmentId>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub struct Protection {
    pub users: Limits,
    pub departments: Limits,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub struct RetentionDays {
    /// How long a deleted person or department can come back.
    pub deleted: u32,
    pub logs: u32,
}

/// What a body held: the settings, and the secret beside them when it was given.
#[derive(Clone, Debug)]
pub struct ParsedSource {
    pub settings: SourceSettings,
    /// To be kept; then set `settings.credentials.secret` to where it is kept.
    pub new_secret: Option<NewSecret>,
}

impl SourceSettings {
    /// Judges the body of a `PUT`. With `existing` settings the stored secret stays when none is
    /// given, unless server, corp or app change; without, a secret is required.
    pub fn parse(
        json: &Value,
        existing: Option<&SourceSettings>,
    ) -> Result<ParsedSource, Vec<SettingsProblem>> {
        crate::parse::source(json, existing)
    }

    /// Like [`SourceSettings::parse`], from text; text that is not JSON is one problem.
    pub fn parse_text(
        text: &str,
        existing: Option<&SourceSettings>,
    ) -> Result<ParsedSource, Vec<SettingsProblem>> {
        crate::parse::source_text(text, existing)
    }

    /// Judges what was stored: the JSON of `Serialize`, and the reference beside it. Fields that
    /// this program does not know are passed over.
    pub fn from_stored(
        json: &Value,
        secret: Option<SecretRef>,
    ) -> Result<Self, Vec<SettingsProblem>> {
        crate::parse::stored_source(json, secret)
    }

    /// What can be read of stored settings that [`SourceSettings::from_stored`] refuses: to show
    /// and to repair them, never to run by. Server and corp are as they were stored, and empty
    /// where they cannot be read; everything else that is unreadable has its default.
    pub fn salvaged(json: &Value, secret: Option<SecretRef>) -> Self {
        crate::parse::salvaged_source(json, secret)
    }

    /// The rules, compiled. Judged settings compile.
    pub fn compiled_mapping(&self) -> Result<Mapping, Vec<MappingProblem>> {
        Mapping::compile(&self.mapping)
    }

    pub fn protection_rules(&self) -> ProtectionRules {
        ProtectionRules {
            users: self.protection.users,
            departments: self.protection.departments,
            paused: self.deletions == Deletions::Paused,
        }
    }

    /// One question more than may be deleted (DESIGN.md §4 step 7).
    pub fn absence_budget(&self) -> AbsenceBudget {
        AbsenceBudget {
            users: self.protection.users.max_count + 1,
            departments: self.protection.departments.max_count + 1,
        }
    }

    /// Refused while the source has a mirror: it would be another organisation.
    pub fn corp_or_server_changed(&self, old: &Self) -> bool {
        self.credentials.corp_id != old.credentials.corp_id || self.base_url != old.base_url
    }

    /// Another app: its visible range has to be compared first.
    pub fn agent_changed(&self, old: &Self) -> bool {
        self.credentials.agent_id != old.credentials.agent_id
    }
}

impl Scope {
    /// The settings leave departments out.
    pub fn is_narrower(&self) -> bool {
        !self.include_departments.is_empty() || !self.exclude_departments.is_empty()
    }
}

impl Default for Protection {
    /// DESIGN.md §5.
    fn default() -> Self {
        Self {
            users: Limits {
                floor: 5,
                max_count: 50,
                max_percent: 10,
            },
            departments: Limits {
                floor: 2,
                max_count: 20,
                max_percent: 10,
            },
        }
    }
}

impl Default for RetentionDays {
    fn default() -> Self {
        Self {
            deleted: 30,
            logs: 180,
        }
    }
}
