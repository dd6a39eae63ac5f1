//! Twenty thousand people, and invocations that live for seconds (DESIGN.md §4 step 10).

use std::collections::BTreeSet;

use jiff::SignedDuration;
use org_plan::Action;
use simulation::{Faults, World};
use sync_run::{RowResult, RunOutcome, RunRecord, RunRequest, RunStatus};

/// With two milliseconds a request, 22 seconds less the margin are six thousand requests.
async fn serve(world: &World, mut request: RunRequest) -> RunOutcome {
    request.deadline = world.now() + SignedDuration::from_secs(22);
    let slow = Faults {
        slow: SignedDuration::from_millis(2),
        ..Faults::default()
    };
    world.serve(&request, slow).await.0.unwrap()
}

async fn to_the_end(world: &mut World) -> RunRecord {
    world.pass(SignedDuration::from_hours(1));
    let request = world.request();
    let mut outcome = serve(world, request).await;
    loop {
        match outcome {
            RunOutcome::Finished(record) => return *record,
            RunOutcome::HandedOver(record) => {
                let segment = world.segment(&record.run, record.segments + 1);
                outcome = serve(world, segment).await;
            }
            other => panic!("{other:?}"),
        }
    }
}

#[tokio::test]
async fn twenty_thousand_people_are_created_once_by_one_run_in_several_segments() {
    let mut world = World::new(20_000, 100);
    let record = to_the_end(&mut world).await;
    assert_eq!(record.status, RunStatus::Succeeded, "{record:?}");
    assert!(record.segments >= 3, "{} segments", record.segments);
    assert_eq!(
        record.counts["users"][&Action::Create][&RowResult::Done],
        20_000
    );
    {
        let shelf = world.shelf();
        let pages = shelf
            .pages
            .iter()
            .filter(|((run, _, _), _)| *run == record.run);
        let ids: Vec<_> = pages
            .flat_map(|(_, page)| page.rows.iter().map(|row| (row.kind, row.id.clone())))
            .collect();
        assert_eq!(ids.iter().collect::<BTreeSet<_>>().len(), ids.len());
        assert_eq!(shelf.events.len(), 1, "one run, one event");
    }
    world.assert_mirrors(&BTreeSet::new());
    world.assert_honest(&record);
}
