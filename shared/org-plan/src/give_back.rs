//! Giving back what a run took away: undo, and the restoring of one person.
//!
//! Properties wanted (ADR 0018):
//!
//! - *The same*: who comes back has the internal id, the departments and the status from before;
//!   what was learnt of them since (an absence) goes, so that no old day of absence counts.
//! - *Only what is theirs*: a userid that is another person's by now, or a record that was purged,
//!   is told and left alone.
//! - *Sound at every prefix*: departments come first, parents before children, each below one that
//!   lives; a person's memberships in departments that do not live fall away. A department that
//!   was gone has nothing live below it, so that hanging it up never closes a circle.
//! - *Twice is once*: who is back already is told so.
//!
//! This is the one place beside [`protect`](crate::protect) that makes a [`PermittedPlan`]. No
//! threshold judges it, and that is safe, because it only opens what was closed: it has no
//! removals and no marks, each of its changes brings a deleted item back or gives a live person a
//! status that may sign in, and nothing else of a live item changes. Whoever comes back is kept,
//! so that the next run does not take them away again.

use std::collections::{BTreeMap, BTreeSet};

use org_model::{
    DepartmentId, DirectoryDepartment, DirectoryUser, Generation, ItemKey, ItemState, UserStatus,
    WriteStamp,
};

use crate::plan::{department_rows, parents_first, person_rows};
use crate::{Action, Change, HeldItem, Item, Note, PermittedPlan, Plan, notes};

/// Something that was taken away, as the log or the directory tells it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Lost {
    pub removed: HeldItem,
    /// A person's status from before, as the log tells it. What the directory remembers of a
    /// deleted person comes first: it is the last that was. Where neither tells, they come back as
    /// active, because somebody asked for them.
    pub status: Option<UserStatus>,
}

/// Which word the rows carry.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum GivenBackBy {
    Undo,
    Restore,
}

/// What can be given back, and what cannot.
#[derive(Clone, Debug)]
pub struct GivenBack {
    pub permitted: PermittedPlan,
    /// Those that are not given back, and why: `already_back`, `no_parent`, `purged`,
    /// `userid_reused`, `id_reused`, `deleted_since`, `detached` or `not_removed`.
    pub skipped: Vec<(HeldItem, Note)>,
    /// Those that are kept from now on: who comes back, and who is back already. As they will
    /// stand, each with the removal it is kept from.
    pub kept: Vec<HeldItem>,
}

/// Plans the return of what was lost. `standing`: the lost items as they stand, live, deleted or
/// not there. `live_departments`: those that are live and attached. `generation`: of the run that
/// gives back.
pub fn give_back(
    lost: &[Lost],
    standing: &BTreeMap<ItemKey, Item>,
    live_departments: &BTreeSet<DepartmentId>,
    by: GivenBackBy,
    generation: Generation,
) -> GivenBack {
    let mut hand = Hand {
        live: live_departments.clone(),
        by,
        generation,
        changes: Vec::new(),
        skipped: Vec::new(),
        kept: Vec::new(),
    };
    let lost = each_once(lost, &mut hand);
    for key in in_order(&lost, standing) {
        if let Some(lost) = lost.get(&key) {
            hand.take(lost, standing.get(&key));
        }
    }
    hand.done()
}

/// Who was disabled and deleted is asked for as deleted: coming back undoes both.
fn each_once<'a>(all: &'a [Lost], hand: &mut Hand) -> BTreeMap<ItemKey, &'a Lost> {
    let mut once: BTreeMap<ItemKey, &Lost> = BTreeMap::new();
    for lost in all {
        let Some(key) = lost.removed.key() else {
            hand.skip(lost, notes::not_removed());
            continue;
        };
        let place = once.entry(key).or_insert(lost);
        if lost.removed.action == Action::Delete {
            *place = lost;
        }
    }
    once
}

/// Departments parents first, then people.
fn in_order(lost: &BTreeMap<ItemKey, &Lost>, standing: &BTreeMap<ItemKey, Item>) -> Vec<ItemKey> {
    let parents = lost
        .keys()
        .filter_map(|key| match (key, standing.get(key)) {
            (ItemKey::Department(id), Some(Item::Department(department))) => {
                Some((*id, department.parent))
            }
            (ItemKey::Department(id), _) => Some((*id, None)),
            (ItemKey::User(_), _) => None,
        });
    let departments = parents_first(&parents.collect());
    let people = lost.keys().filter(|key| matches!(key, ItemKey::User(_)));
    departments
        .into_iter()
        .map(ItemKey::Department)
        .chain(people.cloned())
        .collect()
}

/// What is live so far, and what was decided.
struct Hand {
    live: BTreeSet<DepartmentId>,
    by: GivenBackBy,
    generation: Generation,
    changes: Vec<Change>,
    skipped: Vec<(HeldItem, Note)>,
    kept: Vec<HeldItem>,
}

