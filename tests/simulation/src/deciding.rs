//! What administrators decide about people: approvals, rejections, kept marks, conflicts, stops.

use std::collections::BTreeSet;

use jiff::Timestamp;
use org_model::{Fingerprint, ItemKey, RunId, UserId};
use org_plan::{HeldItem, Resolution};
use sync_run::{
    APPROVAL_VALID, Cancellation, HeldState, KeptSet, KeptWhy, OtherRecord, RunError, RunStatus,
    StoredHeldList, StoredResolution, run_finished,
};

use crate::World;

const SOMEONE: &str = "someone";

impl World {
    /// An administrator approves every list that waits, expired or not.
    pub fn approve_all(&self) {
        let now = self.now();
        for list in self.shelf().lists.values_mut() {
            if list.state == HeldState::Waiting {
                decide(list, HeldState::Approved, now);
            }
        }
    }

    /// The lists that may be decided now.
    pub fn waiting_lists(&self) -> Vec<StoredHeldList> {
        let now = self.now();
        let shelf = self.shelf();
        let lists = shelf.lists.values().filter(|list| is_open(list, now));
        lists.cloned().collect()
    }

    /// An administrator approves a list but for some, who are kept. `false`: it does not wait, or
    /// it expired.
    pub fn approve(&self, list: Fingerprint, except: &BTreeSet<ItemKey>) -> bool {
        let now = self.now();
        let mut shelf = self.shelf();
        let stands = shelf.lists.get_mut(&list.to_string());
        let Some(stands) = stands.filter(|list| is_open(list, now)) else {
            return false;
        };
        decide(stands, HeldState::Approved, now);
        let is_excepted = |item: &&HeldItem| item.key().is_some_and(|key| except.contains(&key));
        let excepted: Vec<HeldItem> = stands.remaining().filter(is_excepted).cloned().collect();
        let ids = excepted.iter();
        let ids = ids.map(|item| (item.kind, item.internal_id.clone()));
        stands.released.extend(ids);
        let why = KeptWhy::Excepted { list };
        shelf.keep(&KeptSet::split(&why, SOMEONE, now, &excepted));
        true
    }

    /// An administrator rejects a list: who remains of it is kept. An approval that was not carried
    /// out ends by it, unless a run is live or handed over. `false`: it is too late, or too early.
    pub fn reject(&self, list: Fingerprint) -> bool {
        let now = self.now();
        let mut shelf = self.shelf();
        let is_live = shelf
            .holder
            .as_ref()
            .is_some_and(|one| now < one.expires_at);
        let stands = shelf.lists.get_mut(&list.to_string());
        let may_end =
            |list: &StoredHeldList| is_open(list, now) || !is_live && is_in_force(list, now);
        let Some(stands) = stands.filter(|list| may_end(list)) else {
            return false;
        };
        decide(stands, HeldState::Rejected, now);
        let rejected: Vec<HeldItem> = stands.remaining().cloned().collect();
        let why = KeptWhy::Rejected { list };
        shelf.keep(&KeptSet::split(&why, SOMEONE, now, &rejected));
        true
    }

    /// An administrator takes back every mark that keeps this item; how many there were.
    pub fn clear_kept(&self, key: &ItemKey) -> usize {
        let mut cleared = 0;
        for set in self.shelf().kept.values_mut() {
            let of_it = set.remaining();
            let of_it = of_it.filter(|item| item.key().as_ref() == Some(key));
            let ids: Vec<_> = of_it
                .map(|item| (item.kind, item.internal_id.clone()))
                .collect();
            cleared += ids.len();
            set.released.extend(ids);
        }
        cleared
    }

    /// Who is kept now.
    pub fn kept_keys(&self) -> BTreeSet<ItemKey> {
        let sets = self.shelf().kept_sets();
        let items = sets.iter().flat_map(KeptSet::remaining);
        items.filter_map(HeldItem::key).collect()
    }

    /// An administrator asks a run to stop. A queued one never starts.
    pub fn cancel(&self, run: &RunId) {
        let at = self.now();
        let by = SOMEONE.to_owned();
        let mut shelf = self.shelf();
        let Some(record) = shelf.records.get_mut(run) else {
            return;
        };
        if record.status == RunStatus::Queued {
            record.status = RunStatus::Cancelled;
            record.finished_at = Some(at);
            record.error = Some(RunError {
                code: "cancelled".to_owned(),
                message: "cancelled before it started".to_owned(),
                remedy: "nothing".to_owned(),
            });
            let finished = run_finished(record);
            shelf.put_outbox(&[finished]);
        } else if !record.status.is_final() {
            let asked = Cancellation { by, at };
            shelf.cancellations.entry(run.clone()).or_insert(asked);
        }
    }

    /// An administrator's word on a userid whose record may be another's.
    pub fn resolve(
        &self,
        userid: &str,
        choice: Resolution,
        other: OtherRecord,
        other_item: &HeldItem,
    ) {
        let userid = UserId::new(userid);
        let said = StoredResolution {
            userid: userid.clone(),
            choice,
            other,
            other_userid: UserId::new(other_item.id.clone()),
            other_internal_id: other_item.internal_id.clone(),
            by: SOMEONE.to_owned(),
            at: self.now(),
        };
        self.shelf().resolutions.insert(userid.key(), said);
    }
}

fn is_open(list: &StoredHeldList, now: Timestamp) -> bool {
    list.state == HeldState::Waiting && now < list.list.expires_at
}

fn is_in_force(list: &StoredHeldList, now: Timestamp) -> bool {
    let in_time = |decided| now <= decided + APPROVAL_VALID;
    let is_approved = list.state == HeldState::Approved && list.consumed_by.is_none();
    is_approved && list.decided_at.is_some_and(in_time)
}

fn decide(list: &mut StoredHeldList, state: HeldState, now: Timestamp) {
    list.state = state;
    list.decided_by = Some(SOMEONE.to_owned());
    list.decided_at = Some(now);
}
