//! What several tests of housekeeping do.

use org_model::RunId;
use sync_run::{Tidied, housekeeping};

use crate::{Faults, World};

/// Every fault at this request.
pub fn faults_at(request: usize) -> [Faults; 4] {
    let (none, at) = (Faults::default(), Some(request));
    [
        Faults {
            die_before: at,
            ..none.clone()
        },
        Faults {
            die_after: at,
            ..none.clone()
        },
        Faults {
            fail_once: at,
            ..none.clone()
        },
        Faults {
            fail_after: at,
            ..none
        },
    ]
}

impl World {
    /// One round of housekeeping, and how many requests it made.
    pub async fn round(&self, name: &str, faults: Faults) -> (Option<Tidied>, usize) {
        let (process, ports) = self.process(faults);
        let tidied = housekeeping(&ports, &RunId::new(name)).await;
        (tidied.ok(), process.requests())
    }

    pub fn open_runs(&self) -> Vec<RunId> {
        let shelf = self.shelf();
        let open = shelf.records.values().filter(|r| !r.status.is_final());
        open.map(|record| record.run.clone()).collect()
    }
}
