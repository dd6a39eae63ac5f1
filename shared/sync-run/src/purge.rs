//! Purging what was deleted longer ago than the source keeps it.
//!
//! Page by page, and each page is written down before anything of it goes: as planned, then with
//! what became of each item. A purge that dies in between is buried as any other run, and what it
//! did not reach is found by the next.

use jiff::{SignedDuration, Timestamp};
use org_model::RunId;
use org_plan::{Action, Note};

use crate::ports::{Ports, Purgeable, StoreError};
use crate::rows::{self, RowWriter};
use crate::trouble::Trouble;
use crate::{Row, RowResult, RunMode, RunRecord, RunStatus, StoredSource, Trigger};

const PURGE_EVERY: SignedDuration = SignedDuration::from_hours(24);

/// So that one source cannot keep a round from all others: the next round goes on.
const PAGES_AT_MOST: usize = 20;

/// Once a day, beside live runs: each deletion is conditional on status and age, and a run would
/// not restore what is that old. How many went.
pub(crate) async fn purge(
    ports: &Ports,
    stored: &StoredSource,
    round: &RunId,
) -> Result<usize, StoreError> {
    let (source, now) = (&stored.source, ports.clock.now());
    let last = stored.state.last_purged_at;
    if last.is_some_and(|at| now < at + PURGE_EVERY) {
        return Ok(0);
    }
    let days = i64::from(stored.settings.retention_days.deleted);
    let older_than = now - SignedDuration::from_hours(24 * days);
    let mut purge = Purge::new(ports, stored, round);
    let ended = purge.pages(older_than).await;
    purge.close(&ended).await?;
    if ended? {
        ports.upkeep.purged(source, now).await?;
    }
    Ok(purge.purged)
}

/// A purge stands in the log like a run.
struct Purge<'a> {
    ports: &'a Ports,
    record: RunRecord,
    rows: RowWriter,
    purged: usize,
}

impl<'a> Purge<'a> {
    fn new(ports: &'a Ports, stored: &StoredSource, round: &RunId) -> Self {
        let (source, now) = (stored.source.clone(), ports.clock.now());
        let run = RunId::new(format!("{round}-{source}"));
        let mut record = RunRecord::new(source, run, Trigger::Schedule, RunMode::Apply, now);
        record.requested_by = Some("housekeeping".to_owned());
        Self {
            ports,
            record,
            rows: RowWriter::default(),
            purged: 0,
        }
    }

    /// `true`: nothing is left to purge.
    async fn pages(&mut self, older_than: Timestamp) -> Result<bool, StoreError> {
        let (ports, source) = (self.ports, self.record.source.clone());
        let mut from = 0;
        for _page in 0..PAGES_AT_MOST {
            let found = ports
                .upkeep
                .deleted_before(&source, older_than, from)
                .await?;
            if !found.items.is_empty() {
                self.page(&found.items).await?;
            }
            match found.next {
                Some(next) => from = next,
                None => return Ok(true),
            }
        }
        Ok(false)
    }

    async fn page(&mut self, items: &[Purgeable]) -> Result<(), StoreError> {
        self.record.status = RunStatus::Running;
        self.record.started_at = Some(self.record.queued_at);
        self.ports.runs.put_unleased(&self.record).await?;
        for found in items {
            self.rows.push(planned(found));
        }
        self.write_rows().await?;
        let purged = self.ports.upkeep.purge(&self.record.source, items).await;
        for (row, outcome) in self.rows.open_rows().iter_mut().zip(&purged) {
            tell(row, outcome);
        }
        self.purged += purged.iter().filter(|one| **one == Ok(true)).count();
        self.write_rows().await?;
        self.rows.settle(&mut self.record.counts);
        purged.into_iter().try_for_each(|one| one.map(|_| ()))
    }

    async fn write_rows(&self) -> Result<(), StoreError> {
        match self.rows.page() {
            Some(page) => self.ports.runs.append_rows(&self.record, &page).await,
            None => Ok(()),
        }
    }

    /// A purge that found nothing has no record.
    async fn close(&mut self, ended: &Result<bool, StoreError>) -> Result<(), StoreError> {
        if self.record.status != RunStatus::Running {
            return Ok(());
        }
        self.record.finished_at = Some(self.ports.clock.now());
        self.record.status = match ended {
            Ok(_) => RunStatus::Succeeded,
            Err(_) => RunStatus::Failed,
        };
        let error = ended.as_ref().err().cloned();
        self.record.error = error.map(|error| Trouble::Store(error).to_error());
        self.ports.runs.put_unleased(&self.record).await
    }
}

fn planned(found: &Purgeable) -> Row {
    let note = Note {
        code: "purged".to_owned(),
        message: "deleted longer ago than deleted items are kept".to_owned(),
        remedy: None,
    };
    rows::row_of_item_with(&found.item, Action::Delete, RowResult::Planned, note)
}

fn tell(row: &mut Row, outcome: &Result<bool, StoreError>) {
    let (result, code, message) = match outcome {
        Ok(true) => {
            row.result = RowResult::Done;
            return;
        }
        Ok(false) => (RowResult::Skipped, "changed_meanwhile", "it came back"),
        Err(_) => (
            RowResult::Failed,
            "not_answered",
            "the store did not say whether it is gone; the next purge looks again",
        ),
    };
    row.result = result;
    row.code = Some(code.to_owned());
    row.message = Some(message.to_owned());
}
