//! Deletion protection: which removals may happen without a person's word.

use std::collections::BTreeSet;

use jiff::Timestamp;
use org_model::{DepartmentId, Fingerprint, InternalId, ItemKey, ItemKind, RunId, SourceId};
use serde::{Deserialize, Serialize};

use crate::{Action, Change, KeptItem, Plan};

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
}

/// Over what a rule counted. The rolling day arrives with the rolling window.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum RuleWindow {
    Run,
    Day,
}

/// A rule that said no, with its numbers.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct TrippedRule {
    /// `users` or `departments`.
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

/// One removal that waits for a person.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct HeldItem {
    pub kind: ItemKind,
    /// As WeCom spells it.
    pub id: String,
    pub internal_id: InternalId,
    pub name: String,
    pub action: Action,
    pub departments: Vec<DepartmentId>,
}

/// The removals of one run that wait together, approved together.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct HeldList {
    /// Over the sorted (kind, internal id, action) of its items.
    pub fingerprint: Fingerprint,
    pub source: SourceId,
    pub run: RunId,
    pub held_at: Timestamp,
    pub expires_at: Timestamp,
    pub rules: Vec<TrippedRule>,
    pub items: Vec<HeldItem>,
}

/// What earlier runs and people left standing.
#[derive(Clone, Debug, Default)]
pub struct Standing {
    /// Items of lists that wait.
    pub waiting: Vec<HeldItem>,
    /// Items of lists that were approved and not yet consumed.
    pub approved: Vec<HeldItem>,
    /// Items an administrator decided to keep.
    pub kept: BTreeSet<(ItemKind, InternalId)>,
    /// The plan fingerprint an administrator asked to apply: its clearings are permitted.
    pub applied_plan: Option<Fingerprint>,
}

/// The judged plan.
#[derive(Clone, Debug)]
pub struct Verdict {
    pub permitted: PermittedPlan,
    /// Newly held by this run.
    pub held: Vec<HeldItem>,
    /// Held by an earlier run, still missing, not approved.
    pub still_held: Vec<HeldItem>,
    /// Items of waiting lists that this snapshot shows again: they leave their lists.
    pub released: Vec<HeldItem>,
    /// Approved items that this run removes.
    pub consumed: Vec<HeldItem>,
    pub tripped: Vec<TrippedRule>,
}

/// Changes that may be applied. Only [`protect`] makes one.
#[derive(Clone, Debug)]
pub struct PermittedPlan {
    fingerprint: Fingerprint,
    changes: Vec<Change>,
    removals: Vec<Change>,
    kept: Vec<KeptItem>,
}

impl PermittedPlan {
    /// The fingerprint of the plan this came from.
    pub fn fingerprint(&self) -> Fingerprint {
        self.fingerprint
    }

    /// Creations and updates: departments parents first, then people.
    pub fn changes(&self) -> impl ExactSizeIterator<Item = PermittedChange<'_>> {
        self.changes.iter().map(PermittedChange)
    }

    /// Disables and deletions of people, then departments leaf first.
    pub fn removals(&self) -> impl ExactSizeIterator<Item = PermittedChange<'_>> {
        self.removals.iter().map(PermittedChange)
    }

    /// What was missing and stays, with the marks to write.
    pub fn kept(&self) -> impl ExactSizeIterator<Item = PermittedMark<'_>> {
        self.kept.iter().map(PermittedMark)
    }
}

/// One change of a [`PermittedPlan`]: the only thing a mirror lets anybody write.
#[derive(Clone, Copy, Debug)]
pub struct PermittedChange<'a>(&'a Change);

impl std::ops::Deref for PermittedChange<'_> {
    type Target = Change;

    fn deref(&self) -> &Change {
        self.0
    }
}

/// One absence mark of a [`PermittedPlan`].
#[derive(Clone, Copy, Debug)]
pub struct PermittedMark<'a>(&'a KeptItem);

impl std::ops::Deref for PermittedMark<'_> {
    type Target = KeptItem;

    fn deref(&self) -> &KeptItem {
        self.0
    }
}

/// Judges a plan. `seen`: is this item in the snapshot? (for items of waiting lists)
pub fn protect(
    plan: Plan,
    rules: &ProtectionRules,
    standing: &Standing,
    seen: &dyn Fn(&ItemKey) -> bool,
) -> Verdict {
    let _contract = (rules, standing, seen);
    Verdict {
        permitted: PermittedPlan {
            fingerprint: plan.fingerprint(),
            changes: plan.changes,
            removals: Vec::new(),
            kept: plan.kept,
        },
        held: Vec::new(),
        still_held: Vec::new(),
        released: Vec::new(),
        consumed: Vec::new(),
        tripped: Vec::new(),
    }
}
