//! Who changed a source, when, and what.

use jiff::Timestamp;
use serde::Serialize;
use serde_json::Value;
use source_admin::ports;
use source_settings::SettingsChange;
use utoipa::ToSchema;

use super::HistoryActionWord;

/// One change of a source.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct HistoryEntry {
    #[schema(value_type = String, format = DateTime)]
    pub at: Timestamp,
    /// The caller's full ARN or the JWT's `sub`.
    pub by: String,
    #[schema(value_type = HistoryActionWord)]
    pub action: ports::HistoryAction,
    /// The settings' version after it; `null`: they did not change.
    pub version: Option<u64>,
    pub changes: Vec<HistoryChange>,
}

/// One value that changed. Secrets never stand here: only that there was one.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct HistoryChange {
    /// RFC 6901, such as `/schedule/every`.
    pub pointer: String,
    /// `null`: it was not there.
    pub before: Option<Value>,
    pub after: Option<Value>,
}

impl From<ports::HistoryEntry> for HistoryEntry {
    fn from(entry: ports::HistoryEntry) -> Self {
        let changes = entry.changes.into_iter();
        Self {
            at: entry.at,
            by: entry.by,
            action: entry.action,
            version: entry.version,
            changes: changes.map(HistoryChange::from).collect(),
        }
    }
}

impl From<SettingsChange> for HistoryChange {
    fn from(change: SettingsChange) -> Self {
        Self {
            pointer: change.pointer,
            before: change.before,
            after: change.after,
        }
    }
}
