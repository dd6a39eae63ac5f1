//! Parts of one transaction, and those that are written beside it because it would be too many:
//! DynamoDB takes 100 actions at once.

use sync_run::ports::StoreError;
use sync_run::{HeldState, OutboxItem, OutboxPayload, RunLease, RunRecord, StoredHeldList};

use super::records::is_record;
use crate::DynamoStore;
use crate::lease::was_handed_over;
use crate::wire::attributes::optional_text;
use crate::wire::transact::{ACTIONS_MAX, Action, Refusal, Transacted};

/// Actions of one transaction beside the check of the lease: an even number, for an item of the
/// outbox is two that belong together. The headers of lists, with a bit for each item, stay far
/// below the 4 MB of a transaction: nobody waits in many lists.
const BESIDE_MAX: usize = ACTIONS_MAX - 2;

/// What a part of the transaction is, so that its refusal can be understood.
#[derive(Clone, Debug)]
pub(super) enum Part<'a> {
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

pub(super) type Parts<'a> = Vec<(Part<'a>, Action)>;

/// Earlier lists by where what became of them is written.
#[derive(Debug, Default)]
pub(super) struct SplitLists<'a> {
    pub before: Vec<&'a StoredHeldList>,
    pub inside: Vec<&'a StoredHeldList>,
    pub after: Vec<&'a StoredHeldList>,
}

impl<'a> SplitLists<'a> {
    /// All of them inside if there is room; else expired ones first, since they belong together
    /// with their successor.
    pub fn of(lists: &'a [StoredHeldList], room: usize) -> Self {
        let mut ordered: Vec<_> = lists.iter().collect();
        if ordered.len() > room {
            ordered.sort_by_key(|list| list.state != HeldState::Expired);
        }
        let rest = ordered.split_off(room.min(ordered.len()));
        let follows =
            |list: &&StoredHeldList| list.state == HeldState::Expired || list.consumed_by.is_some();
        let (after, before) = rest.into_iter().partition(follows);
        Self {
            before,
            inside: ordered,
            after,
        }
    }
}

/// How many items of an outbox go into a transaction of which so many actions are taken.
pub(super) fn outbox_room(taken: usize) -> usize {
    ACTIONS_MAX.saturating_sub(taken) / 2
}

/// The items that go into the transaction, and those that are put before it. An event that says
/// that the run is over must not leave before it is.
pub(super) fn split_outbox(
    outbox: &[OutboxItem],
    room: usize,
) -> (Vec<&OutboxItem>, Vec<&OutboxItem>) {
    let mut ordered: Vec<&OutboxItem> = outbox.iter().collect();
    if ordered.len() > room {
        ordered.sort_by_key(|item| matches!(item.payload, OutboxPayload::Notice(_)));
    }
    let before = ordered.split_off(room.min(ordered.len()));
    (ordered, before)
}

impl DynamoStore {
    /// Under the lease, in as many transactions as it takes.
    pub(super) async fn send_beside(
        &self,
        act: &'static str,
        lease: &RunLease,
        parts: Parts<'_>,
    ) -> Result<(), StoreError> {
        for some in parts.chunks(BESIDE_MAX) {
            let mut all = vec![(Part::Lease, self.lease_check(lease))];
            all.extend_from_slice(some);
            self.send_parts(act, all).await?;
        }
        Ok(())
    }

    /// As one transaction. Each round takes at least one part out, so it ends.
    pub(super) async fn send_parts(
        &self,
        act: &'static str,
        mut parts: Parts<'_>,
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

/// The list that stands there was written by the same run: this very decision, sent before. An
/// approval may even have come since.
fn is_own_list(refusal: &Refusal, list: &StoredHeldList) -> bool {
    match refusal {
        Refusal::Condition(Some(found)) => {
            optional_text(found, "run") == Some(list.list.run.as_str())
        }
        Refusal::Condition(None) | Refusal::Invalid(_) => false,
    }
}
