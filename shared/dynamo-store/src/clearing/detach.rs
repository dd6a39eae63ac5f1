//! Detaching the people and departments of a source that is cleared: they stay as they are, and
//! belong to no source any more.

use std::collections::BTreeSet;

use org_model::{Fingerprint, ItemKey, ItemState};
use sync_run::RunLease;
use sync_run::ports::StoreError;

use crate::DynamoStore;
use crate::mirror::keys::place;
use crate::wire::attributes::{n, s, word, yes};
use crate::wire::errors::refused;
use crate::wire::expression::Expression;
use crate::wire::transact::{Action, Refusal, Transacted};

const DETACH: &str = "detach items";

impl DynamoStore {
    /// In one transaction, unless its items together are more than one takes (4 MB): then in
    /// halves.
    pub(super) async fn detach_items(
        &self,
        lease: &RunLease,
        keys: &[ItemKey],
    ) -> Result<(), StoreError> {
        // A transaction names an item once.
        let keys: BTreeSet<&ItemKey> = keys.iter().collect();
        let live: Vec<Action> = keys.iter().map(|key| self.detaching(lease, key)).collect();
        let mut batches = vec![live];
        while let Some(batch) = batches.pop() {
            match self.detach_batch(lease, batch.clone()).await {
                // Whatever it is that is refused, it is found within seven halves.
                Err(StoreError::Refused { .. }) if batch.len() > 1 => {
                    let (first, second) = batch.split_at(batch.len() / 2);
                    batches.extend([second.to_vec(), first.to_vec()]);
                }
                ended => ended?,
            }
        }
        Ok(())
    }

    /// Whatever stopped the transaction and needs nothing more is taken out, and the rest is sent
    /// again. Each round takes at least one out, so it ends.
    async fn detach_batch(
        &self,
        lease: &RunLease,
        mut live: Vec<Action>,
    ) -> Result<(), StoreError> {
        while !live.is_empty() {
            let mut actions = vec![self.lease_check(lease)];
            actions.extend(live.iter().cloned());
            let refusals = match self.transact(DETACH, &actions).await? {
                Transacted::Done => return Ok(()),
                Transacted::Cancelled(refusals) => refusals,
            };
            if refusals.first().is_some_and(Option::is_some) {
                return Err(StoreError::LeaseLost { act: DETACH });
            }
            if let Some(Refusal::Invalid(code)) = refusals.iter().flatten().find(is_invalid) {
                return Err(refused(DETACH, code));
            }
            let was = live.len();
            let mut refusals = refusals.iter().skip(1).map(Option::is_some);
            live.retain(|_| !refusals.next().unwrap_or(false));
            if live.len() == was {
                return Err(StoreError::Conflict { act: DETACH });
            }
        }
        Ok(())
    }

    /// Whatever its stamp is by now, if it is live: what is detached, deleted or gone is done. The
    /// stamp moves on, so that nobody who read it before writes it back, and stands for no reading.
    fn detaching(&self, lease: &RunLease, key: &ItemKey) -> Action {
        let detached = Expression::update(
            "SET #detached = :yes, #st = :detached, #fp = :fp, #gen = :gen, #at = :now \
                 REMOVE #absence",
        )
        .when("#st = :live")
        .with(
            ":fp",
            s(Fingerprint::of("detached").unsettled().to_string()),
        )
        .with(":yes", yes())
        .with(":detached", s(word(&ItemState::Detached)))
        .with(":live", s(word(&ItemState::Live)))
        .with(":gen", n(lease.generation()))
        .with(":now", n(self.clock.now().as_millisecond()));
        let place = place(lease.source(), key);
        Action::Update(self.tables.directory.clone(), place, detached)
    }
}

fn is_invalid(refusal: &&Refusal) -> bool {
    matches!(refusal, Refusal::Invalid(_))
}
