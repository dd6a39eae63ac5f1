//! An administrator stops a run. The races are told in runs/cancel.rs.

use org_model::{RunId, SourceId};
use source_admin::ports::{Author, Cancelled};
use sync_run::ports::StoreError;
use sync_run::{Cancellation, RunError, RunRecord, RunStatus};

use crate::DynamoStore;

/// Each further round means that the run was claimed, or ended, in between.
const CANCEL_ROUNDS_MAX: usize = 4;

impl DynamoStore {
    pub(super) async fn cancel_run(
        &self,
        source: &SourceId,
        run: &RunId,
        author: &Author,
    ) -> Result<Cancelled, StoreError> {
        let asked = Cancellation {
            by: author.by.clone(),
            at: author.at,
        };
        for _round in 0..CANCEL_ROUNDS_MAX {
            let Some(record) = self.read_run(source, run).await? else {
                return Ok(Cancelled::NotFound);
            };
            let cancelled = cancelled(&record, author);
            if record == cancelled {
                // This very call, sent before.
                return Ok(Cancelled::Done(Box::new(record)));
            }
            if record.status.is_final() {
                return Ok(Cancelled::Over(Box::new(record)));
            }
            if record.status == RunStatus::Queued && self.cancel_queued(&cancelled).await? {
                return Ok(Cancelled::Done(Box::new(cancelled)));
            }
            if self.ask_to_stop(&record, &asked).await? {
                return Ok(Cancelled::Asked(Box::new(record)));
            }
        }
        let act = "cancel a run";
        Err(StoreError::Conflict { act })
    }
}

/// A queued run as it ends by this word.
fn cancelled(record: &RunRecord, author: &Author) -> RunRecord {
    RunRecord {
        status: RunStatus::Cancelled,
        finished_at: Some(author.at),
        error: Some(RunError {
            code: "cancelled".to_owned(),
            message: format!("never started because {} cancelled it", author.by),
            remedy: "nothing: ask for a new run when it is wanted".to_owned(),
        }),
        ..record.clone()
    }
}
