//! The thresholds of DESIGN.md §5, and when they trip.

use org_model::ItemKind;
use serde::{Deserialize, Serialize};

/// "At most one live row would remain" is a rule for a base of at least this many.
const LAST_ONES_BASE_MIN: u64 = 3;

/// Thresholds for one kind (DESIGN.md §5).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Limits {
    /// Up to this many removals never trip `max_count` or `max_percent`.
    pub floor: u32,
    pub max_count: u32,
    pub max_percent: u32,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ProtectionRules {
    pub users: Limits,
    pub departments: Limits,
    /// `"deletions": "paused"`: every removal is held.
    pub paused: bool,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum RuleLimit {
    MaxCount,
    MaxPercent,
    /// At most one live item would remain.
    LastOnes,
    /// Deletions are paused by the settings.
    Paused,
    /// An attribute would be emptied for too many people.
    Clearing,
    /// Somebody new may be the same person.
    SuspectedRename,
}

impl RuleLimit {
    pub fn as_str(self) -> &'static str {
        match self {
            Self::MaxCount => "max_count",
            Self::MaxPercent => "max_percent",
            Self::LastOnes => "last_ones",
            Self::Paused => "paused",
            Self::Clearing => "clearing",
            Self::SuspectedRename => "suspected_rename",
        }
    }
}

/// Over what a rule counted: this run, or the 24 hours that end with it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum RuleWindow {
    Run,
    Day,
}

/// A rule that said no, with its numbers.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct TrippedRule {
    pub kind: ItemKind,
    pub limit: RuleLimit,
    pub window: RuleWindow,
    pub value: u32,
    pub deletions: u64,
    pub base: u64,
    /// The attribute, for `clearing`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub attribute: Option<String>,
}

/// The removals of one kind, as the thresholds see them.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Count {
    pub kind: ItemKind,
    /// New removals and those nobody could ask about.
    pub deletions: u64,
    /// Removals that an approval covers: they are not judged, but they leave.
    pub approved: u64,
    pub base: u64,
}

impl ProtectionRules {
    pub fn of(&self, kind: ItemKind) -> Limits {
        match kind {
            ItemKind::User => self.users,
            ItemKind::Department => self.departments,
        }
    }

    /// Every rule that says no to these removals; none if there are none.
    pub(crate) fn judge(&self, count: Count) -> Vec<TrippedRule> {
        if count.deletions == 0 {
            return Vec::new();
        }
        let tripped = |limit, value| TrippedRule {
            kind: count.kind,
            limit,
            window: RuleWindow::Run,
            value,
            deletions: count.deletions,
            base: count.base,
            attribute: None,
        };
        if self.paused {
            return vec![tripped(RuleLimit::Paused, 0)];
        }
        let limits = self.of(count.kind);
        let mut rules = Vec::new();
        if limits.exceeds_count(count.deletions) {
            rules.push(tripped(RuleLimit::MaxCount, limits.max_count));
        }
        if limits.exceeds_percent(count.deletions, count.base) {
            rules.push(tripped(RuleLimit::MaxPercent, limits.max_percent));
        }
        if count.leaves_at_most_one() {
            rules.push(tripped(RuleLimit::LastOnes, 1));
        }
        rules
    }
}

impl Limits {
    fn exceeds_count(self, deletions: u64) -> bool {
        deletions > u64::from(self.floor) && deletions > u64::from(self.max_count)
    }

    /// More than `floor`, and more than `max_percent` of `base`. Saturating: 2^64 / 100 items are
    /// more than any directory has.
    pub(crate) fn exceeds_percent(self, deletions: u64, base: u64) -> bool {
        let allowed = u64::from(self.max_percent).saturating_mul(base);
        deletions > u64::from(self.floor) && deletions.saturating_mul(100) > allowed
    }
}

impl Count {
    fn leaves_at_most_one(self) -> bool {
        // The root of the company is no department that could be "the last one".
        let besides = match self.kind {
            ItemKind::User => 0,
            ItemKind::Department => 1,
        };
        let leaving = self.deletions + self.approved + besides;
        self.base >= LAST_ONES_BASE_MIN && self.base.saturating_sub(leaving) <= 1
    }
}
