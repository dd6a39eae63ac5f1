//! What people decided, and what must still leave.

use async_trait::async_trait;
use jiff::Timestamp;
use org_model::SourceId;
use sync_run::ports::{Decisions, HeldLists, Outbox, StoreError};
use sync_run::{HeldState, KeptSet, OutboxItem, StoredHeldList, StoredResolution};

use super::Process;
use crate::Shelf;

#[async_trait]
impl HeldLists for Process {
    async fn standing(&self, _: &SourceId) -> Result<Vec<StoredHeldList>, StoreError> {
        let standing = |shelf: &mut Shelf| {
            let stands = |list: &&StoredHeldList| match list.state {
                HeldState::Waiting => true,
                HeldState::Approved => list.consumed_by.is_none(),
                _ => false,
            };
            Ok(shelf.lists.values().filter(stands).cloned().collect())
        };
        self.ask("read held lists", standing).await
    }
}

#[async_trait]
impl Decisions for Process {
    async fn kept(&self, _: &SourceId) -> Result<Vec<KeptSet>, StoreError> {
        self.ask("read who is kept", |shelf| Ok(shelf.kept_sets()))
            .await
    }

    async fn resolutions(&self, _: &SourceId) -> Result<Vec<StoredResolution>, StoreError> {
        let said = |shelf: &mut Shelf| Ok(shelf.resolutions.values().cloned().collect());
        self.ask("read what was resolved", said).await
    }
}

#[async_trait]
impl Outbox for Process {
    async fn unsent(&self, _: &SourceId) -> Result<Vec<OutboxItem>, StoreError> {
        self.ask("read the outbox", |shelf| {
            Ok(shelf.outbox.values().cloned().collect())
        })
        .await
    }

    async fn put(&self, _: &SourceId, item: &OutboxItem) -> Result<(), StoreError> {
        let put = |shelf: &mut Shelf| {
            shelf.put_outbox(std::slice::from_ref(item));
            Ok(())
        };
        self.ask("put into the outbox", put).await
    }

    async fn sent(&self, _: &SourceId, id: &str, _at: Timestamp) -> Result<(), StoreError> {
        let sent = |shelf: &mut Shelf| {
            let item = shelf.outbox.remove(id);
            shelf.sent.extend(item);
            Ok(())
        };
        self.ask("mark as sent", sent).await
    }

    async fn remember_notice(
        &self,
        _: &SourceId,
        cause: &str,
        at: Timestamp,
    ) -> Result<(), StoreError> {
        let remember = |shelf: &mut Shelf| {
            shelf.state.noticed.insert(cause.to_owned(), at);
            Ok(())
        };
        self.ask("remember a notice", remember).await
    }
}
