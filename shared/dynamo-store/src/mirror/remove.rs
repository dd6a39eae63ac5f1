//! Removals: in transactions that also check the lease, so that a late zombie removes nobody.

use std::collections::BTreeSet;

use org_plan::{Change, Item};
use sync_run::RunLease;
use sync_run::ports::{REMOVALS_MAX, StoreError, WriteOutcome};

use super::items::{attributes_of, size_of};
use super::keys::place;
use super::write::{outcome_of_refusal, too_large, unchanged};
use crate::DynamoStore;
use crate::wire::Attributes;
use crate::wire::transact::{Action, Transacted};

const REMOVE: &str = "remove items";

/// A transaction takes 4 MB in all; the rest is for keys and conditions.
const TRANSACTION_MAX_BYTES: usize = 3_500_000;

/// One removal on its way: where its outcome goes, and what will stand there.
struct Removal {
    index: usize,
    attributes: Attributes,
    action: Action,
}

impl DynamoStore {
    pub(super) async fn remove_all(
        &self,
        lease: &RunLease,
        changes: &[&Change],
    ) -> Result<Vec<WriteOutcome>, StoreError> {
        let mut outcomes = vec![WriteOutcome::ChangedMeanwhile; changes.len()];
        let mut removals = Vec::new();
        for (index, change) in changes.iter().enumerate() {
            let removal = self.removal(lease, index, change)?;
            match too_large(&removal.attributes) {
                Some(rejected) => outcomes[index] = rejected,
                None => removals.push(removal),
            }
        }
        for batch in batches(removals) {
            for (index, outcome) in self.remove_batch(lease, batch).await? {
                outcomes[index] = outcome;
            }
        }
        Ok(outcomes)
    }

    fn removal(
        &self,
        lease: &RunLease,
        index: usize,
        change: &Change,
    ) -> Result<Removal, StoreError> {
        let key = place(lease.source(), &change.after.key());
        let attributes = attributes_of(&key, &change.after, self.clock.now())?;
        let before = change.before.as_ref().map(Item::stamp);
        let table = self.tables.directory.clone();
        let action = Action::Put(table, attributes.clone(), unchanged(before));
        Ok(Removal {
            index,
            attributes,
            action,
        })
    }

    /// All of them, or all but the guilty ones: whoever stopped the transaction is taken out and
    /// the rest is sent again. Each round takes at least one out, so it ends.
    async fn remove_batch(
        &self,
        lease: &RunLease,
        mut removals: Vec<Removal>,
    ) -> Result<Vec<(usize, WriteOutcome)>, StoreError> {
        let mut outcomes = Vec::new();
        while !removals.is_empty() {
            let mut actions = vec![self.lease_check(lease)];
            actions.extend(removals.iter().map(|removal| removal.action.clone()));
            let refusals = match self.transact(REMOVE, &actions).await? {
                Transacted::Done => {
                    let done = removals.iter().map(|one| (one.index, WriteOutcome::Done));
                    outcomes.extend(done);
                    return Ok(outcomes);
                }
                Transacted::Cancelled(refusals) => refusals,
            };
            if refusals.first().is_some_and(Option::is_some) {
                return Err(StoreError::LeaseLost { act: REMOVE });
            }
            let mut rest = Vec::new();
            for (removal, refusal) in removals.into_iter().zip(refusals.iter().skip(1)) {
                match refusal {
                    Some(refusal) => {
                        let outcome = outcome_of_refusal(&removal.attributes, refusal);
                        outcomes.push((removal.index, outcome));
                    }
                    None => rest.push(removal),
                }
            }
            removals = rest;
        }
        Ok(outcomes)
    }
}

/// In order; a transaction names an item once and is not too large.
fn batches(removals: Vec<Removal>) -> Vec<Vec<Removal>> {
    let mut batches: Vec<Vec<Removal>> = Vec::new();
    let mut names = BTreeSet::new();
    let mut bytes = 0;
    for removal in removals {
        let size = size_of(&removal.attributes);
        let name = removal
            .attributes
            .get("sk")
            .and_then(|sk| sk.as_s().ok())
            .cloned();
        let full = batches.last().is_none_or(|batch| {
            batch.len() >= REMOVALS_MAX || bytes + size > TRANSACTION_MAX_BYTES
        });
        if full || names.contains(&name) {
            batches.push(Vec::new());
            names.clear();
            bytes = 0;
        }
        bytes += size;
        names.insert(name);
        if let Some(batch) = batches.last_mut() {
            batch.push(removal);
        }
    }
    batches
}
