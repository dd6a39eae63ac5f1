//! How many calls may be in flight: a small state machine, and the gate that obeys it.

use std::sync::{Mutex, MutexGuard, PoisonError};

use tokio::sync::Notify;

/// DESIGN.md §4 step 3.
pub(crate) const WIDTH_START: usize = 8;
/// WeCom was seen to refuse 400 in flight and to take 40 (WECOM.md §5).
pub(crate) const WIDTH_MAX: usize = 64;

/// Doubles while WeCom is content; after the first 45033 it is halved at each, and grows by one.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Width {
    now: usize,
    /// Content answers since the last change.
    content: usize,
    /// WeCom has said once that it was too much: from then on one step at a time.
    careful: bool,
    /// Counts the halvings: calls that started before one do not halve again.
    epoch: u64,
}

impl Default for Width {
    fn default() -> Self {
        Self {
            now: WIDTH_START,
            content: 0,
            careful: false,
            epoch: 0,
        }
    }
}

impl Width {
    pub fn now(&self) -> usize {
        self.now
    }

    /// What a call remembers of the moment it started.
    pub fn epoch(&self) -> u64 {
        self.epoch
    }

    /// One call was answered. A full round of those widens.
    pub fn content(&mut self) {
        self.content += 1;
        if self.content < self.now {
            return;
        }
        self.content = 0;
        let wider = if self.careful {
            self.now + 1
        } else {
            self.now * 2
        };
        self.now = wider.min(WIDTH_MAX);
    }

    /// One call that started in `epoch` was refused because too many were in flight.
    pub fn crowded(&mut self, epoch: u64) {
        if epoch != self.epoch {
            return;
        }
        self.epoch += 1;
        self.careful = true;
        self.content = 0;
        self.now = (self.now / 2).max(1);
    }
}

/// Lets as many in as the width says.
#[derive(Debug, Default)]
pub(crate) struct Gate {
    inside: Mutex<(Width, usize)>,
    changed: Notify,
}

/// One call in flight; leaving is dropping it.
#[derive(Debug)]
pub(crate) struct Pass<'a> {
    gate: &'a Gate,
    epoch: u64,
}

impl Gate {
    pub async fn enter(&self) -> Pass<'_> {
        loop {
            let mut changed = std::pin::pin!(self.changed.notified());
            // Listen before looking, so that a change between the two is not missed.
            changed.as_mut().enable();
            if let Some(pass) = self.try_enter() {
                return pass;
            }
            changed.await;
        }
    }

    fn try_enter(&self) -> Option<Pass<'_>> {
        let mut inside = self.lock();
        let (width, count) = &mut *inside;
        (*count < width.now()).then(|| {
            *count += 1;
            Pass {
                gate: self,
                epoch: width.epoch(),
            }
        })
    }

    fn lock(&self) -> MutexGuard<'_, (Width, usize)> {
        self.inside.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Pass<'_> {
    pub fn content(&self) {
        self.gate.lock().0.content();
    }

    pub fn crowded(&self) {
        self.gate.lock().0.crowded(self.epoch);
    }
}

impl Drop for Pass<'_> {
    fn drop(&mut self) {
        self.gate.lock().1 -= 1;
        self.gate.changed.notify_waiters();
    }
}

#[cfg(test)]
mod tests;
