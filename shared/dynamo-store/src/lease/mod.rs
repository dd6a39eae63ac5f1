//! The lease of a source: one item, claimed by conditional writes.
//!
//! Properties wanted:
//! 1. At any time at most one run is live per source: it holds the item's generation and run id,
//!    and the item says `held` until a time that has not passed.
//! 2. Generations only grow. A run that lost its lease can never hold it again.
//! 3. A delivery is served once: by run id (`SERVED#`), and for schedules by their time (`DUE#`).
//! 4. Whoever takes over an expired lease learns which run died holding it.
//! 5. A run that is late hands over to its next segment: the lease stays the run's, it says for
//!    which segment it waits (`handed`), and nobody holds it: no transaction of the segment before
//!    happens any more. Until its time has passed exactly that segment can claim it, once, and
//!    gets a generation of its own; afterwards anybody but a segment.
//!
//! Races considered:
//! - *Two claims at once:* both read generation g; each transaction is conditional on g; one wins
//!   and the other, refused, reads again and finds the winner live: `Taken`.
//! - *The answer to a claim is lost, the SDK sends it again:* the second finds generation g + 1.
//!   The claim's own random mark stands in the item, so it is recognised as ours: `Claimed`.
//! - *The process dies between claim and record:* the lease expires, the markers stay; the next
//!   claim names the dead run. The scheduled time is not served again: the next one is due soon.
//! - *A delivery arrives twice while the first is live:* the markers are looked at before the
//!   holder, so the second is `AlreadyServed`, not `Taken`, and writes nothing.
//! - *A zombie wakes after the takeover:* each of its transactions checks generation, run, `held`
//!   and expiry in the same breath, so none of them happens.
//! - *A zombie wakes after its expiry and nobody took over:* housekeeping may have closed its
//!   record, so it is refused too, by its own clock. Accepted: a clock that is slow by more than
//!   the grace of 60 s lets it write what nobody else writes; it is still alone.
//! - *Housekeeping closes a queued run's record while it is claimed:* the claim also checks that
//!   the record is not final.
//!
//! And with segments:
//! - *A segment is delivered twice at once:* both find the lease waiting at generation g; one
//!   transaction wins; the other finds that it waits no more: `AlreadyServed`. So does a delivery
//!   that comes when the run has gone on to a later segment, has ended, or lost its lease.
//! - *The answer to a segment's claim is lost:* the mark is recognised, as above.
//! - *The answer to the hand-over is lost, and it is sent again:* it finds the lease waiting for
//!   its own segment, or the run at a later generation, which only its own hand-over can lead to.
//! - *The segment before wakes after it handed over:* nobody holds the lease, then the next
//!   segment's generation does; its transactions are refused either way, and its release too.
//! - *Another run claims while the lease waits:* it is as live as a running one: `Taken`. After
//!   `until` the other run claims, and the run is the one that died.
//! - *A segment is claimed while housekeeping buries the run as lost:* the claim checks that the
//!   record is open and the time has not passed, the burial that the run is not live: whichever
//!   comes second is refused, whatever the clocks say.

mod claim;
mod item;

pub(crate) use item::{LeaseItem, nobody_holds, still_free};

use async_trait::async_trait;
use jiff::Timestamp;
use org_model::{RunId, SourceId};
use sync_run::ports::{Leases, StoreError};
use sync_run::{ClaimOutcome, ClaimRequest, Holder, RunLease};

use crate::DynamoStore;
use crate::wire::attributes::{n, no, s};
use crate::wire::calls::Written;
use crate::wire::expression::Expression;
use crate::wire::keys;
use crate::wire::transact::{Action, Refusal};

impl DynamoStore {
    /// The first action of every transaction of a run.
    pub(crate) fn lease_check(&self, lease: &RunLease) -> Action {
        let key = keys::lease(lease.source());
        Action::Check(self.tables.sync.clone(), key, self.holding(lease))
    }

    /// The condition of a write that takes the lease along.
    pub(crate) fn holding(&self, lease: &RunLease) -> Expression {
        item::holds(lease, self.clock.now())
    }

    /// The first action of the transaction that hands a run over.
    pub(crate) fn handing_over(&self, lease: &RunLease, segment: u32, until: Timestamp) -> Action {
        let now = self.clock.now();
        let handed =
            Expression::update("SET #handed = :segment, #handed_at = :handed_at, #until = :until")
                .with(":segment", n(segment))
                .with(":handed_at", n(now.as_millisecond()))
                .with(":until", n(until.as_millisecond()));
        Action::Update(
            self.tables.sync.clone(),
            keys::lease(lease.source()),
            item::if_held(handed, lease, now),
        )
    }

    /// Part of the transaction that closes a run's record for it.
    pub(crate) fn not_live_check(&self, source: &SourceId, run: &RunId) -> Action {
        let condition = item::not_live(run, self.clock.now());
        Action::Check(self.tables.sync.clone(), keys::lease(source), condition)
    }

    /// Whether a run still holds its lease, for what is removed outside a transaction.
    pub(crate) async fn still_holds(
        &self,
        act: &'static str,
        lease: &RunLease,
    ) -> Result<(), StoreError> {
        let key = keys::lease(lease.source());
        let found = self.get(act, &self.tables.sync, &key).await?;
        let found = found.map(|item| LeaseItem::read(&item, act)).transpose()?;
        let now = self.clock.now();
        let is_own = found.is_some_and(|item| {
            item.generation == lease.generation()
                && item.run == *lease.run()
                && item.handed.is_none()
                && item.is_live(now)
        });
        match is_own {
            true => Ok(()),
            false => Err(StoreError::LeaseLost { act }),
        }
    }
}

/// The lease that stands there was handed over by this very call, sent before: it waits for the
/// segment, or the run is at a later generation already.
pub(crate) fn was_handed_over(refusal: &Refusal, lease: &RunLease, segment: u32) -> bool {
    let Refusal::Condition(Some(found)) = refusal else {
        return false;
    };
    let Ok(found) = LeaseItem::read(found, "hand a run over") else {
        return false;
    };
    let waits = found.handed.map(|(segment, _)| segment) == Some(segment);
    let is_same = found.generation == lease.generation() && waits;
    found.run == *lease.run() && (is_same || found.generation > lease.generation())
}

#[async_trait]
impl Leases for DynamoStore {
    async fn claim(&self, request: &ClaimRequest) -> Result<ClaimOutcome, StoreError> {
        self.claim_lease(request).await
    }

    async fn release(&self, lease: &RunLease) -> Result<(), StoreError> {
        let released = Expression::update("SET #held = :not_held")
            .when("#gen = :gen AND #run = :run AND attribute_not_exists(#handed)")
            .with(":not_held", no())
            .with(":gen", n(lease.generation()))
            .with(":run", s(lease.run().as_str()));
        let key = keys::lease(lease.source());
        // Refused: another run holds it by now, or it waits for the next segment. What release
        // promises is true either way.
        let _either: Written = self
            .update("release the lease", &self.tables.sync, &key, released)
            .await?;
        Ok(())
    }

    async fn holder(&self, source: &SourceId) -> Result<Option<Holder>, StoreError> {
        let act = "look up who holds the lease";
        let found = self
            .get(act, &self.tables.sync, &keys::lease(source))
            .await?;
        let lease = found.map(|item| LeaseItem::read(&item, act)).transpose()?;
        let lease = lease.filter(|lease| lease.held);
        Ok(lease.map(|lease| Holder {
            run: lease.run,
            expires_at: lease.until,
            handed_over: lease.handed,
        }))
    }
}
