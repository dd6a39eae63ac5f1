//! The end of a run that nobody will close: it died, or it never started.
//!
//! Record, event and notice are one transaction: whoever finds the record final looks no further,
//! and whoever buries may be killed too. Their ids come from the dead run, so that two who bury the
//! same run say it once.

use std::collections::BTreeMap;

use jiff::Timestamp;

use crate::ports::{Ports, StoreError};
use crate::{OutboxItem, OutboxPayload, RunError, RunRecord, RunStatus};
use crate::{close, notices};

/// Closes the record of `dead` for it. The cause is remembered after its notice is durable: a crash
/// between notices twice, never not. How many notices; `None`: somebody else had closed it.
pub(crate) async fn bury(
    ports: &Ports,
    noticed: &mut BTreeMap<String, Timestamp>,
    mut dead: RunRecord,
    error: RunError,
) -> Result<Option<usize>, StoreError> {
    let now = ports.clock.now();
    let cause = format!("failed:{}", error.code);
    let notice = notices::is_due(noticed, &cause, now).then(|| notice(&dead, &error, now));
    dead.status = RunStatus::Failed;
    dead.finished_at = Some(now);
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

fn notice(dead: &RunRecord, error: &RunError, now: Timestamp) -> OutboxItem {
    let (run, code) = (&dead.run, &error.code);
    let notice = notices::buried(dead, error, now);
    OutboxItem {
        id: format!("{run}-{code}"),
        at: now,
        payload: OutboxPayload::Notice(notice),
    }
}

/// Why a run is buried whose process died.
pub(crate) fn killed() -> RunError {
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
