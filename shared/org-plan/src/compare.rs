//! First look: fingerprints only, so that an unchanged item costs nothing more.

use std::collections::{BTreeMap, BTreeSet};

use org_model::{Fingerprint, ItemKey, ItemKind, ItemState, Mark};

/// How many live, attached items the mirror had before this run.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub struct Base {
    pub users: u64,
    pub departments: u64,
}

impl Base {
    pub fn of(self, kind: ItemKind) -> u64 {
        match kind {
            ItemKind::User => self.users,
            ItemKind::Department => self.departments,
        }
    }
}

/// The mirror against a snapshot, by fingerprint.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Comparison {
    pub base: Base,
    pub unchanged: u64,
    /// In the snapshot, and nothing in the mirror has its key.
    pub to_create: BTreeSet<ItemKey>,
    /// In both, and the fingerprint differs or the item is not live: needs its before-image.
    pub to_review: BTreeSet<ItemKey>,
    /// Live in the mirror and not in the snapshot.
    pub missing: BTreeSet<ItemKey>,
}

impl Comparison {
    /// Looks closer at an item although its fingerprint is the same, because somebody said
    /// something about it. It must be in the snapshot; what is new or differs is looked at anyway.
    pub fn look_again(&mut self, key: ItemKey) {
        if !self.to_create.contains(&key) && self.to_review.insert(key) {
            self.unchanged = self.unchanged.saturating_sub(1);
        }
    }
}

/// Compares what a snapshot asks for with what the mirror holds.
pub fn compare(
    snapshot: impl IntoIterator<Item = (ItemKey, Fingerprint)>,
    marks: &BTreeMap<ItemKey, Mark>,
) -> Comparison {
    let mut comparison = Comparison {
        base: base_of(marks),
        ..Comparison::default()
    };
    let mut seen = BTreeSet::new();
    for (key, fingerprint) in snapshot {
        match marks.get(&key) {
            None => {
                comparison.to_create.insert(key.clone());
            }
            Some(mark)
                if mark.state == ItemState::Live && mark.stamp.fingerprint == fingerprint =>
            {
                comparison.unchanged += 1;
            }
            Some(_) => {
                comparison.to_review.insert(key.clone());
            }
        }
        seen.insert(key);
    }
    let live = marks.values().filter(|mark| mark.state == ItemState::Live);
    comparison.missing = live
        .map(|mark| mark.key.clone())
        .filter(|key| !seen.contains(key))
        .collect();
    comparison
}

fn base_of(marks: &BTreeMap<ItemKey, Mark>) -> Base {
    let mut base = Base::default();
    for mark in marks.values().filter(|mark| mark.state == ItemState::Live) {
        match mark.key.kind() {
            ItemKind::User => base.users += 1,
            ItemKind::Department => base.departments += 1,
        }
    }
    base
}
