//! What a run decided, and what people decided of it.

use std::collections::BTreeSet;

use jiff::{SignedDuration, Timestamp};
use org_model::{InternalId, ItemKind, RunId, UserKey};
use org_plan::{DecidedRemoval, HeldItem, HeldList};
use serde::{Deserialize, Serialize};

use super::{OutboxItem, RunRecord};
use crate::{KeptRelease, KeptSet, SourceState};

/// How long an approval waits for a sealed run (DESIGN.md §5).
pub const APPROVAL_VALID: SignedDuration = SignedDuration::from_hours(24);

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum HeldState {
    Waiting,
    Approved,
    Rejected,
    Expired,
    Superseded,
}

/// A held list with what became of it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct StoredHeldList {
    pub list: HeldList,
    pub state: HeldState,
    pub decided_by: Option<String>,
    pub decided_at: Option<Timestamp>,
    /// Items that came back or went another way: no longer part of the list, whatever is approved.
    pub released: BTreeSet<(ItemKind, InternalId)>,
    /// The run that removed the approved items.
    pub consumed_by: Option<RunId>,
}

impl StoredHeldList {
    /// The state with the clock taken into account: a list that waited, or stood approved without a
    /// run that used it, for too long is expired, whoever notes it.
    pub fn state_at(&self, now: Timestamp) -> HeldState {
        let is_late = match self.state {
            HeldState::Waiting => now >= self.list.expires_at,
            HeldState::Approved if self.consumed_by.is_none() => {
                self.decided_at.is_none_or(|at| now > at + APPROVAL_VALID)
            }
            _ => false,
        };
        if is_late {
            HeldState::Expired
        } else {
            self.state
        }
    }

    /// The items that still wait, or may still be removed.
    pub fn remaining(&self) -> impl Iterator<Item = &HeldItem> {
        self.list.items.iter().filter(|item| {
            !self
                .released
                .contains(&(item.kind, item.internal_id.clone()))
        })
    }
}

/// What a run decided: durable before anything of it is applied (DESIGN.md §4 step 9).
#[derive(Clone, Debug, PartialEq)]
pub struct Decision {
    /// The run's record with plan, seal and reasons.
    pub record: RunRecord,
    /// New held lists: what this run holds, and successors of lists that expired.
    pub held: Vec<StoredHeldList>,
    /// Earlier lists with changed state: released items, approvals consumed, expiry.
    pub lists: Vec<StoredHeldList>,
    /// The items this run may remove.
    pub removals: Vec<DecidedRemoval>,
    /// Who is kept from now on. Keeping harms nobody: these may be written before the transaction.
    pub kept: Vec<KeptSet>,
    /// Who is kept no longer, since this reading shows them.
    pub kept_released: Vec<KeptRelease>,
    /// Resolutions that this run carried out.
    pub resolved: Vec<UserKey>,
    pub outbox: Vec<OutboxItem>,
    pub state: SourceState,
}

/// Somebody wants a live run to stop at its next row boundary.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Cancellation {
    pub by: String,
    pub at: Timestamp,
}
