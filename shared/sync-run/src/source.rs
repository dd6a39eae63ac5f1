//! A source and its agents as they are stored.

use std::collections::BTreeMap;

use jiff::Timestamp;
use org_model::{ExpandedRange, RunId, SourceId};
use serde::{Deserialize, Serialize};
use source_settings::{AgentId, AgentSettings, SecretRef, SourceSettings};

use crate::RunError;

/// What the system knows about a source, beside its settings.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct SourceState {
    /// The expanded range of the last sealed run, and the app it was read with.
    pub baseline: Option<ExpandedRange>,
    pub baseline_agent_id: Option<u64>,
    /// The last apply run that was sealed and not failed.
    pub last_success_at: Option<Timestamp>,
    pub last_run: Option<RunId>,
    pub last_purged_at: Option<Timestamp>,
    /// When each cause was last noticed: one notice per cause, then one reminder a day.
    pub noticed: BTreeMap<String, Timestamp>,
    /// Sealed mirrors have a corp; settings that name another are refused.
    pub has_mirror: bool,
    /// How many live people and departments the mirror had after the last sealed run.
    #[serde(default)]
    pub mirror_size: Option<MirrorSize>,
    /// The runs of the last 24 hours that decided removals, latest last: what the rolling day of
    /// deletion protection is made from.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub removing_runs: Vec<RemovingRun>,
    /// A secret that WeCom refused: it is never tried again (WECOM.md §5).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub refused_secret: Option<RefusedSecret>,
}

/// A run that decided to remove something.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct RemovingRun {
    pub run: RunId,
    pub at: Timestamp,
    /// What its thresholds measured by.
    pub base: MirrorSize,
}

/// Credentials that WeCom called wrong.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct RefusedSecret {
    pub corp_id: String,
    pub agent_id: u64,
    /// Which stored secret: a new one is tried.
    pub secret: SecretRef,
    /// The code and the words of the run that was refused.
    pub error: RunError,
    pub at: Timestamp,
}

/// Live, attached rows of a mirror.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct MirrorSize {
    pub users: u64,
    pub departments: u64,
}

/// A source as a run or an administrator finds it.
#[derive(Clone, Debug)]
pub struct StoredSource {
    pub source: SourceId,
    pub settings: SourceSettings,
    /// Changes with every change of the settings; the ETag of the API.
    pub version: u64,
    pub created_at: Timestamp,
    pub updated_at: Timestamp,
    pub updated_by: Option<String>,
    pub state: SourceState,
}

/// An egress agent as it is stored.
#[derive(Clone, Debug)]
pub struct StoredAgent {
    pub id: AgentId,
    /// `settings.credentials` says where its user name and password are kept, as JSON
    /// `{"username","password"}`.
    pub settings: AgentSettings,
    pub version: u64,
    pub updated_at: Timestamp,
    pub updated_by: Option<String>,
}
