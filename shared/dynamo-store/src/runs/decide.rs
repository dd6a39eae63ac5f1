//! The transactions in which a run commits itself: the decision, the hand-over to its next segment
//! and the close. Each is one transaction under the lease, and each may be sent twice: whatever of
//! it already stands there as our own is taken out, and the rest is sent again.
//!
//! A transaction takes 100 actions. What does not fit (120 lists that were approved together, or
//! expired in one outage) is written in further transactions, each under the lease as well, in an
//! order in which the run may die between any two of them:
//!
//! - *Before:* who is kept; new lists, for to wait harms nobody; who left a list, for that they
//!   were seen, or are gone, is true whatever is decided, and no old approval reaches them any
//!   more; and notices. Whoever dies here told somebody of what the next run says again.
//! - *In the transaction:* the record with what may be removed, new lists, what expired as far as
//!   it fits, and the event of a run that is over.
//! - *After:* that lists expired, for their people must stand in the successor first; that an
//!   approval is spent, since whom it named are gone; who is kept no longer. Whoever dies here
//!   leaves lists that by the clock are expired all the same, or hold nobody who is live: the next
//!   run says so.
//!
//! Races considered:
//! - *A word about a list arrives since the run looked:* in the transaction it refuses everything.
//!   So that it does for those that follow as well, they are looked at before anything is written.
//!   A word in the moments between comes from somebody whose clock is late, since a list that
//!   expired takes none: the run fails before it applies anything. The people stand in the approved
//!   list and in the successor: the approval goes, and the successor loses them.
//! - *Somebody approves a list that stands before its record, and the run dies:* the word is about
//!   whom the list shows; the next run carries it out by its own evidence.
//! - *Somebody decides about the successor before the lists it took over from are over:* these
//!   take no word any more. Whoever is approved is removed and whoever is kept stays, wherever else
//!   they are named; and nobody who waits in the successor is held anew.
//! - *The run loses its lease between two of them:* the next one is refused. What was written
//!   before is what a run that died there leaves.

use jiff::Timestamp;
use sync_run::ports::StoreError;
use sync_run::{Decision, OutboxItem, RunLease, RunRecord, SourceState};

use super::parts::{Part, Parts, SplitLists, outbox_room, split_outbox};
use super::removals::WrittenRemovals;
use crate::DynamoStore;
use crate::wire::transact::ACTIONS_MAX;

const DECIDE: &str = "write the decision of a run";
const CLOSE: &str = "close a run";
const HAND_OVER: &str = "hand a run over";

/// What a decision writes of itself and of lists, in this order.
struct Ordered<'a> {
    before: Parts<'a>,
    inside: Parts<'a>,
    /// How many items of the outbox go into the transaction.
    outbox: usize,
    after: Parts<'a>,
}

impl DynamoStore {
    pub(super) async fn write_decision(
        &self,
        lease: &RunLease,
        decision: &Decision,
    ) -> Result<(), StoreError> {
        let source = lease.source();
        let headers = self.headers_before(decision).await?;
        if !headers.are_as_seen(decision) {
            // A zombie is told that it is one.
            self.still_holds(DECIDE, lease).await?;
            return Err(StoreError::Conflict { act: DECIDE });
        }
        let old_items = headers.old_items(decision)?;
        let expiry = self.log_expiry(source, self.clock.now()).await?;
        let parts = self.decision_parts(lease, decision, expiry).await?;
        let Ordered {
            before,
            mut inside,
            after,
            ..
        } = parts;
        // Beside these parts: two for each item of the outbox, and the state.
        let taken = inside.len() + 2 * parts.outbox + 1;
        let marks = self.marks_of(lease, decision, taken)?;
        self.write_marks(lease, &marks.before).await?;
        self.send_beside(DECIDE, lease, before).await?;
        let marks_inside = marks.inside.into_iter();
        inside.extend(marks_inside.map(|action| (Part::Loose, action)));
        self.commit(DECIDE, lease, inside, &decision.outbox, &decision.state)
            .await?;
        self.send_beside(DECIDE, lease, after).await?;
        self.write_marks(lease, &marks.after).await?;
        self.let_expire(source, &old_items, expiry).await;
        Ok(())
    }

