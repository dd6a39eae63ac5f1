//! One process over the shared shelf: it may die at any request, or sleep and wake too late.

mod mirror;
mod outside;
mod ranges;
mod runs;
mod standing;

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, MutexGuard};

use async_trait::async_trait;
use jiff::{SignedDuration, Timestamp};
use org_model::SourceId;
use org_plan::Change;
use source_settings::AgentId;
use sync_run::ports::{Leases, Sources, StoreError, WriteOutcome};
use sync_run::{
    ClaimOutcome, ClaimRequest, Holder, RunLease, SourceState, StoredAgent, StoredSource,
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
    asleep: AtomicBool,
    wake: Arc<Notify>,
    now: Arc<Mutex<Timestamp>>,
    /// What the source remembered of notices when this process last read or wrote it.
    noticed: Mutex<BTreeMap<String, Timestamp>>,
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
            asleep: AtomicBool::new(false),
            wake: Arc::new(Notify::new()),
            now,
            noticed: Mutex::default(),
        }
    }

    pub fn requests(&self) -> usize {
        self.requests.load(Ordering::SeqCst)
    }

    /// It waits to be woken.
    pub fn is_asleep(&self) -> bool {
        self.asleep.load(Ordering::SeqCst)
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
            self.asleep.store(true, Ordering::SeqCst);
            self.wake.notified().await;
            self.asleep.store(false, Ordering::SeqCst);
            self.lock().ledger.under_way = true;
        }
        self.take_time(request);
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
        let done = effect(&mut self.lock());
        self.lock().ledger.under_way = false;
        let done = done?;
        if self.faults.die_after == Some(request) {
            self.dead.store(true, Ordering::SeqCst);
            return Err(lost("the process is dead"));
        }
        if self.faults.fail_after == Some(request) {
            return Err(lost("the answer was lost"));
        }
        Ok(done)
    }

    /// Time passes with every request, and now and then the clock is set.
    fn take_time(&self, request: usize) {
        let jump = self.faults.jump.filter(|(at, _)| *at == request);
        let jump = jump.map_or(SignedDuration::ZERO, |(_, by)| by);
        self.lock().ledger.under_way |= !jump.is_zero();
        *self.now.lock().unwrap() += self.faults.slow + jump;
    }

    fn at(&self) -> Timestamp {
        *self.now.lock().unwrap()
    }

    /// One request that only the holder of the lease may make.
    async fn ask_leased<T>(
        &self,
        act: &'static str,
        lease: &RunLease,
        effect: impl FnOnce(&mut Shelf) -> Result<T, StoreError>,
    ) -> Result<T, StoreError> {
        let checked = |shelf: &mut Shelf| match shelf.is_held(lease, self.at()) {
            true => effect(shelf),
            false => Err(StoreError::LeaseLost { act }),
        };
        self.ask(act, checked).await
    }

    fn write_unless_poisoned(
        &self,
        shelf: &mut Shelf,
        lease: &RunLease,
        change: &Change,
    ) -> WriteOutcome {
        let poisoned = self.faults.poison.as_ref() == Some(&change.key().to_string());
        if poisoned {
            WriteOutcome::Rejected("poison".to_owned())
        } else {
            shelf.write(lease, change, self.at())
        }
    }

    /// Only what this process noticed or forgot changes: what others remembered meanwhile stays.
    fn put_state(&self, shelf: &mut Shelf, state: &SourceState) {
        let mut read = self.noticed.lock().unwrap();
        let stood = std::mem::replace(&mut shelf.state, state.clone()).noticed;
        for (cause, at) in stood {
            let is_others = read.get(&cause) != Some(&at);
            if is_others && read.get(&cause) == state.noticed.get(&cause) {
                shelf.state.noticed.insert(cause, at);
            }
        }
        read.clone_from(&state.noticed);
    }

    fn lock(&self) -> MutexGuard<'_, Shelf> {
        self.shelf.lock().unwrap()
    }
}

#[async_trait]
impl Sources for Process {
    async fn source(&self, source: &SourceId) -> Result<Option<StoredSource>, StoreError> {
        let stored = |shelf: &mut Shelf| {
            if shelf.clearance.is_some() || shelf.vacant || shelf.gone {
                return Ok(None);
            }
            self.noticed
                .lock()
                .unwrap()
                .clone_from(&shelf.state.noticed);
            Ok(Some(StoredSource {
                source: source.clone(),
                settings: shelf.settings.clone(),
                version: shelf.version,
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
            shelf.release(lease);
            Ok(())
        };
        self.ask("release", release).await
    }

    async fn holder(&self, _: &SourceId) -> Result<Option<Holder>, StoreError> {
        self.ask("see the holder", |shelf| Ok(shelf.holder.clone()))
            .await
    }
}
