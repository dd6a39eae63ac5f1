//! What a source's runs and people leave standing, as the store and the captain would keep it.

use std::collections::BTreeSet;

use jiff::Timestamp;
use org_model::{InternalId, ItemKey, ItemKind, ItemState};

use super::World;
use crate::{Action, Base, DecidedRemoval, HeldItem, Item, RemovalsOfDay, Standing, Verdict};

/// A run that decided to remove something.
#[derive(Clone, Debug)]
pub struct RemovingRun {
    pub at: Timestamp,
    pub base: Base,
    pub decided: Vec<DecidedRemoval>,
}

impl World {
    /// What the next run finds: with the rolling day, and without whoever is no longer there.
    pub(super) fn standing_now(&self) -> Standing {
        let mut standing = self.standing.clone();
        let runs = self.removing.iter();
        for run in runs.filter(|run| RemovalsOfDay::covers(run.at, self.now)) {
            standing.day.count_in(run.base, run.decided.iter().cloned());
        }
        let live = self.live_ids();
        let is_live = |item: &HeldItem| live.contains(&(item.kind, &item.internal_id));
        standing.waiting.retain(is_live);
        standing.approved.retain(is_live);
        standing.kept.retain(is_live);
        standing
    }

    fn live_ids(&self) -> BTreeSet<(ItemKind, &InternalId)> {
        let items = self.mirror.items.values();
        let live = items.filter(|item| item.state() == ItemState::Live);
        live.map(|item| (item.kind(), item.internal_id())).collect()
    }

    /// Who is asked about whatever the budget says: an approval, or an earlier segment of the run,
    /// waits for exactly this answer.
    pub(super) fn asked_for<'a>(
        &self,
        missing: impl IntoIterator<Item = (&'a ItemKey, &'a Item)>,
    ) -> BTreeSet<ItemKey> {
        let mut asked_for = deletions(&self.standing.approved);
        if let Some(decided) = &self.standing.decided {
            let missing = missing.into_iter().filter(|(_, item)| {
                let id = item.internal_id().clone();
                decided.contains(&(item.kind(), id, Action::Delete))
            });
            asked_for.extend(missing.map(|(key, _)| key.clone()));
        }
        asked_for
    }

    pub(super) fn remember(&mut self, verdict: &Verdict, hands_over: bool) {
        let decided = verdict.decided();
        let standing = &mut self.standing;
        let mut over: BTreeSet<&HeldItem> = verdict.released.iter().collect();
        if !hands_over {
            over.extend(verdict.consumed.iter().chain(&verdict.detaching));
        }
        let stays = |item: &HeldItem| !over.contains(item);
        standing.waiting.retain(stays);
        standing.waiting.extend(verdict.held.iter().cloned());
        standing.approved.retain(stays);
        let seen: BTreeSet<&HeldItem> = verdict.kept_released.iter().collect();
        standing.kept.retain(|item| !seen.contains(item));
        if standing.decided.is_none() && !decided.is_empty() {
            self.removing.push(RemovingRun {
                at: self.now,
                base: verdict.base,
                decided: decided.clone(),
            });
        }
        let attributes = verdict.tripped.iter();
        let attributes = attributes.filter_map(|rule| rule.attribute.clone());
        standing.kept_back.extend(attributes);
        standing.cleared.extend(verdict.cleared.iter().cloned());
        if !hands_over {
            standing.kept_back.clear();
            standing.cleared.clear();
        }
        let keys = || decided.iter().map(DecidedRemoval::key).collect();
        standing.decided = match (hands_over, standing.decided.take()) {
            (false, _) => None,
            (true, Some(first)) => Some(first),
            (true, None) => Some(keys()),
        };
    }

    /// A person approves everything that waits.
    pub fn approve(&mut self) {
        self.standing.approved.append(&mut self.standing.waiting);
    }

    /// A person approves everything that waits but for these, who are kept.
    pub fn approve_except(&mut self, ids: &[&str]) {
        let is_excepted = |item: &mut HeldItem| ids.contains(&item.id.as_str());
        let excepted = self.standing.waiting.extract_if(.., is_excepted);
        self.standing.kept.extend(excepted);
        self.approve();
    }

    /// A person rejects everything that waits: they are kept.
    pub fn reject(&mut self) {
        self.standing.kept.append(&mut self.standing.waiting);
    }
}

/// Those of these items that are to be deleted, or are kept from it.
pub(super) fn deletions(items: &[HeldItem]) -> BTreeSet<ItemKey> {
    let deletions = items.iter().filter(|item| item.action == Action::Delete);
    deletions.filter_map(HeldItem::key).collect()
}
