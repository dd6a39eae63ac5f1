//! Runs that take longer than one invocation, and directories that are slow to remove.

use std::collections::BTreeMap;
use std::sync::Arc;

use async_trait::async_trait;
use jiff::SignedDuration;
use org_model::{ItemKey, Mark, RunId, SourceId, UserKey};
use org_plan::{Item, PermittedChange, PermittedMark};
use sync_run::ports::{Mirror, Ports, StoreError, WriteOutcome};
use sync_run::{RunLease, RunOutcome, RunRecord, RunRequest, RunStatus, Trigger, run};
use testkit::{Faults, ManualClock};

use crate::World;

/// More segments than any story has: a run that never ends is a failure, not a hang.
const SEGMENTS_MAX: usize = 60;

impl World {
    /// Serves a request and each segment that it hands over to: every invocation lives for `life`
    /// and its ports come from `ports`. In the end the log of all segments together is held
    /// against the directory as it was before the first.
    pub async fn deliver_whole(
        &self,
        request: &RunRequest,
        life: SignedDuration,
        ports: impl Fn(u32) -> Ports,
    ) -> RunRecord {
        let before = self.directory().await;
        let mut request = RunRequest {
            deadline: self.clock.now() + life,
            ..request.clone()
        };
        for segment in 1..=SEGMENTS_MAX {
            let number = u32::try_from(segment).unwrap();
            let outcome = run(&ports(number), &request).await.unwrap();
            match outcome {
                RunOutcome::Finished(record) => {
                    assert_eq!(record.segments, number, "each segment is counted");
                    self.assert_told(&record, &before).await;
                    return *record;
                }
                RunOutcome::HandedOver(record) => {
                    assert_eq!(record.status, RunStatus::Running, "{record:?}");
                    request = RunRequest {
                        deadline: self.clock.now() + life,
                        ..self.started_segment()
                    };
                    assert_eq!(request.run, record.run);
                    assert_eq!(request.segment, Some(number + 1));
                }
                other => panic!("segment {segment} did not run: {other:?}"),
            }
        }
        panic!("{} does not end", request.run);
    }

    /// The invocation of the one segment that somebody asked for.
    pub fn started_segment(&self) -> RunRequest {
        let started = self.standins.take_segments();
        let [(source, run, segment)] = started.as_slice() else {
            panic!("one segment was asked for: {started:?}");
        };
        self.segment(source, run, *segment)
    }

    /// An invocation of this segment of a run.
    pub fn segment(&self, source: &SourceId, run: &RunId, segment: u32) -> RunRequest {
        RunRequest {
            run: run.clone(),
            trigger: Trigger::Manual,
            scheduled_at: None,
            execution: None,
            segment: Some(segment),
            ..self.request(source.as_str())
        }
    }

    /// Ports whose mirror takes this long for each batch of removals.
    pub fn slow_to_remove(&self, each: SignedDuration, faults: &Faults) -> Ports {
        let mut ports = self.ports(faults);
        ports.mirror = Arc::new(SlowMirror {
            mirror: ports.mirror,
            clock: self.clock.clone(),
            each,
        });
        ports
    }
}

/// The mirror, with a clock that moves at each batch of removals.
struct SlowMirror {
    mirror: Arc<dyn Mirror>,
    clock: ManualClock,
    each: SignedDuration,
}

#[async_trait]
impl Mirror for SlowMirror {
    async fn marks(&self, source: &SourceId) -> Result<BTreeMap<ItemKey, Mark>, StoreError> {
        self.mirror.marks(source).await
    }

    async fn before_images(
        &self,
        source: &SourceId,
        keys: &[ItemKey],
    ) -> Result<BTreeMap<ItemKey, Item>, StoreError> {
        self.mirror.before_images(source, keys).await
    }

    async fn aside(&self, source: &SourceId, user: &UserKey) -> Result<Vec<Item>, StoreError> {
        self.mirror.aside(source, user).await
    }

    async fn write(
        &self,
        lease: &RunLease,
        change: PermittedChange<'_>,
    ) -> Result<WriteOutcome, StoreError> {
        self.mirror.write(lease, change).await
    }

    async fn remove(
        &self,
        lease: &RunLease,
        removals: &[PermittedChange<'_>],
    ) -> Vec<Result<WriteOutcome, StoreError>> {
        let answers = self.mirror.remove(lease, removals).await;
        self.clock.advance(self.each);
        answers
    }

    async fn mark_absence(
        &self,
        lease: &RunLease,
        kept: PermittedMark<'_>,
    ) -> Result<WriteOutcome, StoreError> {
        self.mirror.mark_absence(lease, kept).await
    }
}
