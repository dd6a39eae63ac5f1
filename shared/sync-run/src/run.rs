//! One run, in order.
//!
//! Properties wanted:
//! 1. Nobody is removed without positive evidence, a verdict, and a durable decision.
//! 2. At any instant the run may die: the next one finds the lease expired, the record open and the
//!    outbox unsent, finishes them, and plans again from what the directory holds.
//! 3. The record, the rows and the directory agree.
//!
//! Races considered:
//! - *Two starts at once:* the claim is one conditional write; the second is `skipped`.
//! - *A late zombie:* A stalls past its lease; B claims, reads and writes before A wakes. A's
//!   removals check the lease in their own transaction, its record, decision and close do too. Its
//!   creations and updates are conditional on stamps that B has changed, and none is sent after
//!   A's deadline, which ends before its lease. What is left is a single request that was on its
//!   way for longer than [`LEASE_GRACE`] to an item that B left untouched: accepted; the next run
//!   sees the difference.
//! - *A source that is cleared:* clearing begins when no lease is live and takes the lease itself;
//!   the settings are gone by then, so that whoever claims in between finds nothing to run.
//! - *An approval during a run:* the run read the standing lists at its start; the approval is
//!   durable and is consumed by the next sealed run.
//! - *A return between question and removal:* the person answered "gone" seconds ago; a return
//!   within these seconds is restored by the next run with the same internal id. Accepted: rare,
//!   and nothing is lost since deleting is soft.

use jiff::{SignedDuration, Timestamp};
use org_model::{RunId, SourceId};

use crate::book::Book;
use crate::ports::{Ports, Step, StoreError};
use crate::trouble::Trouble;
use crate::{
    ClaimOutcome, ClaimRequest, RunLease, RunMode, RunRecord, RunStatus, StoredSource, Trigger,
    apply, cancelling, claim, close, decide, judge, ranges, reading, segments, stale_plan, undo,
};

/// How long a lease outlives its invocation, so that nothing of it is still on the way.
pub const LEASE_GRACE: SignedDuration = SignedDuration::from_secs(60);

/// How long before the deadline the last request may still be under way.
pub const DEADLINE_MARGIN: SignedDuration = SignedDuration::from_secs(10);

/// What starts a run.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RunRequest {
    pub source: SourceId,
    pub run: RunId,
    pub trigger: Trigger,
    /// For schedules: when it was due.
    pub scheduled_at: Option<Timestamp>,
    /// For schedules: the Scheduler's own name of this delivery.
    pub execution: Option<String>,
    /// `Some(n)`: the continuation of a run that handed over. Its record says what triggered it:
    /// `trigger` is not looked at.
    pub segment: Option<u32>,
    /// When this invocation will be ended from outside.
    pub deadline: Timestamp,
}

/// How a delivery ended.
#[derive(Clone, Debug, PartialEq)]
pub enum RunOutcome {
    /// The run ran; the record says how it ended.
    Finished(Box<RunRecord>),
    /// The time of this invocation is over and the run goes on in its next segment.
    HandedOver(Box<RunRecord>),
    /// Another run is live; the record names it.
    Skipped(Box<RunRecord>),
    /// This delivery was served before; nothing was done.
    AlreadyServed(RunId),
    /// Nobody put such a source, or it was removed; nothing was done.
    NoSuchSource,
    /// The source is being cleared, or stands vacant after that; nothing was done.
    SourceCleared,
}

/// Runs one request from claim to close.
///
/// # Errors
/// [`StoreError`] when the run could not be claimed or closed: then its record stays open, its
/// lease expires, and housekeeping or the next run says so.
pub async fn run(ports: &Ports, request: &RunRequest) -> Result<RunOutcome, StoreError> {
    ports.progress.step(Step::Claim);
    let now = ports.clock.now();
    let wanted = ClaimRequest {
        source: request.source.clone(),
        run: request.run.clone(),
        scheduled_at: request.scheduled_at,
        segment: request.segment,
        now,
        expires_at: request.deadline + LEASE_GRACE,
    };
    match claim(ports.leases.as_ref(), &wanted).await? {
        (ClaimOutcome::AlreadyServed { run }, _) => Ok(RunOutcome::AlreadyServed(run)),
        // The record is that of a run which another segment, or another run, goes on with.
        (ClaimOutcome::Taken { .. }, _) if request.segment.is_some() => {
            Ok(RunOutcome::AlreadyServed(request.run.clone()))
        }
        (ClaimOutcome::Taken { live_run }, _) => skip(ports, request, now, live_run).await,
        (ClaimOutcome::Claimed { dead_run, .. }, Some(lease)) => {
            claimed(ports, request, &lease, dead_run).await
        }
        (ClaimOutcome::Claimed { .. }, None) => Err(StoreError::LeaseLost {
            act: "claim the lease",
        }),
    }
}

/// A late event of a source that somebody clears is nobody's mistake.
async fn no_settings(ports: &Ports, source: &SourceId) -> Result<RunOutcome, StoreError> {
    let clearing = ports.clearing.clearance(source).await?.is_some();
    if clearing || ports.clearing.is_vacant(source).await? {
        return Ok(RunOutcome::SourceCleared);
    }
    Ok(RunOutcome::NoSuchSource)
}

