//! What earlier runs and people left standing: held lists that wait, expired or were approved, and
//! who is kept.

use std::collections::{BTreeMap, BTreeSet};

use jiff::Timestamp;
use org_model::{Fingerprint, ItemKey, ItemState, Mark, RunId};
use org_plan::{Action, HeldItem, Standing};

use crate::keeping::Keeping;
use crate::ports::{Ports, StoreError};
use crate::{HeldState, StoredHeldList, StoredSource};

/// The lists as this run finds them.
#[derive(Clone, Debug, Default)]
pub struct StandingLists {
    pub waiting: Vec<StoredHeldList>,
    pub approved: Vec<StoredHeldList>,
    /// Waited, or stood approved, for too long: what is still missing is held anew.
    pub expired: Vec<StoredHeldList>,
    /// Of those that wait: which have less than is stored, since somebody of them is gone.
    thinned: BTreeSet<Fingerprint>,
    /// Approved, and everything of it is gone: the run that removed the last of it died before it
    /// could say so.
    spent: Vec<StoredHeldList>,
    /// Approved, and nobody is left to remove: a run saw the last of them again while a person
    /// approved the list without them.
    emptied: Vec<StoredHeldList>,
    /// Whom administrators keep.
    pub(crate) kept: Keeping,
}

pub(crate) async fn load(
    ports: &Ports,
    source: &StoredSource,
    now: Timestamp,
) -> Result<StandingLists, StoreError> {
    // For correctness in this order: whoever leaves a list by a rejection or an exception is kept
    // from the same moment on. Read the other way round, or at once, they could be found in
    // neither, and go.
    let standing = ports.held.standing(&source.source).await?;
    let kept = Keeping::load(ports, &source.source).await?;
    let mut lists = StandingLists {
        kept,
        ..StandingLists::default()
    };
    for list in standing {
        match list.state_at(now) {
            HeldState::Waiting => lists.waiting.push(list),
            HeldState::Approved if is_empty(&list) => lists.emptied.push(list),
            HeldState::Approved => lists.approved.push(list),
            _ => lists.expired.push(list),
        }
    }
    Ok(lists)
}

impl StandingLists {
    /// Items that stay held unless they are seen again: those that wait and those that expired.
    pub fn waiting_items(&self) -> impl Iterator<Item = &HeldItem> {
        self.waiting
            .iter()
            .chain(&self.expired)
            .flat_map(StoredHeldList::remaining)
    }

    pub fn approved_items(&self) -> impl Iterator<Item = &HeldItem> {
        self.approved.iter().flat_map(StoredHeldList::remaining)
    }

    /// Missing items that nobody asks about: their deletion waits for a person, or a person keeps
    /// them.
    pub(crate) fn unquestioned_keys(&self) -> BTreeSet<ItemKey> {
        let mut keys = deletions(self.waiting_items());
        keys.extend(self.kept.keys());
        keys
    }

    pub fn approved_keys(&self) -> BTreeSet<ItemKey> {
        deletions(self.approved_items())
    }

    /// All of it for the judgement; what is not known here is left empty.
    pub(crate) fn standing(&self) -> Standing {
        Standing {
            waiting: self.waiting_items().cloned().collect(),
            approved: self.approved_items().cloned().collect(),
            kept: self.kept.items().cloned().collect(),
            ..Standing::default()
        }
    }

    /// Leaves out whoever is no longer live in the mirror: a removal whose answer was lost was
    /// done all the same, and holds nobody.
    pub(crate) fn leave_out_gone(&mut self, marks: &BTreeMap<ItemKey, Mark>) {
        self.kept.leave_out_gone(marks);
        for lists in [&mut self.approved, &mut self.expired] {
            let found = std::mem::take(lists).into_iter();
            let (spent, left) = found.partition::<Vec<_>, _>(|list| is_spent(list, marks));
            self.spent.extend(spent);
            *lists = left;
        }
        let waiting = self.waiting.iter_mut();
        for list in waiting.chain(&mut self.approved).chain(&mut self.expired) {
            let gone: Vec<_> = list
                .remaining()
                .filter(|item| !is_live(item, marks))
                .map(|item| (item.kind, item.internal_id.clone()))
                .collect();
            if list.state == HeldState::Waiting && !gone.is_empty() {
                self.thinned.insert(list.list.fingerprint);
            }
            list.released.extend(gone);
        }
    }

    /// What is stored still names somebody who is gone: a run died before it could say so.
    fn after_loss(&self, list: &StoredHeldList) -> Option<StoredHeldList> {
        let is_thinned = self.thinned.contains(&list.list.fingerprint);
        is_thinned.then(|| superseded_if_empty(list.clone()))
    }

    /// The expired lists that are held anew. One of which somebody is being detached stands until
    /// that is done: the next run lets it expire.
    pub(crate) fn expiring(&self, detaching: &[HeldItem]) -> Vec<&StoredHeldList> {
        let detaching: BTreeSet<&HeldItem> = detaching.iter().collect();
        let expired = self.expired.iter();
        expired
            .filter(|list| !names_one_of(list, &detaching))
            .collect()
    }

