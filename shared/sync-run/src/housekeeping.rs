//! Housekeeping: what no run does, because no run may be alive to do it.
//!
//! It closes the records of dead runs, starts queued runs that nobody claimed, sends unsent
//! notices, reminds of held lists, notices silence, and purges what was deleted long ago. It runs
//! every few minutes beside live runs: everything it writes may be written twice, and nothing it
//! does touches a live run.

use jiff::{SignedDuration, Timestamp};
use org_model::{RunId, SourceId};

use crate::ports::{Ports, StoreError};
use crate::purge::purge;
use crate::run::LEASE_GRACE;
use crate::standing::state_at;
use crate::{
    ClaimOutcome, ClaimRequest, HeldState, Notice, OutboxItem, OutboxPayload, RunRecord, RunStatus,
    StoredSource, claim, close, notices,
};

/// A queued run that nobody claimed for this long was not delivered: Lambda gives up after 300 s.
const UNCLAIMED_AFTER: SignedDuration = SignedDuration::from_mins(6);

/// A queued run older than this is no longer what anybody waits for.
const QUEUED_AT_MOST: SignedDuration = SignedDuration::from_hours(24);

/// The least time without a success that is worth a notice (DESIGN.md §7).
const SILENCE_AT_LEAST: SignedDuration = SignedDuration::from_hours(1);

/// A notice that waits longer than this is trouble of its own: the round does not count as
/// finished, and the operations topic hears of it.
const UNSENT_AT_MOST: SignedDuration = SignedDuration::from_mins(15);

/// What one round did, for the log.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Tidied {
    pub sources: usize,
    pub dead_runs: usize,
    pub started_runs: usize,
    pub notices: usize,
    pub purged: usize,
    /// Sources at which something failed or a notice does not leave; the others were served all the
    /// same.
    pub troubled: Vec<SourceId>,
}

/// One round over all sources. `round` names the purging runs of this round.
///
/// # Errors
/// [`StoreError`] only if the sources cannot be listed.
pub async fn housekeeping(ports: &Ports, round: &RunId) -> Result<Tidied, StoreError> {
    let mut tidied = Tidied::default();
    for source in ports.sources.sources().await? {
        tidied.sources += 1;
        if let Err(error) = tidy(ports, &source, round, &mut tidied).await {
            tracing::warn!(%source, %error, "housekeeping failed for this source");
            tidied.troubled.push(source);
        }
    }
    Ok(tidied)
}

async fn tidy(
    ports: &Ports,
    source: &SourceId,
    round: &RunId,
    tidied: &mut Tidied,
) -> Result<(), StoreError> {
    let Some(stored) = ports.sources.source(source).await? else {
        return Ok(());
    };
    tidy_runs(ports, source, tidied).await?;
    remind(ports, &stored, tidied).await?;
    watch_silence(ports, &stored, tidied).await?;
    if let Some(oldest) = close::send_unsent(ports, source).await
        && ports.clock.now() >= oldest + UNSENT_AT_MOST
    {
        tracing::error!(%source, %oldest, "a notice waits unsent for too long");
        tidied.troubled.push(source.clone());
    }
    tidied.purged += purge(ports, &stored, round).await?;
    Ok(())
}

/// Dead runs are closed; queued ones that nobody claimed are started again.
async fn tidy_runs(
    ports: &Ports,
    source: &SourceId,
    tidied: &mut Tidied,
) -> Result<(), StoreError> {
    let now = ports.clock.now();
    let live = ports
        .leases
        .holder(source)
        .await?
        .filter(|(_, expires_at)| now < *expires_at);
    for record in ports.runs.unfinished(source).await? {
        if live.as_ref().is_some_and(|(run, _)| *run == record.run) {
            continue;
        }
        match record.status {
            RunStatus::Queued if now >= record.queued_at + QUEUED_AT_MOST => {
                give_up(ports, record).await?;
            }
            RunStatus::Queued if now >= record.queued_at + UNCLAIMED_AFTER && live.is_none() => {
                start(ports, &record, tidied).await;
            }
            RunStatus::Running if is_dead(&record, now) => bury(ports, &record, tidied).await?,
            _ => {}
        }
    }
    Ok(())
}

/// A running record without a live lease: dead, unless it was claimed a moment ago.
fn is_dead(record: &RunRecord, now: Timestamp) -> bool {
    record.started_at.is_none_or(|at| now >= at + LEASE_GRACE)
}

async fn bury(ports: &Ports, record: &RunRecord, tidied: &mut Tidied) -> Result<(), StoreError> {
    match close::dead_record(ports, &record.source, &record.run).await? {
        Some(closed) => bury_dead(ports, closed, ports.clock.now(), tidied).await,
        None => Ok(()),
    }
}

