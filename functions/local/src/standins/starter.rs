//! Runs and clearings as tasks of this process: stands in for Lambda's asynchronous invocation.

use std::sync::{Arc, OnceLock, Weak};

use async_trait::async_trait;
use jiff::{SignedDuration, Timestamp};
use org_model::{RunId, SourceId};
use sync_org::SyncEvent;
use sync_run::Trigger;
use sync_run::ports::{RunStarter, SendError};
use tokio::task::JoinSet;

use crate::House;

/// As long as an invocation of Lambda may take.
const INVOCATION: SignedDuration = SignedDuration::from_mins(15);

/// Starts runs in the house it belongs to.
#[derive(Debug, Default)]
pub struct TaskStarter {
    house: OnceLock<Weak<House>>,
    tasks: tokio::sync::Mutex<JoinSet<()>>,
}

impl TaskStarter {
    pub fn belongs_to(&self, house: &Arc<House>) {
        // Set once, by the house that owns it.
        let _already_set = self.house.set(Arc::downgrade(house));
    }

    /// Serves one event in a task of its own.
    pub async fn serve(&self, event: SyncEvent) -> Result<(), SendError> {
        let gone = || SendError {
            service: "local runner",
            reason: "it is stopping".to_owned(),
        };
        let house = self.house.get().and_then(Weak::upgrade).ok_or_else(gone)?;
        let mut tasks = self.tasks.lock().await;
        while tasks.try_join_next().is_some() {}
        tasks.spawn(async move {
            let deadline = Timestamp::now() + INVOCATION;
            if let Err(error) = sync_org::serve(&house.run_ports(), event, deadline).await {
                lambda_boot::Failure::new(error).report();
            }
        });
        Ok(())
    }

    /// Waits for every run that was started.
    pub async fn finish(&self) {
        while self.tasks.lock().await.join_next().await.is_some() {}
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
        self.serve(event).await
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
        self.serve(event).await
    }

    async fn start_clearing(&self, source: &SourceId) -> Result<(), SendError> {
        let event = SyncEvent::Clear {
            source: source.clone(),
        };
        self.serve(event).await
    }
}
