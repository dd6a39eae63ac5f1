//! Whom administrators keep, as a run heeds it.
//!
//! Properties wanted:
//! 1. Whoever is kept is no candidate: nobody asks about them, no threshold counts them, no row
//!    names them, and they keep the departments they stand in.
//! 2. A mark holds for one absence: whoever a run sees again leaves their set in that run's own
//!    decision, so that their next departure is judged like any other.
//!
//! Races considered:
//! - *Kept while a run is live:* the run read the sets at its start; it may still remove somebody
//!   of whom the mark was written since. Only what was held is rejected or excepted, and what is
//!   held no run removes without an approval, so nobody is lost by that.
//! - *Seen by a run that dies before it decides:* the mark stays, and the next run sees them too.
//!   Somebody who came back and left again between two decisions was never seen to be back.
//! - *Released by a run and by a call at once:* both only ever add to what is released.

use std::collections::{BTreeMap, BTreeSet};

use org_model::{InternalId, ItemKey, ItemKind, ItemState, Mark, SourceId};
use org_plan::{Action, HeldItem};

use crate::ports::{Ports, StoreError};
use crate::{KeptRelease, KeptSet};

/// The sets in which somebody is still kept.
#[derive(Clone, Debug, Default)]
pub(crate) struct Keeping {
    sets: Vec<KeptSet>,
    /// Kept, and no record has their internal id any more: purged, or moved aside.
    lapsed: BTreeSet<(ItemKind, InternalId)>,
    /// Kept, and not live: an undo keeps people before it gives them back.
    away: BTreeSet<(ItemKind, InternalId)>,
}

impl Keeping {
    pub async fn load(ports: &Ports, source: &SourceId) -> Result<Self, StoreError> {
        Ok(Self {
            sets: ports.decisions.kept(source).await?,
            ..Self::default()
        })
    }

    /// Leaves out who is not live. Where the record is gone, nobody is left to keep.
    pub fn leave_out_gone(&mut self, marks: &BTreeMap<ItemKey, Mark>) {
        let (mut lapsed, mut away) = (BTreeSet::new(), BTreeSet::new());
        for item in self.items() {
            let mark = item.key().and_then(|key| marks.get(&key));
            match mark.filter(|mark| mark.internal_id == item.internal_id) {
                None => lapsed.insert(id(item)),
                Some(mark) if mark.state != ItemState::Live => away.insert(id(item)),
                Some(_) => false,
            };
        }
        (self.lapsed, self.away) = (lapsed, away);
    }

    /// Who is live and kept.
    pub fn items(&self) -> impl Iterator<Item = &HeldItem> {
        let remaining = self.sets.iter().flat_map(KeptSet::remaining);
        remaining.filter(|item| {
            let id = id(item);
            !self.lapsed.contains(&id) && !self.away.contains(&id)
        })
    }

    /// Those who are kept from being deleted: their keys.
    pub fn keys(&self) -> BTreeSet<ItemKey> {
        let deletions = self.items().filter(|item| item.action == Action::Delete);
        deletions.filter_map(HeldItem::key).collect()
    }

    /// Who leaves which set: those whom this run saw again, and those who lapsed. A mark against
    /// one removal goes; one against another removal of the same person stays.
    pub fn releases(&self, seen: &[HeldItem]) -> Vec<KeptRelease> {
        let seen: BTreeSet<_> = seen.iter().map(|item| (id(item), item.action)).collect();
        let is_over = |item: &&HeldItem| {
            let id = id(item);
            self.lapsed.contains(&id) || seen.contains(&(id, item.action))
        };
        let release = |set: &KeptSet| KeptRelease {
            set: set.id.clone(),
            items: set.remaining().filter(is_over).map(id).collect(),
        };
        let releases = self.sets.iter().map(release);
        releases.filter(|one| !one.items.is_empty()).collect()
    }
}

fn id(item: &HeldItem) -> (ItemKind, InternalId) {
    (item.kind, item.internal_id.clone())
}
