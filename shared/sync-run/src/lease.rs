//! The lease: proof that this run is alone and not stale.

use jiff::Timestamp;
use org_model::{Generation, RunId, SourceId};

use crate::ports::{Leases, StoreError};

/// What a run asks for when it starts.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ClaimRequest {
    pub source: SourceId,
    pub run: RunId,
    /// For schedules: the time it was due; a second delivery of the same time is refused.
    pub scheduled_at: Option<Timestamp>,
    /// `Some(n)`: the continuation that the run's last segment handed over to, and nothing else.
    pub segment: Option<u32>,
    pub now: Timestamp,
    /// The invocation's deadline + 60 s.
    pub expires_at: Timestamp,
}

/// Who holds a source's lease, live or expired.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Holder {
    pub run: RunId,
    pub expires_at: Timestamp,
    /// The run handed over to this segment, which nobody claimed yet, at this time.
    pub handed_over: Option<(u32, Timestamp)>,
}

/// Taken is an answer, not an error.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ClaimOutcome {
    /// The lease, and the run that died holding it, if one did.
    Claimed {
        generation: Generation,
        dead_run: Option<RunId>,
    },
    /// Another run is live.
    Taken { live_run: RunId },
    /// This delivery was already served: same run id and segment, or same scheduled time. Also a
    /// segment that nobody handed over to, or whose run is no longer the lease's.
    AlreadyServed { run: RunId },
}

/// Held by exactly one live run per source. Only [`claim`] makes one, and every write of a mirror
/// asks for it.
#[derive(Debug)]
pub struct RunLease {
    source: SourceId,
    run: RunId,
    generation: Generation,
    expires_at: Timestamp,
}

impl RunLease {
    pub fn source(&self) -> &SourceId {
        &self.source
    }

    pub fn run(&self) -> &RunId {
        &self.run
    }

    pub fn generation(&self) -> Generation {
        self.generation
    }

    pub fn expires_at(&self) -> Timestamp {
        self.expires_at
    }
}

/// Claims the lease of a source by a conditional write.
///
/// # Errors
/// [`StoreError`] if the store could not tell; then nothing was claimed that does not expire.
pub async fn claim(
    leases: &dyn Leases,
    request: &ClaimRequest,
) -> Result<(ClaimOutcome, Option<RunLease>), StoreError> {
    let outcome = leases.claim(request).await?;
    let lease = match &outcome {
        ClaimOutcome::Claimed { generation, .. } => Some(RunLease {
            source: request.source.clone(),
            run: request.run.clone(),
            generation: *generation,
            expires_at: request.expires_at,
        }),
        ClaimOutcome::Taken { .. } | ClaimOutcome::AlreadyServed { .. } => None,
    };
    Ok((outcome, lease))
}
