//! Removals: in transactions that also check the lease, so that a late zombie removes nobody.

use std::collections::BTreeSet;

use org_plan::{Change, Item};
use sync_run::RunLease;
use sync_run::ports::{REMOVALS_MAX, StoreError, WriteOutcome};

use super::items::{attributes_of, is_written, key_of, size_of};
use super::keys::place;
use super::write::{outcome_of_refusal, too_large, unchanged};
use crate::DynamoStore;
use crate::wire::Attributes;
use crate::wire::keys::Key;
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

type Answer = Result<WriteOutcome, StoreError>;

impl DynamoStore {
    /// One answer for each, whatever became of the others.
    pub(super) async fn remove_all(&self, lease: &RunLease, changes: &[&Change]) -> Vec<Answer> {
        let mut answers = vec![Ok(WriteOutcome::ChangedMeanwhile); changes.len()];
        let mut removals = Vec::new();
        for (index, change) in changes.iter().enumerate() {
            match self.removal(lease, index, change) {
                Err(error) => answers[index] = Err(error),
                Ok(removal) => match too_large(&removal.attributes) {
                    Some(rejected) => answers[index] = Ok(rejected),
                    None => removals.push(removal),
                },
            }
        }
        let mut lost = None;
        for batch in batches(removals) {
            // A lease does not come back: nothing more is sent.
            let batch_answers = match &lost {
                Some(lost) => all_failed(&batch, lost),
                None => self.remove_batch(lease, batch).await,
            };
            for (index, answer) in batch_answers {
                if let Err(error @ StoreError::LeaseLost { .. }) = &answer {
                    lost = Some(error.clone());
                }
                answers[index] = answer;
            }
        }
        answers
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
    ) -> Vec<(usize, Answer)> {
        let mut answers = Vec::new();
        while !removals.is_empty() {
            let mut actions = vec![self.lease_check(lease)];
            actions.extend(removals.iter().map(|removal| removal.action.clone()));
            let refusals = match self.transact(REMOVE, &actions).await {
                Ok(Transacted::Done) => {
                    answers.extend(removals.iter().map(Removal::done));
                    return answers;
                }
                Ok(Transacted::Cancelled(refusals)) => refusals,
                Err(error) => {
                    answers.extend(self.after_silence(&removals, error).await);
                    return answers;
                }
            };
            if refusals.first().is_some_and(Option::is_some) {
                let lost = StoreError::LeaseLost { act: REMOVE };
                answers.extend(all_failed(&removals, &lost));
                return answers;
            }
            let mut rest = Vec::new();
            for (removal, refusal) in removals.into_iter().zip(refusals.iter().skip(1)) {
                match refusal {
                    Some(refusal) => {
                        let outcome = outcome_of_refusal(&removal.attributes, refusal);
                        answers.push((removal.index, Ok(outcome)));
                    }
                    None => rest.push(removal),
                }
            }
            removals = rest;
        }
        answers
    }

    /// The transaction may have happened and only its answer be lost: what it wanted is there
    /// then. Of what is not there (yet), or cannot be read, nobody knows, and the error stays.
    async fn after_silence(&self, removals: &[Removal], error: StoreError) -> Vec<(usize, Answer)> {
        let keys: Result<Vec<Key>, _> = removals
            .iter()
            .map(|removal| key_of(&removal.attributes, REMOVE))
            .collect();
        let found = match keys {
            Ok(keys) if matches!(error, StoreError::Unavailable { .. }) => {
                let found = self.get_all(REMOVE, &self.tables.directory, &keys).await;
                found.unwrap_or_default()
            }
            _ => Vec::new(),
        };
        let names = |item: &Attributes| Some((item.get("pk")?.clone(), item.get("sk")?.clone()));
        let answer = |removal: &Removal| {
            let wanted = &removal.attributes;
            let mut found = found.iter();
            let item = found.find(|item| names(item) == names(wanted));
            match is_written(wanted, item) {
                true => removal.done(),
                false => (removal.index, Err(error.clone())),
            }
        };
        removals.iter().map(answer).collect()
    }
}

impl Removal {
    fn done(&self) -> (usize, Answer) {
        (self.index, Ok(WriteOutcome::Done))
    }
}

fn all_failed(removals: &[Removal], error: &StoreError) -> Vec<(usize, Answer)> {
    let failed = removals.iter();
    failed
        .map(|removal| (removal.index, Err(error.clone())))
        .collect()
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
