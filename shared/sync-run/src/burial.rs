//! The end of a run that nobody will close: it died, or it never started.
//!
//! Record, event and notice are one transaction: whoever finds the record final looks no further,
//! and whoever buries may be killed too. Their ids come from the dead run, so that two who bury the
//! same run say it once.

use std::collections::BTreeMap;

use jiff::Timestamp;

use crate::ports::{Ports, StoreError};
use crate::trouble::Trouble;
use crate::{OutboxItem, OutboxPayload, RunError, RunRecord, RunStatus};
use crate::{close, notices, rows};

/// Closes the record of `dead` for it. The cause is remembered after its notice is durable: a crash
/// between notices twice, never not. How many notices; `None`: somebody else had closed it.
pub(crate) async fn bury(
    ports: &Ports,
    noticed: &mut BTreeMap<String, Timestamp>,
    mut dead: RunRecord,
    error: RunError,
) -> Result<Option<usize>, StoreError> {
    let now = ports.clock.now();
    recount(ports, &mut dead).await?;
    dead.finished_at = Some(now);
    let wish = ports.runs.cancellation(&dead.source, &dead.run).await?;
    if let Some(wish) = wish {
        // It died, and nobody waits for what it left: it was told to stop.
        dead.status = RunStatus::Cancelled;
        dead.error = Some(Trouble::Cancelled { by: wish.by }.error_of(&dead));
        let outbox = [close::run_finished(&dead)];
        return Ok(ports.runs.bury(&dead, &outbox).await?.then_some(0));
    }
    let cause = notices::failure_cause(&dead, &error.code);
    let notice = notices::is_due(noticed, &cause, now).then(|| notice(&dead, &error, now));
    dead.status = RunStatus::Failed;
    dead.error = Some(error);
    let outbox: Vec<_> = notice
        .into_iter()
        .chain([close::run_finished(&dead)])
        .collect();
    if !ports.runs.bury(&dead, &outbox).await? {
        return Ok(None);
    }
    let notices = outbox.len() - 1;
    if notices > 0 {
        let source = &dead.source;
        noticed.insert(cause.clone(), now);
        if let Err(error) = ports.outbox.remember_notice(source, &cause, now).await {
            tracing::warn!(%source, cause, %error, "noticed, but may be noticed once more");
        }
    }
    Ok(Some(notices))
}

/// The record stands as it was last put: rows were written since. Its counts are to be those of
/// the rows, whatever the run did not live to say.
async fn recount(ports: &Ports, dead: &mut RunRecord) -> Result<(), StoreError> {
    if dead.started_at.is_none() {
        return Ok(());
    }
    match ports.runs.rows(&dead.source, &dead.run).await {
        Ok(rows) => dead.counts = rows::counts_of(&rows),
        Err(error @ StoreError::Unavailable { .. }) => return Err(error),
        Err(error) => {
            // Waiting does not mend it, and the run must not stay open for it.
            let (source, run) = (&dead.source, &dead.run);
            tracing::error!(%source, %run, %error, "the rows of a dead run cannot be counted");
        }
    }
    Ok(())
}

fn notice(dead: &RunRecord, error: &RunError, now: Timestamp) -> OutboxItem {
    let (run, code) = (&dead.run, &error.code);
    let notice = notices::buried(dead, error, now);
    OutboxItem {
        id: format!("{run}-{code}"),
        at: now,
        payload: OutboxPayload::Notice(notice),
    }
}

/// Why this run is buried: its process died, or a segment that it handed over to never began.
pub(crate) fn cause_of(dead: &RunRecord) -> RunError {
    let mut error = match dead.handed_over_at {
        Some(_) => segment_lost(dead.segments + 1),
        None => killed(),
    };
    if dead.mode.gives_back() {
        // No later run does this by itself.
        error.remedy = "ask for it again: whoever is back stays back; if it repeats, look at the \
                        function's memory, duration and rights"
            .to_owned();
    }
    error
}

fn segment_lost(segment: u32) -> RunError {
    RunError {
        code: "segment_lost".to_owned(),
        message: format!(
            "the run was handed over to its segment {segment} and never taken up; its rows say \
             what it did"
        ),
        remedy: "nothing: the next run goes on; if it repeats, look at the function and its rights"
            .to_owned(),
    }
}

/// Why a run is buried whose process died.
fn killed() -> RunError {
    RunError {
        code: "killed".to_owned(),
        message: "the run ended without closing; its rows say what it did".to_owned(),
        remedy: "nothing: the next run goes on; if it repeats, look at memory and duration"
            .to_owned(),
    }
}

/// Why a run is buried that was asked for and that nobody claimed.
pub(crate) fn never_started() -> RunError {
    RunError {
        code: "never_started".to_owned(),
        message: "the run was queued and never started".to_owned(),
        remedy: "ask for a new run; if it repeats, look at the function and its rights".to_owned(),
    }
}
