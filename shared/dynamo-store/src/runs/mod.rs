//! The log of runs: records, rows, decisions.

mod bury;
mod cancel;
mod decide;
mod parts;
mod records;
mod removals;
mod rows;

#[cfg(test)]
pub(crate) use cancel::cancellation_of;
pub(crate) use records::{record_of, run_item};
#[cfg(test)]
pub(crate) use removals::StoredRemoval;
pub(crate) use rows::{ROW_PAGES, rows_of};

use async_trait::async_trait;
use jiff::Timestamp;
use org_model::{RunId, SourceId};
use org_plan::DecidedRemoval;
use sync_run::ports::{RunLog, StoreError};
use sync_run::{
    Cancellation, Decision, OutboxItem, Row, RowsPage, RunLease, RunRecord, SourceState, Units,
};

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

    async fn hand_over(
        &self,
        lease: &RunLease,
        record: &RunRecord,
        outbox: &[OutboxItem],
        state: &SourceState,
        segment: u32,
        until: Timestamp,
    ) -> Result<(), StoreError> {
        self.write_hand_over(lease, record, outbox, state, (segment, until))
            .await
    }

    async fn decided(
        &self,
        source: &SourceId,
        run: &RunId,
    ) -> Result<Option<Vec<DecidedRemoval>>, StoreError> {
        self.decided_removals(source, run).await
    }

    async fn cancellation(
        &self,
        source: &SourceId,
        run: &RunId,
    ) -> Result<Option<Cancellation>, StoreError> {
        self.asked_to_stop(source, run).await
    }

    async fn unfinished(&self, source: &SourceId) -> Result<Vec<RunRecord>, StoreError> {
        self.open_runs(source).await
    }

    fn units(&self) -> Units {
        self.meter.units()
    }
}
