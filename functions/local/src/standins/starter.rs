//! Runs and clearings as tasks of this process: stands in for Lambda's asynchronous invocation.

use std::sync::{Arc, Mutex, OnceLock, PoisonError, Weak};

use async_trait::async_trait;
use jiff::{SignedDuration, Timestamp};
use org_model::{RunId, SourceId};
use sync_org::SyncEvent;
use sync_run::Trigger;
use sync_run::ports::{RunStarter, SendError};
use tokio::task::JoinHandle;

use crate::House;

/// Starts runs in the house it belongs to.
#[derive(Debug)]
pub struct TaskStarter {
    house: OnceLock<Weak<House>>,
    tasks: Mutex<Vec<JoinHandle<()>>>,
    /// How long one invocation may take; a run that needs longer hands over to the next.
    invocation: SignedDuration,
}

impl TaskStarter {
    pub fn new(invocation: SignedDuration) -> Self {
        Self {
            house: OnceLock::new(),
            tasks: Mutex::default(),
            invocation,
        }
    }

    pub fn belongs_to(&self, house: &Arc<House>) {
        // Set once, by the house that owns it.
        let _already_set = self.house.set(Arc::downgrade(house));
    }

    /// Serves one event in a task of its own.
    pub fn serve(&self, event: SyncEvent) -> Result<(), SendError> {
        let gone = || SendError {
            service: "local runner",
            reason: "it is stopping".to_owned(),
        };
        let house = self.house.get().and_then(Weak::upgrade).ok_or_else(gone)?;
        let deadline = Timestamp::now() + self.invocation;
        let task = tokio::spawn(async move {
            if let Err(error) = sync_org::serve(&house.run_ports(), event, deadline).await {
                lambda_boot::Failure::new(error).report();
            }
        });
        let mut tasks = self.tasks.lock().unwrap_or_else(PoisonError::into_inner);
        tasks.retain(|task| !task.is_finished());
        tasks.push(task);
        Ok(())
    }

    /// Waits for every run that was started, and for those that they start: a run's next segment
    /// is there before the one that hands over to it ends.
    pub async fn finish(&self) {
        loop {
            let under_way = self.take();
            if under_way.is_empty() {
                return;
            }
            for task in under_way {
                if let Err(error) = task.await {
                    tracing::error!(%error, "a run's task broke off");
                }
            }
        }
    }
}

impl TaskStarter {
    fn take(&self) -> Vec<JoinHandle<()>> {
        let mut tasks = self.tasks.lock().unwrap_or_else(PoisonError::into_inner);
        std::mem::take(&mut *tasks)
    }
}

#[async_trait]
impl RunStarter for TaskStarter {
    async fn start(
        &self,
        source: &SourceId,
        run: &RunId,
        trigger: Trigger,
    ) -> Result<(), SendError> {
        let event = SyncEvent::Queued {
            source: source.clone(),
            run: run.clone(),
            trigger,
        };
        self.serve(event)
    }

    async fn start_segment(
        &self,
        source: &SourceId,
        run: &RunId,
        segment: u32,
    ) -> Result<(), SendError> {
        let event = SyncEvent::Segment {
            source: source.clone(),
            run: run.clone(),
            segment,
        };
        self.serve(event)
    }

    async fn start_clearing(&self, source: &SourceId) -> Result<(), SendError> {
        let event = SyncEvent::Clear {
            source: source.clone(),
        };
        self.serve(event)
    }
}
