//! How much a value can be, and how many steps it takes, at the most.

use crate::limits::{FIELD_BYTES_MAX, ITEMS_MAX, SCALAR_BYTES, TEXT_BYTES_MAX};

/// A loop in a loop over 100 departments that joins two texts of 2 KB takes 6.5 million.
pub(crate) const STEPS_MAX: u64 = 10_000_000;
/// The same loops make 41 MB of it.
pub(crate) const BYTES_MAX: u64 = 48 << 20;

/// Copying is quick: so many bytes to a step.
pub(crate) const BYTES_A_STEP: u64 = 64;

/// Bounds on what one part of an expression yields, and on the steps that takes.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Bound {
    pub steps: u64,
    /// The value as a whole.
    pub bytes: u64,
    /// The largest item of the list that it may be.
    pub item: u64,
    /// The longest text in it.
    pub text: u64,
    /// The items of the list that it may be.
    pub items: u64,
    /// The items of the longest list inside it.
    pub inner: u64,
}

/// Of any field, and of whatever is found in one.
pub(crate) const FIELD: Bound = Bound {
    steps: 1,
    bytes: FIELD_BYTES_MAX,
    item: TEXT_BYTES_MAX,
    text: TEXT_BYTES_MAX,
    items: ITEMS_MAX,
    inner: ITEMS_MAX,
};

pub(crate) fn scalar(steps: u64) -> Bound {
    Bound {
        steps,
        bytes: SCALAR_BYTES,
        ..Bound::default()
    }
}

pub(crate) fn text(steps: u64, bytes: u64) -> Bound {
    Bound {
        steps,
        bytes,
        text: bytes,
        ..Bound::default()
    }
}

impl Bound {
    /// Both together, in one value or side by side.
    pub fn and(self, other: Self) -> Self {
        Self {
            steps: self.steps.saturating_add(other.steps),
            bytes: self.bytes.saturating_add(other.bytes),
            item: self.item.max(other.item),
            text: self.text.saturating_add(other.text),
            items: self.items.saturating_add(other.items),
            inner: self.inner.max(other.inner),
        }
    }

    /// One or the other.
    pub fn or(self, other: Self) -> Self {
        Self {
            steps: self.steps.saturating_add(other.steps),
            bytes: self.bytes.max(other.bytes),
            item: self.item.max(other.item),
            text: self.text.max(other.text),
            items: self.items.max(other.items),
            inner: self.inner.max(other.inner),
        }
    }

    /// The same value after so many more steps, and those that making it takes. More than memory
    /// holds counts as more than any number of steps.
    pub fn after(self, steps: u64) -> Self {
        let made = match self.bytes {
            bytes if bytes > BYTES_MAX => u64::MAX,
            bytes => bytes / BYTES_A_STEP,
        };
        Self {
            steps: steps.saturating_add(made).saturating_add(1),
            ..self
        }
    }

    /// One item of the list that it is.
    pub fn element(self) -> Self {
        Self {
            steps: 1,
            bytes: self.item,
            text: self.text.min(self.item),
            items: self.inner,
            ..self
        }
    }
}
