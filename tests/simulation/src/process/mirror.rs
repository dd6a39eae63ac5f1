//! The directory, as a process reaches it.

use std::collections::BTreeMap;

use async_trait::async_trait;
use jiff::Timestamp;
use org_model::{ItemKey, Mark, SourceId, UserKey};
use org_plan::{Item, PermittedChange, PermittedMark};
use sync_run::RunLease;
use sync_run::ports::{Mirror, MirrorUpkeep, PurgePage, Purgeable, StoreError, WriteOutcome};

use super::Process;
use crate::Shelf;

#[async_trait]
impl Mirror for Process {
    async fn marks(&self, _: &SourceId) -> Result<BTreeMap<ItemKey, Mark>, StoreError> {
        self.ask("read marks", |shelf| Ok(shelf.marks())).await
    }

    async fn before_images(
        &self,
        _: &SourceId,
        keys: &[ItemKey],
    ) -> Result<BTreeMap<ItemKey, Item>, StoreError> {
        let images = |shelf: &mut Shelf| {
            let image = |key: &ItemKey| Some((key.clone(), shelf.items.get(key)?.clone()));
            Ok(keys.iter().filter_map(image).collect())
        };
        self.ask("read images", images).await
    }

    async fn aside(&self, _: &SourceId, user: &UserKey) -> Result<Vec<Item>, StoreError> {
        let aside = |shelf: &mut Shelf| {
            let key = ItemKey::User(user.clone());
            let moved = shelf.displaced.iter().filter(|item| item.key() == key);
            Ok(moved.cloned().collect())
        };
        self.ask("read who was moved aside", aside).await
    }

    async fn write(
        &self,
        lease: &RunLease,
        change: PermittedChange<'_>,
    ) -> Result<WriteOutcome, StoreError> {
        let write = |shelf: &mut Shelf| Ok(self.write_unless_poisoned(shelf, lease, &change));
        if change.reclaims.is_some() {
            return self.ask_leased("write", lease, write).await;
        }
        self.ask("write", write).await
    }

    async fn remove(
        &self,
        lease: &RunLease,
        removals: &[PermittedChange<'_>],
    ) -> Vec<Result<WriteOutcome, StoreError>> {
        let remove = |shelf: &mut Shelf| {
            let write =
                |change: &PermittedChange<'_>| self.write_unless_poisoned(shelf, lease, change);
            Ok(removals.iter().map(write).collect::<Vec<_>>())
        };
        match self.ask_leased("remove", lease, remove).await {
            Ok(outcomes) => outcomes.into_iter().map(Ok).collect(),
            Err(error) => vec![Err(error); removals.len()],
        }
    }

    async fn mark_absence(
        &self,
        lease: &RunLease,
        kept: PermittedMark<'_>,
    ) -> Result<WriteOutcome, StoreError> {
        self.ask("mark", |shelf| Ok(shelf.mark_absence(lease, &kept)))
            .await
    }
}

#[async_trait]
impl MirrorUpkeep for Process {
    async fn deleted_before(
        &self,
        _: &SourceId,
        older_than: Timestamp,
        _from: usize,
    ) -> Result<PurgePage, StoreError> {
        let find = |shelf: &mut Shelf| Ok(shelf.deleted_before(older_than));
        self.ask("look for deleted items", find).await
    }

    async fn purge(&self, _: &SourceId, items: &[Purgeable]) -> Vec<Result<bool, StoreError>> {
        let purge = |shelf: &mut Shelf| Ok(items.iter().map(|one| shelf.purge(one)).collect());
        let purged: Result<Vec<bool>, _> = self.ask("purge", purge).await;
        match purged {
            Ok(purged) => purged.into_iter().map(Ok).collect(),
            Err(error) => vec![Err(error); items.len()],
        }
    }

    async fn purged(&self, _: &SourceId, at: Timestamp) -> Result<(), StoreError> {
        let remember = |shelf: &mut Shelf| {
            shelf.state.last_purged_at = Some(at);
            Ok(())
        };
        self.ask("remember the purge", remember).await
    }
}
