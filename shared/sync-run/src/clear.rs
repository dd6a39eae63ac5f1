//! Clearing a source that is replaced or deleted: its people are detached, its logs removed.
//!
//! Properties wanted:
//! 1. Nobody is deleted, and nobody stays attached to a source that is gone.
//! 2. It may be killed at any request, started twice, and continued by anybody: the end is the
//!    same.
//! 3. No run of the source lives beside it: the settings are gone before it begins, and it holds
//!    the lease while it works, which every detachment and every removal of logs checks.
//!
//! Races considered:
//! - *A late zombie of a run:* its removals fail on the lease, its updates on the stamps of what
//!   was detached, its rows on its own expired lease. A creation that was on its way for longer
//!   than the lease is the one thing left (see `run.rs`); whoever arrived like that before the end
//!   is detached with the others, since the mirror is looked through once more at the end.
//! - *Two workers:* the second finds the lease taken and goes away.

use futures::{StreamExt, TryStreamExt};
use jiff::Timestamp;
use org_model::{ItemKey, ItemState, RunId, SourceId};

use crate::ports::{DETACH_MAX, Ports, StoreError};
use crate::run::{DEADLINE_MARGIN, LEASE_GRACE};
use crate::{ClaimOutcome, ClaimRequest, RunLease, claim};

/// Transactions in flight at once: 8 of 99 items each are some 1,600 writes a second and more, and
/// nobody waits for a source that goes.
const DETACHING_IN_FLIGHT: usize = 8;

/// How one invocation of the worker ended.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Cleared {
    /// Everything is done: the source is vacant or gone.
    Finished,
    /// Everything here is done; schedule, contacts or secrets outside are not yet.
    WaitsForOutside,
    /// The time was over; the rest was asked for, or is left to housekeeping.
    Unfinished,
    /// Somebody else works at it.
    Busy(RunId),
    /// The source is not being cleared.
    NothingToDo,
}

/// Clears a source until `deadline` at the latest. `run` names this invocation: a new one each
/// time.
///
/// # Errors
/// [`StoreError`] when the store did not do its part; housekeeping starts it again.
pub async fn clear_source(
    ports: &Ports,
    source: &SourceId,
    deadline: Timestamp,
    run: &RunId,
) -> Result<Cleared, StoreError> {
    if ports.clearing.clearance(source).await?.is_none() {
        return Ok(Cleared::NothingToDo);
    }
    let wanted = ClaimRequest {
        source: source.clone(),
        run: run.clone(),
        scheduled_at: None,
        segment: None,
        now: ports.clock.now(),
        expires_at: deadline + LEASE_GRACE,
    };
    let lease = match claim(ports.leases.as_ref(), &wanted).await? {
        (ClaimOutcome::Claimed { .. }, Some(lease)) => lease,
        (ClaimOutcome::Taken { live_run }, _) => return Ok(Cleared::Busy(live_run)),
        (ClaimOutcome::AlreadyServed { run }, _) => return Ok(Cleared::Busy(run)),
        (ClaimOutcome::Claimed { .. }, None) => {
            let act = "claim the lease";
            return Err(StoreError::LeaseLost { act });
        }
    };
    let mut worker = Worker {
        ports,
        lease: &lease,
        deadline,
        steps: 0,
    };
    let ended = worker.work().await;
    // Whatever happened, the next one need not wait until the lease expires.
    let released = ports.leases.release(&lease).await;
    if let Err(error) = released {
        tracing::warn!(%source, %error, "the lease of a clearing stays until it expires");
    }
    if ended == Ok(Cleared::Unfinished) && worker.steps > 0 {
        start_again(ports, source).await;
    }
    ended
}

/// Without progress nobody is asked: housekeeping tries again later, and no loop runs hot.
async fn start_again(ports: &Ports, source: &SourceId) {
    if let Err(error) = ports.starter.start_clearing(source).await {
        tracing::warn!(%source, %error, "the rest of a clearing is left to housekeeping");
    }
}

struct Worker<'a> {
    ports: &'a Ports,
    lease: &'a RunLease,
    deadline: Timestamp,
    /// What this invocation got done.
    steps: u64,
}

impl Worker<'_> {
    async fn work(&mut self) -> Result<Cleared, StoreError> {
        let source = self.lease.source();
        if !self.detach_all().await? || !self.clear_logs().await? || !self.detach_all().await? {
            return Ok(Cleared::Unfinished);
        }
        // Read under the lease: somebody may have finished it, or asked for more, meanwhile.
        let Some(clearance) = self.ports.clearing.clearance(source).await? else {
            return Ok(Cleared::NothingToDo);
        };
        if !clearance.outside_done {
            return Ok(Cleared::WaitsForOutside);
        }
        self.ports.clearing.finish(self.lease, &clearance).await?;
        Ok(Cleared::Finished)
    }

    /// People first, then departments: nobody attached stands in a department that is detached.
    /// `false`: the time was over before the end.
    async fn detach_all(&mut self) -> Result<bool, StoreError> {
        let marks = self.ports.mirror.marks(self.lease.source()).await?;
        let live = marks
            .into_values()
            .filter(|mark| mark.state == ItemState::Live);
        let (people, departments): (Vec<ItemKey>, Vec<ItemKey>) = live
            .map(|mark| mark.key)
            .partition(|key| matches!(key, ItemKey::User(_)));
        Ok(self.detach(&people).await? && self.detach(&departments).await?)
    }

    async fn detach(&mut self, keys: &[ItemKey]) -> Result<bool, StoreError> {
        for wave in keys.chunks(DETACHING_IN_FLIGHT * DETACH_MAX) {
            if self.is_late() {
                return Ok(false);
            }
            let (clearing, lease) = (&self.ports.clearing, self.lease);
            let batches: Vec<_> = wave
                .chunks(DETACH_MAX)
                .map(|batch| clearing.detach(lease, batch))
                .collect();
            let written = futures::stream::iter(batches).buffer_unordered(DETACHING_IN_FLIGHT);
            written.try_collect::<()>().await?;
            self.steps += 1;
        }
        Ok(true)
    }

    async fn clear_logs(&mut self) -> Result<bool, StoreError> {
        loop {
            if self.is_late() {
                return Ok(false);
            }
            if !self.ports.clearing.clear_some(self.lease).await? {
                return Ok(true);
            }
            self.steps += 1;
        }
    }

    fn is_late(&self) -> bool {
        self.ports.clock.now() >= self.deadline - DEADLINE_MARGIN
    }
}

/// A worker must be able to live on any thread.
const _: fn(&Ports, &SourceId, &RunId) = |ports, source, run| {
    fn is_send<T: Send>(_: T) {}
    is_send(clear_source(ports, source, Timestamp::UNIX_EPOCH, run));
};
