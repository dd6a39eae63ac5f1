//! What a decision changes about those who are kept, as parts of its transaction, or beside it
//! where they are too many: who is kept from now on before it, for keeping harms nobody; who is
//! released, and what was carried out, after it, for until then they are kept.

use sync_run::ports::StoreError;
use sync_run::{Decision, RunLease};

use crate::DynamoStore;
use crate::mirror::items::size_of;
use crate::wire::transact::{ACTIONS_MAX, Action, Transacted};

const KEEP: &str = "write who is kept";

/// Items of up to 400 KB in one transaction, which takes 4 MB in all.
const LARGE_PER_TRANSACTION: usize = 8;

/// Writes in the order of their transaction.
#[derive(Debug, Default)]
pub(crate) struct Marks {
    pub before: Vec<Action>,
    pub inside: Vec<Action>,
    pub after: Vec<Action>,
}

impl DynamoStore {
    /// `taken`: how many actions the transaction has without them.
    pub(crate) fn marks_of(
        &self,
        lease: &RunLease,
        decision: &Decision,
        taken: usize,
    ) -> Result<Marks, StoreError> {
        let source = lease.source();
        let mut marks = Marks::default();
        for set in &decision.kept {
            marks.before.extend(self.set_actions(source, set)?);
        }
        let room = ACTIONS_MAX.saturating_sub(taken);
        if marks.before.len() <= room.min(LARGE_PER_TRANSACTION) {
            marks.inside = std::mem::take(&mut marks.before);
        }
        let large = LARGE_PER_TRANSACTION - marks.inside.len();
        let releases = decision.kept_released.iter();
        let mut releases = releases.filter_map(|release| self.release_action(source, release));
        let room = room - marks.inside.len();
        marks.inside.extend(releases.by_ref().take(large.min(room)));
        marks.after.extend(releases);
        let room = ACTIONS_MAX.saturating_sub(taken + marks.inside.len());
        let resolved = decision.resolved.iter();
        let mut resolved = resolved.filter_map(|userid| self.resolved_action(source, userid));
        marks.inside.extend(resolved.by_ref().take(room));
        marks.after.extend(resolved);
        Ok(marks)
    }

    /// Under the lease, a few at a time. Whatever stands in the way of one of them says that it is
    /// done, or that it must not be: it is left out and the rest is sent again.
    pub(crate) async fn write_marks(
        &self,
        lease: &RunLease,
        actions: &[Action],
    ) -> Result<(), StoreError> {
        for few in actions.chunks(LARGE_PER_TRANSACTION) {
            let mut left = few.to_vec();
            while !left.is_empty() {
                let mut all = vec![self.lease_check(lease)];
                all.extend(left.iter().cloned());
                let refusals = match self.transact(KEEP, &all).await? {
                    Transacted::Done => break,
                    Transacted::Cancelled(refusals) => refusals,
                };
                if refusals.first().is_some_and(Option::is_some) {
                    return Err(StoreError::LeaseLost { act: KEEP });
                }
                let was = left.len();
                let mut refused = refusals.iter().skip(1).map(Option::is_some);
                left.retain(|_| !refused.next().unwrap_or(false));
                if left.len() == was {
                    return Err(StoreError::Conflict { act: KEEP });
                }
            }
        }
        Ok(())
    }
}

/// What a set brings to a transaction, in bytes.
pub(crate) fn set_size(action: &Action) -> usize {
    match action {
        Action::Put(_, item, _) => size_of(item),
        Action::Update(..) | Action::Delete(..) | Action::Check(..) => 0,
    }
}
