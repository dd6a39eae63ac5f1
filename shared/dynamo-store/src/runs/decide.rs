//! The transactions in which a run commits itself: the decision, the hand-over to its next segment
//! and the close. Each is one transaction under the lease, and each may be sent twice: whatever of
//! it already stands there as our own is taken out, and the rest is sent again.

use jiff::Timestamp;
use sync_run::ports::StoreError;
use sync_run::{Decision, OutboxItem, RunLease, RunRecord, SourceState, StoredHeldList};

use super::records::is_record;
use super::removals::WrittenRemovals;
use crate::DynamoStore;
use crate::lease::was_handed_over;
use crate::wire::attributes::optional_text;
use crate::wire::transact::{Action, Refusal, Transacted};

const DECIDE: &str = "write the decision of a run";
const CLOSE: &str = "close a run";
const HAND_OVER: &str = "hand a run over";

/// What a part of the transaction is, so that its refusal can be understood.
#[derive(Clone, Debug)]
enum Part<'a> {
    Lease,
    /// The lease again, which this very transaction gives away.
    HandOver(&'a RunLease, u32),
    Record(&'a RunRecord),
    NewList(&'a StoredHeldList),
    /// Nothing but the lease can stand in its way, or something that must not be overruled.
    Firm,
    /// Whatever stands in its way says that it is done, or that it must not be.
    Loose,
    NotSent(&'a str),
    Outbox(&'a str),
}

impl DynamoStore {
    pub(super) async fn write_decision(
        &self,
        lease: &RunLease,
        decision: &Decision,
    ) -> Result<(), StoreError> {
        let source = lease.source();
        let old_items = self.old_items(decision).await?;
        let removals = Some(self.put_removals(decision).await?);
        let mut parts = self.common_parts(lease, &decision.record, removals).await?;
        for list in &decision.held {
            let pages = self.put_held_items(lease, &list.list).await?;
            let since = decision.record.started_at;
            let put = self.new_list_action(list, pages, since);
            parts.push((Part::NewList(list), put));
        }
        let expiry = self.log_expiry(source, self.clock.now()).await?;
        for list in &decision.lists {
            parts.push((Part::Firm, self.old_list_action(list, expiry)));
        }
        // Beside these parts: two for each item of the outbox, and the state.
        let taken = parts.len() + 2 * decision.outbox.len() + 1;
        let marks = self.marks_of(lease, decision, taken)?;
        self.write_marks(lease, &marks.before).await?;
        let inside = marks.inside.into_iter();
        parts.extend(inside.map(|action| (Part::Loose, action)));
        self.commit(DECIDE, lease, parts, &decision.outbox, &decision.state)
            .await?;
        self.write_marks(lease, &marks.after).await?;
        self.let_expire(source, &old_items, expiry).await;
        Ok(())
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
    ) -> Result<Vec<(Part<'a>, Action)>, StoreError> {
        let [put, marker] = self.record_actions(record, removals).await?;
        Ok(vec![
            (Part::Lease, self.lease_check(lease)),
            (Part::Record(record), put),
            (Part::Firm, marker),
        ])
    }

    /// Adds outbox and state to the parts and sends them as one transaction.
    async fn commit<'a>(
        &self,
        act: &'static str,
        lease: &RunLease,
        mut parts: Vec<(Part<'a>, Action)>,
        outbox: &'a [OutboxItem],
        state: &SourceState,
    ) -> Result<(), StoreError> {
        let source = lease.source();
        for item in outbox {
            let put = self.outbox_action(source, item);
            parts.push((Part::NotSent(&item.id), self.not_sent_check(source, item)));
            parts.push((Part::Outbox(&item.id), put));
        }
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

    /// Each round takes at least one part out, so it ends.
    async fn send_parts(
        &self,
        act: &'static str,
        mut parts: Vec<(Part<'_>, Action)>,
    ) -> Result<(), StoreError> {
        loop {
            let actions: Vec<Action> = parts.iter().map(|(_, action)| action.clone()).collect();
            let refusals = match self.transact(act, &actions).await? {
                Transacted::Done => return Ok(()),
                Transacted::Cancelled(refusals) => refusals,
            };
            let mut sent = Vec::new();
            let mut keep = vec![true; parts.len()];
            for (index, ((part, _), refusal)) in parts.iter().zip(&refusals).enumerate() {
                let Some(refusal) = refusal else { continue };
                match part {
                    // All of it happened then.
                    Part::HandOver(lease, segment) if was_handed_over(refusal, lease, *segment) => {
                        return Ok(());
                    }
                    Part::Lease | Part::HandOver(..) => return Err(StoreError::LeaseLost { act }),
                    Part::Loose => keep[index] = false,
                    Part::Record(record) if is_record(refusal, record) => keep[index] = false,
                    Part::NewList(list) if is_own_list(refusal, list) => keep[index] = false,
                    Part::NotSent(id) => sent.push((*id).to_owned()),
                    _ => return Err(StoreError::Conflict { act }),
                }
            }
            let mut keep = keep.into_iter();
            parts.retain(|(part, _)| {
                let was_sent = match part {
                    Part::NotSent(id) | Part::Outbox(id) => sent.iter().any(|one| one == id),
                    _ => false,
                };
                keep.next().unwrap_or(true) && !was_sent
            });
        }
    }
}

/// The list that stands there was written by the same run: this very decision, sent before. Since
/// the decision is one transaction, an approval may even have come since.
fn is_own_list(refusal: &Refusal, list: &StoredHeldList) -> bool {
    match refusal {
        Refusal::Condition(Some(found)) => {
            optional_text(found, "run") == Some(list.list.run.as_str())
        }
        Refusal::Condition(None) | Refusal::Invalid(_) => false,
    }
}
