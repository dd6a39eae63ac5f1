//! The log of runs: records, rows, decisions.

mod bury;
mod decide;
mod records;
mod removals;
mod rows;

pub(crate) use records::{record_of, run_item};
pub(crate) use rows::{ROW_PAGES, rows_of};

use async_trait::async_trait;
use org_model::{RunId, SourceId};
use sync_run::ports::{RunLog, StoreError};
use sync_run::{Decision, OutboxItem, Row, RowsPage, RunLease, RunRecord, SourceState, Units};

use crate::DynamoStore;

#[async_trait]
impl RunLog for DynamoStore {
    async fn run(&self, source: &SourceId, run: &RunId) -> Result<Option<RunRecord>, StoreError> {
        self.read_run(source, run).await
    }

    async fn put_unleased(&self, record: &RunRecord) -> Result<(), StoreError> {
        self.put_record_unleased(record).await
    }

    async fn bury(&self, record: &RunRecord, outbox: &[OutboxItem]) -> Result<bool, StoreError> {
        self.bury_record(record, outbox).await
    }

    async fn put(&self, lease: &RunLease, record: &RunRecord) -> Result<(), StoreError> {
        self.put_record(lease, record).await
    }

    async fn append_rows(&self, record: &RunRecord, page: &RowsPage) -> Result<(), StoreError> {
        self.put_rows(record, page).await
    }

    async fn rows(&self, source: &SourceId, run: &RunId) -> Result<Vec<Row>, StoreError> {
        self.read_rows(source, run).await
    }

    async fn decide(&self, lease: &RunLease, decision: &Decision) -> Result<(), StoreError> {
        self.write_decision(lease, decision).await
    }

    async fn close(
        &self,
        lease: &RunLease,
        record: &RunRecord,
        outbox: &[OutboxItem],
        state: &SourceState,
    ) -> Result<(), StoreError> {
        self.write_close(lease, record, outbox, state).await
    }

    async fn unfinished(&self, source: &SourceId) -> Result<Vec<RunRecord>, StoreError> {
        self.open_runs(source).await
    }

    fn units(&self) -> Units {
        self.meter.units()
    }
}
