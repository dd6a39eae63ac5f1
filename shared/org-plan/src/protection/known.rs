//! What stands, by what it is looked up by: each of these lists may hold a hundred thousand items.

use std::collections::{BTreeMap, BTreeSet};

use org_model::{InternalId, ItemKind};

use super::sorting::Decision;
use crate::held::RemovalId;
use crate::{Action, HeldItem, Item, Standing};

pub(super) struct Known<'a> {
    /// By item: whoever is kept is kept from whatever would be done to them.
    kept: BTreeSet<(ItemKind, &'a InternalId)>,
    waiting: BTreeSet<RemovalId<'a>>,
    approved: BTreeMap<RemovalId<'a>, &'a HeldItem>,
    /// `None`: this is the run's first segment.
    decided: Option<BTreeSet<RemovalId<'a>>>,
}

impl<'a> Known<'a> {
    pub(super) fn of(standing: &'a Standing) -> Self {
        let kept = standing.kept.iter();
        let approved = standing.approved.iter();
        let decided = standing.decided.as_ref();
        let ids = |(kind, id, action): &'a (ItemKind, InternalId, Action)| (*kind, id, *action);
        Self {
            kept: kept.map(|item| (item.kind, &item.internal_id)).collect(),
            waiting: standing.waiting.iter().map(HeldItem::removal_id).collect(),
            approved: approved.map(|item| (item.removal_id(), item)).collect(),
            decided: decided.map(|decided| decided.iter().map(ids).collect()),
        }
    }

    /// What is known of this removal before any threshold looks at it.
    pub(super) fn decision(&self, item: &Item, action: Action) -> Decision {
        let id = (item.kind(), item.internal_id(), action);
        if self.decided.as_ref().is_some_and(|ids| !ids.contains(&id)) {
            Decision::Later
        } else if action == Action::Detach {
            Decision::Accepted
        } else if self.keeps(item) {
            Decision::KeptByAPerson
        } else if self.approved.contains_key(&id) {
            Decision::Approved
        } else if self.decided.is_some() {
            Decision::Decided
        } else if self.waits(id) {
            Decision::Waiting
        } else {
            Decision::New
        }
    }

    pub(super) fn is_continuation(&self) -> bool {
        self.decided.is_some()
    }

    /// An administrator decided that this item stays.
    pub(super) fn keeps(&self, item: &Item) -> bool {
        self.kept.contains(&(item.kind(), item.internal_id()))
    }

    pub(super) fn keeps_held(&self, item: &HeldItem) -> bool {
        self.kept.contains(&(item.kind, &item.internal_id))
    }

    pub(super) fn approves(&self, item: &HeldItem) -> bool {
        self.approved.contains_key(&item.removal_id())
    }

    /// The item as it was approved.
    pub(super) fn approved(&self, id: RemovalId<'_>) -> Option<&'a HeldItem> {
        self.approved.get(&id).copied()
    }

    /// Whoever waits to be disabled and leaves was not seen again: they wait all the same.
    fn waits(&self, (kind, id, action): RemovalId<'_>) -> bool {
        let waits = |action| self.waiting.contains(&(kind, id, action));
        waits(action) || (action == Action::Delete && waits(Action::Disable))
    }
}