    /// Record and lists in the order of their writes. What is large is written here, before
    /// anything names it.
    async fn decision_parts<'a>(
        &self,
        lease: &RunLease,
        decision: &'a Decision,
        expiry: i64,
    ) -> Result<Ordered<'a>, StoreError> {
        let removals = Some(self.put_removals(decision).await?);
        let mut inside = self.common_parts(lease, &decision.record, removals).await?;
        let mut new = self.new_lists(lease, decision).await?;
        // Beside the lists: the state.
        let room = ACTIONS_MAX.saturating_sub(inside.len() + 1);
        let mut before = new.split_off(room.min(new.len()));
        inside.append(&mut new);
        let outbox = decision.outbox.len().min(outbox_room(inside.len() + 1));
        let room = ACTIONS_MAX.saturating_sub(inside.len() + 2 * outbox + 1);
        let lists = SplitLists::of(&decision.lists, room);
        let old = |list| (Part::Firm, self.old_list_action(list, expiry));
        before.extend(lists.before.into_iter().map(old));
        inside.extend(lists.inside.into_iter().map(old));
        Ok(Ordered {
            before,
            inside,
            outbox,
            after: lists.after.into_iter().map(old).collect(),
        })
    }

    pub(super) async fn write_close(
        &self,
        lease: &RunLease,
        record: &RunRecord,
        outbox: &[OutboxItem],
        state: &SourceState,
    ) -> Result<(), StoreError> {
        let parts = self.common_parts(lease, record, None).await?;
        self.commit(CLOSE, lease, parts, outbox, state).await
    }

    pub(super) async fn write_hand_over(
        &self,
        lease: &RunLease,
        record: &RunRecord,
        outbox: &[OutboxItem],
        state: &SourceState,
        (segment, until): (u32, Timestamp),
    ) -> Result<(), StoreError> {
        let mut parts = self.common_parts(lease, record, None).await?;
        let handing = self.handing_over(lease, segment, until);
        parts[0] = (Part::HandOver(lease, segment), handing);
        self.commit(HAND_OVER, lease, parts, outbox, state).await
    }

    async fn common_parts<'a>(
        &self,
        lease: &RunLease,
        record: &'a RunRecord,
        removals: Option<WrittenRemovals>,
    ) -> Result<Parts<'a>, StoreError> {
        let [put, marker] = self.record_actions(record, removals).await?;
        Ok(vec![
            (Part::Lease, self.lease_check(lease)),
            (Part::Record(record), put),
            (Part::Firm, marker),
        ])
    }

    /// The headers of new lists; their items are written here.
    async fn new_lists<'a>(
        &self,
        lease: &RunLease,
        decision: &'a Decision,
    ) -> Result<Parts<'a>, StoreError> {
        let since = decision.record.started_at;
        let mut parts = Vec::new();
        for list in &decision.held {
            let pages = self.put_held_items(lease, &list.list).await?;
            let put = self.new_list_action(list, pages, since);
            parts.push((Part::NewList(list), put));
        }
        Ok(parts)
    }

    /// Adds outbox and state to the parts and sends them as one transaction.
    async fn commit<'a>(
        &self,
        act: &'static str,
        lease: &RunLease,
        mut parts: Parts<'a>,
        outbox: &'a [OutboxItem],
        state: &SourceState,
    ) -> Result<(), StoreError> {
        let source = lease.source();
        let (inside, before) = split_outbox(outbox, outbox_room(parts.len() + 1));
        self.put_early(act, lease, &parts, before).await?;
        parts.extend(
            inside
                .into_iter()
                .flat_map(|item| self.outbox_parts(source, item)),
        );
        let baseline = self.put_baseline(source, state, lease.generation()).await?;
        let put = self.state_action(source, state, baseline.as_ref());
        parts.push((Part::Firm, put));
        self.send_parts(act, parts).await?;
        let noticed = state.noticed.clone();
        self.knows(|known| known.noticed.insert(source.clone(), noticed));
        self.baseline_stands(source, baseline, lease.generation())
            .await;
        Ok(())
    }

    /// Notices that do not fit. Too early they are harmless: they are about what the run has seen,
    /// and one that dies here has not remembered that it told it, so that the next one tells it
    /// again. Left out they would be lost, and all in one they would never be written.
    async fn put_early(
        &self,
        act: &'static str,
        lease: &RunLease,
        parts: &Parts<'_>,
        items: Vec<&OutboxItem>,
    ) -> Result<(), StoreError> {
        let source = lease.source();
        let early = items.into_iter();
        let early = early.flat_map(|item| self.outbox_parts(source, item));
        let put = self.send_beside(act, lease, early.collect()).await;
        match put {
            // Perhaps by this very call, sent before: the transaction itself tells.
            Err(StoreError::LeaseLost { .. }) if hands_over(parts) => Ok(()),
            put => put,
        }
    }

    fn outbox_parts<'a>(&self, source: &org_model::SourceId, item: &'a OutboxItem) -> Parts<'a> {
        vec![
            (Part::NotSent(&item.id), self.not_sent_check(source, item)),
            (Part::Outbox(&item.id), self.outbox_action(source, item)),
        ]
    }
}

fn hands_over(parts: &Parts<'_>) -> bool {
    matches!(parts.first(), Some((Part::HandOver(..), _)))
}
