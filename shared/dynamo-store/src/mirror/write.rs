//! Creations, updates and absence marks: conditional on what was read.

use org_model::{SourceId, WriteStamp};
use org_plan::{Change, Item, KeptItem};
use sync_run::RunLease;
use sync_run::ports::{StoreError, WriteOutcome};

use super::items::{ASIDE, ITEM_MAX_BYTES, attributes_of, is_written, size_of};
use super::keys::{place, place_aside};
use crate::DynamoStore;
use crate::wire::Attributes;
use crate::wire::attributes::{n, s, yes};
use crate::wire::calls::Written;
use crate::wire::errors::{COLLECTION_FULL, INVALID};
use crate::wire::expression::Expression;
use crate::wire::transact::{Action, Refusal, Transacted};

const WRITE: &str = "write an item";

/// The condition of a write: the item is as it was read, or still absent.
pub(super) fn unchanged(before: Option<WriteStamp>) -> Expression {
    match before {
        None => Expression::condition("attribute_not_exists(#pk)"),
        Some(stamp) => Expression::condition("#fp = :fp AND #gen = :gen")
            .with(":fp", s(stamp.fingerprint.to_string()))
            .with(":gen", n(stamp.generation)),
    }
}

/// Judged before it is sent, so that one oversized person costs no request and spoils no
/// transaction.
pub(super) fn too_large(attributes: &Attributes) -> Option<WriteOutcome> {
    (size_of(attributes) > ITEM_MAX_BYTES)
        .then(|| WriteOutcome::Rejected("item_too_large".to_owned()))
}

impl DynamoStore {
    pub(super) async fn write_change(
        &self,
        lease: &RunLease,
        change: &Change,
    ) -> Result<WriteOutcome, StoreError> {
        let source = lease.source();
        let key = place(source, &change.after.key());
        let attributes = attributes_of(&key, &change.after, self.clock.now())?;
        if let Some(rejected) = too_large(&attributes) {
            return Ok(rejected);
        }
        if let Some(other) = &change.reclaims {
            let before = change.before.as_ref();
            return self.reclaim(lease, before, attributes, other).await;
        }
        match &change.before {
            Some(old) if change.displaces => self.displace(source, old, attributes).await,
            before => {
                let stamp = before.as_ref().map(Item::stamp);
                self.put_unchanged(attributes, stamp).await
            }
        }
    }

    /// An absence mark: the item as it was, with the mark and with a fingerprint that no reading
    /// has, so that a return is noticed and clears the mark.
    pub(super) async fn write_mark(
        &self,
        lease: &RunLease,
        kept: &KeptItem,
    ) -> Result<WriteOutcome, StoreError> {
        let Some(marked) = kept.marked(lease.generation()) else {
            return Ok(WriteOutcome::Done);
        };
        let key = place(lease.source(), &marked.key());
        let attributes = attributes_of(&key, &marked, self.clock.now())?;
        let before = kept.before.stamp();
        match too_large(&attributes) {
            Some(rejected) => Ok(rejected),
            None => self.put_unchanged(attributes, Some(before)).await,
        }
    }

    async fn put_unchanged(
        &self,
        attributes: Attributes,
        before: Option<WriteStamp>,
    ) -> Result<WriteOutcome, StoreError> {
        let table = &self.tables.directory;
        let written = self
            .put(WRITE, table, attributes.clone(), Some(unchanged(before)))
            .await;
        match written {
            Ok(Written::Done) => Ok(WriteOutcome::Done),
            Ok(Written::Refused(found)) => Ok(outcome_of(&attributes, found.as_ref())),
            Err(StoreError::Refused { reason, .. })
                if reason == INVALID || reason == COLLECTION_FULL =>
            {
                Ok(rejection(&reason))
            }
            Err(error) => Err(error),
        }
    }

    /// The old record moves aside and keeps its internal id; the new person takes its place.
    async fn displace(
        &self,
        source: &SourceId,
        old: &Item,
        attributes: Attributes,
    ) -> Result<WriteOutcome, StoreError> {
        let aside = place_aside(source, &old.key(), old.internal_id());
        let mut moved = attributes_of(&aside, old, self.clock.now())?;
        moved.insert(ASIDE.to_owned(), yes());
        let table = &self.tables.directory;
        let actions = [
            Action::Put(
                table.clone(),
                attributes.clone(),
                unchanged(Some(old.stamp())),
            ),
            // Unconditional: the name holds the internal id, and moving twice is moving once.
            Action::Put(table.clone(), moved, Expression::default()),
        ];
        match self.transact(WRITE, &actions).await? {
            Transacted::Done => Ok(WriteOutcome::Done),
            Transacted::Cancelled(refusals) => Ok(refusals
                .iter()
                .flatten()
                .map(|refusal| outcome_of_refusal(&attributes, refusal))
                .next()
                .unwrap_or(WriteOutcome::ChangedMeanwhile)),
        }
    }
}

pub(super) fn outcome_of_refusal(wanted: &Attributes, refusal: &Refusal) -> WriteOutcome {
    match refusal {
        Refusal::Condition(found) => outcome_of(wanted, found.as_ref()),
        Refusal::Invalid(code) => rejection(code),
    }
}

fn outcome_of(wanted: &Attributes, found: Option<&Attributes>) -> WriteOutcome {
    if is_written(wanted, found) {
        WriteOutcome::Done
    } else {
        WriteOutcome::ChangedMeanwhile
    }
}

fn rejection(code: &str) -> WriteOutcome {
    let code = match code {
        INVALID | "ValidationError" => "refused_by_store",
        _ => "partition_full",
    };
    WriteOutcome::Rejected(code.to_owned())
}
