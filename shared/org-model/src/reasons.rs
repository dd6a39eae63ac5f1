//! Why a reading does not prove absence, in words.

use std::collections::BTreeSet;
use std::fmt;

use serde::{Deserialize, Serialize};

use crate::{DepartmentId, Gap, RangeNarrowing, TreeFlaw, UserKey};

/// Why a reading does not prove absence. `code()` is stable; the text is for people.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum UnsealedReason {
    /// Not everything that was asked was answered: how many, and the first.
    Incomplete {
        gaps: usize,
        first: Gap,
    },
    NothingRead,
    TreeUnsound(TreeFlaw),
    RangeUnknown,
    RangeChangedWhileReading,
    RangeNarrower(RangeNarrowing),
    /// The settings include or exclude departments that the tree does not have.
    ScopeMissing(BTreeSet<DepartmentId>),
    /// The settings name another app than the one whose range is the baseline.
    AgentChanged,
    /// Two userids that differ only by case (WECOM.md §3 forbids it).
    CaseTwins(UserKey),
    /// One person was listed twice with different departments: they moved while we read.
    ChangedWhileReading(UserKey),
    /// A member names departments that the tree does not have, although all is visible.
    DepartmentNotListed(DepartmentId),
    /// People whom the listing missed answered when asked by name.
    ListingsCameShort {
        found: usize,
    },
}

impl UnsealedReason {
    /// A stable word for logs and filters.
    pub fn code(&self) -> &'static str {
        match self {
            Self::NothingRead => "nothing_read",
            Self::Incomplete { .. } => "incomplete",
            Self::TreeUnsound(_) => "tree_unsound",
            Self::RangeUnknown => "range_unknown",
            Self::RangeChangedWhileReading => "range_changed_while_reading",
            Self::RangeNarrower(_) => "range_narrower",
            Self::ScopeMissing(_) => "scope_missing",
            Self::AgentChanged => "agent_changed",
            Self::CaseTwins(_) => "case_twins",
            Self::ChangedWhileReading(_) => "changed_while_reading",
            Self::DepartmentNotListed(_) => "department_not_listed",
            Self::ListingsCameShort { .. } => "listings_came_short",
        }
    }
}

impl fmt::Display for UnsealedReason {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::NothingRead => f.write_str("WeCom showed nobody at all"),
            Self::Incomplete { gaps, first } => {
                write!(
                    f,
                    "{gaps} answers are missing, first: {} ({})",
                    first.what, first.cause
                )
            }
            Self::TreeUnsound(flaw) => write!(f, "the department tree is not sound: {flaw}"),
            Self::RangeUnknown => f.write_str("the visible range could not be read"),
            Self::RangeChangedWhileReading => {
                f.write_str("the visible range changed while it was read")
            }
            Self::RangeNarrower(narrowing) => write_narrowing(f, narrowing),
            Self::ScopeMissing(ids) => write_scope_missing(f, ids),
            Self::AgentChanged => {
                f.write_str("the app differs from the one whose visible range is known")
            }
            Self::CaseTwins(key) => write!(f, "two userids differ only by case: {key}"),
            Self::ChangedWhileReading(key) => {
                write!(f, "{key} moved between departments while they were read")
            }
            Self::DepartmentNotListed(id) => {
                write!(
                    f,
                    "people stand in department {id}, which the tree does not have"
                )
            }
            Self::ListingsCameShort { found } => {
                write!(f, "{found} people whom no list showed answered by name")
            }
        }
    }
}

fn write_narrowing(f: &mut fmt::Formatter<'_>, narrowing: &RangeNarrowing) -> fmt::Result {
    f.write_str("the visible range is narrower than before:")?;
    if narrowing.root_lost {
        f.write_str(" the whole company is no longer visible;")?;
    }
    write!(
        f,
        " {} departments, {} members, {} tags and {} tag members are missing",
        narrowing.departments.len(),
        narrowing.users.len(),
        narrowing.tags.len(),
        narrowing.tag_members.len(),
    )
}

/// How many ids a sentence names.
const IDS_SHOWN_MAX: usize = 5;

fn write_scope_missing(f: &mut fmt::Formatter<'_>, ids: &BTreeSet<DepartmentId>) -> fmt::Result {
    let shown: Vec<String> = ids
        .iter()
        .take(IDS_SHOWN_MAX)
        .map(ToString::to_string)
        .collect();
    let more = if ids.len() > IDS_SHOWN_MAX {
        " ..."
    } else {
        ""
    };
    write!(
        f,
        "the scope names {} departments that WeCom does not show: {}{more}",
        ids.len(),
        shown.join(", ")
    )
}
