//! Clock, notices, events, secrets, progress.

use async_trait::async_trait;
use jiff::Timestamp;
use org_model::{RunId, SourceId};
use secrecy::SecretString;
use source_settings::SecretRef;

use crate::{Notice, RunRecord};

pub trait Clock: Send + Sync {
    fn now(&self) -> Timestamp;
}

/// A message that did not leave; it stays in the outbox.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{service} did not take the message: {reason}")]
pub struct SendError {
    pub service: &'static str,
    /// The service's error code; no payload.
    pub reason: String,
}

#[async_trait]
pub trait Notifier: Send + Sync {
    async fn send(&self, notice: &Notice) -> Result<(), SendError>;
}

#[async_trait]
pub trait Events: Send + Sync {
    /// The event `Run Finished` with ids, status and counts; no names.
    async fn run_finished(&self, record: &RunRecord) -> Result<(), SendError>;
}

#[async_trait]
pub trait Secrets: Send + Sync {
    async fn secret(&self, reference: &SecretRef) -> Result<SecretString, SendError>;
}

#[async_trait]
pub trait RunStarter: Send + Sync {
    /// Invokes `sync-org` asynchronously for a queued run.
    async fn start(
        &self,
        source: &SourceId,
        run: &RunId,
        trigger: crate::Trigger,
    ) -> Result<(), SendError>;

    /// Invokes `sync-org` asynchronously for the next segment of a run.
    async fn start_segment(
        &self,
        source: &SourceId,
        run: &RunId,
        segment: u32,
    ) -> Result<(), SendError>;

    /// Invokes `sync-org` asynchronously to clear a source that is replaced or deleted.
    async fn start_clearing(&self, source: &SourceId) -> Result<(), SendError>;
}

/// The steps of DESIGN.md §4 that take time.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Step {
    Claim,
    Open,
    Read,
    Seal,
    Map,
    Plan,
    Confirm,
    Protect,
    Decide,
    Apply,
    Record,
    Announce,
}

impl Step {
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Claim => "claim",
            Self::Open => "open",
            Self::Read => "read",
            Self::Seal => "seal",
            Self::Map => "map",
            Self::Plan => "plan",
            Self::Confirm => "confirm",
            Self::Protect => "protect",
            Self::Decide => "decide",
            Self::Apply => "apply",
            Self::Record => "record",
            Self::Announce => "announce",
        }
    }
}

/// Who watches a run. Never part of its outcome.
pub trait Progress: Send + Sync {
    fn step(&self, step: Step);

    /// `done` of `total` units of the current step.
    fn advance(&self, done: u64, total: u64);
}

/// Nobody watches.
#[derive(Clone, Copy, Debug, Default)]
pub struct NoProgress;

impl Progress for NoProgress {
    fn step(&self, _step: Step) {}

    fn advance(&self, _done: u64, _total: u64) {}
}
