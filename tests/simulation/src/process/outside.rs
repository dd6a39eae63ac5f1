//! What is not the store: notices, events, secrets, invocations, the clock.

use std::sync::atomic::Ordering;

use async_trait::async_trait;
use jiff::Timestamp;
use org_model::{RunId, SourceId};
use secrecy::SecretString;
use source_settings::SecretRef;
use sync_run::ports::{Events, Notifier, RunStarter, Secrets, SendError};
use sync_run::{Notice, RunRecord, Trigger};

use super::Process;

impl Process {
    fn leave(&self) -> Result<(), SendError> {
        if self.faults.mute || self.dead.load(Ordering::SeqCst) {
            return Err(SendError {
                service: "world",
                reason: "mute".to_owned(),
            });
        }
        Ok(())
    }
}

#[async_trait]
impl Notifier for Process {
    async fn send(&self, notice: &Notice) -> Result<(), SendError> {
        self.leave()?;
        self.lock().notices.push(notice.clone());
        Ok(())
    }
}

#[async_trait]
impl Events for Process {
    async fn run_finished(&self, record: &RunRecord) -> Result<(), SendError> {
        self.leave()?;
        self.lock().events.push(record.clone());
        Ok(())
    }
}

#[async_trait]
impl Secrets for Process {
    async fn secret(&self, reference: &SecretRef) -> Result<SecretString, SendError> {
        Ok(SecretString::from(reference.version.clone()))
    }
}

#[async_trait]
impl RunStarter for Process {
    async fn start(&self, _: &SourceId, run: &RunId, _: Trigger) -> Result<(), SendError> {
        self.leave()?;
        self.lock().started.push(run.clone());
        Ok(())
    }

    async fn start_segment(
        &self,
        _: &SourceId,
        run: &RunId,
        segment: u32,
    ) -> Result<(), SendError> {
        self.leave()?;
        self.lock().segments_started.push((run.clone(), segment));
        Ok(())
    }

    async fn start_clearing(&self, _: &SourceId) -> Result<(), SendError> {
        self.leave()?;
        self.lock().clearings_started += 1;
        Ok(())
    }
}

impl sync_run::ports::Clock for Process {
    fn now(&self) -> Timestamp {
        *self.now.lock().unwrap()
    }
}