/// Notice and event of a run that was found dead, then its closed record: whoever finds it final
/// looks no further.
async fn bury_dead(
    ports: &Ports,
    closed: RunRecord,
    now: Timestamp,
    tidied: &mut Tidied,
) -> Result<(), StoreError> {
    tidied.dead_runs += 1;
    let source = closed.source.clone();
    let notice = notices::killed(&source, &closed.run, now);
    put_notice(ports, "failed:killed", notice, tidied).await?;
    let event = close::run_finished(&closed);
    ports.outbox.put(&source, &event).await?;
    ports.runs.put_unleased(&closed).await
}

async fn start(ports: &Ports, record: &RunRecord, tidied: &mut Tidied) {
    match ports
        .starter
        .start(&record.source, &record.run, record.trigger)
        .await
    {
        Ok(()) => tidied.started_runs += 1,
        Err(error) => {
            tracing::warn!(source = %record.source, run = %record.run, %error, "not started");
        }
    }
}

async fn give_up(ports: &Ports, mut record: RunRecord) -> Result<(), StoreError> {
    record.status = RunStatus::Failed;
    record.finished_at = Some(ports.clock.now());
    record.error = Some(crate::RunError {
        code: "never_started".to_owned(),
        message: "the run was queued and never started".to_owned(),
        remedy: "ask for a new run; if it repeats, look at the function and its rights".to_owned(),
    });
    ports.runs.put_unleased(&record).await
}

/// One reminder a day for each list that waits (story 17).
async fn remind(
    ports: &Ports,
    stored: &StoredSource,
    tidied: &mut Tidied,
) -> Result<(), StoreError> {
    let now = ports.clock.now();
    for list in ports.held.standing(&stored.source).await? {
        let cause = format!("held:{}", list.list.fingerprint);
        let waits = state_at(&list, now) == HeldState::Waiting;
        if waits && notices::is_due(&stored.state.noticed, &cause, now) {
            put_notice(ports, &cause, notices::held_reminder(&list, now), tidied).await?;
        }
    }
    Ok(())
}

/// Story 19: no sealed, not failed run for three intervals, at least an hour.
async fn watch_silence(
    ports: &Ports,
    stored: &StoredSource,
    tidied: &mut Tidied,
) -> Result<(), StoreError> {
    let now = ports.clock.now();
    let schedule = &stored.settings.schedule;
    let since = stored.state.last_success_at.unwrap_or(stored.created_at);
    let allowed = (schedule.interval() * 3).max(SILENCE_AT_LEAST);
    let silent = schedule.enabled && now >= since + allowed;
    if silent && notices::is_due(&stored.state.noticed, "silence", now) {
        let notice = notices::silence(&stored.source, stored.state.last_success_at, now);
        put_notice(ports, "silence", notice, tidied).await?;
    }
    Ok(())
}

/// The cause is remembered after the notice is durable: a crash between notices twice, never not.
async fn put_notice(
    ports: &Ports,
    cause: &str,
    notice: Notice,
    tidied: &mut Tidied,
) -> Result<(), StoreError> {
    let (source, at) = (notice.source.clone(), notice.at);
    let id = format!("{}-{cause}", at.as_second());
    let item = OutboxItem {
        id,
        at,
        payload: OutboxPayload::Notice(notice),
    };
    ports.outbox.put(&source, &item).await?;
    ports.outbox.remember_notice(&source, cause, at).await?;
    tidied.notices += 1;
    Ok(())
}

/// Ends a run whose process is known to be dead, without waiting for its lease: for a runner that
/// alone may hold leases. What it left is closed as by the next run.
///
/// # Errors
/// [`StoreError`] if the lease or the record cannot be read or written.
pub async fn take_over(
    ports: &Ports,
    source: &SourceId,
    round: &RunId,
) -> Result<Option<RunId>, StoreError> {
    let Some((dead, expires_at)) = ports.leases.holder(source).await? else {
        return Ok(None);
    };
    let now = ports.clock.now();
    let request = ClaimRequest {
        source: source.clone(),
        run: RunId::new(format!("{round}-{source}")),
        scheduled_at: None,
        // Nobody alive holds it: the moment at which it would expire has come.
        now: expires_at.max(now),
        expires_at: expires_at.max(now) + LEASE_GRACE,
    };
    let (ClaimOutcome::Claimed { .. }, Some(lease)) =
        claim(ports.leases.as_ref(), &request).await?
    else {
        return Ok(None);
    };
    if let Some(record) = close::dead_record(ports, source, &dead).await? {
        bury_dead(ports, record, now, &mut Tidied::default()).await?;
    }
    ports.leases.release(&lease).await?;
    Ok(Some(dead))
}
