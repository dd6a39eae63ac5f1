//! What becomes of the items that earlier runs held, and of those that a person keeps.

use std::collections::BTreeSet;

use org_model::{InternalId, ItemKey, ItemKind};

use super::known::Known;
use super::sorting::Sorted;
use crate::held::RemovalId;
use crate::{Action, Change, HeldItem, Plan, Standing};

#[derive(Default)]
pub(super) struct StandingNow {
    pub still_held: Vec<HeldItem>,
    pub released: Vec<HeldItem>,
    pub detaching: Vec<HeldItem>,
    pub kept_released: Vec<HeldItem>,
}

/// What this run shows and does, as far as it matters to what stands.
struct Sight<'a> {
    sealed: bool,
    planned: BTreeSet<RemovalId<'a>>,
    going: BTreeSet<RemovalId<'a>>,
    joined: BTreeSet<(ItemKind, &'a InternalId)>,
    seen: &'a dyn Fn(&ItemKey) -> bool,
}

/// An item leaves its list when this snapshot shows that its reason is gone; being seen is
/// evidence in an unsealed snapshot too.
pub(super) fn review<'a>(
    plan: &'a Plan,
    sorted: &'a Sorted,
    standing: &'a Standing,
    known: &Known<'a>,
    seen: &'a dyn Fn(&ItemKey) -> bool,
) -> StandingNow {
    let sight = Sight {
        sealed: plan.sealed,
        planned: plan.removals.iter().map(Change::removal_id).collect(),
        going: sorted.going(plan).collect(),
        joined: plan.joined(),
        seen,
    };
    let mut now = StandingNow::default();
    for item in &standing.waiting {
        if sight.detaches(item) || sight.joins(item) {
            now.detaching.push(item.clone());
        } else if known.keeps_held(item) || sight.shows_again(item) {
            now.released.push(item.clone());
        } else if !known.approves(item) && !sight.going.contains(&item.removal_id()) {
            now.still_held.push(item.clone());
        }
    }
    for item in &standing.approved {
        if sight.detaches(item) || sight.joins(item) {
            now.detaching.push(item.clone());
        } else if known.keeps_held(item) || sight.overtakes(item) {
            now.released.push(item.clone());
        }
    }
    let kept = standing.kept.iter();
    let kept = kept.filter(|item| sight.joins(item) || sight.shows_again(item));
    now.kept_released.extend(kept.cloned());
    now.in_order()
}

impl Sight<'_> {
    /// Whom a person keeps, detached, nobody waits to remove, once it is done.
    fn detaches(&self, item: &HeldItem) -> bool {
        self.going
            .contains(&(item.kind, &item.internal_id, Action::Detach))
    }

    /// An administrator said that somebody whom this run shows is this person: their record goes
    /// with the one that takes its internal id over, and nobody waits for it once that is done.
    fn joins(&self, item: &HeldItem) -> bool {
        self.joined.contains(&(item.kind, &item.internal_id))
    }

    /// The item is seen, and not in the state that it was to be removed for. Whoever is to be
    /// disabled is seen all the time: only a sealed plan disables, so only a sealed plan without
    /// this disable says that they are open again.
    fn shows_again(&self, item: &HeldItem) -> bool {
        let seen = item.key().is_some_and(|key| (self.seen)(&key));
        match item.action {
            Action::Disable => seen && self.is_no_longer_planned(item),
            _ => seen,
        }
    }

    /// An approval is bound to its removal: of whoever left in the meantime it says nothing.
    fn overtakes(&self, item: &HeldItem) -> bool {
        match item.action {
            Action::Disable => self.is_no_longer_planned(item),
            _ => self.shows_again(item),
        }
    }

    fn is_no_longer_planned(&self, item: &HeldItem) -> bool {
        self.sealed && !self.planned.contains(&item.removal_id())
    }
}

impl StandingNow {
    fn in_order(mut self) -> Self {
        let lists = [
            &mut self.still_held,
            &mut self.released,
            &mut self.detaching,
            &mut self.kept_released,
        ];
        for items in lists {
            items.sort();
            items.dedup();
        }
        self
    }
}
