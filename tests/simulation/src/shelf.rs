//! What is durable: everything a store would hold, with the conditions a store would check.

mod decisions;
mod leases;
mod ledger;
mod mirror;

use std::collections::{BTreeMap, BTreeSet};

use jiff::Timestamp;
use org_model::{Fingerprint, ItemKey, ItemState, Mark, RunId, UserKey, UserStatus};
use org_plan::{DecidedRemoval, HeldItem, Item};
use source_settings::SourceSettings;
use sync_run::{
    Cancellation, Clearance, Holder, KeptSet, Notice, OutboxItem, RowsPage, RunRecord, SourceState,
    StandingRange, StoredHeldList, StoredResolution,
};

pub use ledger::{Claimed, Decided, Ledger, Written};

/// One source's share of both tables.
#[derive(Clone, Debug)]
pub struct Shelf {
    pub settings: SourceSettings,
    /// Of the settings.
    pub version: u64,
    pub state: SourceState,
    pub items: BTreeMap<ItemKey, Item>,
    pub displaced: Vec<Item>,
    pub generation: u64,
    pub holder: Option<Holder>,
    /// Runs that were claimed once: no delivery of one starts it again.
    pub claimed: BTreeSet<RunId>,
    /// Scheduled times, and the run that served each.
    pub served: BTreeMap<Timestamp, RunId>,
    pub records: BTreeMap<RunId, RunRecord>,
    pub pages: BTreeMap<(RunId, u64, u32), RowsPage>,
    /// What each run decided to remove, as its last decision says.
    pub decided: BTreeMap<RunId, Vec<DecidedRemoval>>,
    pub cancellations: BTreeMap<RunId, Cancellation>,
    pub lists: BTreeMap<String, StoredHeldList>,
    pub kept: BTreeMap<String, KeptSet>,
    pub resolutions: BTreeMap<UserKey, StoredResolution>,
    pub outbox: BTreeMap<String, OutboxItem>,
    pub sent: Vec<OutboxItem>,
    pub notices: Vec<Notice>,
    pub events: Vec<RunRecord>,
    /// Runs that were asked to start.
    pub started: Vec<RunId>,
    /// Segments that were asked to start; whether and when one is delivered is the test's choice.
    pub segments_started: Vec<(RunId, u32)>,
    pub standing: Option<StandingRange>,
    pub affected: Vec<HeldItem>,
    pub clearance: Option<Clearance>,
    /// The source was replaced: no settings are here.
    pub vacant: bool,
    /// The source was deleted.
    pub gone: bool,
    pub ledger: Ledger,
    /// How often somebody asked to clear the source.
    pub clearings_started: u32,
}

impl Shelf {
    pub fn new(settings: SourceSettings) -> Self {
        Self {
            settings,
            version: 1,
            state: SourceState::default(),
            items: BTreeMap::new(),
            displaced: Vec::new(),
            generation: 0,
            holder: None,
            claimed: BTreeSet::new(),
            served: BTreeMap::new(),
            records: BTreeMap::new(),
            pages: BTreeMap::new(),
            decided: BTreeMap::new(),
            ledger: Ledger::default(),
            cancellations: BTreeMap::new(),
            lists: BTreeMap::new(),
            kept: BTreeMap::new(),
            resolutions: BTreeMap::new(),
            outbox: BTreeMap::new(),
            sent: Vec::new(),
            notices: Vec::new(),
            events: Vec::new(),
            started: Vec::new(),
            segments_started: Vec::new(),
            standing: None,
            affected: Vec::new(),
            clearance: None,
            vacant: false,
            gone: false,
            clearings_started: 0,
        }
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

    /// Some of the logs at a time, so that there are places to crash at.
    pub fn clear_some(&mut self) -> bool {
        for _ in 0..5 {
            if let Some((id, _)) = self.outbox.pop_first() {
                self.ledger.outbox.remove(&id);
                continue;
            }
            let gone = self.records.pop_first().is_some()
                || self.pages.pop_first().is_some()
                || self.decided.pop_first().is_some()
                || self.cancellations.pop_first().is_some()
                || self.lists.pop_first().is_some()
                || self.kept.pop_first().is_some()
                || self.resolutions.pop_first().is_some();
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
                self.ledger.outbox.insert(item.id.clone());
                self.outbox.insert(item.id.clone(), item.clone());
            }
        }
    }

    /// Nobody without a lease writes into it.
    pub fn is_cleared(&self) -> bool {
        self.clearance.is_some() || self.vacant || self.gone
    }

    /// Refused while the run is live after all, and where its record is final already.
    pub fn bury(&mut self, record: &RunRecord, outbox: &[OutboxItem], now: Timestamp) -> bool {
        let is_its = |one: &Holder| one.run == record.run && now < one.expires_at;
        if self.is_cleared() || self.holder.as_ref().is_some_and(is_its) {
            return false;
        }
        if !self.may_write(record) {
            return false;
        }
        self.records.insert(record.run.clone(), record.clone());
        self.put_outbox(outbox);
        true
    }

    /// A final record is never written over, but by itself.
    pub(crate) fn may_write(&self, record: &RunRecord) -> bool {
        let stands = self.records.get(&record.run);
        stands.is_none_or(|stands| !stands.status.is_final() || stands == record)
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
