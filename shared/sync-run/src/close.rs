//! Step 12: close the record with its notices, send what must leave, release the lease.

use jiff::Timestamp;
use org_model::{RunId, SourceId};

use crate::book::Book;
use crate::ports::{Ports, Step, StoreError};
use crate::ranges::{self, RangeEnd};
use crate::trouble::Trouble;
use crate::{
    OutboxItem, OutboxPayload, RowResult, RunLease, RunMode, RunRecord, RunStatus, burial, notices,
    refused_secret,
};

/// Closes a run however its work ended. What was decided and written stays explained.
pub(crate) async fn close(
    mut book: Book<'_>,
    ended: Result<(), Trouble>,
) -> Result<RunRecord, StoreError> {
    book.ports.progress.step(Step::Announce);
    if let Err(Trouble::Store(lost @ StoreError::LeaseLost { .. })) = ended {
        // Another run is live and has closed our record: nothing here is ours to write.
        return Err(lost);
    }
    if ended.is_err()
        && let Err(error) = book.flush_rows().await
    {
        // The cause of the end is in the record; these last rows are not, and do not count.
        tracing::error!(run = %book.record.run, %error, "the last rows could not be written");
    }
    finish_record(&mut book, &ended);
    refused_secret::note(&mut book, &ended);
    remember(&mut book, ended.is_ok());
    notices::note_trouble(&mut book, &ended);
    let event = run_finished(&book.record);
    book.outbox.push(event);
    let (ports, lease) = (book.ports, book.lease);
    ports
        .runs
        .close(lease, &book.record, &book.outbox, &book.state)
        .await?;
    ranges::settle_accepted(&book).await;
    // Released before anything is sent: a slow service keeps no next run waiting. Two runs that
    // send one outbox at once send a message twice at worst.
    ports.leases.release(lease).await?;
    send_unsent(ports, lease.source()).await;
    Ok(book.record)
}

/// Ends a run whose source cannot even be read: its state stays untouched, the lease is free
/// again, and a person is told.
pub(crate) async fn close_unread(
    ports: &Ports,
    lease: &RunLease,
    mut record: RunRecord,
    error: StoreError,
) -> Result<RunRecord, StoreError> {
    let now = ports.clock.now();
    let error = Trouble::Store(error).to_error();
    record.started_at.get_or_insert(now);
    record.finished_at = Some(now);
    record.generation = Some(lease.generation());
    record.status = RunStatus::Failed;
    let notice = notices::unread(&record, &error, now);
    record.error = Some(error);
    // Nothing is remembered of earlier notices: one a day, by its name.
    let id = format!("unread-{}", now.strftime("%Y-%m-%d"));
    let item = OutboxItem {
        id,
        at: now,
        payload: OutboxPayload::Notice(notice),
    };
    ports.outbox.put(lease.source(), &item).await?;
    ports
        .outbox
        .put(lease.source(), &run_finished(&record))
        .await?;
    ports.runs.put(lease, &record).await?;
    ports.leases.release(lease).await?;
    send_unsent(ports, lease.source()).await;
    Ok(record)
}

fn finish_record(book: &mut Book<'_>, ended: &Result<(), Trouble>) {
    book.record.finished_at = Some(book.ports.clock.now());
    let trouble = ended.as_ref().err();
    book.record.error = trouble.map(|trouble| trouble.error_of(&book.record));
    book.note_units();
    book.record.status = status(&book.record, ended);
}

/// The worst thing that happened: failed, partial, held, succeeded; unsealed is at least partial.
fn status(record: &RunRecord, ended: &Result<(), Trouble>) -> RunStatus {
    match ended {
        Err(Trouble::OutOfTime { .. } | Trouble::BackInPart { .. } | Trouble::SettingsChanged) => {
            return RunStatus::Partial;
        }
        Err(Trouble::Cancelled { .. }) => return RunStatus::Cancelled,
        Err(_) => return RunStatus::Failed,
        Ok(()) => {}
    }
    // What gives back asks nobody who is there.
    let is_unsealed = record.mode == RunMode::Apply && record.sealed != Some(true);
    if record.mode == RunMode::Plan {
        RunStatus::Planned
    } else if is_unsealed || record.rows_with(RowResult::Failed) > 0 {
        RunStatus::Partial
    } else if record.rows_with(RowResult::Held) > 0 || !record.kept_back.is_empty() {
        RunStatus::Held
    } else {
        RunStatus::Succeeded
    }
}

