//! One item that cannot be written never blocks the rest, and never loses its place.

use org_model::ItemState;
use simulation::{Faults, World};
use sync_run::{RowResult, RunOutcome, RunRecord, RunStatus};

fn poison(key: &str) -> Faults {
    Faults {
        poison: Some(key.to_owned()),
        ..Faults::default()
    }
}

async fn run(world: &mut World, faults: Faults) -> RunRecord {
    match world.try_run(faults).await.0.unwrap() {
        RunOutcome::Finished(record) => *record,
        other => panic!("{other:?}"),
    }
}

fn is_live(world: &World, key: &str) -> bool {
    let shelf = world.shelf();
    let mut items = shelf.items.values();
    items.any(|item| item.key().to_string() == key && item.state() == ItemState::Live)
}

/// Story 9.
#[tokio::test]
async fn one_poisoned_row_is_one_red_row_and_the_rest_lands() {
    let mut world = World::new(500, 5);
    let record = run(&mut world, poison("person.0007")).await;
    assert_eq!(record.status, RunStatus::Partial);
    assert_eq!(record.rows_with(RowResult::Failed), 1);
    assert_eq!(record.rows_with(RowResult::Done), 499 + 5);
    assert_eq!(world.run().await.status, RunStatus::Succeeded);
    world.assert_mirrors(&Default::default());
}

#[tokio::test]
async fn a_department_stays_while_its_last_person_cannot_be_removed() {
    let mut world = World::new(60, 6);
    world.corp().departments.insert(20, Some(2));
    world.corp().departments.insert(21, Some(20));
    world.corp().hire(900, [21].into());
    world.run().await;
    world.corp().departments.retain(|id, _| *id < 20);
    world.corp().people.remove("person.0900");
    run(&mut world, poison("person.0900")).await;
    assert!(is_live(&world, "21"), "its person could not be removed");
    assert!(is_live(&world, "20"), "its department stayed");
    world.run().await;
    assert!(
        !is_live(&world, "20") && !is_live(&world, "21"),
        "the next run finishes"
    );
}

#[tokio::test]
async fn a_department_stays_while_somebody_cannot_be_moved_out_of_it() {
    let mut world = World::new(60, 6);
    world.corp().departments.insert(20, Some(2));
    world.corp().hire(900, [20].into());
    world.run().await;
    world.corp().departments.remove(&20);
    world.corp().hire(900, [3].into());
    run(&mut world, poison("person.0900")).await;
    assert!(is_live(&world, "20"), "somebody still stands in it");
    world.run().await;
    assert!(!is_live(&world, "20"));
    world.assert_mirrors(&Default::default());
}

fn parent(world: &World, key: &str) -> Option<u32> {
    let shelf = world.shelf();
    let mut items = shelf.items.values();
    let item = items.find(|item| item.key().to_string() == key).unwrap();
    item.departments().first().map(|id| id.0)
}

/// Story 11 while story 9 happens: the new parent cannot be moved, so its child does not follow.
#[tokio::test]
async fn a_parent_and_a_child_that_swap_close_no_circle_when_one_cannot_be_moved() {
    let mut world = World::new(60, 6);
    world.corp().departments.insert(20, Some(2));
    world.corp().departments.insert(21, Some(20));
    world.run().await;
    world.corp().departments.insert(21, Some(2));
    world.corp().departments.insert(20, Some(21));
    let record = run(&mut world, poison("21")).await;
    assert_eq!(record.rows_with(RowResult::Failed), 2);
    assert_eq!(
        (parent(&world, "20"), parent(&world, "21")),
        (Some(2), Some(20))
    );
    assert_eq!(world.run().await.status, RunStatus::Succeeded);
    assert_eq!(
        (parent(&world, "20"), parent(&world, "21")),
        (Some(21), Some(2))
    );
    world.assert_mirrors(&Default::default());
}

#[tokio::test]
async fn nobody_is_put_into_a_department_that_could_not_be_created() {
    let mut world = World::new(60, 6);
    world.run().await;
    world.corp().departments.insert(20, Some(2));
    world.corp().departments.insert(21, Some(20));
    world.corp().hire(900, [21].into());
    world.corp().hire(901, [3].into());
    let record = run(&mut world, poison("20")).await;
    // The department, the one below it, and the person in that one; everybody else lands.
    assert_eq!(record.rows_with(RowResult::Failed), 3);
    assert!(is_live(&world, "person.0901") && !is_live(&world, "person.0900"));
    assert_eq!(world.run().await.status, RunStatus::Succeeded);
    assert!(is_live(&world, "person.0900"));
    world.assert_mirrors(&Default::default());
}
