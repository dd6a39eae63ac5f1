//! A run in several segments: it nears its deadline, hands over to a fresh invocation of itself,
//! and ends as if it had not (ADR 0016).
//!
//! Properties wanted:
//! 1. One run, one record: rows count on, calls and units add up, a reading that was unsealed once
//!    leaves the run unsealed.
//! 2. What a run removes is at most what it decided before it wrote anything. A continuation reads,
//!    judges and plans again, and of the removals in its plan it makes those that are in the
//!    decision; each with the evidence of its own reading. Whatever else it finds is left to the
//!    next run, unheld.
//! 3. A segment is claimed once and in its time, and only what was handed over is claimed as one.
//! 4. A segment that never begins is started again, and at last buried: no run stays open.
//!
//! Races considered:
//! - *The same segment delivered twice:* the claim is one conditional write; the second is
//!   `AlreadyServed`, and so is one whose run was buried or cleared meanwhile.
//! - *A scheduled run meets a run that is handed over:* the lease is the run's until the time it
//!   was handed over for has passed, so the other is `skipped`, as beside a live one.
//! - *The segment before wakes late:* it awaited all it had sent before it handed over, and the
//!   continuation has a new generation, which its removals and records do not have.
//! - *Taken up at the very moment it is buried:* a final record is never written over; whoever
//!   comes second finds that and goes away.
//! - *Somebody comes back between two segments:* the continuation's reading shows them, so its plan
//!   does not remove them. *Somebody else leaves:* not decided, so left to the next run.
//! - *The settings change between two segments:* the run ends, `partial`; no run mixes two
//!   mappings, and a plan that was applied by its fingerprint lets no other mapping clear anything.
//! - *Approved between two segments:* not in the decision either; the next sealed run consumes it.
//! - *Handed over, killed before the next segment was started:* housekeeping starts it.
//!
//! Accepted: an item that failed in one segment (the store cannot hold it) is tried again and has a
//! red row in each.

use jiff::SignedDuration;
use org_model::{RunId, SourceId};

use crate::book::Book;
use crate::ports::{Ports, Step, StoreError};
use crate::run::{self, RunOutcome, RunRequest};
use crate::trouble::Trouble;
use crate::{RunLease, RunMode, StoredSource, close};

/// How long a run that was handed over waits for its next segment. Lambda gives up after 300 s;
/// housekeeping starts a segment again after [`UNCLAIMED_AFTER`] and has two rounds for it.
pub(crate) const WAITS_AT_MOST: SignedDuration = SignedDuration::from_mins(15);

/// A run, or a segment of one, that nobody claimed for this long was not delivered: Lambda gives up
/// after 300 s.
pub(crate) const UNCLAIMED_AFTER: SignedDuration = SignedDuration::from_mins(6);

/// At 15 minutes a segment this is a day: whoever takes longer is stuck.
const SEGMENTS_MAX: u32 = 96;

/// Whether the run goes on in another invocation: only the time is over, what it removes is
/// decided, and it gets on. A segment in which nothing at all got through is the last one, but for
/// the first, which may have spent its time on reading.
pub(crate) fn goes_on(book: &Book<'_>, ended: &Result<(), Trouble>) -> bool {
    let is_late = matches!(ended, Err(Trouble::OutOfTime { .. }));
    let gets_on = book.got_on || !book.is_continuation();
    is_late
        && gets_on
        && book.record.mode == RunMode::Apply
        && book.decided.is_some()
        && book.record.segments < SEGMENTS_MAX
}

/// Hands the run over to its next segment, and starts that.
pub(crate) async fn hand_over(mut book: Book<'_>) -> Result<RunOutcome, StoreError> {
    book.ports.progress.step(Step::Announce);
    book.flush_rows().await?;
    let (ports, lease, now) = (book.ports, book.lease, book.ports.clock.now());
    let segment = book.record.segments + 1;
    book.record.handed_over_at = Some(now);
    book.note_units();
    ports
        .runs
        .hand_over(
            lease,
            &book.record,
            &book.outbox,
            &book.state,
            segment,
            now + WAITS_AT_MOST,
        )
        .await?;
    start(ports, lease.source(), lease.run(), segment).await;
    close::send_unsent(ports, lease.source()).await;
    Ok(RunOutcome::HandedOver(Box::new(book.record)))
}

/// Asks for the segment. If that fails, housekeeping does it; `true`: it was asked for.
pub(crate) async fn start(ports: &Ports, source: &SourceId, run: &RunId, segment: u32) -> bool {
    match ports.starter.start_segment(source, run, segment).await {
        Ok(()) => true,
        Err(error) => {
            tracing::warn!(%source, %run, segment, %error, "not started; housekeeping tries again");
            false
        }
    }
}

/// Settings are pinned for a run: what was judged by one mapping and its thresholds is not gone on
/// with by another. The next run begins with the new ones.
pub(crate) fn under_the_same_settings(
    book: &Book<'_>,
    stored: &StoredSource,
) -> Result<(), Trouble> {
    match book.record.settings_version {
        Some(version) if version != stored.version => Err(Trouble::SettingsChanged),
        _ => Ok(()),
    }
}

/// Goes on with a run, under the lease that its segment claimed.
pub(crate) async fn go_on(
    ports: &Ports,
    request: &RunRequest,
    lease: &RunLease,
    segment: u32,
    stored: &StoredSource,
) -> Result<RunOutcome, StoreError> {
    let source = &request.source;
    let found = ports.runs.run(source, &request.run).await?;
    let Some(mut record) = found.filter(|record| !record.status.is_final()) else {
        return run::already_served(ports, lease).await;
    };
    let decided = ports.runs.decided(source, &request.run).await?;
    record.segments = segment;
    record.handed_over_at = None;
    record.generation = Some(lease.generation());
    if !run::put_running(ports, lease, &record).await? {
        return run::already_served(ports, lease).await;
    }
    let mut book = Book::open(ports, lease, record, request.deadline, stored);
    // Without its decision a run removes nothing more.
    book.decided = Some(decided.unwrap_or_default());
    run::carry_out(book, stored).await
}
