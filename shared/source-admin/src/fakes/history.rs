//! The history of sources, and notices, over the world's memory.

use async_trait::async_trait;
use org_model::SourceId;
use sync_run::Notice;
use sync_run::ports::{Notifier, SendError, StoreError};

use super::{Part, World, page_of};
use crate::ports::{History, HistoryEntry, Page, PageRequest, SourceCommit};

impl HistoryEntry {
    pub(super) fn of(commit: &SourceCommit<'_>, version: u64) -> Self {
        Self {
            at: commit.author.at,
            by: commit.author.by.clone(),
            action: commit.action,
            version: Some(version),
            changes: commit.changes.to_vec(),
        }
    }
}

#[async_trait]
impl History for World {
    async fn history(
        &self,
        source: &SourceId,
        page: &PageRequest,
    ) -> Result<Page<HistoryEntry>, StoreError> {
        let mut state = self.state();
        state.working(Part::Store, "read the history")?;
        let entries = state.history.get(source).into_iter().flatten();
        page_of(entries.rev().cloned(), page)
    }
}

#[async_trait]
impl Notifier for World {
    async fn send(&self, notice: &Notice) -> Result<(), SendError> {
        let mut state = self.state();
        state.reachable(Part::Notifier, "SNS", "send a notice")?;
        state.notices.push(notice.clone());
        Ok(())
    }
}
