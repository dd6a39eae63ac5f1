//! The plan: the ordered changes that make a mirror equal a snapshot.
//!
//! Properties wanted:
//!
//! - *Complete*: a sealed snapshot's plan, applied, leaves the mirror equal to the snapshot, but
//!   for what is kept and said to be kept.
//! - *Sound at every prefix*: a run may be killed after any change. Departments go top-down by the
//!   snapshot's tree: what is already placed hangs from the top by its new parents, what is not
//!   yet placed still follows its old ones until it meets the top or something placed, so there
//!   is never a cycle and never a parent that is not there. Removals come last, leaf first.
//! - *Quiet*: planned again over its own result it is empty.
//! - *Timid*: an unsealed snapshot adds and updates and takes nothing away.

mod departments;
mod images;
mod missing;
mod order;
mod people;
mod person_rows;
mod renames;
mod resolutions;
mod settle;

use std::collections::{BTreeMap, BTreeSet};

use jiff::{SignedDuration, Timestamp};
use org_model::{
    AttributeName, DepartmentId, DepartmentTree, Fingerprint, Generation, InternalId, ItemKey,
    ItemKind, MappedUser, RunId, SourceId, UserId, UserKey,
};
use serde::{Deserialize, Serialize};

pub(crate) use departments::rows as department_rows;
pub(crate) use order::parents_first;
pub(crate) use person_rows::rows as person_rows;
pub(crate) use settle::is_empty;

use resolutions::Words;

use crate::{
    AbsenceFinding, Action, AttributeChange, Base, Change, Comparison, Item, KeptItem, Note,
};

/// Everything a plan is made from. Same input, same plan, whatever the order of the listing.
#[derive(Clone, Debug)]
pub struct PlanInput<'a> {
    pub source: &'a SourceId,
    pub run: &'a RunId,
    pub generation: Generation,
    pub now: Timestamp,
    /// Absence and removal from something are evidence only in a sealed snapshot.
    pub sealed: bool,
    pub tree: &'a DepartmentTree,
    /// The people of `comparison.to_create` and `comparison.to_review`, mapped, and whoever else of
    /// the snapshot has the name of somebody who is gone: they may be the same person.
    pub people: BTreeMap<UserKey, MappedUser>,
    pub comparison: &'a Comparison,
    /// Before-images of `comparison.to_review` and of the missing items that were looked at.
    pub before: BTreeMap<ItemKey, Item>,
    /// One finding per missing item that does not already wait in a held list.
    pub absences: BTreeMap<ItemKey, AbsenceFinding>,
    /// Missing items that wait in a held list and were not approved: `protect` keeps them held.
    pub waiting: BTreeSet<ItemKey>,
    /// What a person decided about those whom the range that they accepted does not show.
    pub accepted: AcceptedAbsences,
    /// What administrators said about a userid whose record may be another's.
    pub resolutions: BTreeMap<UserKey, Resolved>,
    pub rules: PlanRules,
}

/// An administrator's word on two records that may be one person (DESIGN.md §5).
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Resolution {
    /// One person: whoever has the userid now takes the other record's internal id over.
    Same,
    /// Two people: the other record stays what it is, and whoever has the userid now gets a
    /// record of their own.
    New,
}

/// A [`Resolution`] with the record it is about.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Resolved {
    pub choice: Resolution,
    /// Of the other record, when the word was given.
    pub internal_id: InternalId,
    /// What stands in the other record's place now: moved aside, detached under the same userid,
    /// or live under another userid. `None`: nothing.
    pub other: Option<Item>,
    /// It was moved aside when its userid was given to somebody else.
    pub aside: bool,
}

/// What a plan does about a [`Resolution`].
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Heard {
    /// A change of this plan under the same key carries it out (its note says `resolved_same` or
    /// `resolved_new`): the word is spent when that is written.
    Planned,
    /// There is nothing to change: the word is spent.
    Done,
    /// What it was said about is no longer so: nothing changes, the word is spent, and the note
    /// says why.
    Stale(Note),
    /// This reading does not tell: the next run hears it again.
    Later,
}

/// Missing items on the list that a person accepted with a range, by what is to become of them.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct AcceptedAbsences {
    /// They stay, detached: nobody asks about them.
    pub detach: BTreeSet<ItemKey>,
    /// They go, unless they answer by name; protection judges them like all others.
    pub delete: BTreeSet<ItemKey>,
}

#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct PlanRules {
    /// A deleted item that returns within this many days is restored.
    pub deleted_retention_days: u32,
    /// The attributes that hold a mobile or a mail: equal ones under an equal name are a suspected
    /// rename.
    pub contact_attributes: BTreeSet<AttributeName>,
}

