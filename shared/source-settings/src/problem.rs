//! What is wrong with settings, by JSON pointer.

use std::fmt;

use serde::Serialize;

/// One thing that is wrong. Never repeats the value that was given.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
pub struct SettingsProblem {
    /// RFC 6901, such as `/schedule/every`; empty for the whole body.
    pub pointer: String,
    pub message: String,
    pub remedy: String,
}

/// Something that works and that an administrator should know.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
pub struct SettingsWarning {
    pub pointer: String,
    pub message: String,
    pub remedy: String,
}

impl fmt::Display for SettingsProblem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {} ({})", self.pointer, self.message, self.remedy)
    }
}

impl fmt::Display for SettingsWarning {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {} ({})", self.pointer, self.message, self.remedy)
    }
}
