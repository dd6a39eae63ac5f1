//! What a change of settings changed, for the history: secrets never stand in it.

use serde::{Deserialize, Serialize};
use serde_json::Value;

/// One value that changed. `None`: it was not there.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct SettingsChange {
    /// RFC 6901, such as `/schedule/every`.
    pub pointer: String,
    pub before: Option<Value>,
    pub after: Option<Value>,
}
