//! What stands in for AWS services: everything that leaves is recorded, secrets stay in memory.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::atomic::{AtomicBool, AtomicU32, Ordering};
use std::sync::{Mutex, MutexGuard};

use async_trait::async_trait;
use org_model::{RunId, SourceId};
use secrecy::SecretString;
use source_admin::ports::{ContactState, Contacts, Schedules, SecretVault};
use source_settings::{Contact, Schedule, SecretRef};
use sync_run::ports::{Events, Notifier, RunStarter, Secrets, SendError};
use sync_run::{Notice, NoticeKind, RunRecord, Trigger};

/// One of all services. Clones of its `Arc` are the same.
#[derive(Default)]
pub struct StandIns {
    notices: Mutex<Vec<Notice>>,
    events: Mutex<Vec<RunRecord>>,
    started: Mutex<Vec<(SourceId, RunId, Trigger)>>,
    segments: Mutex<Vec<(SourceId, RunId, u32)>>,
    clearings: Mutex<Vec<SourceId>>,
    secrets: Mutex<BTreeMap<String, SecretString>>,
    secrets_made: AtomicU32,
    schedules: Mutex<BTreeMap<SourceId, Schedule>>,
    contacts: Mutex<BTreeSet<(Contact, SourceId)>>,
    /// Services that are out, by the name that stands in their errors.
    out: Mutex<BTreeSet<&'static str>>,
    mute: AtomicBool,
}

fn locked<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap()
}

impl StandIns {
    /// Every notice that left, in order.
    pub fn notices(&self) -> Vec<Notice> {
        locked(&self.notices).clone()
    }

    pub fn notices_of(&self, kind: NoticeKind) -> Vec<Notice> {
        let mut notices = self.notices();
        notices.retain(|notice| notice.kind == kind);
        notices
    }

    /// Every `Run Finished` that left.
    pub fn events(&self) -> Vec<RunRecord> {
        locked(&self.events).clone()
    }

    /// Runs that somebody asked to be started since the last look.
    pub fn take_started(&self) -> Vec<(SourceId, RunId, Trigger)> {
        std::mem::take(&mut *locked(&self.started))
    }

    /// Segments that somebody asked to be started since the last look.
    pub fn take_segments(&self) -> Vec<(SourceId, RunId, u32)> {
        std::mem::take(&mut *locked(&self.segments))
    }

    /// Sources that somebody asked to be cleared since the last look.
    pub fn take_clearings(&self) -> Vec<SourceId> {
        std::mem::take(&mut *locked(&self.clearings))
    }

    /// Nothing leaves any more, or again.
    pub fn set_mute(&self, mute: bool) {
        self.mute.store(mute, Ordering::SeqCst);
    }

    /// These services are out, and no others.
    pub fn set_out(&self, services: &[&'static str]) {
        *locked(&self.out) = services.iter().copied().collect();
    }

    /// Everything that stands outside the store: schedules, subscriptions and the number of
    /// secrets.
    pub fn outside(
        &self,
    ) -> (
        BTreeMap<SourceId, Schedule>,
        BTreeSet<(Contact, SourceId)>,
        usize,
    ) {
        let secrets = locked(&self.secrets).len();
        let schedules = locked(&self.schedules).clone();
        (schedules, locked(&self.contacts).clone(), secrets)
    }

    fn leave(&self, service: &'static str) -> Result<(), SendError> {
        if self.mute.load(Ordering::SeqCst) || locked(&self.out).contains(service) {
            let reason = "mute".to_owned();
            return Err(SendError { service, reason });
        }
        Ok(())
    }
}

#[async_trait]
impl Notifier for StandIns {
    async fn send(&self, notice: &Notice) -> Result<(), SendError> {
        self.leave("notices")?;
        locked(&self.notices).push(notice.clone());
        Ok(())
    }
}

#[async_trait]
impl Events for StandIns {
    async fn run_finished(&self, record: &RunRecord) -> Result<(), SendError> {
        self.leave("events")?;
        locked(&self.events).push(record.clone());
        Ok(())
    }
}

#[async_trait]
impl RunStarter for StandIns {
    async fn start(
        &self,
        source: &SourceId,
        run: &RunId,
        trigger: Trigger,
    ) -> Result<(), SendError> {
        self.leave("starter")?;
        locked(&self.started).push((source.clone(), run.clone(), trigger));
        Ok(())
    }

    async fn start_segment(
        &self,
        source: &SourceId,
        run: &RunId,
        segment: u32,
    ) -> Result<(), SendError> {
        self.leave("starter")?;
        locked(&self.segments).push((source.clone(), run.clone(), segment));
        Ok(())
    }

    async fn start_clearing(&self, source: &SourceId) -> Result<(), SendError> {
        self.leave("starter")?;
        locked(&self.clearings).push(source.clone());
        Ok(())
    }
}

#[async_trait]
impl Secrets for StandIns {
    async fn secret(&self, reference: &SecretRef) -> Result<SecretString, SendError> {
        let found = locked(&self.secrets).get(&reference.arn).cloned();
        found.ok_or(SendError {
            service: "secrets",
            reason: "not found".to_owned(),
        })
    }
}

#[async_trait]
impl SecretVault for StandIns {
    async fn put(&self, purpose: &str, secret: &SecretString) -> Result<SecretRef, SendError> {
        self.leave("secrets")?;
        let number = self.secrets_made.fetch_add(1, Ordering::SeqCst);
        let arn = format!("memory:{purpose}-{number}");
        locked(&self.secrets).insert(arn.clone(), secret.clone());
        Ok(SecretRef {
            arn,
            version: "1".to_owned(),
        })
    }

    async fn remove(&self, reference: &SecretRef) -> Result<(), SendError> {
        self.leave("secrets")?;
        locked(&self.secrets).remove(&reference.arn);
        Ok(())
    }
}

#[async_trait]
impl Schedules for StandIns {
    async fn put(&self, source: &SourceId, schedule: &Schedule) -> Result<(), SendError> {
        self.leave("schedules")?;
        locked(&self.schedules).insert(source.clone(), schedule.clone());
        Ok(())
    }

    async fn remove(&self, source: &SourceId) -> Result<(), SendError> {
        self.leave("schedules")?;
        locked(&self.schedules).remove(source);
        Ok(())
    }
}

#[async_trait]
impl Contacts for StandIns {
    async fn reconcile(&self, wanted: &[(Contact, SourceId)]) -> Result<(), SendError> {
        self.leave("contacts")?;
        *locked(&self.contacts) = wanted.iter().cloned().collect();
        Ok(())
    }

    async fn states(
        &self,
        contacts: &[Contact],
    ) -> Result<Vec<(Contact, ContactState)>, SendError> {
        let pending = |contact: &Contact| (contact.clone(), ContactState::Pending);
        Ok(contacts.iter().map(pending).collect())
    }
}
