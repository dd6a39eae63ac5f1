//! What a reader brought home, before anybody judged it.

use std::collections::BTreeSet;
use std::fmt;

use serde::{Deserialize, Serialize};

use crate::{DepartmentId, TagId, UserId, VisibleRange};

/// One reading, unjudged: it may be incomplete, contradictory or empty.
#[derive(Clone, Debug, Default)]
pub struct RawOrg {
    pub departments: Vec<RawDepartment>,
    /// One entry per listing: a person in three departments may stand here three times.
    pub members: Vec<RawMember>,
    /// Who each tag of the range names, and which departments it names.
    pub tag_members: Vec<(TagId, Vec<UserId>)>,
    pub tag_departments: Vec<(TagId, Vec<DepartmentId>)>,
    /// `agent/get` before and after everything else was read.
    pub range_before: Option<VisibleRange>,
    pub range_after: Option<VisibleRange>,
    /// The settings leave departments out, so that even a range with the root is not everything.
    pub scoped: bool,
    /// Departments that the settings include or exclude and that the tree does not have.
    pub scope_missing: BTreeSet<DepartmentId>,
    /// Everything that was asked for and not answered.
    pub gaps: Vec<Gap>,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RawDepartment {
    pub id: DepartmentId,
    pub name: String,
    pub parent: Option<DepartmentId>,
    pub order: u64,
    /// `None`: the field was absent or not what the documentation says; the old ones stay.
    pub leaders: Option<Vec<UserId>>,
}

/// One listing of one person.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RawMember {
    pub userid: UserId,
    /// `None`: the answer had no name, or an empty one.
    pub name: Option<String>,
    /// As the member's own record says. `None`: the field was absent (some private deployments)
    /// or not what the documentation says. Never a reason to take somebody out of a department.
    pub memberships: Option<Vec<Membership>>,
    /// The department whose list this entry stood in; `None` for `user/get`.
    pub listed_in: Option<DepartmentId>,
    /// `None`: the field was absent.
    pub main_department: Option<DepartmentId>,
    /// `None`: the field was absent or has a value nobody documented.
    pub status: Option<MemberStatus>,
    /// `None`: the field was absent.
    pub direct_leaders: Option<Vec<UserId>>,
    /// The whole record as it came, one JSON object in text: parsed one person at a time, so that
    /// a large organisation costs its bytes and not its trees.
    pub fields: Box<str>,
}

/// One person in one department.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Membership {
    pub department: DepartmentId,
    /// uint32 in WeCom (WECOM.md §3); 0 where absent.
    pub order: u32,
    pub leader: bool,
}

/// WECOM.md §3: 1 active, 2 disabled, 4 not activated, 5 left.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum MemberStatus {
    Active,
    Disabled,
    Pending,
    Left,
}

/// Something that was asked for and not answered to the end.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Gap {
    pub what: GapPlace,
    pub cause: GapCause,
}

#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum GapPlace {
    DepartmentTree,
    DepartmentMembers(DepartmentId),
    Member(UserId),
    Tag(TagId),
    RangeAfter,
}

impl fmt::Display for GapPlace {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::DepartmentTree => f.write_str("the department tree"),
            Self::DepartmentMembers(id) => write!(f, "the members of department {id}"),
            Self::Member(userid) => write!(f, "member {userid}"),
            Self::Tag(id) => write!(f, "tag {id}"),
            Self::RangeAfter => f.write_str("the visible range after reading"),
        }
    }
}

#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum GapCause {
    /// WeCom's error code after every permitted try (WECOM.md §5).
    Errcode(i64),
    /// No answer after every permitted try: timeout, reset, HTTP 5xx, tunnel refused.
    NoAnswer,
    /// An answer that is not what the documentation says: HTML, truncated, wrong types.
    Malformed,
    /// The rate or time budget of the run ended first.
    OutOfBudget,
}

impl fmt::Display for GapCause {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Errcode(code) => write!(f, "WeCom's error code {code}"),
            Self::NoAnswer => f.write_str("no answer"),
            Self::Malformed => f.write_str("an answer that cannot be understood"),
            Self::OutOfBudget => f.write_str("the time or the rate limit ended first"),
        }
    }
}
