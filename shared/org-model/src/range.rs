//! The visible range: what the WeCom app may see, declared and expanded.

use std::collections::{BTreeMap, BTreeSet};

use serde::{Deserialize, Serialize};

use crate::{DepartmentId, TagId, UserKey};

/// The range as `agent/get` declares it: departments (with everything below), members and tags.
#[derive(Clone, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct VisibleRange {
    pub departments: BTreeSet<DepartmentId>,
    pub users: BTreeSet<UserKey>,
    pub tags: BTreeSet<TagId>,
}

impl VisibleRange {
    /// The whole company is visible, so that a person nobody lists is really absent.
    pub fn includes_root(&self) -> bool {
        self.departments.contains(&DepartmentId::ROOT)
    }
}

/// The range with everything below written out: every department that was readable, who each tag
/// names, and the single members. It is what the baseline of a source keeps.
#[derive(Clone, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct ExpandedRange {
    pub declared: VisibleRange,
    pub departments: BTreeSet<DepartmentId>,
    pub tag_members: BTreeMap<TagId, BTreeSet<UserKey>>,
}

/// What a reading's range lacks compared with the baseline.
#[derive(Clone, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct RangeNarrowing {
    pub departments: BTreeSet<DepartmentId>,
    pub users: BTreeSet<UserKey>,
    pub tags: BTreeSet<TagId>,
    pub tag_members: BTreeSet<UserKey>,
    /// The baseline saw the whole company and this reading does not.
    pub root_lost: bool,
}

impl RangeNarrowing {
    pub fn is_empty(&self) -> bool {
        *self == Self::default()
    }
}

impl ExpandedRange {
    /// What `self` lacks of `baseline`.
    pub fn narrowing_from(&self, baseline: &Self) -> RangeNarrowing {
        let members = |range: &Self| -> BTreeSet<UserKey> {
            range.tag_members.values().flatten().cloned().collect()
        };
        let missing_from = &self.declared;
        RangeNarrowing {
            departments: &baseline.departments - &self.departments,
            users: &baseline.declared.users - &missing_from.users,
            tags: &baseline.declared.tags - &missing_from.tags,
            tag_members: &members(baseline) - &members(self),
            root_lost: baseline.declared.includes_root() && !missing_from.includes_root(),
        }
    }
}
