//! Stopping a run, and giving back what one took away.

use org_model::{RunId, UserStatus};
use org_plan::Action;
use sync_run::{Row, RowResult, RunMode, RunRecord, RunStatus, Trigger};

use crate::ports::{Cancelled, Enqueued, RowFilter};
use crate::{Admin, AdminError, Asked};

/// What undo gives back.
const REMOVALS: [Action; 2] = [Action::Delete, Action::Disable];

/// A run that will stop, or did.
#[derive(Clone, Debug, PartialEq)]
pub enum Stopping {
    /// It is cancelled: it never began, or has stopped.
    Stopped(RunRecord),
    /// It is live and stops at its next row boundary.
    Asked(RunRecord),
}

impl Admin {
    /// A queued run never starts; a live one ends with whole rows. Repeating it changes nothing.
    pub async fn cancel_run(&self, id: &str, run: &str, by: &str) -> Result<Stopping, AdminError> {
        let source = self.known_source_id(id).await?;
        let named = RunId::new(run);
        let author = self.author(by);
        match self.ports.queue.cancel(&source, &named, &author).await? {
            Cancelled::Done(record) => Ok(Stopping::Stopped(*record)),
            Cancelled::Asked(record) => Ok(Stopping::Asked(*record)),
            Cancelled::Over(record) if record.status == RunStatus::Cancelled => {
                Ok(Stopping::Stopped(*record))
            }
            Cancelled::Over(record) => Err(AdminError::RunOver { run: record.run }),
            Cancelled::NotFound => Err(no_such_run(run)),
        }
    }

    /// Queues a run that gives back what another one deleted or disabled. While that run is not
    /// over, the same call gives the same run.
    pub async fn undo_run(
        &self,
        id: &str,
        run: &str,
        idempotency_key: Option<&str>,
        by: &str,
    ) -> Result<Asked, AdminError> {
        let source = self.known_source_id(id).await?;
        let undone = self.ports.queue.run(&source, &RunId::new(run)).await?;
        let undone = undone.ok_or_else(|| no_such_run(run))?;
        if !undone.status.is_final() {
            return Err(AdminError::RunNotOver { run: undone.run });
        }
        if !self.removed_somebody(&undone).await? {
            return Err(AdminError::NothingToUndo { run: undone.run });
        }
        let own_key = format!("undo:{}", undone.run);
        let mut record = self.queued_record(&source, Trigger::Manual, by);
        record.mode = RunMode::Undo;
        record.undoes = Some(undone.run);
        self.ask_once(record, idempotency_key, own_key).await
    }

    /// Queues a run that gives one deleted person back. While that run is not over, the same call
    /// gives the same run.
    pub async fn restore_user(
        &self,
        id: &str,
        userid: &str,
        idempotency_key: Option<&str>,
        by: &str,
    ) -> Result<Asked, AdminError> {
        let source = self.known_source_id(id).await?;
        let user = self.person(&source, userid).await?;
        if user.status != UserStatus::Deleted {
            return Err(AdminError::NotDeleted {
                userid: user.userid,
            });
        }
        // Whoever is deleted once more is restored once more.
        let since = user.deleted_at.map(|at| at.to_string()).unwrap_or_default();
        let own_key = format!("restore:{}:{since}", user.key());
        let mut record = self.queued_record(&source, Trigger::Manual, by);
        record.mode = RunMode::Restore;
        record.restores = Some(user.userid);
        self.ask_once(record, idempotency_key, own_key).await
    }

    /// The caller's key stands for one request for ever, our own for as long as its run is not
    /// over.
    async fn ask_once(
        &self,
        record: RunRecord,
        callers_key: Option<&str>,
        own_key: String,
    ) -> Result<Asked, AdminError> {
        if callers_key.is_some() {
            return self.ask_with_key(record, callers_key).await;
        }
        match self.enqueue_next(&record, own_key).await? {
            Enqueued::Live(run) => Err(AdminError::RunLive { run }),
            Enqueued::New => Ok(self.started(record).await),
            Enqueued::Repeated(earlier) => Ok(self.started(*earlier).await),
        }
    }

    /// Its counts say so. A run that did not come to its end may have been closed by another, who
    /// could not count, and of a write that never answered nobody knows: then its rows say so.
    async fn removed_somebody(&self, run: &RunRecord) -> Result<bool, AdminError> {
        if run.mode != RunMode::Apply {
            return Ok(false);
        }
        let counted = run.counts.values().any(|actions| {
            let removals = REMOVALS.iter().filter_map(|action| actions.get(action));
            removals
                .flatten()
                .any(|(result, count)| was_taken(*result) && *count > 0)
        });
        let came_through = !matches!(
            run.status,
            RunStatus::Failed | RunStatus::Cancelled | RunStatus::Partial
        );
        if counted || came_through {
            return Ok(counted);
        }
        for action in REMOVALS {
            let filter = RowFilter {
                action: Some(action),
                ..RowFilter::default()
            };
            let taken = |row: &Row| was_taken(row.result) || is_unknown(row);
            if self.any_row(run, &filter, taken).await? {
                return Ok(true);
            }
        }
        Ok(false)
    }
}

/// What was only planned in a run that applies was under way when it died.
fn was_taken(result: RowResult) -> bool {
    matches!(result, RowResult::Done | RowResult::Planned)
}

/// The store never said whether this was written: perhaps it was.
fn is_unknown(row: &Row) -> bool {
    row.result == RowResult::Failed && row.code.as_deref() == Some("store_unavailable")
}

pub(crate) fn no_such_run(run: &str) -> AdminError {
    AdminError::NotFound {
        what: "run",
        id: run.to_owned(),
    }
}
