//! Runs: asked for, listed, looked into.

use jiff::Timestamp;
use org_model::{Fingerprint, RunId, SourceId};
use sync_run::{Row, RunMode, RunRecord, RunStatus, Trigger};
use uuid::{NoContext, Uuid};

use crate::giving_back::no_such_run;
use crate::ports::{Enqueued, Page, PageRequest, RowFilter};
use crate::{Admin, AdminError, Warning};

/// A plan is applied by somebody who has just looked at it: within so many runs.
const RUNS_LOOKED_THROUGH: u32 = 200;
/// The largest page there is.
const ROWS_OF_A_LOOK_MAX: u32 = 1_000;

/// What a manual run should do.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RunRequest {
    pub mode: RunMode,
    /// Apply this plan only; another one is refused as stale by the run.
    pub plan: Option<Fingerprint>,
    /// The same key again gives the same run.
    pub idempotency_key: Option<String>,
}

/// A run that was asked for.
#[derive(Clone, Debug, PartialEq)]
pub struct Asked {
    pub record: RunRecord,
    pub warnings: Vec<Warning>,
}

impl Admin {
    /// Queues a run durably, then starts it. Starting twice is harmless: a run is claimed once.
    pub async fn request_run(
        &self,
        id: &str,
        request: &RunRequest,
        by: &str,
    ) -> Result<Asked, AdminError> {
        let source = self.known_source_id(id).await?;
        let mut record = self.queued_record(&source, Trigger::Manual, by);
        record.mode = request.mode;
        if let Some(plan) = request.plan {
            record.expected_plan = Some(plan);
            record.expected_plan_run = Some(self.run_that_showed(&source, plan).await?);
        }
        let key = request.idempotency_key.as_deref();
        self.ask_with_key(record, key).await
    }

    /// The same key again gives the same run, however that one ended.
    pub(crate) async fn ask_with_key(
        &self,
        record: RunRecord,
        key: Option<&str>,
    ) -> Result<Asked, AdminError> {
        // A prefix keeps the caller's keys and our own apart.
        let key = key.map(|key| format!("key:{key}"));
        match self.ports.queue.enqueue(&record, key.as_deref()).await? {
            Enqueued::Live(run) => Err(AdminError::RunLive { run }),
            Enqueued::New => Ok(self.started(record).await),
            Enqueued::Repeated(earlier) if !same_request(&earlier, &record) => {
                Err(AdminError::KeyReused { run: earlier.run })
            }
            Enqueued::Repeated(earlier) => Ok(self.started(*earlier).await),
        }
    }

    /// The latest run that showed this plan: what it says is compared with what is planned then.
    async fn run_that_showed(
        &self,
        source: &SourceId,
        plan: Fingerprint,
    ) -> Result<RunId, AdminError> {
        let mut page = PageRequest {
            cursor: None,
            limit: RUNS_LOOKED_THROUGH,
        };
        let mut looked_at = 0;
        while looked_at < RUNS_LOOKED_THROUGH as usize {
            let runs = self.ports.queue.runs(source, &page).await?;
            looked_at += runs.items.len();
            let showed = |run: &RunRecord| run.mode == RunMode::Plan && run.plan == Some(plan);
            if let Some(found) = runs.items.into_iter().find(showed) {
                return Ok(found.run);
            }
            match runs.next {
                Some(next) => page.cursor = Some(next),
                None => break,
            }
        }
        Err(AdminError::UnknownPlan)
    }

    /// Latest first.
    pub async fn runs(&self, id: &str, page: &PageRequest) -> Result<Page<RunRecord>, AdminError> {
        let source = self.known_source_id(id).await?;
        Ok(self.ports.queue.runs(&source, page).await?)
    }

    pub async fn run(&self, id: &str, run: &str) -> Result<RunRecord, AdminError> {
        let source = self.known_source_id(id).await?;
        let record = self.ports.queue.run(&source, &RunId::new(run)).await?;
        record.ok_or_else(|| no_such_run(run))
    }

    pub async fn rows(
        &self,
        id: &str,
        run: &str,
        filter: &RowFilter,
        page: &PageRequest,
    ) -> Result<Page<Row>, AdminError> {
        let record = self.run(id, run).await?;
        let queue = &self.ports.queue;
        Ok(queue
            .rows(&record.source, &record.run, filter, page)
            .await?)
    }

    /// Whether a run has such a row.
    pub(crate) async fn any_row(
        &self,
        run: &RunRecord,
        filter: &RowFilter,
        is_it: impl Fn(&Row) -> bool + Send + Sync,
    ) -> Result<bool, AdminError> {
        let mut page = PageRequest {
            cursor: None,
            limit: ROWS_OF_A_LOOK_MAX,
        };
        let queue = &self.ports.queue;
        loop {
            let rows = queue.rows(&run.source, &run.run, filter, &page).await?;
            if rows.items.iter().any(&is_it) {
                return Ok(true);
            }
            match rows.next {
                Some(next) => page.cursor = Some(next),
                None => return Ok(false),
            }
        }
    }

    pub(crate) async fn started(&self, record: RunRecord) -> Asked {
        let mut warnings = Vec::new();
        if record.status == RunStatus::Queued {
            warnings.extend(self.start(&record).await);
        }
        Asked { record, warnings }
    }

    pub(crate) fn queued_record(&self, source: &SourceId, trigger: Trigger, by: &str) -> RunRecord {
        let now = self.ports.clock.now();
        let run = new_run_id(now);
        let mut record = RunRecord::new(source.clone(), run, trigger, RunMode::Apply, now);
        record.requested_by = Some(by.to_owned());
        record
    }
}

fn same_request(earlier: &RunRecord, asked: &RunRecord) -> bool {
    earlier.mode == asked.mode
        && earlier.expected_plan == asked.expected_plan
        && earlier.undoes == asked.undoes
        && earlier.restores == asked.restores
}

/// A UUIDv7: run ids sort by the time the run was asked for.
fn new_run_id(now: Timestamp) -> RunId {
    let seconds = u64::try_from(now.as_second()).unwrap_or_default();
    let nanoseconds = u32::try_from(now.subsec_nanosecond()).unwrap_or_default();
    let at = uuid::Timestamp::from_unix(NoContext, seconds, nanoseconds);
    RunId::new(Uuid::new_v7(at).to_string())
}
