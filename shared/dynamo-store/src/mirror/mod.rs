//! The mirror of one source in the directory table.

pub(crate) mod items;
pub(crate) mod keys;
mod marks;
mod purge;
mod reclaim;
mod remove;
mod write;

use std::collections::BTreeMap;

use async_trait::async_trait;
use org_model::{ItemKey, Mark, SourceId, UserKey};
use org_plan::{Item, PermittedChange, PermittedMark};
use sync_run::RunLease;
use sync_run::ports::{Mirror, StoreError, WriteOutcome};

use crate::DynamoStore;

#[async_trait]
impl Mirror for DynamoStore {
    async fn marks(&self, source: &SourceId) -> Result<BTreeMap<ItemKey, Mark>, StoreError> {
        self.all_marks(source).await
    }

    async fn before_images(
        &self,
        source: &SourceId,
        keys: &[ItemKey],
    ) -> Result<BTreeMap<ItemKey, Item>, StoreError> {
        self.items_at(source, keys).await
    }

    async fn aside(&self, source: &SourceId, user: &UserKey) -> Result<Vec<Item>, StoreError> {
        self.records_aside(source, user).await
    }

    async fn write(
        &self,
        lease: &RunLease,
        change: PermittedChange<'_>,
    ) -> Result<WriteOutcome, StoreError> {
        // The lease was proof enough that this run may write; what a late zombie writes meets the
        // stamps of its successor. Only what removes a record checks it again.
        if change.action.is_removal() {
            return Ok(WriteOutcome::Rejected("removal_outside_lease".to_owned()));
        }
        self.write_change(lease, &change).await
    }

    async fn remove(
        &self,
        lease: &RunLease,
        removals: &[PermittedChange<'_>],
    ) -> Vec<Result<WriteOutcome, StoreError>> {
        let changes: Vec<&org_plan::Change> = removals.iter().map(|change| &**change).collect();
        self.remove_all(lease, &changes).await
    }

    async fn mark_absence(
        &self,
        lease: &RunLease,
        kept: PermittedMark<'_>,
    ) -> Result<WriteOutcome, StoreError> {
        self.write_mark(lease, &kept).await
    }
}