/// What the source remembers of this run. Only a run that read and wrote everything is a success.
fn remember(book: &mut Book<'_>, finished: bool) {
    let now = book.ports.clock.now();
    book.state.last_run = Some(book.lease.run().clone());
    if !finished || book.record.sealed != Some(true) || book.record.mode != RunMode::Apply {
        return;
    }
    note_recovery(book, now);
    book.state.last_success_at = Some(now);
    book.state.has_mirror = true;
    book.state.mirror_size = Some(book.size);
    let accepted = matches!(book.range, RangeEnd::Accepted(_));
    if accepted && book.removal_failed {
        // The person's word is not done yet: the next run compares with the old range again.
        return;
    }
    book.took_range = accepted;
    if let Some((baseline, agent_id)) = book.new_baseline.take() {
        book.state.baseline = Some(baseline);
        book.state.baseline_agent_id = Some(agent_id);
    }
}

/// Trouble that was noticed and is over is told once, and forgotten.
fn note_recovery(book: &mut Book<'_>, now: Timestamp) {
    let shown = notices::Shown {
        agent: book.record.agent.as_deref(),
        all_written: book.record.rows_with(RowResult::Failed) == 0,
    };
    let over = notices::forget_troubles(&mut book.state.noticed, now, shown);
    if !over.is_empty() {
        let notice = notices::recovered(&notices::About::of(book), &over);
        book.tell("recovered", notice);
    }
}

/// The event of a run that is over: of each there is one, whoever ended it. A run that was
/// `skipped` has none, since another one is live; and no purge of housekeeping has, but one that
/// died and is buried like a run.
pub fn run_finished(record: &RunRecord) -> OutboxItem {
    OutboxItem {
        id: format!("{}-finished", record.run),
        at: record.finished_at.unwrap_or(record.queued_at),
        payload: OutboxPayload::RunFinished(Box::new(record.clone())),
    }
}

/// Sends what must leave. What does not leave stays in the outbox; it never stops a run.
pub(crate) async fn send_unsent(ports: &Ports, source: &SourceId) {
    if let Err(error) = send_outbox(ports, source).await {
        tracing::warn!(%source, %error, "the outbox is unreadable; housekeeping tries again");
    }
}

/// The same for housekeeping: since when the oldest item waits that did not leave.
pub(crate) async fn send_outbox(
    ports: &Ports,
    source: &SourceId,
) -> Result<Option<Timestamp>, StoreError> {
    let mut oldest = None;
    for item in ports.outbox.unsent(source).await? {
        let sent = match &item.payload {
            OutboxPayload::Notice(notice) => ports.notifier.send(notice).await,
            OutboxPayload::RunFinished(record) => ports.events.run_finished(record).await,
        };
        match sent {
            Ok(()) => mark_sent(ports, source, &item).await,
            Err(error) => {
                tracing::warn!(%source, item = item.id, %error, "not sent; it stays in the outbox");
                oldest = Some(oldest.map_or(item.at, |at: Timestamp| at.min(item.at)));
            }
        }
    }
    Ok(oldest)
}

async fn mark_sent(ports: &Ports, source: &SourceId, item: &OutboxItem) {
    if let Err(error) = ports.outbox.sent(source, &item.id, ports.clock.now()).await {
        tracing::warn!(%source, item = item.id, %error, "sent, but may be sent once more");
    }
}

/// The run that held the lease before died: its record is closed here. If that fails, this run goes
/// on all the same; housekeeping buries what stays open.
pub(crate) async fn finish_dead_run(book: &mut Book<'_>, dead: &RunId) {
    if let Err(error) = bury_dead(book, dead).await {
        let source = book.lease.source();
        tracing::warn!(%source, run = %dead, %error, "a dead run is left to housekeeping");
    }
}

async fn bury_dead(book: &mut Book<'_>, dead: &RunId) -> Result<(), StoreError> {
    let found = book.ports.runs.run(book.lease.source(), dead).await?;
    if let Some(record) = found.filter(|record| !record.status.is_final()) {
        let noticed = &mut book.state.noticed;
        let cause = burial::cause_of(&record);
        burial::bury(book.ports, noticed, record, cause).await?;
    }
    Ok(())
}
