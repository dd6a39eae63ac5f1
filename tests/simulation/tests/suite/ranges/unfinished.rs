//! What a run of a wider range brought that was never taken as the baseline.

use super::*;
use simulation::Faults;
use sync_run::RunOutcome;

/// In the middle of what the wider run writes.
const KILLED_AT: usize = 20;

/// The app sees 2, then 2 and 3 in a run that does not end well, then 2 again; WeCom says of
/// whoever it does not show that there is nobody.
async fn widened(ends_badly: impl FnOnce(&mut World) -> Faults) -> World {
    let mut world = World::new(60, 6);
    world.corp().range = Some([2].into());
    assert_eq!(world.run().await.status, RunStatus::Succeeded);
    world.corp().range = Some([2, 3].into());
    let faults = ends_badly(&mut world);
    let (ended, _requests) = world.try_run(faults).await;
    if let Ok(RunOutcome::Finished(record)) = ended {
        assert_eq!(record.sealed, Some(false), "{record:?}");
    }
    world.corp().range = Some([2].into());
    world.corp().deaf.clear();
    world.corp().unseen_are_absent = true;
    world
}

async fn nobody_goes(mut world: World) {
    let live = in_state(&world, ItemKind::User, ItemState::Live);
    let stands_in_three = |item: &&Item| {
        item.kind() == ItemKind::User && item.departments().contains(&DepartmentId(3))
    };
    let brought = world.shelf().items.values().filter(stands_in_three).count();
    assert!(brought > 0, "the wider run wrote nobody");
    for _ in 0..4 {
        world.pass(SignedDuration::from_hours(25));
        world.tidy().await;
        let record = world.run().await;
        assert_eq!(record.sealed, Some(true), "{record:?}");
        assert_eq!(
            rows_of(&record, "users", Action::Delete, RowResult::Done),
            0
        );
        assert_eq!(
            rows_of(&record, "users", Action::Delete, RowResult::Held),
            0
        );
    }
    assert!(live.is_subset(&in_state(&world, ItemKind::User, ItemState::Live)));
    assert_sound(&world);
}

#[tokio::test]
async fn whom_an_incomplete_reading_of_a_wider_range_brought_is_not_taken_for_gone() {
    let world = widened(|world| {
        world.corp().deaf = [2].into();
        Faults::default()
    });
    nobody_goes(world.await).await;
}

#[tokio::test]
async fn whom_a_killed_run_of_a_wider_range_brought_is_not_taken_for_gone() {
    let world = widened(|_| Faults {
        die_after: Some(KILLED_AT),
        ..Faults::default()
    });
    nobody_goes(world.await).await;
}

#[tokio::test]
async fn without_any_baseline_it_is_the_same() {
    let mut world = World::new(60, 6);
    world.corp().range = Some([2, 3].into());
    world.corp().deaf = [2].into();
    assert_eq!(world.run().await.sealed, Some(false));
    world.corp().range = Some([2].into());
    world.corp().deaf.clear();
    world.corp().unseen_are_absent = true;
    nobody_goes(world).await;
}

/// Who left the part that is shown is gone all the same, after a day.
#[tokio::test]
async fn whoever_stood_in_sight_and_left_still_goes() {
    let mut world = World::new(60, 6);
    world.corp().range = Some([2].into());
    world.run().await;
    world.corp().unseen_are_absent = true;
    let left = world
        .corp()
        .people
        .values()
        .find(|p| p.departments == [2].into())
        .cloned();
    let left = left.unwrap().userid;
    world
        .corp()
        .people
        .retain(|_, person| person.userid != left);
    let before = people(&world, ItemState::Live);
    for _ in 0..2 {
        world.run().await;
        world.pass(SignedDuration::from_hours(25));
    }
    assert_eq!(people(&world, ItemState::Live), before - 1);
}
