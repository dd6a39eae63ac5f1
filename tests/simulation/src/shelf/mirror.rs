//! The directory's share: conditional writes, purging, detaching.

use jiff::Timestamp;
use org_model::{ItemKey, ItemState, WriteStamp};
use org_plan::{Change, Item, KeptItem, Reclaimed};
use sync_run::RunLease;
use sync_run::ports::{PURGE_MAX, PurgePage, Purgeable, WriteOutcome};

use super::Shelf;

impl Shelf {
    pub fn write(&mut self, lease: &RunLease, change: &Change, at: Timestamp) -> WriteOutcome {
        let key = change.after.key();
        let stands = self.items.get(&key);
        if stands == Some(&change.after) {
            return WriteOutcome::Done;
        }
        if stands.map(Item::stamp) != change.before.as_ref().map(Item::stamp) {
            return WriteOutcome::ChangedMeanwhile;
        }
        if let Some(other) = &change.reclaims
            && !self.take_out(other)
        {
            return WriteOutcome::ChangedMeanwhile;
        }
        if change.displaces {
            self.displaced.extend(change.before.clone());
        }
        self.items.insert(key, change.after.clone());
        self.note_write(lease, change, at);
        WriteOutcome::Done
    }

    /// The other record of one person goes, if it still is as it was read.
    fn take_out(&mut self, other: &Reclaimed) -> bool {
        let is_it = |item: &Item| {
            item.key() == other.item.key()
                && item.internal_id() == other.item.internal_id()
                && item.stamp() == other.item.stamp()
        };
        let key = other.item.key();
        if !other.aside {
            let stands = self.items.get(&key).is_some_and(is_it);
            return stands && self.items.remove(&key).is_some();
        }
        let before = self.displaced.len();
        self.displaced.retain(|item| !is_it(item));
        self.displaced.len() < before
    }

    pub fn mark_absence(&mut self, lease: &RunLease, kept: &KeptItem) -> WriteOutcome {
        let key = kept.before.key();
        if self.items.get(&key).map(Item::stamp) != Some(kept.before.stamp()) {
            return WriteOutcome::ChangedMeanwhile;
        }
        if let Some(marked) = kept.marked(lease.generation()) {
            self.items.insert(key, marked);
        }
        WriteOutcome::Done
    }

    pub fn detach(&mut self, lease: &RunLease, keys: &[ItemKey]) {
        for key in keys {
            let Some(item) = self.items.get_mut(key) else {
                continue;
            };
            if item.state() != ItemState::Live {
                continue;
            }
            let stamp = WriteStamp {
                fingerprint: item.stamp().fingerprint.unsettled(),
                generation: lease.generation(),
            };
            match item {
                Item::User(user) => {
                    (user.detached, user.absence, user.stamp) = (true, None, stamp);
                }
                Item::Department(one) => {
                    (one.detached, one.absence, one.stamp) = (true, None, stamp);
                }
            }
        }
    }

    pub fn deleted_before(&self, older_than: Timestamp) -> PurgePage {
        let deleted_at = |item: &Item| match item {
            Item::User(user) => user.deleted_at,
            Item::Department(department) => department.deleted_at,
        };
        let old = |item: &&Item| deleted_at(item).is_some_and(|at| at < older_than);
        let purgeable = |item: &Item, aside| Purgeable {
            item: item.clone(),
            aside,
        };
        let placed = self.items.values().filter(old);
        let placed = placed.map(|item| purgeable(item, false));
        let moved = self.displaced.iter().filter(old);
        let mut found = placed.chain(moved.map(|item| purgeable(item, true)));
        PurgePage {
            items: found.by_ref().take(PURGE_MAX).collect(),
            next: found.next().map(|_| 0),
        }
    }

    pub fn purge(&mut self, found: &Purgeable) -> bool {
        let key = found.item.key();
        if found.aside {
            self.displaced.retain(|item| *item != found.item);
            return true;
        }
        match self.items.get(&key) {
            Some(stands) if stands.stamp() != found.item.stamp() => false,
            // Nothing there any more: this very deletion, sent before.
            _ => {
                self.items.remove(&key);
                true
            }
        }
    }
}
