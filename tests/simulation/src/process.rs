//! One process over the shared shelf: it may die at any request, or sleep and wake too late.

mod outside;
mod ranges;

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, MutexGuard};

use async_trait::async_trait;
use jiff::Timestamp;
use org_model::{ItemKey, Mark, RunId, SourceId};
use org_plan::{Change, Item, PermittedChange, PermittedMark};
use source_settings::AgentId;
use sync_run::ports::{
    HeldLists, Leases, Mirror, MirrorUpkeep, Outbox, PurgePage, Purgeable, RunLog, Sources,
    StoreError, WriteOutcome,
};
use sync_run::{
    ClaimOutcome, ClaimRequest, Decision, HeldState, OutboxItem, Row, RowsPage, RunLease,
    RunRecord, SourceState, StoredAgent, StoredHeldList, StoredSource, Units,
};
use tokio::sync::Notify;

use crate::{Faults, Shelf};

/// The ports of one process.
pub struct Process {
    shelf: Arc<Mutex<Shelf>>,
    source: SourceId,
    faults: Faults,
    requests: AtomicUsize,
    dead: AtomicBool,
    wake: Arc<Notify>,
    now: Arc<Mutex<Timestamp>>,
}

impl Process {
    pub fn new(
        shelf: Arc<Mutex<Shelf>>,
        source: SourceId,
        faults: Faults,
        now: Arc<Mutex<Timestamp>>,
    ) -> Self {
        Self {
            shelf,
            source,
            faults,
            requests: AtomicUsize::new(0),
            dead: AtomicBool::new(false),
            wake: Arc::new(Notify::new()),
            now,
        }
    }

    pub fn requests(&self) -> usize {
        self.requests.load(Ordering::SeqCst)
    }

    pub fn wake(&self) -> Arc<Notify> {
        Arc::clone(&self.wake)
    }

    /// One request to the store, with everything that may happen to it.
    async fn ask<T>(
        &self,
        act: &'static str,
        effect: impl FnOnce(&mut Shelf) -> Result<T, StoreError>,
    ) -> Result<T, StoreError> {
        let request = self.requests.fetch_add(1, Ordering::SeqCst);
        if self.faults.sleep_before == Some(request) {
            self.wake.notified().await;
        }
        if self.faults.die_before == Some(request) {
            self.dead.store(true, Ordering::SeqCst);
        }
        let lost = |reason: &str| StoreError::Unavailable {
            act,
            reason: reason.to_owned(),
        };
        if self.dead.load(Ordering::SeqCst) {
            return Err(lost("the process is dead"));
        }
        if self.faults.fail_once == Some(request) {
            return Err(lost("the request did not arrive"));
        }
        let done = effect(&mut self.lock())?;
        if self.faults.die_after == Some(request) {
            self.dead.store(true, Ordering::SeqCst);
            return Err(lost("the process is dead"));
        }
        if self.faults.fail_after == Some(request) {
            return Err(lost("the answer was lost"));
        }
        Ok(done)
    }

    fn write_unless_poisoned(&self, shelf: &mut Shelf, change: &Change) -> WriteOutcome {
        let poisoned = self.faults.poison.as_ref() == Some(&change.key().to_string());
        if poisoned {
            WriteOutcome::Rejected("poison".to_owned())
        } else {
            shelf.write(change)
        }
    }

    fn lock(&self) -> MutexGuard<'_, Shelf> {
        self.shelf.lock().unwrap()
    }
}

fn leased(shelf: &Shelf, lease: &RunLease, act: &'static str) -> Result<(), StoreError> {
    if shelf.is_held(lease) {
        Ok(())
    } else {
        Err(StoreError::LeaseLost { act })
    }
}

#[async_trait]
impl Sources for Process {
    async fn source(&self, source: &SourceId) -> Result<Option<StoredSource>, StoreError> {
        let stored = |shelf: &mut Shelf| {
            if shelf.clearance.is_some() || shelf.vacant || shelf.gone {
                return Ok(None);
            }
            Ok(Some(StoredSource {
                source: source.clone(),
                settings: shelf.settings.clone(),
                version: 1,
                created_at: Timestamp::UNIX_EPOCH,
                updated_at: Timestamp::UNIX_EPOCH,
                updated_by: None,
                state: shelf.state.clone(),
            }))
        };
        self.ask("read the source", stored).await
    }

    async fn sources(&self) -> Result<Vec<SourceId>, StoreError> {
        let source = self.source.clone();
        let list = |shelf: &mut Shelf| match shelf.vacant || shelf.gone {
            true => Ok(Vec::new()),
            false => Ok(vec![source]),
        };
        self.ask("list the sources", list).await
    }

    async fn agents(&self, _ids: &[AgentId]) -> Result<Vec<StoredAgent>, StoreError> {
        Ok(Vec::new())
    }
}

#[async_trait]
impl Leases for Process {
    async fn claim(&self, request: &ClaimRequest) -> Result<ClaimOutcome, StoreError> {
        self.ask("claim", |shelf| Ok(shelf.claim(request))).await
    }

