//! What every change has in common: rows of attributes, the stamp, and when there is no change.

use org_model::{Fingerprint, Generation, WriteStamp};
use serde::Serialize;
use serde_json::Value;

use crate::{Action, AttributeChange, Change, Item, Note};

/// Does the after-image hold everything the reading asked for?
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Settled {
    Yes,
    /// Something was withheld: the next run looks at the item again.
    No,
}

impl Settled {
    pub(super) fn and(self, also: bool) -> Self {
        if also { self } else { Self::No }
    }

    pub(super) fn stamp(self, intent: Fingerprint, generation: Generation) -> WriteStamp {
        let fingerprint = match self {
            Self::Yes => intent,
            Self::No => intent.unsettled(),
        };
        WriteStamp {
            fingerprint,
            generation,
        }
    }
}

/// An update of a live item, or `None` if it would teach the mirror nothing. What remains without
/// a visible change is a refresh: a settled fingerprint, or an absence mark that goes because the
/// item was seen (an old mark must never count as a day of absence later).
pub(super) fn update(
    before: Item,
    after: Item,
    action: Action,
    changes: Vec<AttributeChange>,
    settled: Settled,
    note: Option<Note>,
) -> Option<Change> {
    if changes.is_empty() {
        let clears_mark = before.absence().is_some();
        let settles =
            settled == Settled::Yes && before.stamp().fingerprint != after.stamp().fingerprint;
        if !clears_mark && !settles {
            return None;
        }
    }
    // A note is news only once: with a visible change, or when it settles.
    let note = note.filter(|_| !changes.is_empty() || settled == Settled::Yes);
    Some(Change {
        action,
        before: Some(before),
        after,
        displaces: false,
        reclaims: None,
        changes,
        note,
    })
}

/// Attribute rows: one line per attribute whose value differs.
#[derive(Debug, Default)]
pub(super) struct Rows(Vec<AttributeChange>);

impl Rows {
    pub(super) fn compare<T: Serialize + PartialEq + ?Sized>(
        &mut self,
        attribute: &str,
        before: Option<&T>,
        after: Option<&T>,
    ) {
        if before == after {
            return;
        }
        let (before, after) = (before.and_then(to_value), after.and_then(to_value));
        if before.is_some() || after.is_some() {
            self.0.push(AttributeChange {
                attribute: attribute.to_owned(),
                before,
                after,
            });
        }
    }

    /// Shrunk: a first run holds the rows of everybody at once.
    pub(super) fn done(mut self) -> Vec<AttributeChange> {
        self.0.shrink_to_fit();
        self.0
    }
}

/// A value as a row shows it; `None` where there is nothing to show.
fn to_value<T: Serialize + ?Sized>(value: &T) -> Option<Value> {
    let value = serde_json::to_value(value).ok()?;
    (!is_empty(&value)).then_some(value)
}

/// Null, an empty text, list or map: no value.
pub(crate) fn is_empty(value: &Value) -> bool {
    match value {
        Value::Null => true,
        Value::String(text) => text.is_empty(),
        Value::Array(items) => items.is_empty(),
        Value::Object(fields) => fields.is_empty(),
        Value::Bool(_) | Value::Number(_) => false,
    }
}