async fn skip(
    ports: &Ports,
    request: &RunRequest,
    now: Timestamp,
    live_run: RunId,
) -> Result<RunOutcome, StoreError> {
    let mut record = queued_or_new(ports, request, now).await?;
    record.status = RunStatus::Skipped;
    record.finished_at = Some(now);
    record.live_run = Some(live_run);
    match ports.runs.put_unleased(&record).await {
        Ok(()) => Ok(RunOutcome::Skipped(Box::new(record))),
        // The lease is the clearing's, and so is the log: nothing more is written in it.
        Err(StoreError::Conflict { .. }) => Ok(RunOutcome::SourceCleared),
        Err(error) => Err(error),
    }
}

/// Steps 2 to 12 under the lease.
async fn claimed(
    ports: &Ports,
    request: &RunRequest,
    lease: &RunLease,
    dead_run: Option<RunId>,
) -> Result<RunOutcome, StoreError> {
    ports.progress.step(Step::Open);
    let stored = match ports.sources.source(&request.source).await {
        Ok(Some(stored)) => stored,
        Ok(None) => {
            ports.leases.release(lease).await?;
            return no_settings(ports, &request.source).await;
        }
        Err(error) => {
            let record = queued_or_new(ports, request, ports.clock.now()).await?;
            let record = close::close_unread(ports, lease, record, error).await?;
            return Ok(RunOutcome::Finished(Box::new(record)));
        }
    };
    match request.segment {
        None => begin(ports, request, lease, dead_run, &stored).await,
        Some(segment) => segments::go_on(ports, request, lease, segment, &stored).await,
    }
}

/// The first segment of a run; mostly the only one.
async fn begin(
    ports: &Ports,
    request: &RunRequest,
    lease: &RunLease,
    dead_run: Option<RunId>,
    stored: &StoredSource,
) -> Result<RunOutcome, StoreError> {
    let now = ports.clock.now();
    let mut record = queued_or_new(ports, request, now).await?;
    record.status = RunStatus::Running;
    record.started_at = Some(now);
    record.generation = Some(lease.generation());
    record.settings_version = Some(stored.version);
    record.segments = 1;
    if !put_running(ports, lease, &record).await? {
        return already_served(ports, lease).await;
    }
    let mut book = Book::open(ports, lease, record, request.deadline, stored);
    if let Some(dead) = dead_run {
        close::finish_dead_run(&mut book, &dead).await;
    }
    carry_out(book, stored).await
}

/// `false`: the record is final already. It was cancelled, or buried, a moment ago.
pub(crate) async fn put_running(
    ports: &Ports,
    lease: &RunLease,
    record: &RunRecord,
) -> Result<bool, StoreError> {
    match ports.runs.put(lease, record).await {
        Ok(()) => Ok(true),
        Err(StoreError::Conflict { .. }) => Ok(false),
        Err(error) => Err(error),
    }
}

/// Nothing is left to do for this delivery.
pub(crate) async fn already_served(
    ports: &Ports,
    lease: &RunLease,
) -> Result<RunOutcome, StoreError> {
    ports.leases.release(lease).await?;
    Ok(RunOutcome::AlreadyServed(lease.run().clone()))
}

/// Works until the end, or until the time of this invocation is over.
pub(crate) async fn carry_out(
    mut book: Book<'_>,
    stored: &StoredSource,
) -> Result<RunOutcome, StoreError> {
    let ended = work(&mut book, stored).await;
    if segments::goes_on(&book, &ended) {
        return segments::hand_over(book).await;
    }
    let record = close::close(book, ended).await?;
    Ok(RunOutcome::Finished(Box::new(record)))
}

/// Steps 3 to 11.
async fn work(book: &mut Book<'_>, source: &StoredSource) -> Result<(), Trouble> {
    // Nobody knew of a schedule's run before it began.
    if book.is_continuation() || book.record.trigger != Trigger::Schedule {
        cancelling::heed(book).await?;
    }
    if book.is_continuation() {
        segments::under_the_same_settings(book, source)?;
    }
    if book.record.mode.gives_back() {
        return undo::give_back(book).await;
    }
    let reading = reading::read(book, source).await?;
    let judged = judge::judge(book, source, reading).await?;
    cancelling::heed(book).await?;
    stale_plan::check(book, &judged).await?;
    if book.record.mode == RunMode::Plan {
        return book.write_planned_rows(&judged).await;
    }
    decide::decide(book, &judged).await?;
    let applied = apply::apply(book, &judged).await;
    let settled = decide::settle(book, &judged, applied.is_ok()).await;
    applied.and(settled)?;
    Ok(ranges::settle_over(book).await?)
}

/// A manual run was written down as `queued` when it was asked for, and one that goes on has its
/// record; a schedule's is new.
async fn queued_or_new(
    ports: &Ports,
    request: &RunRequest,
    now: Timestamp,
) -> Result<RunRecord, StoreError> {
    let is_known = request.trigger != Trigger::Schedule || request.segment.is_some();
    if is_known && let Some(queued) = ports.runs.run(&request.source, &request.run).await? {
        return Ok(queued);
    }
    let mut record = RunRecord::new(
        request.source.clone(),
        request.run.clone(),
        request.trigger,
        RunMode::Apply,
        now,
    );
    record.execution.clone_from(&request.execution);
    Ok(record)
}

/// A run must be able to live on any thread: checked here, where the reason can be seen.
const _: fn(&Ports, &RunRequest) = |ports, request| {
    fn is_send<T: Send>(_: T) {}
    is_send(run(ports, request));
};