    async fn release(&self, lease: &RunLease) -> Result<(), StoreError> {
        let release = |shelf: &mut Shelf| {
            if shelf.is_held(lease) {
                shelf.holder = None;
            }
            Ok(())
        };
        self.ask("release", release).await
    }

    async fn holder(&self, _: &SourceId) -> Result<Option<(RunId, Timestamp)>, StoreError> {
        self.ask("see the holder", |shelf| Ok(shelf.holder.clone()))
            .await
    }
}

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

    async fn write(
        &self,
        _: &RunLease,
        change: PermittedChange<'_>,
    ) -> Result<WriteOutcome, StoreError> {
        self.ask("write", |shelf| {
            Ok(self.write_unless_poisoned(shelf, &change))
        })
        .await
    }

    async fn remove(
        &self,
        lease: &RunLease,
        removals: &[PermittedChange<'_>],
    ) -> Vec<Result<WriteOutcome, StoreError>> {
        let remove = |shelf: &mut Shelf| {
            leased(shelf, lease, "remove")?;
            let write = |change: &PermittedChange<'_>| self.write_unless_poisoned(shelf, change);
            Ok(removals.iter().map(write).collect::<Vec<_>>())
        };
        match self.ask("remove", remove).await {
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

#[async_trait]
impl RunLog for Process {
    async fn run(&self, _: &SourceId, run: &RunId) -> Result<Option<RunRecord>, StoreError> {
        self.ask("read a record", |shelf| Ok(shelf.records.get(run).cloned()))
            .await
    }

    async fn put_unleased(&self, record: &RunRecord) -> Result<(), StoreError> {
        let put = |shelf: &mut Shelf| {
            if shelf.is_cleared() {
                let act = "put a record";
                return Err(StoreError::Conflict { act });
            }
            let stands = shelf.records.get(&record.run);
            if !stands.is_some_and(|stands| stands.status.is_final()) {
                shelf.records.insert(record.run.clone(), record.clone());
            }
            Ok(())
        };
        self.ask("put a record", put).await
    }

    async fn bury(&self, record: &RunRecord, outbox: &[OutboxItem]) -> Result<bool, StoreError> {
        self.ask("bury a record", |shelf| Ok(shelf.bury(record, outbox)))
            .await
    }

    async fn put(&self, lease: &RunLease, record: &RunRecord) -> Result<(), StoreError> {
        let put = |shelf: &mut Shelf| {
            leased(shelf, lease, "put the record")?;
            shelf.records.insert(record.run.clone(), record.clone());
            Ok(())
        };
        self.ask("put the record", put).await
    }

    async fn append_rows(&self, record: &RunRecord, page: &RowsPage) -> Result<(), StoreError> {
        let key = (
            record.run.clone(),
            record.generation.unwrap_or_default().0,
            page.page,
        );
        let append = |shelf: &mut Shelf| {
            shelf.pages.insert(key, page.clone());
            Ok(())
        };
        self.ask("append rows", append).await
    }

    async fn rows(&self, _: &SourceId, run: &RunId) -> Result<Vec<Row>, StoreError> {
        let rows = |shelf: &mut Shelf| {
            let pages = shelf.pages.iter().filter(|((of, _, _), _)| of == run);
            Ok(pages.flat_map(|(_, page)| page.rows.clone()).collect())
        };
        self.ask("read rows", rows).await
    }

    async fn decide(&self, lease: &RunLease, decision: &Decision) -> Result<(), StoreError> {
        let decide = |shelf: &mut Shelf| {
            leased(shelf, lease, "decide")?;
            shelf
                .records
                .insert(decision.record.run.clone(), decision.record.clone());
            for list in decision.lists.iter().chain(&decision.held) {
                shelf
                    .lists
                    .insert(list.list.fingerprint.to_string(), list.clone());
            }
            shelf.put_outbox(&decision.outbox);
            shelf.state = decision.state.clone();
            Ok(())
        };
        self.ask("decide", decide).await
    }

    async fn close(
        &self,
        lease: &RunLease,
        record: &RunRecord,
        outbox: &[OutboxItem],
        state: &SourceState,
    ) -> Result<(), StoreError> {
        let close = |shelf: &mut Shelf| {
            leased(shelf, lease, "close")?;
            shelf.records.insert(record.run.clone(), record.clone());
            shelf.put_outbox(outbox);
            shelf.state = state.clone();
            Ok(())
        };
        self.ask("close", close).await
    }

    async fn unfinished(&self, _: &SourceId) -> Result<Vec<RunRecord>, StoreError> {
        let unfinished = |shelf: &mut Shelf| {
            let open = shelf
                .records
                .values()
                .filter(|record| !record.status.is_final());
            Ok(open.cloned().collect())
        };
        self.ask("list open records", unfinished).await
    }

    fn units(&self) -> Units {
        Units::default()
    }
}

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
