//! A run that is asked for because of a person's decision.

use org_model::RunId;
use sync_run::RunRecord;
use sync_run::ports::StoreError;

use crate::ports::Enqueued;
use crate::{Admin, Warning};

/// Runs that a decision may be given one after the other, while it stands: more than a person
/// asks for in 24 hours, and few enough for one call to look through.
const RUNS_OF_A_DECISION_MAX: u32 = 24;

/// What came of asking for a run that applies a decision.
#[derive(Clone, Debug, Default, PartialEq)]
pub(crate) struct RunAsked {
    pub run: Option<RunRecord>,
    pub live_run: Option<RunId>,
    pub warnings: Vec<Warning>,
}

impl Admin {
    /// Asks for a run that applies a decision. The same key, that is the same decision, asks for
    /// the same run.
    pub(crate) async fn run_for(&self, record: RunRecord, key: String) -> RunAsked {
        let record = match self.enqueue_next(&record, key).await {
            Ok(Enqueued::New) => record,
            Ok(Enqueued::Repeated(earlier)) => *earlier,
            Ok(Enqueued::Live(run)) => {
                return RunAsked {
                    warnings: vec![Warning::run_is_live(&run)],
                    live_run: Some(run),
                    run: None,
                };
            }
            Err(error) => {
                return RunAsked {
                    warnings: vec![Warning::approval_run_not_queued(&error)],
                    ..RunAsked::default()
                };
            }
        };
        let asked = self.started(record).await;
        RunAsked {
            run: Some(asked.record),
            live_run: None,
            warnings: asked.warnings,
        }
    }

    /// The same key asks for the same run, as long as that one is not over: it did not apply what
    /// it was asked for, so there is another one after it.
    pub(crate) async fn enqueue_next(
        &self,
        record: &RunRecord,
        key: String,
    ) -> Result<Enqueued, StoreError> {
        let mut key = key;
        for _ in 1..RUNS_OF_A_DECISION_MAX {
            match self.ports.queue.enqueue(record, Some(&key)).await? {
                Enqueued::Repeated(earlier) if earlier.status.is_final() => {
                    key = format!("{key}:{}", earlier.run);
                }
                enqueued => return Ok(enqueued),
            }
        }
        self.ports.queue.enqueue(record, Some(&key)).await
    }
}
