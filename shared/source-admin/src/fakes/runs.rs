//! Runs, over the world's memory.

use async_trait::async_trait;
use jiff::Timestamp;
use org_model::{RunId, SourceId};
use sync_run::ports::{Clock, RunStarter, SendError, StoreError};
use sync_run::{Cancellation, Row, RunError, RunRecord, RunStatus, Trigger};

use super::{Part, World, page_of};
use crate::ports::{Author, Cancelled, Enqueued, Page, PageRequest, RowFilter, RunQueue};

#[async_trait]
impl RunQueue for World {
    async fn enqueue(
        &self,
        record: &RunRecord,
        idempotency_key: Option<&str>,
    ) -> Result<Enqueued, StoreError> {
        let mut state = self.state();
        state.working(Part::Queue, "queue a run")?;
        let key = idempotency_key.map(|key| (record.source.clone(), key.to_owned()));
        if let Some(run) = key.as_ref().and_then(|key| state.keys.get(key))
            && let Some(earlier) = state.runs.iter().find(|record| record.run == *run)
        {
            return Ok(Enqueued::Repeated(Box::new(earlier.clone())));
        }
        if let Some(live) = state.live_run(&record.source) {
            return Ok(Enqueued::Live(live.run.clone()));
        }
        if let Some(key) = key {
            state.keys.insert(key, record.run.clone());
        }
        state.runs.push(record.clone());
        Ok(Enqueued::New)
    }

    async fn run(&self, source: &SourceId, run: &RunId) -> Result<Option<RunRecord>, StoreError> {
        let mut state = self.state();
        state.working(Part::Queue, "read a run")?;
        let mut runs = state.runs.iter();
        let found = runs.find(|record| record.source == *source && record.run == *run);
        Ok(found.cloned())
    }

    async fn runs(
        &self,
        source: &SourceId,
        page: &PageRequest,
    ) -> Result<Page<RunRecord>, StoreError> {
        let mut state = self.state();
        state.working(Part::Queue, "list the runs")?;
        let runs = state.runs.iter().rev().filter(|run| run.source == *source);
        page_of(runs.cloned(), page)
    }

    async fn rows(
        &self,
        _source: &SourceId,
        run: &RunId,
        filter: &RowFilter,
        page: &PageRequest,
    ) -> Result<Page<Row>, StoreError> {
        let mut state = self.state();
        state.working(Part::Queue, "read rows")?;
        let rows = state.rows.get(run).into_iter().flatten();
        page_of(rows.filter(|row| filter.takes(row)).cloned(), page)
    }

    async fn cancel(
        &self,
        source: &SourceId,
        run: &RunId,
        author: &Author,
    ) -> Result<Cancelled, StoreError> {
        let mut state = self.state();
        state.working(Part::Queue, "cancel a run")?;
        let mut runs = state.runs.iter_mut();
        let found = runs.find(|record| record.source == *source && record.run == *run);
        let Some(record) = found else {
            return Ok(Cancelled::NotFound);
        };
        if record.status == RunStatus::Queued {
            record.status = RunStatus::Cancelled;
            record.finished_at = Some(author.at);
            record.error = Some(never_began(author));
            return Ok(Cancelled::Done(Box::new(record.clone())));
        }
        let record = Box::new(record.clone());
        if record.status.is_final() {
            return Ok(Cancelled::Over(record));
        }
        let word = Cancellation {
            by: author.by.clone(),
            at: author.at,
        };
        // The first word stands.
        state.cancellations.entry(run.clone()).or_insert(word);
        Ok(Cancelled::Asked(record))
    }
}

fn never_began(author: &Author) -> RunError {
    RunError {
        code: "cancelled".to_owned(),
        message: format!("cancelled by {} before it began", author.by),
        remedy: "nothing: ask for a new run when you want one".to_owned(),
    }
}

#[async_trait]
impl RunStarter for World {
    async fn start(
        &self,
        source: &SourceId,
        run: &RunId,
        trigger: Trigger,
    ) -> Result<(), SendError> {
        let mut state = self.state();
        state.reachable(Part::Starter, "Lambda", "start a run")?;
        state.started.push((source.clone(), run.clone(), trigger));
        Ok(())
    }

    async fn start_segment(
        &self,
        _source: &SourceId,
        _run: &RunId,
        _segment: u32,
    ) -> Result<(), SendError> {
        // No call of an administrator asks for one.
        Err(SendError {
            service: "Lambda",
            reason: "segments are started by runs".to_owned(),
        })
    }

    async fn start_clearing(&self, source: &SourceId) -> Result<(), SendError> {
        let mut state = self.state();
        state.reachable(Part::Starter, "Lambda", "start a clearing")?;
        state.clearings_started.push(source.clone());
        Ok(())
    }
}

impl Clock for World {
    fn now(&self) -> Timestamp {
        self.state().now
    }
}
