//! Taking over at start what a dead process of this very machine left.

use org_model::{RunId, SourceId};

use crate::ports::{Ports, StoreError};
use crate::run::LEASE_GRACE;
use crate::{ClaimOutcome, ClaimRequest, burial, claim, segments};

/// Ends a run whose process is known to be dead, without waiting for its lease: for a runner that
/// alone may hold leases. What it left is closed as by the next run; a run that was handed over is
/// gone on with.
///
/// # Errors
/// [`StoreError`] if the lease or the record cannot be read or written.
pub async fn take_over(
    ports: &Ports,
    source: &SourceId,
    round: &RunId,
) -> Result<Option<RunId>, StoreError> {
    let Some(holder) = ports.leases.holder(source).await? else {
        return Ok(None);
    };
    let (dead, expires_at) = (holder.run, holder.expires_at);
    let now = ports.clock.now();
    if let Some((segment, _)) = holder.handed_over.filter(|_| now < expires_at) {
        // Not dead: it waits for its next segment, which nobody else will start as soon.
        segments::start(ports, source, &dead, segment).await;
        return Ok(None);
    }
    let request = ClaimRequest {
        source: source.clone(),
        run: RunId::new(format!("{round}-{source}")),
        scheduled_at: None,
        // Nobody alive holds it: the moment at which it would expire has come.
        segment: None,
        now: expires_at.max(now),
        expires_at: expires_at.max(now) + LEASE_GRACE,
    };
    let (ClaimOutcome::Claimed { .. }, Some(lease)) =
        claim(ports.leases.as_ref(), &request).await?
    else {
        return Ok(None);
    };
    let found = ports.runs.run(source, &dead).await?;
    if let Some(record) = found.filter(|record| !record.status.is_final()) {
        let stored = ports.sources.source(source).await?;
        let mut noticed = stored
            .map(|stored| stored.state.noticed)
            .unwrap_or_default();
        let cause = burial::cause_of(&record);
        burial::bury(ports, &mut noticed, record, cause).await?;
    }
    ports.leases.release(&lease).await?;
    Ok(Some(dead))
}
