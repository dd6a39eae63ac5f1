//! A visible range that a person has to accept before anybody's absence from it counts.

use jiff::Timestamp;
use org_model::{ExpandedRange, Fingerprint, RangeNarrowing, RunId, VisibleRange};
use org_plan::HeldItem;
use serde::{Deserialize, Serialize};

/// What a run saw: a range that lacks something of the baseline, be it that WeCom shows less, that
/// the settings' scope is narrower, or that another app reads.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct StandingRange {
    /// Stands for the baseline, the range that was read, the app that read it, and everybody whom
    /// that affects: exactly this is accepted, and nothing else.
    pub fingerprint: Fingerprint,
    /// The run that saw it last.
    pub run: RunId,
    pub seen_at: Timestamp,
    pub agent_id: u64,
    pub declared: VisibleRange,
    /// How many departments were readable.
    pub departments: u64,
    pub narrowing: RangeNarrowing,
    /// Live people and departments of the mirror that this range does not show: the numbers of the
    /// list that is kept beside it.
    pub affected_users: u64,
    pub affected_departments: u64,
    pub acceptance: Option<RangeAcceptance>,
}

/// A person's word on a [`StandingRange`].
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct RangeAcceptance {
    pub people: AffectedPeople,
    pub by: String,
    pub at: Timestamp,
}

/// What happens to whom the accepted range does not show.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum AffectedPeople {
    /// They stay, detached.
    Keep,
    /// They become candidates; deletion protection judges them like all others.
    Delete,
}

impl StandingRange {
    /// The difference by itself, whomever it affects.
    pub fn fingerprint_of(
        baseline: &ExpandedRange,
        range: &ExpandedRange,
        agent_id: u64,
    ) -> Fingerprint {
        Fingerprint::of(&(baseline, range, agent_id))
    }

    /// What an acceptance is bound to: the difference, and whom the list beside it names.
    pub fn fingerprint_listing(difference: Fingerprint, affected: &[HeldItem]) -> Fingerprint {
        let ids = affected.iter();
        let ids: Vec<_> = ids
            .map(|item| (item.kind, &item.id, &item.internal_id))
            .collect();
        Fingerprint::of(&(difference, ids))
    }
}
