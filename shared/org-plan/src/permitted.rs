//! What may be written. The types here are the evidence that somebody who may said yes.

use std::ops::Deref;

use org_model::Fingerprint;

use crate::{Change, KeptItem};

/// Changes that may be applied. Only [`protect`](crate::protect) makes one, and
/// [`give_back`](crate::give_back), which takes nothing away.
#[derive(Clone, Debug)]
pub struct PermittedPlan {
    pub(crate) fingerprint: Fingerprint,
    pub(crate) changes: Vec<Change>,
    pub(crate) removals: Vec<Change>,
    pub(crate) kept: Vec<KeptItem>,
    pub(crate) accepted: Vec<KeptItem>,
    pub(crate) refused: Vec<KeptItem>,
}

impl PermittedPlan {
    /// The fingerprint of the plan this came from.
    pub fn fingerprint(&self) -> Fingerprint {
        self.fingerprint
    }

    /// Creations and updates: departments parents first, then people.
    pub fn changes(&self) -> impl ExactSizeIterator<Item = PermittedChange<'_>> {
        self.changes.iter().map(PermittedChange)
    }

    /// Disables, deletions and detachments of people, then departments leaf first.
    pub fn removals(&self) -> impl ExactSizeIterator<Item = PermittedChange<'_>> {
        self.removals.iter().map(PermittedChange)
    }

    /// What was missing and stays, with the marks to write.
    pub fn kept(&self) -> impl ExactSizeIterator<Item = PermittedMark<'_>> {
        self.kept.iter().map(PermittedMark)
    }

    /// Held back for now, although a person accepted their going: the marks that say so. No rows.
    pub fn accepted(&self) -> impl ExactSizeIterator<Item = PermittedMark<'_>> {
        self.accepted.iter().map(PermittedMark)
    }

    /// What is in the snapshot and is not written, each a failed row with its note.
    pub fn refused(&self) -> &[KeptItem] {
        &self.refused
    }
}

/// One change of a [`PermittedPlan`]: the only thing a mirror lets anybody write.
#[derive(Clone, Copy, Debug)]
pub struct PermittedChange<'a>(&'a Change);

impl Deref for PermittedChange<'_> {
    type Target = Change;

    fn deref(&self) -> &Change {
        self.0
    }
}

/// One absence mark of a [`PermittedPlan`].
#[derive(Clone, Copy, Debug)]
pub struct PermittedMark<'a>(&'a KeptItem);

impl Deref for PermittedMark<'_> {
    type Target = KeptItem;

    fn deref(&self) -> &KeptItem {
        self.0
    }
}

impl std::fmt::Display for PermittedMark<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        self.0.fmt(f)
    }
}

impl std::fmt::Display for PermittedChange<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        self.0.fmt(f)
    }
}
