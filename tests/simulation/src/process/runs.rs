//! Records, rows, decisions.

use async_trait::async_trait;
use jiff::Timestamp;
use org_model::{RunId, SourceId};
use org_plan::DecidedRemoval;
use sync_run::ports::{RunLog, StoreError};
use sync_run::{
    Cancellation, Decision, OutboxItem, Row, RowsPage, RunLease, RunRecord, SourceState, Units,
};

use super::Process;
use crate::Shelf;

fn unless_final(shelf: &Shelf, record: &RunRecord, act: &'static str) -> Result<(), StoreError> {
    match shelf.may_write(record) {
        true => Ok(()),
        false => Err(StoreError::Conflict { act }),
    }
}

#[async_trait]
impl RunLog for Process {
    async fn run(&self, _: &SourceId, run: &RunId) -> Result<Option<RunRecord>, StoreError> {
        self.ask("read a record", |shelf| Ok(shelf.records.get(run).cloned()))
            .await
    }

    async fn put_unleased(&self, record: &RunRecord) -> Result<(), StoreError> {
        let put = |shelf: &mut Shelf| {
            if shelf.is_cleared() {
                let act = "put a record";
                return Err(StoreError::Conflict { act });
            }
            let stands = shelf.records.get(&record.run);
            if !stands.is_some_and(|stands| stands.status.is_final()) {
                shelf.records.insert(record.run.clone(), record.clone());
            }
            Ok(())
        };
        self.ask("put a record", put).await
    }

    async fn bury(&self, record: &RunRecord, outbox: &[OutboxItem]) -> Result<bool, StoreError> {
        let bury = |shelf: &mut Shelf| Ok(shelf.bury(record, outbox, self.at()));
        self.ask("bury a record", bury).await
    }

    async fn put(&self, lease: &RunLease, record: &RunRecord) -> Result<(), StoreError> {
        let put = |shelf: &mut Shelf| {
            unless_final(shelf, record, "put the record")?;
            shelf.records.insert(record.run.clone(), record.clone());
            Ok(())
        };
        self.ask_leased("put the record", lease, put).await
    }

    async fn append_rows(&self, record: &RunRecord, page: &RowsPage) -> Result<(), StoreError> {
        let key = (
            record.run.clone(),
            record.generation.unwrap_or_default().0,
            page.page,
        );
        let append = |shelf: &mut Shelf| {
            shelf.pages.insert(key, page.clone());
            Ok(())
        };
        self.ask("append rows", append).await
    }

    async fn rows(&self, _: &SourceId, run: &RunId) -> Result<Vec<Row>, StoreError> {
        let rows = |shelf: &mut Shelf| {
            let pages = shelf.pages.iter().filter(|((of, _, _), _)| of == run);
            Ok(pages.flat_map(|(_, page)| page.rows.clone()).collect())
        };
        self.ask("read rows", rows).await
    }

    async fn decide(&self, lease: &RunLease, decision: &Decision) -> Result<(), StoreError> {
        let now = self.at();
        let decide = |shelf: &mut Shelf| {
            unless_final(shelf, &decision.record, "decide")?;
            shelf.decide(decision, now)?;
            self.put_state(shelf, &decision.state);
            Ok(())
        };
        self.ask_leased("decide", lease, decide).await
    }

    async fn close(
        &self,
        lease: &RunLease,
        record: &RunRecord,
        outbox: &[OutboxItem],
        state: &SourceState,
    ) -> Result<(), StoreError> {
        let close = |shelf: &mut Shelf| {
            unless_final(shelf, record, "close")?;
            shelf.records.insert(record.run.clone(), record.clone());
            shelf.put_outbox(outbox);
            self.put_state(shelf, state);
            shelf.ledger.closed.push(record.clone());
            Ok(())
        };
        self.ask_leased("close", lease, close).await
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
        let hand_over = |shelf: &mut Shelf| {
            unless_final(shelf, record, "hand over")?;
            if !shelf.hand_over(lease, segment, until, self.at()) {
                return Err(StoreError::LeaseLost { act: "hand over" });
            }
            shelf.records.insert(record.run.clone(), record.clone());
            shelf.put_outbox(outbox);
            self.put_state(shelf, state);
            Ok(())
        };
        self.ask("hand over", hand_over).await
    }

    async fn decided(
        &self,
        _: &SourceId,
        run: &RunId,
    ) -> Result<Option<Vec<DecidedRemoval>>, StoreError> {
        let decided = |shelf: &mut Shelf| Ok(shelf.decided.get(run).cloned());
        self.ask("read what was decided", decided).await
    }

    async fn cancellation(
        &self,
        _: &SourceId,
        run: &RunId,
    ) -> Result<Option<Cancellation>, StoreError> {
        let asked = |shelf: &mut Shelf| Ok(shelf.cancellations.get(run).cloned());
        self.ask("see whether it was cancelled", asked).await
    }

    async fn unfinished(&self, _: &SourceId) -> Result<Vec<RunRecord>, StoreError> {
        let unfinished = |shelf: &mut Shelf| {
            let open = shelf
                .records
                .values()
                .filter(|record| !record.status.is_final());
            Ok(open.cloned().collect())
        };
        self.ask("list open records", unfinished).await
    }

    fn units(&self) -> Units {
        Units::default()
    }
}
