//! What really happened, for whoever judges it: kept beside the store and read by no run.

use std::collections::{BTreeMap, BTreeSet};

use jiff::Timestamp;
use org_model::{ItemKey, ItemKind, ItemState, RunId};
use org_plan::{Action, Change, Item};
use sync_run::{
    ClaimRequest, Decision, NoticeKind, OutboxItem, OutboxPayload, RunLease, RunRecord,
};

use super::Shelf;

/// Everything that became durable, in order.
#[derive(Clone, Debug, Default)]
pub struct Ledger {
    /// Counts the changes of the world around; whoever changes it counts.
    pub epoch: u64,
    /// By generation.
    pub claims: BTreeMap<u64, Claimed>,
    pub writes: Vec<Written>,
    pub decisions: Vec<Decided>,
    /// Records as they were closed by the run itself.
    pub closed: Vec<RunRecord>,
    /// The next write is of a request that was on its way for long.
    pub under_way: bool,
    /// Ids of everything that must leave.
    pub outbox: BTreeSet<String>,
}

#[derive(Clone, Debug)]
pub struct Claimed {
    pub run: RunId,
    pub epoch: u64,
    pub at: Timestamp,
    pub expires_at: Timestamp,
    /// Somebody had asked the run to stop before.
    pub cancelled: bool,
}

/// One write of a mirror's item that changed it.
#[derive(Clone, Debug)]
pub struct Written {
    pub at: Timestamp,
    pub epoch: u64,
    pub run: RunId,
    pub generation: u64,
    /// The run held the lease at this moment.
    pub held: bool,
    /// After it everybody who is live stands in departments that are.
    pub is_sound: bool,
    /// The request had left before its process stopped.
    pub was_under_way: bool,
    pub change: Change,
}

/// One decision of a run.
#[derive(Clone, Debug)]
pub struct Decided {
    pub at: Timestamp,
    pub epoch: u64,
    pub decision: Decision,
    /// How many live people and departments the mirror had.
    pub people: u64,
    pub departments: u64,
}

impl Decided {
    /// A list that somebody must hear of, and nobody does.
    pub fn is_silent(&self) -> bool {
        let is_held = |item: &OutboxItem| match &item.payload {
            OutboxPayload::Notice(notice) => notice.kind == NoticeKind::Held,
            OutboxPayload::RunFinished(_) => false,
        };
        !self.decision.held.is_empty() && !self.decision.outbox.iter().any(is_held)
    }
}

impl Written {
    pub fn is_removal(&self) -> bool {
        self.change.action.is_removal()
    }

    /// Takes somebody from the directory, or closes them.
    pub fn takes_away(&self) -> bool {
        matches!(self.change.action, Action::Delete | Action::Disable)
    }

    /// A request that was on its way while the source was cleared may still add somebody; the next
    /// run mends it, once there is one (ARCHITECTURE.md).
    pub fn is_late_and_homeless(&self) -> bool {
        self.was_under_way && !self.is_sound && !self.takes_away()
    }

    pub fn item(&self) -> &Item {
        &self.change.after
    }
}

impl Shelf {
    pub(super) fn note_claim(&mut self, request: &ClaimRequest) {
        let claimed = Claimed {
            run: request.run.clone(),
            epoch: self.ledger.epoch,
            at: request.now,
            expires_at: request.expires_at,
            cancelled: self.cancellations.contains_key(&request.run),
        };
        self.ledger.claims.insert(self.generation, claimed);
    }

    pub(super) fn note_write(&mut self, lease: &RunLease, change: &Change, at: Timestamp) {
        let is_sound = self.is_sound_at(&change.after);
        let written = Written {
            at,
            epoch: self.ledger.epoch,
            run: lease.run().clone(),
            generation: lease.generation().0,
            held: self.is_held(lease, at),
            is_sound,
            was_under_way: std::mem::take(&mut self.ledger.under_way),
            change: change.clone(),
        };
        self.ledger.writes.push(written);
    }

    pub(super) fn note_decision(&mut self, decision: &Decision, at: Timestamp) {
        let decided = Decided {
            at,
            epoch: self.ledger.epoch,
            decision: decision.clone(),
            people: self.live(ItemKind::User),
            departments: self.live(ItemKind::Department),
        };
        self.ledger.decisions.push(decided);
    }

    /// This item's own homes are live, and so is whoever stands in it.
    fn is_sound_at(&self, item: &Item) -> bool {
        let is_live = |item: &Item| item.state() == ItemState::Live;
        if is_live(item) {
            let home = |id| self.items.get(&ItemKey::Department(id));
            let mut homes = item.departments().into_iter().map(home);
            return homes.all(|home| home.is_some_and(is_live));
        }
        let Item::Department(gone) = item else {
            return true;
        };
        let mut left = self.items.values().filter(|item| is_live(item));
        !left.any(|item| item.departments().contains(&gone.id))
    }

    fn live(&self, kind: ItemKind) -> u64 {
        let items = self.items.values();
        let live = items.filter(|item| item.kind() == kind && item.state() == ItemState::Live);
        live.count() as u64
    }
}
