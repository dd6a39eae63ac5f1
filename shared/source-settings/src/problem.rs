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

/// Everything that is wrong with one body.
#[derive(Debug, Default)]
pub(crate) struct Problems {
    found: Vec<SettingsProblem>,
    ignores_unknown: bool,
}

impl Problems {
    /// Of what was stored: a later release may have written fields that this one does not know.
    pub fn of_stored() -> Self {
        Self {
            ignores_unknown: true,
            ..Self::default()
        }
    }

    /// A field that this program does not know.
    pub fn add_unknown(&mut self, pointer: &str, remedy: &str) {
        if !self.ignores_unknown {
            self.add(pointer, "there is no such field", remedy);
        }
    }

    pub fn add(&mut self, pointer: &str, message: &str, remedy: &str) {
        self.found.push(SettingsProblem {
            pointer: pointer.to_owned(),
            message: message.to_owned(),
            remedy: remedy.to_owned(),
        });
    }

    pub fn count(&self) -> usize {
        self.found.len()
    }

    pub fn has_any_at(&self, pointers: &[&str]) -> bool {
        let here = |problem: &SettingsProblem| pointers.contains(&problem.pointer.as_str());
        self.found.iter().any(here)
    }

    /// The value, if nothing was wrong on the way to it.
    pub fn or<T>(self, value: T) -> Result<T, Vec<SettingsProblem>> {
        if self.found.is_empty() {
            Ok(value)
        } else {
            Err(self.found)
        }
    }
}

/// RFC 6901: one step further.
pub(crate) fn pointer_to(parent: &str, key: &str) -> String {
    format!("{parent}/{}", key.replace('~', "~0").replace('/', "~1"))
}
