//! Who is kept: an administrator's word that somebody stays although they are gone in WeCom.
//!
//! Kept items stand in sets, one per decision and at most [`KEPT_SET_MAX_ITEMS`] large: a set is
//! one stored item, and rejecting a list of a hundred thousand costs fifty writes. An item leaves
//! its set when it is seen again, or by a call; both only ever add to `released`, so that a run and
//! an administrator may do so at once.

use std::collections::BTreeSet;

use jiff::Timestamp;
use org_model::{Fingerprint, InternalId, ItemKind, RunId};
use org_plan::HeldItem;
use serde::{Deserialize, Serialize};

/// At some 150 bytes an item before compression and 45 for each that was released, a full set
/// stays below half of DynamoDB's 400 KB.
pub const KEPT_SET_MAX_ITEMS: usize = 2_000;

/// By which decision somebody is kept.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", tag = "why")]
pub enum KeptWhy {
    /// Excepted when the rest of this held list was approved.
    Excepted { list: Fingerprint },
    /// This held list was rejected.
    Rejected { list: Fingerprint },
    /// What this run removed was given back.
    Undone { run: RunId },
    /// An administrator restored this person, by this run.
    Restored { run: RunId },
}

impl KeptWhy {
    /// The word of the API.
    pub fn as_str(&self) -> &'static str {
        match self {
            Self::Excepted { .. } => "excepted",
            Self::Rejected { .. } => "rejected",
            Self::Undone { .. } => "undone",
            Self::Restored { .. } => "restored",
        }
    }
}

/// Items that one decision keeps.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct KeptSet {
    /// Stands for the decision and the part of it: writing it twice leaves one. Ids sort by the
    /// time of the decision.
    pub id: String,
    #[serde(flatten)]
    pub why: KeptWhy,
    pub by: String,
    pub at: Timestamp,
    /// Each with the removal it is kept from.
    pub items: Vec<HeldItem>,
    /// Seen again, or cleared by a call.
    #[serde(skip)]
    pub released: BTreeSet<(ItemKind, InternalId)>,
}

impl KeptSet {
    /// One decision as as many sets as it takes.
    pub fn split(why: &KeptWhy, by: &str, at: Timestamp, items: &[HeldItem]) -> Vec<Self> {
        let decision = Fingerprint::of(&(why, at));
        let parts = items.chunks(KEPT_SET_MAX_ITEMS).enumerate();
        let set = |(part, items): (usize, &[HeldItem])| Self {
            // Fifteen digits hold every millisecond.
            id: format!("{:015}-{decision}-{part:04}", at.as_millisecond()),
            why: why.clone(),
            by: by.to_owned(),
            at,
            items: items.to_vec(),
            released: BTreeSet::new(),
        };
        parts.map(set).collect()
    }

    /// The items that are still kept.
    pub fn remaining(&self) -> impl Iterator<Item = &HeldItem> {
        self.items.iter().filter(|item| {
            let id = (item.kind, item.internal_id.clone());
            !self.released.contains(&id)
        })
    }
}

/// Items that leave one set.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct KeptRelease {
    /// The set's id.
    pub set: String,
    pub items: BTreeSet<(ItemKind, InternalId)>,
}
