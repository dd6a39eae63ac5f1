//! The JSON shapes of DESIGN.md §6. Fields may be added, never renamed. Times are RFC 3339, UTC.

mod agent;
mod bounds;
mod check;
mod clearing;
mod conflict;
mod contact;
mod held;
mod history;
mod kept;
mod login_app;
mod people;
mod preview;
mod range;
mod rule;
mod run;
mod source;
#[cfg(test)]
mod tests;
mod words;

use serde::{Deserialize, Serialize};
use source_admin::ports::Page;
use utoipa::ToSchema;

pub use agent::Agent;
pub use bounds::DepartmentNumber;
pub use check::{AgentCheck, AgentCheckBody, Deleted, Failure, SourceCheck};
pub use clearing::{Clearance, ReplaceBody};
pub use conflict::{Person, Resolution, ResolveBody};
pub use contact::{ContactStanding, SourceContact, TestNotice};
pub use held::{Approval, ApproveBody, HeldItem, HeldList};
pub use history::HistoryEntry;
pub use kept::KeptMark;
pub use login_app::{ImportBody, LoginApp};
pub use people::{Department, User};
pub use preview::{Preview, PreviewBody};
pub use range::{AcceptBody, Range, RangeAccepted};
pub use rule::MappingRuleBody;
pub use run::{AttributeChange, Row, Run, RunBody, WishedMode};
pub use source::{Source, Sources};
pub use words::*;

/// One page of a list.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct List<T> {
    pub items: Vec<T>,
    /// Give it back as `cursor` for the page after this one; `null`: there is none. A page may have
    /// fewer items than asked for, or none, and still name a next one.
    pub next: Option<String>,
}

impl<T> List<T> {
    /// A list that always comes whole.
    pub fn whole<V: Into<T>>(items: Vec<V>) -> Self {
        Self {
            items: items.into_iter().map(Into::into).collect(),
            next: None,
        }
    }

    pub fn page<V: Into<T>>(page: Page<V>) -> Self {
        Self {
            items: page.items.into_iter().map(Into::into).collect(),
            next: page.next,
        }
    }
}

/// A body without fields.
#[derive(Clone, Copy, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Nothing {}

/// Something that works and still needs somebody's attention.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct Warning {
    /// Stable, for programs.
    pub code: &'static str,
    /// RFC 6901, the part of the settings it is about.
    pub pointer: Option<String>,
    pub message: String,
    pub remedy: String,
}

impl From<source_admin::Warning> for Warning {
    fn from(warning: source_admin::Warning) -> Self {
        Self {
            code: warning.code,
            pointer: warning.pointer,
            message: warning.message,
            remedy: warning.remedy,
        }
    }
}

pub(crate) fn warnings(found: Vec<source_admin::Warning>) -> Vec<Warning> {
    found.into_iter().map(Warning::from).collect()
}
