//! What a person may say about a held list, and to whom it applies.

use std::collections::BTreeSet;

use jiff::Timestamp;
use org_model::Fingerprint;
use org_plan::{HeldItem, RemovalKey};
use sync_run::{HeldState, KeptWhy, StoredHeldList};

use crate::wire::Attributes;
use crate::wire::attributes::optional_text;

/// What is said.
#[derive(Clone, Copy, Debug)]
pub(in crate::admin) enum Word<'a> {
    /// All but these.
    Approve(&'a [HeldItem]),
    Reject,
}

impl Word<'_> {
    pub(super) fn state(self) -> HeldState {
        match self {
            Self::Approve(_) => HeldState::Approved,
            Self::Reject => HeldState::Rejected,
        }
    }

    /// Stands for the exceptions, in whatever order; `None` without any.
    pub(super) fn exceptions(self) -> Option<Fingerprint> {
        let except = match self {
            Self::Approve(except) => excepted(except),
            Self::Reject => BTreeSet::new(),
        };
        (!except.is_empty()).then(|| Fingerprint::of(&except))
    }

    /// The list says so already. One that was rejected after its approval still names whom that
    /// excepted.
    pub(super) fn stands_in(self, list: &StoredHeldList, header: &Attributes) -> bool {
        let exceptions = self.exceptions().map(|exceptions| exceptions.to_string());
        let is_same = match self {
            Self::Approve(_) => optional_text(header, "exceptions") == exceptions.as_deref(),
            Self::Reject => true,
        };
        list.state == self.state() && is_same
    }

    /// It can still be said of the list as it stands.
    pub(super) fn is_in_time(self, list: &StoredHeldList, at: Timestamp) -> bool {
        match list.state_at(at) {
            HeldState::Waiting => true,
            // A run that reads it goes by it, unless one did already.
            HeldState::Approved => matches!(self, Self::Reject) && list.consumed_by.is_none(),
            HeldState::Rejected | HeldState::Expired | HeldState::Superseded => false,
        }
    }

    pub(super) fn kept(self, list: &StoredHeldList) -> Vec<HeldItem> {
        let remaining = list.remaining();
        match self {
            Self::Approve(except) => {
                let except = excepted(except);
                let kept = remaining.filter(|item| except.contains(&key_of(item)));
                kept.cloned().collect()
            }
            Self::Reject => remaining.cloned().collect(),
        }
    }

    pub(super) fn why(self, list: Fingerprint) -> KeptWhy {
        match self {
            Self::Approve(_) => KeptWhy::Excepted { list },
            Self::Reject => KeptWhy::Rejected { list },
        }
    }
}

pub(super) fn excepted(items: &[HeldItem]) -> BTreeSet<RemovalKey> {
    items.iter().map(key_of).collect()
}

pub(super) fn key_of(item: &HeldItem) -> RemovalKey {
    (item.kind, item.internal_id.clone(), item.action)
}