impl Hand {
    fn take(&mut self, lost: &Lost, stands: Option<&Item>) {
        let before = match whose(lost, stands) {
            Ok(item) => item,
            Err(note) => return self.skip(lost, note),
        };
        let is_open = match before {
            Item::User(user) => user.status.is_open(),
            Item::Department(_) => true,
        };
        match (lost.removed.action, before.state()) {
            (Action::Delete | Action::Disable, ItemState::Detached) => {
                self.skip(lost, notes::detached());
            }
            (Action::Delete, ItemState::Deleted) => self.bring_back(lost, before),
            (Action::Disable, ItemState::Deleted) => self.skip(lost, notes::deleted_since()),
            (Action::Disable, ItemState::Live) if !is_open => self.open(lost, before),
            (Action::Delete | Action::Disable, ItemState::Live) => {
                self.keep(lost, before);
                self.skip(lost, notes::already_back());
            }
            _ => self.skip(lost, notes::not_removed()),
        }
    }

    fn bring_back(&mut self, lost: &Lost, before: &Item) {
        match before {
            Item::User(user) => {
                let status = user
                    .status_before
                    .or(lost.status)
                    .filter(|status| *status != UserStatus::Deleted)
                    .unwrap_or(UserStatus::Active);
                let after = self.person(user, status);
                self.write(lost, Action::Restore, before, Item::User(after));
            }
            Item::Department(department) => match self.department(department) {
                Some(after) => {
                    self.live.insert(after.id);
                    self.write(lost, Action::Restore, before, Item::Department(after));
                }
                None => self.skip(lost, notes::no_parent()),
            },
        }
    }

    /// A disabled person gets the status back that may sign in, and nothing else.
    fn open(&mut self, lost: &Lost, before: &Item) {
        let Item::User(user) = before else { return };
        let mut after = user.clone();
        after.status = lost
            .status
            .filter(|status| status.is_open())
            .unwrap_or(UserStatus::Active);
        self.write(lost, Action::Update, before, Item::User(after));
    }

    fn person(&self, user: &DirectoryUser, status: UserStatus) -> DirectoryUser {
        let mut after = user.clone();
        after.status = status;
        after.status_before = None;
        after.deleted_at = None;
        after.absence = None;
        after
            .memberships
            .retain(|membership| self.live.contains(&membership.department));
        let stands_in =
            |main: &DepartmentId| after.memberships.iter().any(|m| m.department == *main);
        after.main_department = after.main_department.filter(stands_in);
        after
    }

    /// `None`: nothing lives that it could hang from.
    fn department(&self, department: &DirectoryDepartment) -> Option<DirectoryDepartment> {
        if let Some(parent) = department.parent
            && !self.live.contains(&parent)
        {
            return None;
        }
        let mut after = department.clone();
        after.deleted_at = None;
        after.absence = None;
        Some(after)
    }

    /// Unsettled: the next run looks at it again, whatever the reading says.
    fn write(&mut self, lost: &Lost, action: Action, before: &Item, mut after: Item) {
        after.set_stamp(WriteStamp {
            fingerprint: before.stamp().fingerprint.unsettled(),
            generation: self.generation,
        });
        self.keep(lost, &after);
        self.changes.push(Change {
            action,
            changes: match (before, &after) {
                (Item::User(before), Item::User(after)) => person_rows(Some(before), after),
                (Item::Department(before), Item::Department(after)) => {
                    department_rows(Some(before), after)
                }
                _ => Vec::new(),
            },
            before: Some(before.clone()),
            after,
            displaces: false,
            reclaims: None,
            note: Some(match self.by {
                GivenBackBy::Undo => notes::undone(),
                GivenBackBy::Restore => notes::restored(),
            }),
        });
    }

    fn keep(&mut self, lost: &Lost, as_it_stands: &Item) {
        let kept = HeldItem::of(as_it_stands, lost.removed.action);
        self.kept.push(kept);
    }

    fn skip(&mut self, lost: &Lost, note: Note) {
        self.skipped.push((lost.removed.clone(), note));
    }

    fn done(self) -> GivenBack {
        let plan = Plan {
            changes: self.changes,
            ..Plan::default()
        };
        GivenBack {
            permitted: PermittedPlan {
                fingerprint: plan.fingerprint(),
                changes: plan.changes,
                removals: Vec::new(),
                kept: Vec::new(),
                accepted: Vec::new(),
                refused: Vec::new(),
            },
            skipped: self.skipped,
            kept: self.kept,
        }
    }
}

/// The record that was lost, or why nothing of it is here.
fn whose<'a>(lost: &Lost, stands: Option<&'a Item>) -> Result<&'a Item, Note> {
    match stands {
        None => Err(notes::purged()),
        Some(item) if *item.internal_id() == lost.removed.internal_id => Ok(item),
        Some(Item::User(_)) => Err(notes::userid_taken()),
        Some(Item::Department(_)) => Err(notes::id_taken()),
    }
}
