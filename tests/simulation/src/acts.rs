//! What administrators do to a source.

use org_model::{Fingerprint, SourceId};
use sync_run::ports::StoreError;
use sync_run::{AffectedPeople, Clearance, Cleared, RangeAcceptance, clear_source};

use crate::{Faults, World};

impl World {
    /// An administrator accepts the range that stands.
    pub fn accept_range(&self, people: AffectedPeople) {
        let at = self.now();
        if let Some(standing) = &mut self.shelf().standing {
            let by = "someone".to_owned();
            standing
                .acceptance
                .get_or_insert(RangeAcceptance { people, by, at });
        }
    }

    /// An administrator accepts the range that was shown; `false`: another one stands by now.
    pub fn accept_range_shown(&self, shown: Fingerprint, people: AffectedPeople) -> bool {
        let standing = self.shelf().standing.clone();
        let is_same = standing.is_some_and(|range| range.fingerprint == shown);
        if is_same {
            self.accept_range(people);
        }
        is_same
    }

    /// An administrator replaces the source, or deletes it. Refused while a run is queued or live.
    pub fn begin_clearing(&self, remove: bool) -> bool {
        let at = self.now();
        let mut shelf = self.shelf();
        let live = shelf.holder.as_ref().is_some_and(|one| at < one.expires_at);
        let open = shelf
            .records
            .values()
            .any(|record| !record.status.is_final());
        if live || open || shelf.vacant {
            return false;
        }
        shelf.clearance.get_or_insert(Clearance {
            source: SourceId::new("hq"),
            remove,
            by: "someone".to_owned(),
            at,
            outside_done: true,
        });
        true
    }

    /// One invocation of the worker that clears the source, with faults.
    pub async fn clear(&mut self, faults: Faults) -> (Result<Cleared, StoreError>, usize) {
        let request = self.request();
        let (process, ports) = self.process(faults);
        let ended = clear_source(&ports, &request.source, request.deadline, &request.run).await;
        (ended, process.requests())
    }

    /// The vacant source is set up anew, with the same settings.
    pub fn set_up_anew(&self) {
        let mut shelf = self.shelf();
        assert!(shelf.vacant, "nothing was cleared");
        shelf.vacant = false;
    }
}
