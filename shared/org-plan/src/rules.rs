//! The thresholds of DESIGN.md §5, and when they trip.
//!
//! A rule is judged for the run alone and for the 24 hours that end with it. Over the day an item
//! counts once, and the percentage is of the largest base of these hours: people who leave four at
//! a time are measured by how many there were before the first of them left.

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
    /// Somebody else may be the same person.
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
    /// Distinct items: new removals and those nobody could ask about.
    pub deletions: u64,
    /// Removals that an approval covers: they are not judged, but they leave.
    pub approved: u64,
    pub base: u64,
    pub day: DayCount,
}

/// The 24 hours that end with a run.
#[derive(Clone, Copy, Debug)]
pub(crate) struct DayCount {
    /// Distinct items: those of the run and whatever earlier runs removed without a person's word.
    pub deletions: u64,
    /// The largest base of these hours; the run's own is one of them.
    pub base: u64,
}

impl ProtectionRules {
    pub fn of(&self, kind: ItemKind) -> Limits {
        match kind {
            ItemKind::User => self.users,
            ItemKind::Department => self.departments,
        }
    }

    /// Every rule that says no to these removals; none if there are none, whatever the day was.
    pub(crate) fn judge(&self, count: Count) -> Vec<TrippedRule> {
        if count.deletions == 0 {
            return Vec::new();
        }
        if self.paused {
            return vec![count.tripped(RuleLimit::Paused, RuleWindow::Run, 0)];
        }
        let limits = self.of(count.kind);
        let mut rules = count.exceeded(limits, RuleWindow::Run);
        // A day with nothing beyond this run has nothing to add.
        if count.day.deletions > count.deletions {
            rules.extend(count.exceeded(limits, RuleWindow::Day));
        }
        if count.leaves_at_most_one() {
            let were_enough = |base| base >= LAST_ONES_BASE_MIN;
            if were_enough(count.base) {
                rules.push(count.tripped(RuleLimit::LastOnes, RuleWindow::Run, 1));
            } else if were_enough(count.day.base) {
                rules.push(count.tripped(RuleLimit::LastOnes, RuleWindow::Day, 1));
            }
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
    fn over(self, window: RuleWindow) -> DayCount {
        match window {
            RuleWindow::Day => self.day,
            RuleWindow::Run => DayCount {
                deletions: self.deletions,
                base: self.base,
            },
        }
    }

    fn exceeded(self, limits: Limits, window: RuleWindow) -> Vec<TrippedRule> {
        let DayCount { deletions, base } = self.over(window);
        let mut rules = Vec::new();
        if limits.exceeds_count(deletions) {
            rules.push(self.tripped(RuleLimit::MaxCount, window, limits.max_count));
        }
        if limits.exceeds_percent(deletions, base) {
            rules.push(self.tripped(RuleLimit::MaxPercent, window, limits.max_percent));
        }
        rules
    }

    fn tripped(self, limit: RuleLimit, window: RuleWindow, value: u32) -> TrippedRule {
        let DayCount { deletions, base } = self.over(window);
        TrippedRule {
            kind: self.kind,
            limit,
            window,
            value,
            deletions,
            base,
            attribute: None,
        }
    }

    fn leaves_at_most_one(self) -> bool {
        // The root of the company is no department that could be "the last one".
        let besides = match self.kind {
            ItemKind::User => 0,
            ItemKind::Department => 1,
        };
        let leaving = self.deletions + self.approved + besides;
        self.base.saturating_sub(leaving) <= 1
    }
}
