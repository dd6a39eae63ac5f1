//! What is durable: everything a store would hold, with the conditions a store would check.

use std::collections::{BTreeMap, BTreeSet};

use jiff::Timestamp;
use org_model::{Fingerprint, Generation, ItemKey, ItemState, Mark, RunId, UserStatus, WriteStamp};
use org_plan::{Change, HeldItem, Item, KeptItem};
use source_settings::SourceSettings;
use sync_run::ports::{PURGE_MAX, PurgePage, Purgeable, WriteOutcome};
use sync_run::{
    ClaimOutcome, ClaimRequest, Clearance, Notice, OutboxItem, RowsPage, RunLease, RunRecord,
    SourceState, StandingRange, StoredHeldList,
};

/// One source's share of both tables.
#[derive(Clone, Debug)]
pub struct Shelf {
    pub settings: SourceSettings,
    pub state: SourceState,
    pub items: BTreeMap<ItemKey, Item>,
    pub displaced: Vec<Item>,
    pub generation: u64,
    pub holder: Option<(RunId, Timestamp)>,
    pub served: BTreeSet<Timestamp>,
    pub records: BTreeMap<RunId, RunRecord>,
    pub pages: BTreeMap<(RunId, u64, u32), RowsPage>,
    pub lists: BTreeMap<String, StoredHeldList>,
    pub outbox: BTreeMap<String, OutboxItem>,
    pub sent: Vec<OutboxItem>,
    pub notices: Vec<Notice>,
    pub events: Vec<RunRecord>,
    /// Runs that were asked to start.
    pub started: Vec<RunId>,
    pub standing: Option<StandingRange>,
    pub affected: Vec<HeldItem>,
    pub clearance: Option<Clearance>,
    /// The source was replaced: no settings are here.
    pub vacant: bool,
    /// The source was deleted.
    pub gone: bool,
    /// How often somebody asked to clear the source.
    pub clearings_started: u32,
}

impl Shelf {
    pub fn new(settings: SourceSettings) -> Self {
        Self {
            settings,
            state: SourceState::default(),
            items: BTreeMap::new(),
            displaced: Vec::new(),
            generation: 0,
            holder: None,
            served: BTreeSet::new(),
            records: BTreeMap::new(),
            pages: BTreeMap::new(),
            lists: BTreeMap::new(),
            outbox: BTreeMap::new(),
            sent: Vec::new(),
            notices: Vec::new(),
            events: Vec::new(),
            started: Vec::new(),
            standing: None,
            affected: Vec::new(),
            clearance: None,
            vacant: false,
            gone: false,
            clearings_started: 0,
        }
    }

    pub fn claim(&mut self, request: &ClaimRequest) -> ClaimOutcome {
        if let Some(at) = request.scheduled_at
            && self.served.contains(&at)
        {
            return ClaimOutcome::AlreadyServed {
                run: request.run.clone(),
            };
        }
        let mut dead_run = None;
        if let Some((run, expires_at)) = self.holder.take() {
            if request.now < expires_at {
                self.holder = Some((run.clone(), expires_at));
                return ClaimOutcome::Taken { live_run: run };
            }
            dead_run = Some(run);
        }
        self.served.extend(request.scheduled_at);
        self.generation += 1;
        self.holder = Some((request.run.clone(), request.expires_at));
        ClaimOutcome::Claimed {
            generation: Generation(self.generation),
            dead_run,
        }
    }

    /// The lease is still this run's.
    pub fn is_held(&self, lease: &RunLease) -> bool {
        self.generation == lease.generation().0
            && self
                .holder
                .as_ref()
                .is_some_and(|(run, _)| run == lease.run())
    }

    pub fn marks(&self) -> BTreeMap<ItemKey, Mark> {
        let mark = |(key, item): (&ItemKey, &Item)| {
            let mark = Mark {
                key: key.clone(),
                internal_id: item.internal_id().clone(),
                state: item.state(),
                stamp: item.stamp(),
            };
            (key.clone(), mark)
        };
        self.items.iter().map(mark).collect()
    }

