//! Approvals that nobody hears: given while a run was live, or the run asked for was skipped,
//! failed or never queued. The approval itself is durable; what it lacks is a run.

use jiff::{SignedDuration, Timestamp};
use org_model::{RunId, SourceId};

use crate::ports::{Ports, StoreError};
use crate::{HeldState, RunMode, RunRecord, StoredHeldList, StoredSource, Trigger};

/// Whoever approves asks for a run in the same breath: for so long it is theirs to do.
const UNHEARD_AFTER: SignedDuration = SignedDuration::from_mins(1);

/// An approval that its run could not use is tried again after this long.
const AGAIN_AFTER: SignedDuration = SignedDuration::from_hours(1);

/// The one run to start for all approvals that stand, queued and remembered; `None`: none stands,
/// or one of the runs that are live or queued will use them.
pub(crate) async fn queue_unheard(
    ports: &Ports,
    stored: &StoredSource,
    lists: &[StoredHeldList],
    round: &RunId,
) -> Result<Option<RunRecord>, StoreError> {
    let (source, now) = (&stored.source, ports.clock.now());
    let unheard: Vec<_> = lists
        .iter()
        .filter(|list| is_unheard(list, stored, now))
        .collect();
    let Some(first) = unheard.first() else {
        return Ok(None);
    };
    if is_busy(ports, source, now).await? {
        return Ok(None);
    }
    let run = RunId::new(format!("{round}-{source}-approval"));
    let mut record = RunRecord::new(source.clone(), run, Trigger::Approval, RunMode::Apply, now);
    record.requested_by.clone_from(&first.decided_by);
    ports.runs.put_unleased(&record).await?;
    for list in &unheard {
        // After the run is queued: a crash between queues it twice, never not.
        ports
            .outbox
            .remember_notice(source, &cause(list), now)
            .await?;
    }
    Ok(Some(record))
}

fn is_unheard(list: &StoredHeldList, stored: &StoredSource, now: Timestamp) -> bool {
    let Some(decided_at) = list.decided_at else {
        return false;
    };
    let stands = list.state_at(now) == HeldState::Approved && list.consumed_by.is_none();
    // Whoever was approved is seen again, or kept: there is nothing to do.
    let is_empty = list.remaining().next().is_none();
    let tried = stored.state.noticed.get(&cause(list));
    let is_due = tried.is_none_or(|&at| at < decided_at || now >= at + AGAIN_AFTER);
    stands && !is_empty && is_due && now >= decided_at + UNHEARD_AFTER
}

fn cause(list: &StoredHeldList) -> String {
    format!("approval:{}", list.list.fingerprint)
}

/// A run is live or about to be: it reads the standing approvals, or the next round sees that it
/// did not.
async fn is_busy(ports: &Ports, source: &SourceId, now: Timestamp) -> Result<bool, StoreError> {
    let live = ports.leases.holder(source).await?;
    if live.is_some_and(|holder| now < holder.expires_at) {
        return Ok(true);
    }
    Ok(!ports.runs.unfinished(source).await?.is_empty())
}
