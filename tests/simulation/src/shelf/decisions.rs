//! Decisions of runs, as the store takes them: beside those of people, in any order.

use jiff::Timestamp;
use sync_run::ports::StoreError;
use sync_run::{APPROVAL_VALID, Decision, HeldState, KeptSet, StoredHeldList};

use super::Shelf;

impl Shelf {
    /// All of it or nothing; the source's state is the caller's to put.
    pub fn decide(&mut self, decision: &Decision, now: Timestamp) -> Result<(), StoreError> {
        let fits = decision.held.iter().all(|list| self.may_hold(list, now))
            && decision.lists.iter().all(|list| self.may_change(list));
        if !fits {
            return Err(StoreError::Conflict { act: "decide" });
        }
        self.note_decision(decision, now);
        let record = &decision.record;
        self.records.insert(record.run.clone(), record.clone());
        decision.lists.iter().for_each(|list| self.change(list));
        decision.held.iter().for_each(|list| self.hold(list));
        self.decided
            .insert(record.run.clone(), decision.removals.clone());
        self.keep(&decision.kept);
        for release in &decision.kept_released {
            if let Some(set) = self.kept.get_mut(&release.set) {
                set.released.extend(release.items.iter().cloned());
            }
        }
        for userid in &decision.resolved {
            self.resolutions.remove(userid);
        }
        self.put_outbox(&decision.outbox);
        Ok(())
    }

    /// Written twice it is one set, and whoever left it since stays out.
    pub fn keep(&mut self, sets: &[KeptSet]) {
        for set in sets {
            self.kept.entry(set.id.clone()).or_insert(set.clone());
        }
    }

    /// The sets in which somebody is still kept, oldest first.
    pub fn kept_sets(&self) -> Vec<KeptSet> {
        let sets = self.kept.values().cloned();
        let mut sets: Vec<_> = sets.filter(|set| set.remaining().count() > 0).collect();
        sets.sort_by_key(|set| (set.at, set.id.clone()));
        sets
    }

    /// A list that stands approved and is not spent makes no room for another.
    fn may_hold(&self, new: &StoredHeldList, now: Timestamp) -> bool {
        let Some(stands) = self.lists.get(&name(new)) else {
            return true;
        };
        let is_stale = stands
            .decided_at
            .is_some_and(|at| at + APPROVAL_VALID < now);
        let is_approved = stands.state == HeldState::Approved && stands.consumed_by.is_none();
        stands.list.run == new.list.run || !is_approved || is_stale
    }

    fn hold(&mut self, new: &StoredHeldList) {
        let stands = self.lists.get(&name(new));
        if stands.is_none_or(|stands| stands.list.run != new.list.run) {
            self.lists.insert(name(new), new.clone());
        }
    }

    /// What expires was decided by nobody since, and an approval that ends was not rejected.
    fn may_change(&self, list: &StoredHeldList) -> bool {
        let Some(stands) = self.lists.get(&name(list)) else {
            return false;
        };
        let spent = |run| list.consumed_by.is_none() || list.consumed_by == Some(run);
        let is_emptied = list.state == HeldState::Superseded || list.consumed_by.is_some();
        let ends = list.state == HeldState::Expired || list.decided_at.is_some() && is_emptied;
        stands.consumed_by.clone().is_none_or(spent)
            && (!ends || stands.decided_at == list.decided_at)
    }

    /// A run only adds who left, who spent it, and an end that no decision contradicts.
    fn change(&mut self, list: &StoredHeldList) {
        let Some(stands) = self.lists.get_mut(&name(list)) else {
            return;
        };
        stands.released.extend(list.released.iter().cloned());
        if list.consumed_by.is_some() {
            stands.consumed_by.clone_from(&list.consumed_by);
        }
        if matches!(list.state, HeldState::Expired | HeldState::Superseded) {
            stands.state = list.state;
        }
    }
}

fn name(list: &StoredHeldList) -> String {
    list.list.fingerprint.to_string()
}