    pub fn write(&mut self, change: &Change) -> WriteOutcome {
        let key = change.after.key();
        let stands = self.items.get(&key);
        if stands == Some(&change.after) {
            return WriteOutcome::Done;
        }
        if stands.map(Item::stamp) != change.before.as_ref().map(Item::stamp) {
            return WriteOutcome::ChangedMeanwhile;
        }
        if change.displaces {
            self.displaced.extend(change.before.clone());
        }
        self.items.insert(key, change.after.clone());
        WriteOutcome::Done
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

    /// What was accepted meanwhile stays as the person was shown it.
    pub fn see(
        &mut self,
        seen: &StandingRange,
        affected: &[HeldItem],
        overruled: Option<Fingerprint>,
    ) {
        let stays = self.standing.as_ref().is_some_and(|stands| {
            stands.acceptance.is_some() && Some(stands.fingerprint) != overruled
        });
        if !stays {
            self.standing = Some(seen.clone());
            self.affected = affected.to_vec();
        }
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

    /// Some of the logs at a time, so that there are places to crash at.
    pub fn clear_some(&mut self) -> bool {
        for _ in 0..5 {
            let gone = self.records.pop_first().is_some()
                || self.pages.pop_first().is_some()
                || self.lists.pop_first().is_some()
                || self.outbox.pop_first().is_some();
            if !gone {
                self.state = SourceState::default();
                (self.standing, self.affected) = (None, Vec::new());
                return false;
            }
        }
        true
    }

    /// An id that was sent is never put again.
    pub fn put_outbox(&mut self, items: &[OutboxItem]) {
        for item in items {
            if !self.sent.iter().any(|sent| sent.id == item.id) {
                self.outbox.insert(item.id.clone(), item.clone());
            }
        }
    }

    /// Nobody without a lease writes into it.
    pub fn is_cleared(&self) -> bool {
        self.clearance.is_some() || self.vacant || self.gone
    }

    pub fn bury(&mut self, record: &RunRecord, outbox: &[OutboxItem]) -> bool {
        if self.is_cleared() {
            return false;
        }
        let stands = self.records.get(&record.run);
        if stands.is_some_and(|stands| stands.status.is_final()) {
            return stands == Some(record);
        }
        self.records.insert(record.run.clone(), record.clone());
        self.put_outbox(outbox);
        true
    }

    pub fn deleted_before(&self, older_than: Timestamp) -> PurgePage {
        let deleted_at = |item: &Item| match item {
            Item::User(user) => user.deleted_at,
            Item::Department(department) => department.deleted_at,
        };
        let old = |item: &&Item| deleted_at(item).is_some_and(|at| at < older_than);
        let mut found = self.items.values().filter(old).cloned();
        let items: Vec<_> = found.by_ref().take(PURGE_MAX).collect();
        let purgeable = |item| Purgeable { item, aside: false };
        PurgePage {
            items: items.into_iter().map(purgeable).collect(),
            next: found.next().map(|_| 0),
        }
    }

    pub fn purge(&mut self, found: &Purgeable) -> bool {
        let key = found.item.key();
        match self.items.get(&key) {
            Some(stands) if stands.stamp() != found.item.stamp() => false,
            // Nothing there any more: this very deletion, sent before.
            _ => {
                self.items.remove(&key);
                true
            }
        }
    }

    /// People who may be found in the directory, by key.
    pub fn live_people(&self) -> BTreeSet<String> {
        let people = self
            .items
            .values()
            .filter(|item| item.state() == ItemState::Live);
        let people = people.filter_map(|item| match item {
            Item::User(user) if user.status != UserStatus::Deleted => {
                Some(user.key().as_str().to_owned())
            }
            _ => None,
        });
        people.collect()
    }
}
