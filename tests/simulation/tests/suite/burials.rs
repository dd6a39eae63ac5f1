//! What housekeeping says of a run that died: as many as it closed, with the counts of their rows.

use std::collections::BTreeMap;

use jiff::SignedDuration;
use simulation::{Faults, World};
use sync_run::{Counts, RunStatus};

/// What the rows of a run amount to.
fn counted(world: &World, run: &org_model::RunId) -> Counts {
    let shelf = world.shelf();
    let pages = shelf.pages.iter().filter(|((of, _, _), _)| of == run);
    let mut counts: Counts = BTreeMap::new();
    for row in pages.flat_map(|(_, page)| &page.rows) {
        let actions = counts.entry(format!("{}s", row.kind)).or_default();
        let results = actions.entry(row.action).or_default();
        *results.entry(row.result).or_default() += 1;
    }
    counts
}

#[tokio::test]
async fn every_killed_run_is_counted_once_and_its_counts_are_those_of_its_rows() {
    for after in [false, true] {
        for n in 0.. {
            let mut world = World::new(60, 6);
            world.run().await;
            (0..3).for_each(|n| world.corp().dismiss(n));
            (100..110).for_each(|n| world.corp().hire(n, [2].into()));
            let faults = Faults {
                die_before: (!after).then_some(n),
                die_after: after.then_some(n),
                ..Faults::default()
            };
            let (_, requests) = world.try_run(faults).await;
            let open = |world: &World| {
                let shelf = world.shelf();
                let records = shelf.records.values();
                records.filter(|r| !r.status.is_final()).count()
            };
            let dead = open(&world);
            world.pass(SignedDuration::from_mins(20));
            let tidied = world.try_tidy(Faults::default()).await;
            assert_eq!(tidied.dead_runs, dead, "killed at {n}");
            assert_eq!(open(&world), 0, "killed at {n}");
            let records = world.shelf().records.clone();
            for record in records.values() {
                let rows = counted(&world, &record.run);
                assert_eq!(record.counts, rows, "killed at {n}: {record:?}");
            }
            assert_eq!(world.run().await.status, RunStatus::Succeeded);
            if n >= requests {
                break;
            }
        }
    }
}