/// The ordered changes, judged by nobody yet.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Plan {
    pub sealed: bool,
    pub base: Base,
    pub unchanged: u64,
    /// Departments parents first, then people: everything that adds or updates.
    pub changes: Vec<Change>,
    /// People first (disables, deletions, detachments), then departments leaf first.
    pub removals: Vec<Change>,
    /// Missing items that were not asked about for want of budget, in key order: they count
    /// towards the thresholds and are never removed by this plan.
    pub unasked: Vec<Item>,
    /// Missing and kept.
    pub kept: Vec<KeptItem>,
    /// In the snapshot and not written, with the reason: one failed row each.
    pub refused: Vec<KeptItem>,
    /// Whose going a person accepted: the marks to write for those that stay for now, so that an
    /// approval can remove them later.
    #[serde(default)]
    pub accepted: Vec<KeptItem>,
    /// Departments that something names which this plan leaves where it is: not empty.
    pub occupied: BTreeSet<DepartmentId>,
    /// Items without a before-image: nobody here knows which departments they stand in.
    pub unaccounted: Vec<ItemKey>,
    /// Values that give way to a default, for the guard over clearings. Skipped where plans are
    /// written: it serves the judgement that follows the planning.
    #[serde(skip)]
    pub defaulted: BTreeMap<ItemKey, BTreeSet<AttributeName>>,
    /// Who would be deleted, or was not asked about, and the userid of somebody else who may be
    /// the same person.
    #[serde(skip)]
    pub renames: BTreeMap<ItemKey, UserId>,
    /// What becomes of each resolution of the input.
    #[serde(skip)]
    pub heard: BTreeMap<UserKey, Heard>,
}

/// What the fingerprint of a plan covers of one change.
#[derive(Serialize)]
struct ChangeEssence<'a> {
    action: Action,
    key: ItemKey,
    displaces: bool,
    /// Only of what was there: the internal id of a new item names the run that makes it.
    internal_id: Option<&'a InternalId>,
    changes: &'a [AttributeChange],
}

impl Plan {
    /// Records whose internal id one of its changes takes over: they go with that change, and
    /// nobody waits to remove them any more once it is done.
    pub(crate) fn joined(&self) -> BTreeSet<(ItemKind, &InternalId)> {
        let reclaimed = self.changes.iter().filter_map(|c| c.reclaims.as_deref());
        reclaimed
            .map(|other| (other.item.kind(), other.item.internal_id()))
            .collect()
    }

    /// Stands for every change and removal of the plan: ids, actions and attribute changes. Run,
    /// generation and time are not part of it, so that planning twice gives one fingerprint.
    pub fn fingerprint(&self) -> Fingerprint {
        let visible = self.changes.iter().filter(|change| !change.is_refresh());
        let essences: Vec<_> = visible.chain(&self.removals).map(essence).collect();
        let unasked: Vec<_> = self.unasked.iter().map(Item::key).collect();
        Fingerprint::of(&(essences, unasked))
    }
}

fn essence(change: &Change) -> ChangeEssence<'_> {
    ChangeEssence {
        action: change.action,
        key: change.key(),
        displaces: change.displaces,
        internal_id: change.before.as_ref().map(Item::internal_id),
        changes: &change.changes,
    }
}

/// Makes the plan.
pub fn plan(input: PlanInput<'_>) -> Plan {
    let mut plan = Plan {
        sealed: input.sealed,
        base: input.comparison.base,
        unchanged: input.comparison.unchanged,
        ..Plan::default()
    };
    departments::plan_departments(&input, &mut plan);
    let words = Words::hear(&input, &mut plan);
    people::plan_people(&input, &words, &mut plan);
    if input.sealed {
        missing::plan_missing(&input, &words, &mut plan);
        renames::suspect_renames(&input, &mut plan);
    }
    plan
}

impl PlanInput<'_> {
    /// Is a deleted item of this age still the one that returns? Without a time of deletion the
    /// answer is yes: an internal id is never lost for want of a date.
    fn is_retained(&self, deleted_at: Option<Timestamp>) -> bool {
        let kept_for =
            SignedDuration::from_hours(24 * i64::from(self.rules.deleted_retention_days));
        deleted_at.is_none_or(|at| self.now.duration_since(at) <= kept_for)
    }
}

impl Plan {
    /// Remembers that `item` stays where it is.
    fn occupy(&mut self, item: &Item) {
        self.occupied.extend(item.departments());
    }
}
