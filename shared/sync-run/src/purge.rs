//! Purging what was deleted longer ago than the source keeps it.

use jiff::SignedDuration;
use org_model::RunId;
use org_plan::{Action, Item, Note};

use crate::ports::{Ports, PurgeFound, StoreError};
use crate::rows::{self, RowWriter};
use crate::{RowResult, RunMode, RunRecord, RunStatus, StoredSource, Trigger};

const PURGE_EVERY: SignedDuration = SignedDuration::from_hours(24);

/// Once a day, beside live runs: each deletion is conditional on status and age, and a run would
/// not restore what is that old. How many went.
pub(crate) async fn purge(
    ports: &Ports,
    stored: &StoredSource,
    round: &RunId,
) -> Result<usize, StoreError> {
    let now = ports.clock.now();
    if stored
        .state
        .last_purged_at
        .is_some_and(|at| now < at + PURGE_EVERY)
    {
        return Ok(0);
    }
    let source = &stored.source;
    let days = i64::from(stored.settings.retention_days.deleted);
    let older_than = now - SignedDuration::from_hours(24 * days);
    let purged = ports.upkeep.purge(source, older_than).await?;
    if !purged.is_empty() {
        let run = RunId::new(format!("{round}-{source}"));
        record_purge(
            ports,
            RunRecord::new(source.clone(), run, Trigger::Schedule, RunMode::Apply, now),
            &purged,
        )
        .await?;
    }
    ports.upkeep.purged(source, now).await?;
    Ok(purged.len())
}

/// A purge stands in the log like a run.
async fn record_purge(
    ports: &Ports,
    mut record: RunRecord,
    purged: &[PurgeFound],
) -> Result<(), StoreError> {
    let mut writer = RowWriter::default();
    for found in purged {
        writer.push(purged_row(&found.item));
        if writer.is_full()
            && let Some(page) = writer.page()
        {
            ports.runs.append_rows(&record, &page).await?;
            writer.settle(&mut record.counts);
        }
    }
    if let Some(page) = writer.page() {
        ports.runs.append_rows(&record, &page).await?;
        writer.settle(&mut record.counts);
    }
    record.status = RunStatus::Succeeded;
    record.requested_by = Some("housekeeping".to_owned());
    record.started_at = Some(record.queued_at);
    record.finished_at = Some(ports.clock.now());
    ports.runs.put_unleased(&record).await
}

fn purged_row(item: &Item) -> crate::Row {
    let note = Note {
        code: "purged".to_owned(),
        message: "deleted longer ago than deleted items are kept".to_owned(),
        remedy: None,
    };
    rows::row_of_item_with(item, Action::Delete, RowResult::Done, note)
}