    /// The lists with what this run saw of them: released items, expiry, and that they are spent.
    pub(crate) fn after_sight(
        &self,
        released: &[HeldItem],
        detaching: &[HeldItem],
        run: &RunId,
    ) -> Vec<StoredHeldList> {
        // A set, since a list may hold a hundred thousand items.
        let released: BTreeSet<&HeldItem> = released.iter().collect();
        let standing = self.waiting.iter().chain(&self.approved);
        let seen = standing
            .filter_map(|list| after_release(list, &released).or_else(|| self.after_loss(list)));
        let expired = self.expiring(detaching).into_iter();
        let spent = self.spent.iter().map(|list| StoredHeldList {
            consumed_by: Some(run.clone()),
            ..list.clone()
        });
        let emptied = self.emptied.iter().cloned().map(superseded_if_empty);
        seen.chain(expired.map(|list| with_state(list, HeldState::Expired)))
            .chain(spent)
            .chain(emptied)
            .collect()
    }

    /// The lists with what this run removed of them, by approval or by detaching.
    pub(crate) fn after_removal(
        &self,
        released: &[HeldItem],
        detached: &BTreeSet<&HeldItem>,
        removed: &BTreeSet<&HeldItem>,
        run: &RunId,
    ) -> Vec<StoredHeldList> {
        let mut over: BTreeSet<&HeldItem> = released.iter().collect();
        over.extend(detached);
        let others = self.waiting.iter().chain(&self.expired);
        let others = others.filter(|list| names_one_of(list, detached));
        let approved = self
            .approved
            .iter()
            .filter(|list| names_one_of(list, detached) || names_one_of(list, removed));
        let settled = approved.filter_map(|list| after_approval(list, &over, removed, run));
        let others = others.filter_map(|list| after_release(list, &over));
        settled.chain(others).collect()
    }
}

fn names_one_of(list: &StoredHeldList, items: &BTreeSet<&HeldItem>) -> bool {
    !items.is_empty() && list.remaining().any(|item| items.contains(item))
}

fn after_release(list: &StoredHeldList, released: &BTreeSet<&HeldItem>) -> Option<StoredHeldList> {
    let mut after = list.clone();
    let mine = list.remaining().filter(|item| released.contains(item));
    after
        .released
        .extend(mine.map(|item| (item.kind, item.internal_id.clone())));
    if after.released == list.released {
        return None;
    }
    Some(superseded_if_empty(after))
}

fn superseded_if_empty(mut list: StoredHeldList) -> StoredHeldList {
    if is_empty(&list) {
        list.state = HeldState::Superseded;
    }
    list
}

/// Nobody of it waits or may be removed. Nobody comes back to a list either: it stays so.
fn is_empty(list: &StoredHeldList) -> bool {
    list.remaining().next().is_none()
}

/// An approval is consumed when everything of it was removed. Items that could not be confirmed
/// gone, or that a killed run left, wait for the next sealed run; what was removed leaves the list.
fn after_approval(
    list: &StoredHeldList,
    released: &BTreeSet<&HeldItem>,
    removed: &BTreeSet<&HeldItem>,
    run: &RunId,
) -> Option<StoredHeldList> {
    let mut after = after_release(list, released).unwrap_or_else(|| list.clone());
    let ids = |item: &HeldItem| (item.kind, item.internal_id.clone());
    let gone: Vec<_> = after
        .remaining()
        .filter(|item| removed.contains(item))
        .map(ids)
        .collect();
    if gone.is_empty() {
        return after_release(list, released);
    }
    if gone.len() == after.remaining().count() {
        after.consumed_by = Some(run.clone());
    } else {
        after.released.extend(gone);
    }
    Some(after)
}

fn is_live(item: &HeldItem, marks: &BTreeMap<ItemKey, Mark>) -> bool {
    let mark = item.key().and_then(|key| marks.get(&key));
    mark.is_some_and(|mark| mark.state == ItemState::Live && mark.internal_id == item.internal_id)
}

/// Nobody of it is live any more: left standing, it would be asked for a run again and again.
fn is_spent(list: &StoredHeldList, marks: &BTreeMap<ItemKey, Mark>) -> bool {
    let mut remaining = list.remaining().peekable();
    list.state == HeldState::Approved
        && remaining.peek().is_some()
        && remaining.all(|item| !is_live(item, marks))
}

fn with_state(list: &StoredHeldList, state: HeldState) -> StoredHeldList {
    StoredHeldList {
        state,
        ..list.clone()
    }
}

fn deletions<'a>(items: impl Iterator<Item = &'a HeldItem>) -> BTreeSet<ItemKey> {
    items
        .filter(|item| item.action == Action::Delete)
        .filter_map(HeldItem::key)
        .collect()
}
